// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ack_queue.hpp"
#include "component.hpp"
#include "packets.hpp"
#include "session_state.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fairlead::mqtt {

inline constexpr std::size_t kClientIdBytesMax = 256;       // device ids are at most 64
inline constexpr std::size_t kConnectBytesMax = 256 * 1024; // CONNECT with the largest will
/// An incomplete packet longer than this is collected here instead of staying with the host.
inline constexpr std::size_t kCollectBytes = 16 * 1024;
/// Unacknowledged uplinks of a client that was not told a Receive Maximum (MQTT 3).
inline constexpr std::size_t kInboundMax = 65535;

/// Retained messages waiting for room in the downlink window: two whole sets of them.
inline constexpr std::size_t kQueuedBytesMax = 2 * kRetainedBytesMax;
/// Token of the CONNECT; those of uplinks count from 1, 0 stands for what nobody waits for.
inline constexpr std::uint64_t kConnectToken = ~std::uint64_t{0};

/// The protocol state machine of one client. Thread: that of its loop, calls never overlap.
///
/// connection.cpp has the loop over packets and the ways to end; connect.cpp logging in, will and
/// stored session; inbound.cpp uplinks with their acknowledgements; outbound.cpp downlinks;
/// subscribe.cpp subscriptions and retained messages.
class MqttConnection final : public sdk::Connection {
public:
    MqttConnection(MqttServer& server, sdk::Conn conn, std::string_view peer);

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override;
    void onTimer(std::uint32_t id) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;
    sdk::Status send(const sdk::TransportView& message, std::uint64_t token) override;
    void onShutdown(std::uint32_t reason) override;
    void onClose(std::uint32_t reason) override;

private:
    enum class Phase : std::uint8_t { AwaitConnect, Authenticating, Connected, Closed };
    /// Whether a packet was dealt with, or must stay until there is room.
    enum class Step : std::uint8_t { Done, Wait };
    enum class Q2State : std::uint8_t { Storing, Received, Releasing };

    struct Q2 {
        std::uint16_t packet_id = 0;
        Q2State state = Q2State::Storing;
    };
    struct Will {
        std::string topic;
        std::string payload;
        std::string properties; // raw list
        std::uint32_t delay = 0;
        std::uint8_t qos = 0;
        bool retain = false;
    };

    // connection.cpp
    std::size_t process(Bytes in);
    std::size_t collect(Bytes in);
    bool admissible(const FixedHeader& header);
    Step handle(const FixedHeader& header, Bytes body);
    Step handleOther(const FixedHeader& header, Bytes body);
    void handleDisconnect(Bytes body);
    void fail(Fault fault, const char* what, std::uint32_t close_reason = FL_CLOSE_PROTOCOL);
    void fail(const Fault& fault) { fail(fault, "malformed_packet"); }
    void farewell(Reason reason, std::string_view text);
    void startKeepAlive();
    const Settings& settings() const noexcept { return server_.settings(); }
    bool v5() const noexcept { return version_ == Version::V5; }

    // connect.cpp
    Step handleConnect(Bytes body);
    bool refuseMalformed(const Connect& connect, const Fault& fault);
    bool acceptIdentifier(const Connect& connect);
    void takeConnect(const Connect& connect);
    void takeWill(const Connect& connect);
    Step deliverConnect(const Connect& connect);
    void completeConnect(fl_status status);
    void refuseConnect(fl_status status);
    void rejectConnect(Reason reason, ReturnCode code, const char* text, std::uint32_t why);
    bool resumeSession(bool& present);
    bool releaseHeld(const SessionState& old);
    void acceptConnect(bool session_present);
    void publishWill(std::uint32_t reason);
    std::string stateKey() const { return "s/" + client_id_; }
    void saveState();
    void saveIfDirty() {
        if (dirty_) {
            saveState();
        }
    }

    // inbound.cpp
    Step handlePublish(const FixedHeader& header, Bytes body);
    bool resolveAlias(Publish& publish);
    bool admitInbound(const Publish& publish);
    Step acceptPublish(const Publish& publish);
    Step acceptQos2(const Publish& publish);
    Step deliverAcknowledged(const Publish& publish, PacketType ack);
    fl_status deliverPublish(const Publish& publish, std::uint64_t token);
    void holdBlock(std::uint16_t packet_id);
    Step handlePubrel(Bytes body);
    void settle(AckQueue::Entry& entry, fl_status status);
    void settleRelease(AckQueue::Entry& entry, fl_status status);
    void flushAcks();
    void afterAck(const AckQueue::Entry& entry);
    std::vector<Q2>::iterator findQ2(std::uint16_t packet_id) noexcept;

    // outbound.cpp
    void handleAck(PacketType type, Bytes body);
    void handlePubrec(const Ack& ack);
    void finish(std::size_t index, fl_status status);
    bool transmit(Outgoing& out);
    bool writePublish(const StoredMessage& message, const PublishHead& head,
                      const std::string& subscription_ids);
    void pump();
    void resend();
    std::size_t inFlight() const noexcept;
    std::size_t window() const noexcept;
    std::size_t findOutgoing(std::uint16_t packet_id) const noexcept;
    std::uint16_t nextPacketId();
    void enqueue(StoredMessage message);

    // subscribe.cpp
    void handleSubscribe(Bytes body);
    void handleUnsubscribe(Bytes body);
    std::uint8_t subscribe(const Filter& filter, std::uint32_t id, bool& fresh);
    void sendRetained(std::string_view filter, std::uint8_t qos, std::uint32_t id);
    void retain(StoredMessage message);
    std::vector<StoredMessage> loadRetained() const;
    std::string retainedKey() const { return "r/" + client_id_; }

    MqttServer& server_;
    sdk::Conn conn_;
    std::string peer_;
    std::string client_id_;
    Phase phase_ = Phase::AwaitConnect;
    Version version_ = Version::V311;
    bool clean_ = true;
    bool id_assigned_ = false;
    bool logged_in_ = false;       // CONNECT succeeded: the will and the session are ours to handle
    bool stored_ = false;          // a blob of this client is in the host's state
    bool dirty_ = false;           // the blob is behind
    bool held_known_ = false;      // q2_ has every once-key that the host may hold
    std::uint16_t keep_alive_ = 0; // seconds; 0 = none
    std::uint16_t keep_alive_asked_ = 0;
    std::uint16_t client_receive_max_ = 65535;
    std::uint32_t client_packet_max_ = 0; // 0 = no limit
    std::uint32_t expiry_asked_ = 0;
    std::uint64_t claim_ = 0;
    std::uint64_t last_packet_ns_ = 0;
    std::int64_t now_ms_ = 0; // UTC, of the call at hand
    std::size_t inbound_ = 0; // uplinks of QoS 1 and 2 in flight
    AckQueue acks_;
    std::vector<Q2> q2_; // ascending
    std::vector<std::string> aliases_;
    std::unique_ptr<Will> will_;
    SessionState session_;
    std::string collected_;         // an incomplete long packet
    std::size_t collect_until_ = 0; // its whole length; 0 = none
};

} // namespace fairlead::mqtt
