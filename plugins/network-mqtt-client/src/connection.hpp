// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ack_queue.hpp"
#include "client_packets.hpp"
#include "component.hpp"
#include "session_state.hpp"

#include "fairlead/sdk/network.hpp"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::mqtt_client {

/// From the connection to CONNACK and SUBACK; the broker is told what is wrong by closing.
inline constexpr std::uint64_t kLogInMs = 10'000;
/// From PINGREQ to any packet of the broker.
inline constexpr std::uint64_t kPongMs = 10'000;
/// Uplinks that are neither stored nor acknowledged; MQTT 3 brokers know no bound of ours.
inline constexpr std::size_t kInboundMax = 65'535;
/// Downlinks behind the window: a command to each of a thousand devices.
inline constexpr std::size_t kQueueMax = 1024;
inline constexpr std::size_t kQueueBytesMax = std::size_t{4} << 20;

/// The session with a broker: logs in, subscribes, hands over what comes and acknowledges it after
/// it is stored. What the session needs after the connection is durable in the host's state.
/// Thread: that of its loop, calls never overlap.
class MqttClientConnection final : public sdk::Connection {
public:
    MqttClientConnection(const MqttClient& client, sdk::Conn conn, std::string_view peer);

    /// Sends CONNECT.
    void start();

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override;
    void onTimer(std::uint32_t id) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;
    sdk::Status send(const sdk::TransportView& message, std::uint64_t token) override;
    void onShutdown(std::uint32_t reason) override;
    void onClose(std::uint32_t reason) override;

private:
    enum class Phase : std::uint8_t { Connecting, Subscribing, Ready, Closed };
    /// Whether a packet was dealt with, or must stay until there is room.
    enum class Step : std::uint8_t { Done, Wait };
    enum class Q2State : std::uint8_t { Storing, Received, Releasing };
    struct Q2 {
        std::uint16_t packet_id = 0;
        Q2State state = Q2State::Storing;
    };

    // connection.cpp
    std::size_t process(mqtt::Bytes in);
    bool skipLong(mqtt::Bytes left, const mqtt::FixedHeader& header);
    Step handle(const mqtt::FixedHeader& header, mqtt::Bytes body);
    Step handleOther(const mqtt::FixedHeader& header, mqtt::Bytes body);
    void handleDisconnect(mqtt::Bytes body);
    void keepAlive();
    void fail(const mqtt::Fault& fault);
    void end(std::string_view what, const std::string& text, std::uint32_t reason);
    bool loggedIn() const noexcept {
        return phase_ == Phase::Subscribing || phase_ == Phase::Ready;
    }
    const Settings& settings() const noexcept { return client_.settings(); }
    bool v5() const noexcept { return settings().version == mqtt::Version::V5; }

    // login.cpp
    void connect();
    void handleConnack(mqtt::Bytes body);
    void takeLimits(const mqtt::Properties& properties);
    bool beginAnew();
    void subscribe();
    void unsubscribeStale(const std::vector<std::string>& wanted);
    void handleSuback(mqtt::Bytes body);
    std::vector<std::string> wantedFilters() const;
    void loadSession();
    void saveSession();
    void saveIfDirty() {
        if (dirty_) {
            saveSession();
        }
    }
    std::string stateKey() const { return "s/" + settings().client_id; }

    // inbound.cpp
    Step handlePublish(const mqtt::FixedHeader& header, mqtt::Bytes body);
    bool resolveAlias(mqtt::Publish& publish);
    Step acceptPublish(const mqtt::Publish& publish);
    Step acceptQos2(const mqtt::Publish& publish);
    Step deliverAcknowledged(const mqtt::Publish& publish, mqtt::PacketType ack);
    fl_status deliverPublish(const mqtt::Publish& publish, std::uint64_t token);
    void acknowledgeUnseen(std::uint8_t qos, std::uint16_t packet_id);
    void holdBlock(std::uint16_t packet_id);
    Step handlePubrel(mqtt::Bytes body);
    void settle(mqtt::AckQueue::Entry& entry, fl_status status);
    void flushAcks();
    void afterAck(const mqtt::AckQueue::Entry& entry);
    std::vector<Q2>::iterator findQ2(std::uint16_t packet_id) noexcept;

    // outbound.cpp
    sdk::Status enqueue(mqtt::Outgoing out);
    void handleAck(mqtt::PacketType type, mqtt::Bytes body);
    void handlePubrec(const mqtt::Ack& ack);
    void finish(std::size_t index, fl_status status);
    bool transmit(mqtt::Outgoing& out);
    bool writePublish(const mqtt::StoredMessage& message, const mqtt::PublishHead& head);
    void pump();
    void resend();
    std::size_t window() const noexcept;
    std::size_t findOutgoing(std::uint16_t packet_id) const noexcept;
    std::uint16_t nextPacketId();

    const MqttClient& client_;
    sdk::Conn conn_;
    std::string peer_;
    Phase phase_ = Phase::Connecting;
    bool dirty_ = false;      // the stored session is behind
    bool stored_ = false;     // there is one
    bool held_known_ = false; // q2_ has every once-key that the host may hold
    bool shared_available_ = true;
    std::uint8_t maximum_qos_ = 2;
    std::uint16_t keep_alive_ = 0;
    std::uint16_t broker_receive_max_ = 65535;
    std::uint32_t broker_packet_max_ = 0; // 0 = no limit
    std::uint16_t subscribe_id_ = 0;
    std::uint64_t last_packet_ns_ = 0;
    std::uint64_t ping_ns_ = 0;
    std::int64_t now_ms_ = 0;
    std::size_t skip_ = 0; // bytes of a message that is too long
    std::size_t inbound_ = 0;
    mqtt::AckQueue acks_;
    std::vector<Q2> q2_; // ascending
    std::vector<std::string> aliases_;
    mqtt::SessionState session_; // outgoing: what is on its way
    std::deque<mqtt::Outgoing> queue_;
    std::size_t queue_bytes_ = 0;
};

} // namespace fairlead::mqtt_client
