// SPDX-License-Identifier: Apache-2.0
// What a client's session keeps: subscriptions, unacknowledged downlinks and which packet
// identifiers of QoS 2 uplinks the server may hold. Encoded as one blob of the host's durable
// state.
#pragma once

#include "packets.hpp"

#include <string>
#include <vector>

namespace fairlead::mqtt {

/// The host takes 64 KiB per key; some room is left for the blob's own fields.
inline constexpr std::size_t kStateBytesMax = 60 * 1024;
inline constexpr std::size_t kSubscriptionsMax = 100;       // per client
inline constexpr std::size_t kFilterBytesMax = 16 * 1024;   // of all subscriptions of a client
inline constexpr std::size_t kRetainedBytesMax = 56 * 1024; // of all retained messages of a client

struct Subscription {
    std::string filter; // as the client wrote it, with $share
    std::uint32_t id = 0;
    std::uint8_t options = 0;
};

/// A downlink or retained message, independent of the protocol version it travels in.
struct StoredMessage {
    std::string topic;
    std::string properties; // MQTT 5 list without message expiry, alias and subscription ids
    std::string payload;
    std::int64_t expires_ms = 0; // UTC; 0 = never
    std::uint8_t qos = 0;
    bool retain = false;

    std::size_t bytes() const noexcept {
        return topic.size() + properties.size() + payload.size() + 24;
    }
};

/// A downlink of QoS 1 or 2 on its way.
struct Outgoing {
    enum class State : std::uint8_t { Queued, Sent, Released };

    StoredMessage message;
    std::uint64_t token = 0;
    std::uint16_t packet_id = 0;
    State state = State::Queued;
    bool has_token = false; // the host waits for the outcome
    bool duplicate = false; // was on the wire before
};

/// What the subscriptions say about a topic.
struct Grant {
    bool covered = false;
    bool retain_as_published = false;
    std::uint8_t qos = 0;
    std::string ids; // encoded subscription identifier properties
};

struct SessionState {
    std::uint32_t expiry = 0;   // seconds; 0 = ends with the connection
    std::int64_t closed_ms = 0; // UTC; 0 = the connection was open when this was stored
    std::uint16_t next_id = 1;
    /// Bit b: the host may hold once-keys of packet identifiers 256 b to 256 b + 255.
    std::array<std::uint8_t, 32> held_blocks{};
    std::vector<Subscription> subscriptions;
    std::vector<Outgoing> outgoing;

    bool holdsAny() const noexcept;
    bool holds(unsigned block) const noexcept {
        return (static_cast<unsigned>(held_blocks[block / 8]) >> (block % 8) & 1U) != 0;
    }
    void hold(unsigned block) noexcept {
        held_blocks[block / 8] =
            static_cast<std::uint8_t>(held_blocks[block / 8] | (1U << (block % 8)));
    }
    Grant grantFor(std::string_view topic) const;
    std::size_t filterBytes() const noexcept;
    /// Alive at `now_ms`: it outlives connections and its time is not over.
    bool resumable(std::int64_t now_ms) const noexcept;
};

/// The blob, at most kStateBytesMax: downlinks that do not fit are left out, youngest first.
std::string encodeSession(const SessionState& state);
/// False when the blob is not one of ours; `out` is then unspecified.
bool decodeSession(Bytes blob, SessionState& out);

std::string encodeRetained(const std::vector<StoredMessage>& messages);
bool decodeRetained(Bytes blob, std::vector<StoredMessage>& out);

} // namespace fairlead::mqtt
