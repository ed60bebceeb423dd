// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// Connections that the server makes itself (client types).
namespace fairlead::network {

/// Targets of one component: equipment of a plant, each with a connection of its own. Each costs a
/// timer and a status line; the page and the event stream show all of them.
inline constexpr std::size_t kTargetsMax = 256;

struct DialTarget {
    std::string host; ///< name, IPv4 or IPv6 address
    std::uint16_t port = 0;
};

/// When to dial; each is a setting of the component.
struct DialOptions {
    std::uint64_t connect_ms = 10'000; ///< name look-up and TCP connect, for each address
    /// Pause after a failure: uniformly between nothing and the bound (full jitter), which begins
    /// here and doubles up to longest_ms, so that many clients of a peer do not return together.
    std::uint64_t first_ms = 1'000;
    std::uint64_t longest_ms = 60'000;
    /// A connection that lasted this long has shown that the peer is well: the bound begins anew.
    std::uint64_t stable_ms = 30'000;
};

enum class DialState {
    Idle,       ///< no gateway uses the component
    Connecting, ///< looking up, connecting, TLS handshake, log-in of the type
    Connected,
    Waiting ///< for the next attempt
};

/// One target as people see it.
struct TargetStatus {
    std::string address; ///< "192.0.2.7:502", as configured
    DialState state = DialState::Idle;
    base::UtcMs since = 0;        ///< of the state
    base::UtcMs next_attempt = 0; ///< Waiting: when; else 0
    std::uint64_t failures = 0;   ///< since it was last connected
    std::string last_error;       ///< why it is not connected; empty when it is
};

std::string targetText(const DialTarget& target); ///< "192.0.2.7:502", "[2001:db8::7]:502"
const char* toText(DialState state) noexcept;     ///< "idle", "connecting", "connected", "waiting"

} // namespace fairlead::network
