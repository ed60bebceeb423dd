// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::web {

/// Proxies whose word on the client's address is taken.
class TrustedProxies {
public:
    /// "192.0.2.7", "10.0.0.0/8", "fd00::/8".
    static base::Result<TrustedProxies> parse(const std::vector<std::string>& texts);

    /// The client behind `peer`: the last address of X-Forwarded-For that is no trusted proxy. What
    /// a stranger writes there is not believed.
    std::string clientOf(const std::string& peer, std::string_view forwarded_for) const;

private:
    struct Range;
    bool contains(const std::string& address) const;
    std::vector<std::shared_ptr<const Range>> ranges_;
};

} // namespace fairlead::web
