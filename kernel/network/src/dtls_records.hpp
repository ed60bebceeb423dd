// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The little of DTLS 1.2 (RFC 6347) that is read before OpenSSL sees a datagram. All of it is
/// plain text that anybody may have sent.
namespace fairlead::network::dtls {

inline constexpr std::size_t kRecordHeaderBytes = 13; // RFC 6347 4.1

/// Bytes of the first record with its header; 0 when there is none that is whole.
std::size_t firstRecord(std::string_view datagram) noexcept;

/// 64 bits of the client's random when the datagram begins with an unencrypted ClientHello that
/// contains them; they tell a repeated hello from that of a new association.
std::optional<std::uint64_t> helloRandom(std::string_view datagram) noexcept;

/// True when it begins with a later piece of an unencrypted ClientHello.
bool isHelloPiece(std::string_view datagram) noexcept;

/// The identity of an unencrypted ClientKeyExchange of a PSK suite (RFC 4279 section 2, RFC 5489
/// section 2: it comes first in all of them), unless its message comes in pieces.
std::optional<std::string_view> pskIdentity(std::string_view datagram) noexcept;

} // namespace fairlead::network::dtls
