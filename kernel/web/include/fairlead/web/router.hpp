// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/web/route.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::web {

/// Finds the route of a request. Filled before use, then read from any thread.
/// A literal segment beats a parameter, so "/certificates/development" and "/certificates/{id}"
/// live beside each other.
class Router {
public:
    struct Match {
        const Route* route = nullptr;
        std::map<std::string, std::string> params{}; ///< decoded
        std::vector<std::string> allowed{};          ///< methods of the path, when only they differ
    };

    /// Asserts that no route has the same method and pattern, and that the declaration is whole.
    void add(Route route);
    void add(std::vector<Route> routes);

    /// `path` is below the base and percent-encoded. HEAD finds the GET route.
    Match match(std::string_view method, std::string_view path) const;

    /// In order of addition.
    const std::vector<std::unique_ptr<Route>>& routes() const noexcept { return routes_; }

private:
    struct Entry {
        const Route* route;
        std::vector<std::string> segments;
    };
    std::vector<std::unique_ptr<Route>> routes_;
    std::map<std::size_t, std::vector<Entry>> by_length_;
};

/// "products.publish" of POST /products/{id}/publish; "devices.create" of POST /devices.
std::string actionOf(const Route& route);

} // namespace fairlead::web
