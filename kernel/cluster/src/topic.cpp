// SPDX-License-Identifier: Apache-2.0
#include "topic.hpp"

#include <algorithm>

namespace fairlead::cluster {

namespace {

std::string_view takeWord(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find('.'), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

bool isWord(std::string_view word) noexcept {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_' || c == '-';
    });
}

bool check(std::string_view text, bool wild) noexcept {
    if (text.empty() || text.size() > kTopicBytesMax || text.back() == '.') {
        return false;
    }
    while (!text.empty()) {
        const std::string_view word = takeWord(text);
        const bool rest = wild && word == ">" && text.empty();
        if (!isWord(word) && !rest && !(wild && word == "*")) {
            return false;
        }
    }
    return true;
}

} // namespace

bool isTopic(std::string_view text) noexcept {
    return check(text, false);
}

bool isPattern(std::string_view text) noexcept {
    return check(text, true);
}

bool matches(std::string_view pattern, std::string_view topic) noexcept {
    while (!pattern.empty() && !topic.empty()) {
        const std::string_view wanted = takeWord(pattern);
        if (wanted == ">") {
            return true;
        }
        const std::string_view word = takeWord(topic);
        if (wanted != "*" && wanted != word) {
            return false;
        }
    }
    return pattern.empty() && topic.empty();
}

} // namespace fairlead::cluster
