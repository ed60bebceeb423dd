// SPDX-License-Identifier: Apache-2.0
// Cutting a byte stream into frames. Pure: nothing but the rule and the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::tcp {

using Bytes = std::span<const std::uint8_t>;

enum class Rule : std::uint8_t { Direct, FixedLength, Delimited, LengthField };

/// A framing rule; which members matter depends on `rule`.
struct Framing {
    Rule rule = Rule::Direct;
    bool little = false;               // LengthField: byte order
    std::uint8_t length = 4;           // LengthField: 1, 2, 3, 4 or 8 bytes
    std::uint16_t offset = 0;          // LengthField: bytes in front of the length
    std::size_t size = 0;              // FixedLength
    std::string delimiter;             // Delimited, as bytes
    std::size_t max_frame = 64 * 1024; // bytes of a frame, header included
};

enum class Cut : std::uint8_t { Frame, Incomplete, TooLong };

struct Frame {
    Cut cut = Cut::Incomplete;
    Bytes payload;         // what is handed on
    std::size_t bytes = 0; // what it took from the stream
};

/// The first frame of `in`. `scanned` is how much of `in` an earlier call has searched in vain for
/// a delimiter; updated here, to be reset by the caller when bytes are taken from the front.
Frame cutFrame(const Framing& framing, Bytes in, std::size_t& scanned) noexcept;

/// Bytes as people write them: text with \r \n \t \0 \\ \xHH, or all of it in hex as 0x0D0A.
/// Nothing when it is empty, malformed or longer than `most` bytes.
std::optional<std::string> parseBytes(std::string_view text, std::size_t most);
/// The same for a delimiter, at most kDelimiterBytesMax.
std::optional<std::string> parseDelimiter(std::string_view text);

inline constexpr std::size_t kDelimiterBytesMax = 64;

} // namespace fairlead::tcp
