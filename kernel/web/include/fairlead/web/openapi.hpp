// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/web/router.hpp"

#include <string>

namespace fairlead::web {

/// The OpenAPI 3.1 document of the routes.
std::string openApiDocument(const Router& router, const std::string& version);

/// The same for people: one static page without scripts; its style is docsStyle().
std::string docsPage(const Router& router, const std::string& version);
std::string docsStyle();

} // namespace fairlead::web
