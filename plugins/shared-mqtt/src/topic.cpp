// SPDX-License-Identifier: Apache-2.0
#include "topic.hpp"

#include <cstring>

namespace fairlead::mqtt {

namespace {

bool validPlainFilter(std::string_view filter) noexcept {
    if (filter.empty()) {
        return false;
    }
    for (std::size_t i = 0; i < filter.size(); ++i) {
        const char c = filter[i];
        if (c != '+' && c != '#') {
            continue;
        }
        const bool starts_level = i == 0 || filter[i - 1] == '/';
        const bool last = i + 1 == filter.size();
        const bool ends_level = last || filter[i + 1] == '/';
        if (!starts_level || (c == '#' ? !last : !ends_level)) {
            return false;
        }
    }
    return true;
}

// Cuts the first level off `text`; `more` tells whether a separator followed it.
std::string_view cutLevel(std::string_view& text, bool& more) noexcept {
    const std::size_t slash = text.find('/');
    more = slash != std::string_view::npos;
    const std::string_view level = text.substr(0, slash);
    text = more ? text.substr(slash + 1) : std::string_view();
    return level;
}

} // namespace

bool validTopicName(std::string_view topic) noexcept {
    return !topic.empty() && std::memchr(topic.data(), '+', topic.size()) == nullptr &&
           std::memchr(topic.data(), '#', topic.size()) == nullptr;
}

FilterParts parseFilter(std::string_view text) noexcept {
    constexpr std::string_view kShare = "$share/";
    FilterParts out;
    out.shared = text.substr(0, kShare.size()) == kShare;
    if (!out.shared) {
        out.filter = text;
        out.valid = validPlainFilter(text);
        return out;
    }
    const std::string_view rest = text.substr(kShare.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return out;
    }
    out.group = rest.substr(0, slash);
    out.filter = rest.substr(slash + 1);
    out.valid = validTopicName(out.group) && validPlainFilter(out.filter);
    return out;
}

bool matches(std::string_view filter, std::string_view topic) noexcept {
    // Wildcards at the first level do not reach the server's own topics, [MQTT-4.7.2-1].
    if (!topic.empty() && topic[0] == '$' && !filter.empty() &&
        (filter[0] == '+' || filter[0] == '#')) {
        return false;
    }
    bool filter_more = true;
    bool topic_more = true;
    while (filter_more && topic_more) {
        const std::string_view f = cutLevel(filter, filter_more);
        if (f == "#") {
            return true;
        }
        const std::string_view t = cutLevel(topic, topic_more);
        if (f != "+" && f != t) {
            return false;
        }
    }
    // "a/#" also covers "a" itself.
    return filter_more == topic_more || (filter_more && filter == "#");
}

} // namespace fairlead::mqtt
