// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::gateway {

/// The setting of a device, or of its product, that is its pre-shared key for DTLS.
inline constexpr std::string_view kPskSetting = "dtlsPsk";
inline constexpr std::size_t kPskBytesMax = 64;

/// The key that a setting says: hex behind "0x", else the text's own bytes. Empty when there is
/// none, or when it is longer than kPskBytesMax or no hex.
std::string keyOf(std::string_view setting);

} // namespace fairlead::gateway
