// SPDX-License-Identifier: Apache-2.0
#include "date_format.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace fairlead::device {

namespace {

constexpr std::string_view kDateLetters = "yMdHmsS";
constexpr std::int64_t kDayMs = 86'400'000;

struct DatePart {
    char letter = 0; ///< 0: literal text
    std::size_t count = 0;
    std::string_view literal;
};

/// Next part of a pattern at `at`; false at its end or when it is none (`broken` is set).
bool nextPart(std::string_view pattern, std::size_t& at, DatePart& part, bool& broken) {
    if (at >= pattern.size()) {
        return false;
    }
    const char c = pattern[at];
    const std::size_t first = at;
    if (c == '\'') {
        const std::size_t end = pattern.find('\'', at + 1);
        broken = end == std::string_view::npos;
        part = DatePart{0, 0, broken ? "" : pattern.substr(at + 1, end - at - 1)};
        at = broken ? pattern.size() : end + 1;
        return !broken;
    }
    if (kDateLetters.find(c) != std::string_view::npos) {
        at = pattern.find_first_not_of(c, at);
        at = at == std::string_view::npos ? pattern.size() : at;
        part = DatePart{c, at - first, {}};
        broken = part.count > 4;
        return !broken;
    }
    broken = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    part = DatePart{0, 0, pattern.substr(at, 1)};
    ++at;
    return !broken;
}

std::size_t slotOf(char letter) {
    return kDateLetters.find(letter);
}

/// Up to `digits` digits ("yyyyMMdd" needs exact widths; a lone "d" takes one or two).
bool readDigits(std::string_view text, std::size_t& at, std::size_t least, std::size_t most,
                int& out) {
    const std::size_t first = at;
    out = 0;
    while (at < text.size() && at - first < most && text[at] >= '0' && text[at] <= '9') {
        out = out * 10 + (text[at] - '0');
        ++at;
    }
    return at - first >= least;
}

} // namespace

bool isDatePattern(std::string_view pattern) noexcept {
    std::size_t at = 0;
    DatePart part;
    bool broken = false;
    bool any = false;
    while (nextPart(pattern, at, part, broken)) {
        any = any || part.letter != 0;
    }
    return any && !broken && pattern.size() <= 64;
}

std::optional<int> parseZone(std::string_view zone) noexcept {
    struct Named {
        std::string_view name;
        int minutes;
    };
    constexpr std::array<Named, 10> kFixedZones{{{"", 0},
                                                 {"Z", 0},
                                                 {"UTC", 0},
                                                 {"GMT", 0},
                                                 {"Asia/Shanghai", 480},
                                                 {"Asia/Hong_Kong", 480},
                                                 {"Asia/Singapore", 480},
                                                 {"Asia/Tokyo", 540},
                                                 {"Asia/Seoul", 540},
                                                 {"Asia/Kolkata", 330}}};
    for (const Named& named : kFixedZones) {
        if (zone == named.name) {
            return named.minutes;
        }
    }
    if (zone.substr(0, 3) == "GMT" || zone.substr(0, 3) == "UTC") {
        zone.remove_prefix(3);
    }
    if (zone.size() < 2 || (zone[0] != '+' && zone[0] != '-')) {
        return std::nullopt;
    }
    std::size_t at = 1;
    int hours = 0;
    int minutes = 0;
    if (!readDigits(zone, at, 1, 2, hours)) {
        return std::nullopt;
    }
    if (at < zone.size()) {
        at += zone[at] == ':' ? 1U : 0U;
        if (!readDigits(zone, at, 2, 2, minutes) || at != zone.size()) {
            return std::nullopt;
        }
    }
    if (hours > 18 || minutes > 59) {
        return std::nullopt;
    }
    return (hours * 60 + minutes) * (zone[0] == '-' ? -1 : 1);
}

std::optional<base::UtcMs> parseDate(std::string_view pattern, int offset_minutes,
                                     std::string_view text) noexcept {
    std::array<int, 7> parts{1970, 1, 1, 0, 0, 0, 0};
    std::size_t at = 0;
    std::size_t in = 0;
    DatePart part;
    bool broken = false;
    while (nextPart(pattern, at, part, broken)) {
        if (part.letter == 0) {
            if (text.substr(in, part.literal.size()) != part.literal) {
                return std::nullopt;
            }
            in += part.literal.size();
            continue;
        }
        const std::size_t most = part.count == 1 ? 2 : part.count;
        if (!readDigits(text, in, part.count, most, parts[slotOf(part.letter)])) {
            return std::nullopt;
        }
        if (part.letter == 'y' && part.count == 2) {
            parts[0] += 2000;
        }
    }
    const std::chrono::year_month_day ymd{std::chrono::year{parts[0]},
                                          std::chrono::month{static_cast<unsigned>(parts[1])},
                                          std::chrono::day{static_cast<unsigned>(parts[2])}};
    if (in != text.size() || !ymd.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days{ymd}.time_since_epoch().count();
    const std::int64_t minutes = parts[3] * 60 + parts[4] - offset_minutes;
    return days * kDayMs + minutes * 60'000 + parts[5] * 1'000 + parts[6];
}

std::string formatDate(std::string_view pattern, int offset_minutes, base::UtcMs time) {
    const std::int64_t local = time + offset_minutes * std::int64_t{60'000};
    const std::int64_t day = local / kDayMs - (local % kDayMs < 0 ? 1 : 0);
    const std::int64_t rest = local - day * kDayMs;
    const std::chrono::year_month_day ymd{std::chrono::sys_days{std::chrono::days{day}}};
    const std::array<int, 7> parts{static_cast<int>(ymd.year()),
                                   static_cast<int>(static_cast<unsigned>(ymd.month())),
                                   static_cast<int>(static_cast<unsigned>(ymd.day())),
                                   static_cast<int>(rest / 3'600'000),
                                   static_cast<int>(rest / 60'000 % 60),
                                   static_cast<int>(rest / 1'000 % 60),
                                   static_cast<int>(rest % 1'000)};
    std::string out;
    std::size_t at = 0;
    DatePart part;
    bool broken = false;
    while (nextPart(pattern, at, part, broken)) {
        if (part.letter == 0) {
            out += part.literal;
            continue;
        }
        int value = parts[slotOf(part.letter)];
        value = part.letter == 'y' && part.count == 2 ? value % 100 : value;
        char digits[16];
        std::snprintf(digits, sizeof digits, "%0*d", static_cast<int>(part.count), value);
        out += digits;
    }
    return out;
}

} // namespace fairlead::device
