// SPDX-License-Identifier: Apache-2.0
#include "filters.hpp"

#include "topic.hpp"

#include <algorithm>

namespace fairlead::mqtt_client {

namespace {

/// Takes the first level off; false at the end.
bool nextLevel(std::string_view& rest, bool& done, std::string_view& level) noexcept {
    if (done) {
        return false;
    }
    const std::size_t end = rest.find('/');
    level = rest.substr(0, end);
    done = end == std::string_view::npos;
    rest = done ? std::string_view{} : rest.substr(end + 1);
    return true;
}

} // namespace

std::string filterOf(std::string_view route) {
    std::string out;
    bool done = route.empty();
    bool first = true;
    for (std::string_view level; nextLevel(route, done, level); first = false) {
        out += first ? "" : "/";
        if (level == "{#}") {
            out += '#';
            break;
        }
        const bool variable = level.size() > 2 && level.front() == '{' && level.back() == '}';
        out.append(variable ? std::string_view("+") : level);
    }
    return mqtt::parseFilter(out).valid ? out : std::string{};
}

bool covers(std::string_view wide, std::string_view narrow) noexcept {
    bool wide_done = false;
    bool narrow_done = false;
    std::string_view w;
    std::string_view n;
    while (nextLevel(wide, wide_done, w)) {
        if (w == "#") {
            return true;
        }
        if (!nextLevel(narrow, narrow_done, n) || n == "#" || (w != "+" && w != n)) {
            return false;
        }
    }
    return narrow_done;
}

std::vector<std::string> filtersOf(const Settings& settings, std::span<const std::string> routes) {
    std::vector<std::string> found = settings.topics;
    if (found.empty()) {
        for (const std::string& route : routes) {
            found.push_back(filterOf(route));
        }
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        std::erase(found, std::string{});
        const std::vector<std::string> all = found;
        std::erase_if(found, [&](const std::string& narrow) {
            return std::any_of(all.begin(), all.end(), [&](const std::string& wide) {
                return wide != narrow && covers(wide, narrow);
            });
        });
    }
    if (found.size() > kTopicsMax) {
        found.resize(kTopicsMax);
    }
    for (std::string& filter : found) {
        filter = settings.topic_prefix.empty() ? filter : settings.topic_prefix + "/" + filter;
    }
    return found;
}

} // namespace fairlead::mqtt_client
