// SPDX-License-Identifier: Apache-2.0
#include "credentials.hpp"

#include "md5.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>

namespace fairlead::official {
namespace {

using sdk::Status;

// Only the first two parts of the name are looked at; the digest covers all of it.
bool splitUsername(std::string_view username, std::string_view& id, std::int64_t& time_ms) {
    const std::size_t bar = username.find('|');
    if (bar == std::string_view::npos) {
        return false;
    }
    id = username.substr(0, bar);
    std::string_view time = username.substr(bar + 1);
    time = time.substr(0, time.find('|'));
    return parseInteger(time, time_ms);
}

bool passwordMatches(std::string_view password, std::string_view username, std::string_view key) {
    Md5 md5;
    md5.update(username);
    md5.update("|");
    md5.update(key);
    const std::array<char, 32> expected = md5.hex();
    std::array<char, 32> given{};
    if (password.size() != given.size()) {
        return false;
    }
    std::transform(password.begin(), password.end(), given.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return equalsConstantTime({given.data(), given.size()}, {expected.data(), expected.size()});
}

} // namespace

Status checkMqtt(const sdk::TransportView& connect, const sdk::SessionView& session,
                 std::int64_t window_ms, std::int64_t now_ms) {
    const auto username = connect.attribute("username");
    const auto password = connect.attribute("password");
    if (!username || username->empty() || !password) {
        return Status::unauthorized("the log-in has no user name or no password");
    }
    std::string_view id;
    std::int64_t time_ms = 0;
    if (!splitUsername(*username, id, time_ms)) {
        return Status::unauthorized("the user name is not secureId|milliseconds");
    }
    if (window_ms > 0 && (time_ms < now_ms - window_ms || time_ms > now_ms + window_ms)) {
        return Status::unauthorized("the time in the user name is too far from the server's; check "
                                    "the device's clock");
    }
    const std::string_view secure_id = session.config("secureId");
    const bool id_matches = !secure_id.empty() && equalsConstantTime(id, secure_id);
    const std::string_view secure_key = session.config("secureKey");
    const bool key_matches =
        !secure_key.empty() && passwordMatches(*password, *username, secure_key);
    if (!id_matches || !key_matches) {
        return Status::unauthorized("secureId or password is wrong, or the device has none");
    }
    return {};
}

std::string_view bearerToken(std::string_view authorization) noexcept {
    constexpr std::string_view kScheme = "bearer";
    if (authorization.size() <= kScheme.size() ||
        !equalsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme) ||
        authorization[kScheme.size()] != ' ') {
        return {};
    }
    authorization.remove_prefix(kScheme.size());
    authorization.remove_prefix(
        std::min(authorization.find_first_not_of(' '), authorization.size()));
    while (!authorization.empty() && authorization.back() == ' ') {
        authorization.remove_suffix(1);
    }
    return authorization;
}

bool tokenMatches(std::string_view token, const sdk::SessionView& session, std::string_view key) {
    const std::string_view expected = session.config(key);
    return !expected.empty() && equalsConstantTime(token, expected);
}

} // namespace fairlead::official
