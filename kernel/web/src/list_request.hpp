// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/listing.hpp"
#include "fairlead/web/route.hpp"

namespace fairlead::web {

/// Page, size, sort and q of a request, for the services that take a storage::ListRequest.
inline storage::ListRequest listRequest(const Context& context) {
    storage::ListRequest request;
    request.page = static_cast<std::size_t>(context.page());
    request.page_size = static_cast<std::size_t>(context.pageSize());
    request.sort = context.query("sort");
    request.q = context.query("q");
    return request;
}

} // namespace fairlead::web
