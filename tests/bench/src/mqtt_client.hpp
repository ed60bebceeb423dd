// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "context.hpp"
#include "mqtt_packet.hpp"

#include <string>

namespace fairlead::bench {

/// One MQTT connection: connects, logs in, takes packets apart. Derived classes say what for.
class MqttClient : public Loop::Handler {
public:
    enum class State : std::uint8_t { Closed, Connecting, Login, Open, Failed };

    MqttClient(Context& context, unsigned number);
    virtual ~MqttClient() = default;
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    /// Starts to connect; CONNECT goes out with it.
    void open();
    void close(bool polite);
    State state() const noexcept { return state_; }
    const std::string& id() const noexcept { return id_; }
    unsigned number() const noexcept { return number_; }
    void onEvents(std::uint32_t events) final;

protected:
    virtual void onOpen(bool session_present) = 0;
    virtual void onPacket(const Packet& packet, std::int64_t now_ns) = 0;
    /// The connection is gone, not by close().
    virtual void onLost() {}

    std::string& out() noexcept { return stream_.out(); }
    void flush();
    Template::Values values(std::uint64_t seq = 0, std::int64_t ms = 0) const noexcept {
        return {number_, id_, seq, ms};
    }

    Context& context_;
    std::int64_t started_ns_ = 0; ///< when open() was called

private:
    void sendConnect();
    void readAll();
    void takePackets(std::string_view input);
    void onConnack(const Packet& packet);
    void lose(const std::string& why);

    unsigned number_;
    std::string id_;
    Stream stream_;
    std::string partial_;
    State state_ = State::Closed;
};

} // namespace fairlead::bench
