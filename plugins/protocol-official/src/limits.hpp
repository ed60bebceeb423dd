// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace fairlead::official {

/// One JSON body or binary frame. Four times what the largest known device sends (a derived thing
/// model of 200 KB); also the memory an instance may hold for its parse buffer.
inline constexpr std::size_t kBodyBytesMax = std::size_t{1} << 20;
/// Kept between calls; a larger buffer is given back after the message that needed it.
inline constexpr std::size_t kBufferKeepBytes = std::size_t{64} << 10;
/// Properties, tags or inputs of one message.
inline constexpr std::size_t kPropertiesMax = 1024;
/// Nesting of JSON and of binary arrays and objects; bounds the parsers' recursion.
inline constexpr unsigned kDepthMax = 32;
/// Device, product and child ids (`[0-9A-Za-z_-]{1,64}` on the platform).
inline constexpr std::size_t kDeviceIdBytesMax = 64;
/// Property, function and event ids: 64 characters of at most four bytes.
inline constexpr std::size_t kNameBytesMax = 256;
/// Correlation ids; a UUID has 36.
inline constexpr std::size_t kMessageIdBytesMax = 128;
/// One value: a string, a nested JSON text, a log line.
inline constexpr std::size_t kValueBytesMax = std::size_t{256} << 10;
/// Strings and counts of the binary layouts have 16-bit lengths.
inline constexpr std::size_t kBinaryCountMax = 65535;
/// Length-prefixed frames taken out of one TCP payload.
inline constexpr unsigned kFramesMax = 64;
/// Last millisecond of the year 9999; a later time stamp is a fault of the device's clock.
inline constexpr std::int64_t kTimeMaxMs = 253402300799999;

} // namespace fairlead::official
