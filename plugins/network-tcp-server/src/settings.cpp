// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "framing_settings.hpp"

namespace fairlead::tcp {

Settings parseSettings(std::string_view json) {
    const rapidjson::Document doc = parseObject(json);
    Settings s;
    s.framing = readFraming(doc);
    constexpr std::uint64_t kDayMs = 86'400'000;
    // Older configurations have the limit inside the framing rule.
    s.keep_alive_ms =
        integer(parserConfiguration(doc), "keepAliveTimeout", s.keep_alive_ms, 0, kDayMs);
    s.keep_alive_ms = integer(doc, "keepAliveTimeout", s.keep_alive_ms, 0, kDayMs);
    s.auth_timeout_ms = integer(doc, "authTimeout", s.auth_timeout_ms, 1000, 600'000);
    return s;
}

} // namespace fairlead::tcp
