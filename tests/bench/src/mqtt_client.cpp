// SPDX-License-Identifier: Apache-2.0
#include "mqtt_client.hpp"

#include "clock.hpp"

#include <sys/epoll.h>

#include <cstring>

namespace fairlead::bench {

MqttClient::MqttClient(Context& context, unsigned number)
    : context_(context), number_(number), stream_(context.loop, this) {
    id_ = context.client_id.text({number, {}, 0, 0});
}

void MqttClient::open() {
    started_ns_ = nowNs();
    partial_.clear();
    if (!stream_.connect(context_.options.endpoint, number_)) {
        state_ = State::Failed;
        ++context_.failed;
        context_.error(std::string("connect: ") + std::strerror(errno));
        return;
    }
    state_ = State::Connecting;
    ++context_.connecting;
    sendConnect();
}

void MqttClient::sendConnect() {
    const Login login = loginOf(context_.options.auth, values());
    ConnectPacket packet;
    packet.client_id = id_;
    packet.username = login.username;
    packet.password = login.password;
    packet.clean = !context_.options.resume;
    packet.keep_alive = 600;
    packet.v5 = context_.options.v5;
    putConnect(stream_.out(), packet);
}

void MqttClient::close(bool polite) {
    if (!stream_.isOpen()) {
        return;
    }
    if (polite && state_ == State::Open) {
        putEmpty(stream_.out(), PacketType::Disconnect);
        stream_.flush();
    }
    context_.open -= state_ == State::Open ? 1 : 0;
    stream_.close(!polite);
    state_ = State::Closed;
}

void MqttClient::flush() {
    if (stream_.isOpen() && !stream_.flush()) {
        lose("write: connection reset");
    }
}

void MqttClient::lose(const std::string& why) {
    const State before = state_;
    stream_.close(true);
    state_ = State::Failed;
    context_.error(why);
    if (before == State::Open) {
        --context_.open;
        ++context_.disconnects;
    } else {
        --context_.connecting;
        ++context_.failed;
    }
    onLost();
}

void MqttClient::onEvents(std::uint32_t events) {
    if (!stream_.isOpen()) {
        return; // closed earlier in this round
    }
    if (state_ == State::Connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
        const int error = stream_.connectError();
        if (error != 0) {
            lose(std::string("connect: ") + std::strerror(error));
            return;
        }
        state_ = State::Login;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        readAll();
    }
    flush();
}

void MqttClient::readAll() {
    auto& buffer = context_.read_buffer;
    while (stream_.isOpen()) {
        const std::ptrdiff_t n = stream_.read(buffer.data(), buffer.size());
        if (n < 0) {
            lose(state_ == State::Open ? "closed by the server" : "closed before CONNACK");
            return;
        }
        if (n == 0) {
            return;
        }
        const std::string_view got(buffer.data(), static_cast<std::size_t>(n));
        if (partial_.empty()) {
            takePackets(got);
        } else {
            partial_ += got;
            std::string whole;
            whole.swap(partial_);
            takePackets(whole);
        }
        if (static_cast<std::size_t>(n) < buffer.size()) {
            return; // drained; the next event tells of more
        }
    }
}

void MqttClient::takePackets(std::string_view input) {
    const std::int64_t now = nowNs();
    Packet packet;
    bool broken = false;
    while (takePacket(input, packet, broken)) {
        if (packet.type == PacketType::Connack) {
            onConnack(packet);
        } else {
            onPacket(packet, now);
        }
        if (!stream_.isOpen()) {
            return;
        }
    }
    if (broken) {
        lose("the server sent a broken packet");
        return;
    }
    partial_.assign(input);
}

void MqttClient::onConnack(const Packet& packet) {
    if (packet.reason() != 0) {
        lose("CONNACK " + std::to_string(packet.reason()));
        return;
    }
    state_ = State::Open;
    --context_.connecting;
    ++context_.open;
    onOpen(packet.sessionPresent());
}

} // namespace fairlead::bench
