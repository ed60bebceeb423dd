// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::udp {

inline constexpr std::size_t kDatagramBytesDefault = 8192;
inline constexpr std::size_t kDatagramBytesMin = 64;
inline constexpr std::size_t kDatagramBytesMax = 65507; // FL_NETWORK_DATAGRAM_BYTES_MAX

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    /// Enforced by the host, which reads it from the same configuration; also for what is sent.
    std::size_t datagram_bytes = kDatagramBytesDefault;
};

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member is wrong.
Settings parseSettings(std::string_view json);

} // namespace fairlead::udp
