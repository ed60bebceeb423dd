// SPDX-License-Identifier: Apache-2.0
// Numbers of the MQTT specifications 3.1, 3.1.1 and 5.0.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead::mqtt {

using Bytes = std::span<const std::uint8_t>;

enum class Version : std::uint8_t { V31 = 3, V311 = 4, V5 = 5 };

enum class PacketType : std::uint8_t {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Pubrec = 5,
    Pubrel = 6,
    Pubcomp = 7,
    Subscribe = 8,
    Suback = 9,
    Unsubscribe = 10,
    Unsuback = 11,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
    Auth = 15
};

/// MQTT 5 reason codes (section 2.4); 0x80 and above are failures.
enum class Reason : std::uint8_t {
    Success = 0x00,
    DisconnectWithWill = 0x04,
    NoMatchingSubscribers = 0x10,
    NoSubscriptionExisted = 0x11,
    Unspecified = 0x80,
    Malformed = 0x81,
    ProtocolError = 0x82,
    ImplementationSpecific = 0x83,
    UnsupportedVersion = 0x84,
    ClientIdInvalid = 0x85,
    BadUserNameOrPassword = 0x86,
    NotAuthorized = 0x87,
    ServerUnavailable = 0x88,
    ServerBusy = 0x89,
    ServerShuttingDown = 0x8B,
    BadAuthenticationMethod = 0x8C,
    KeepAliveTimeout = 0x8D,
    SessionTakenOver = 0x8E,
    TopicFilterInvalid = 0x8F,
    TopicNameInvalid = 0x90,
    PacketIdInUse = 0x91,
    PacketIdNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    TopicAliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
    PayloadFormatInvalid = 0x99,
    RetainNotSupported = 0x9A
};

constexpr bool isFailure(Reason reason) noexcept {
    return static_cast<std::uint8_t>(reason) >= 0x80;
}

/// CONNACK return codes of MQTT 3.
enum class ReturnCode : std::uint8_t {
    Accepted = 0,
    UnacceptableVersion = 1,
    IdentifierRejected = 2,
    ServerUnavailable = 3,
    BadUserNameOrPassword = 4,
    NotAuthorized = 5
};

/// What is wrong with a packet; the text is a literal. Default-constructed: nothing.
struct Fault {
    Reason reason = Reason::Success;
    const char* text = nullptr;

    explicit operator bool() const noexcept { return text != nullptr; }
};

inline constexpr std::size_t kFixedHeaderBytesMax = 5;
inline constexpr std::uint32_t kRemainingLengthMax = 268435455; // section 2.2.3: four 7-bit digits

} // namespace fairlead::mqtt
