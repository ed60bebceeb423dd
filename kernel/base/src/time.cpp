// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/time.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace fairlead::base {

namespace {

// Reads exactly `count` digits at `at`; advances `at`.
bool digits(std::string_view text, std::size_t& at, std::size_t count, int& out) {
    if (at + count > text.size()) {
        return false;
    }
    out = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const char c = text[at + i];
        if (c < '0' || c > '9') {
            return false;
        }
        out = out * 10 + (c - '0');
    }
    at += count;
    return true;
}

bool literal(std::string_view text, std::size_t& at, char expected) {
    if (at >= text.size() || text[at] != expected) {
        return false;
    }
    ++at;
    return true;
}

// ".123456" to milliseconds; further digits are cut.
bool fraction(std::string_view text, std::size_t& at, int& milliseconds) {
    milliseconds = 0;
    if (at >= text.size() || text[at] != '.') {
        return true;
    }
    ++at;
    int scale = 100;
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        milliseconds += (text[at] - '0') * scale;
        scale /= 10;
        ++at;
    }
    return at > first;
}

// "Z" or "+08:00"; minutes east of UTC.
bool offset(std::string_view text, std::size_t& at, int& minutes) {
    minutes = 0;
    if (literal(text, at, 'Z') || literal(text, at, 'z')) {
        return at == text.size();
    }
    const bool west = at < text.size() && text[at] == '-';
    int hours = 0;
    int rest = 0;
    if (!literal(text, at, west ? '-' : '+') || !digits(text, at, 2, hours) ||
        !literal(text, at, ':') || !digits(text, at, 2, rest) || hours > 23 || rest > 59) {
        return false;
    }
    minutes = (hours * 60 + rest) * (west ? -1 : 1);
    return at == text.size();
}

} // namespace

UtcMs utcNow() noexcept {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::uint64_t monotonicNs() noexcept {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(
        duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

std::string toRfc3339(UtcMs time) {
    std::int64_t seconds = time / 1000;
    std::int64_t rest = time % 1000;
    if (rest < 0) {
        rest += 1000;
        --seconds;
    }
    const std::time_t whole = seconds;
    std::tm parts{};
    gmtime_r(&whole, &parts);
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(rest));
    return text;
}

std::optional<UtcMs> parseRfc3339(std::string_view text) {
    std::size_t at = 0;
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int milliseconds = 0;
    int east = 0;
    const bool date = digits(text, at, 4, year) && literal(text, at, '-') &&
                      digits(text, at, 2, month) && literal(text, at, '-') &&
                      digits(text, at, 2, day);
    if (!date || at >= text.size() || (text[at] != 'T' && text[at] != 't' && text[at] != ' ')) {
        return std::nullopt;
    }
    ++at;
    const bool clock = digits(text, at, 2, hour) && literal(text, at, ':') &&
                       digits(text, at, 2, minute) && literal(text, at, ':') &&
                       digits(text, at, 2, second) && fraction(text, at, milliseconds) &&
                       offset(text, at, east);
    const std::chrono::year_month_day ymd{std::chrono::year{year},
                                          std::chrono::month{static_cast<unsigned>(month)},
                                          std::chrono::day{static_cast<unsigned>(day)}};
    if (!clock || !ymd.ok() || hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days{ymd}.time_since_epoch().count();
    const std::int64_t seconds = days * 86400 + hour * 3600 + (minute - east) * 60 + second;
    return seconds * 1000 + milliseconds;
}

} // namespace fairlead::base
