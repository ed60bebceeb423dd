// SPDX-License-Identifier: Apache-2.0
// Frames on the wire, RFC 6455 section 5.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::websocket {

enum class Opcode : std::uint8_t {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10
};

/// Status codes of section 7.4.1 and the registry, those that this server sends.
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kNoStatus = 1005; // never on the wire: the peer gave none
inline constexpr std::uint16_t kInvalidPayload = 1007;
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kMessageTooBig = 1009;
inline constexpr std::uint16_t kInternalError = 1011;
inline constexpr std::uint16_t kTryAgainLater = 1013;
} // namespace close_code

/// May a peer send this code? Section 7.4.2: 3000 to 4999, and those of the registry that are not
/// reserved for local use.
bool isSendableCode(std::uint16_t code) noexcept;

inline constexpr std::size_t kControlPayloadMax = 125; // section 5.5
inline constexpr std::size_t kFrameHeadMax = 14;       // of a client, with its key

struct FrameHead {
    Opcode opcode = Opcode::Continuation;
    bool fin = false;
    bool compressed = false; // RSV1, RFC 7692 section 6
    std::array<std::uint8_t, 4> mask{};
    std::uint64_t length = 0; // of the payload
    std::size_t bytes = 0;    // of this head on the wire

    bool isControl() const noexcept { return static_cast<std::uint8_t>(opcode) >= 8; }
};

enum class HeadResult { Complete, NeedMore, Violation };

/// Reads the head of a client's frame from the front of `in`. A violation is seen as soon as the
/// byte with it is there; `why` then is a literal.
HeadResult readFrameHead(std::string_view in, bool may_compress, FrameHead& out,
                         const char*& why) noexcept;

/// Writes the head of a server's (unmasked) frame into `out`; returns its length, 10 at most.
std::size_t writeFrameHead(Opcode opcode, bool compressed, std::uint64_t length,
                           std::array<char, kFrameHeadMax>& out) noexcept;

/// Unmasks `n` bytes from `in` to `out` (which may be the same); `offset` is their place in the
/// payload.
void unmask(const char* in, char* out, std::size_t n, const std::array<std::uint8_t, 4>& mask,
            std::uint64_t offset) noexcept;

} // namespace fairlead::websocket
