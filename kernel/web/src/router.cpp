// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/router.hpp"

#include "fairlead/base/assert.hpp"

#include <algorithm>

namespace fairlead::web {

namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1); // the slash
        const std::size_t end = std::min(path.find('/'), path.size());
        segments.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return segments;
}

bool isParameter(const std::string& segment) {
    return segment.starts_with('{');
}

// Number of literal segments, or -1 when the path does not fit.
int fit(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    int literals = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (isParameter(pattern[i])) {
            if (path[i].empty()) {
                return -1;
            }
        } else if (pattern[i] == path[i]) {
            ++literals;
        } else {
            return -1;
        }
    }
    return literals;
}

} // namespace

std::string actionOf(const Route& route) {
    std::string resource;
    std::string verb;
    for (const std::string& segment : split(route.pattern)) {
        if (isParameter(segment)) {
            verb.clear();
        } else if (resource.empty()) {
            resource = segment;
        } else {
            verb += (verb.empty() ? "" : ".") + segment;
        }
    }
    const bool ends_with_item = route.pattern.ends_with('}');
    std::string own;
    if (route.method == "GET") {
        own = ends_with_item ? "view" : route.listing == Listing::None ? "read" : "list";
    } else if (route.method == "POST") {
        own = "create";
    } else if (route.method == "PATCH") {
        own = "edit";
    } else {
        own = "delete";
    }
    // A verb below the thing says what is done; without one the method does.
    if (verb.empty()) {
        return resource + "." + own;
    }
    return resource + "." + verb + (route.method == "POST" ? "" : "." + own);
}

void Router::add(Route route) {
    FL_ASSERT(route.pattern.starts_with('/') && !route.permission.empty());
    FL_ASSERT(!route.summary.empty() && route.handler);
    FL_ASSERT(route.response.has_value() || route.success == 204 ||
              route.response_type != "application/json");
    std::vector<std::string> segments = split(route.pattern);
    auto& entries = by_length_[segments.size()];
    for (const Entry& entry : entries) {
        FL_ASSERT(entry.route->method != route.method || entry.route->pattern != route.pattern);
    }
    if (route.action.empty()) {
        route.action = actionOf(route);
    }
    routes_.push_back(std::make_unique<Route>(std::move(route)));
    entries.push_back({routes_.back().get(), std::move(segments)});
}

void Router::add(std::vector<Route> routes) {
    for (Route& route : routes) {
        add(std::move(route));
    }
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
    Match result;
    if (!path.starts_with('/')) {
        return result;
    }
    const std::vector<std::string> segments = split(path);
    const auto entries = by_length_.find(segments.size());
    if (entries == by_length_.end()) {
        return result;
    }
    const std::string_view wanted = method == "HEAD" ? std::string_view{"GET"} : method;
    int best = -1;
    int best_any = -1;
    const Entry* chosen = nullptr;
    for (const Entry& entry : entries->second) {
        const int literals = fit(entry.segments, segments);
        if (literals < 0) {
            continue;
        }
        if (literals > best_any) {
            best_any = literals;
            result.allowed.clear();
        }
        if (literals == best_any) {
            result.allowed.push_back(entry.route->method);
        }
        if (entry.route->method == wanted && literals > best) {
            best = literals;
            chosen = &entry;
        }
    }
    if (chosen == nullptr) {
        return result;
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::string& name = chosen->segments[i];
        if (isParameter(name)) {
            auto value = percentDecode(segments[i], false);
            if (!value) {
                return {};
            }
            result.params.emplace(name.substr(1, name.size() - 2), std::move(*value));
        }
    }
    result.route = chosen->route;
    return result;
}

} // namespace fairlead::web
