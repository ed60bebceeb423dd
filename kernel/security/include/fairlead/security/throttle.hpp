// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::security {

/// Slows the guessing of passwords: after kFreeAttempts failures in a row an address or a user has
/// to wait 1 s, 2 s, 4 s … up to kWaitMsMax before the next attempt counts. Failures are forgotten
/// an hour after the last. Thread: any. Blocks: no. Memory: kEntriesMax entries, oldest first out.
class LoginThrottle {
public:
    static constexpr int kFreeAttempts = 5;
    static constexpr std::int64_t kWaitMsMax = 15 * 60 * 1000;
    static constexpr std::int64_t kForgetMs = 60 * 60 * 1000;
    static constexpr std::size_t kEntriesMax = 20'000;

    LoginThrottle();
    ~LoginThrottle();

    /// Milliseconds to wait before this user may try from this address; 0: now. The user's own
    /// delay is per address as well, so that a stranger cannot lock a user out everywhere; what all
    /// addresses together may fail for one user is bounded at a hundred times kFreeAttempts an
    /// hour.
    std::int64_t waitMs(const std::string& user, const std::string& address,
                        std::uint64_t now_ms) const;
    void failed(const std::string& user, const std::string& address, std::uint64_t now_ms);
    void succeeded(const std::string& user, const std::string& address);

    std::size_t entries() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::security
