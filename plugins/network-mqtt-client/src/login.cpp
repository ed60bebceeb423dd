// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "filters.hpp"
#include "topic.hpp"

#include <algorithm>

namespace fairlead::mqtt_client {

using namespace mqtt;

namespace {

constexpr unsigned kBlocks = 256;
constexpr std::uint32_t kForEver = 0xFFFFFFFF; // the broker decides when the session ends
constexpr std::uint8_t kNoLocal = 0x04;
constexpr std::uint8_t kNothingRetained = 0x20; // retain handling 2

} // namespace

void MqttClientConnection::connect() {
    const Settings& s = settings();
    ConnectRequest request;
    request.version = s.version;
    request.clean = s.clean_session;
    request.keep_alive = keep_alive_ = s.keep_alive;
    request.client_id = s.client_id;
    request.has_username = !s.username.empty();
    request.username = s.username;
    request.has_password = !s.password.empty();
    request.password = s.password;
    request.session_expiry = s.clean_session ? 0 : s.session_expiry;
    request.receive_maximum = s.max_inflight;
    request.maximum_packet_size = s.max_message_size;
    request.topic_alias_maximum = s.topic_alias_max;
    (void)conn_.write(encodeConnect(request));
}

void MqttClientConnection::handleConnack(Bytes body) {
    Connack connack;
    if (const Fault fault = decodeConnack(settings().version, body, connack)) {
        fail(fault);
        return;
    }
    const bool five = v5() && !connack.old;
    if (five ? connack.reason != Reason::Success : connack.code != ReturnCode::Accepted) {
        std::string text = "The broker refused the log-in: ";
        text += five ? textOf(connack.reason) : textOf(connack.code);
        if (connack.properties.has(Property::ReasonString)) {
            text.append(" (").append(connack.properties.reason_string.substr(0, 160)).append(")");
        }
        end("login_refused", text, FL_CLOSE_UNAUTHORIZED);
        return;
    }
    phase_ = Phase::Subscribing;
    takeLimits(connack.properties);
    if (!connack.session_present && !beginAnew()) {
        end("store_failed", "What an older session held could not be given up", FL_CLOSE_LIMIT);
        return;
    }
    subscribe();
    if (phase_ == Phase::Subscribing) {
        resend();
    }
}

void MqttClientConnection::takeLimits(const Properties& p) {
    maximum_qos_ = p.maximum_qos;
    shared_available_ = p.shared_available != 0;
    if (p.has(Property::ReceiveMaximum)) {
        broker_receive_max_ = p.receive_maximum;
    }
    if (p.has(Property::MaximumPacketSize)) {
        broker_packet_max_ = p.maximum_packet_size;
    }
    if (p.has(Property::ServerKeepAlive)) {
        keep_alive_ = p.server_keep_alive;
    }
}

// The broker knows nothing of an earlier session: its messages on their way are given up (who sent
// them was told so when the connection ended), and so are the keys of messages it will not repeat,
// lest new ones be taken for them. False when the host could not.
bool MqttClientConnection::beginAnew() {
    held_known_ = true;
    for (unsigned block = 0; block < kBlocks; ++block) {
        for (unsigned id = block * 256; session_.holds(block) && id < (block + 1) * 256; ++id) {
            const std::string key = "q2/" + std::to_string(id);
            if (conn_.release(key, 0) < 0) {
                return false;
            }
        }
    }
    if (!session_.outgoing.empty()) {
        conn_.report("session_lost", "the broker did not keep the session");
    }
    dirty_ = dirty_ || stored_;
    session_.held_blocks.fill(0);
    session_.outgoing.clear();
    session_.subscriptions.clear();
    return true;
}

std::vector<std::string> MqttClientConnection::wantedFilters() const {
    std::vector<std::string> routes;
    if (const auto dialed = conn_.dialed()) {
        for (std::uint32_t i = 0; i < dialed->route_count; ++i) {
            routes.emplace_back(sdk::view(dialed->routes[i]));
        }
    }
    return filtersOf(settings(), routes);
}

void MqttClientConnection::subscribe() {
    const std::vector<std::string> wanted = wantedFilters();
    if (wanted.empty()) {
        end("no_topics",
            "There is nothing to subscribe to: the protocols of the gateways name no topics; give "
            "topics in the component",
            FL_CLOSE_LOCAL);
        return;
    }
    if (!settings().topic_prefix.empty() && !shared_available_) {
        end("subscription_refused",
            "The broker offers no shared subscriptions; remove the subscription prefix",
            FL_CLOSE_LOCAL);
        return;
    }
    unsubscribeStale(wanted);
    std::vector<Filter> filters;
    session_.subscriptions.clear();
    for (const std::string& text : wanted) {
        std::uint8_t options = settings().qos;
        if (v5()) {
            // [MQTT-3.8.3-4]: no local is an error on a shared subscription.
            options = static_cast<std::uint8_t>(
                options | (parseFilter(text).shared ? 0U : unsigned{kNoLocal}) |
                (settings().take_retained ? 0U : unsigned{kNothingRetained}));
        }
        filters.push_back({text, options});
        session_.subscriptions.push_back({text, 0, options});
    }
    subscribe_id_ = nextPacketId();
    dirty_ = true;
    (void)conn_.write(
        encodeFilters(PacketType::Subscribe, settings().version, subscribe_id_, filters));
}

// What an older configuration subscribed to goes on in a session that the broker has kept.
void MqttClientConnection::unsubscribeStale(const std::vector<std::string>& wanted) {
    std::vector<Filter> stale;
    for (const Subscription& old : session_.subscriptions) {
        if (std::find(wanted.begin(), wanted.end(), old.filter) == wanted.end()) {
            stale.push_back({old.filter, 0});
        }
    }
    if (!stale.empty()) {
        (void)conn_.write(
            encodeFilters(PacketType::Unsubscribe, settings().version, nextPacketId(), stale));
    }
}

void MqttClientConnection::handleSuback(Bytes body) {
    FilterAck ack;
    if (const Fault fault = decodeFilterAck(PacketType::Suback, settings().version, body, ack)) {
        fail(fault);
        return;
    }
    if (phase_ != Phase::Subscribing || ack.packet_id != subscribe_id_ ||
        ack.codes.size() != session_.subscriptions.size()) {
        fail({Reason::ProtocolError, "the broker acknowledged another subscription"});
        return;
    }
    std::size_t refused = 0;
    for (std::size_t i = 0; i < ack.codes.size(); ++i) {
        if (ack.codes[i] >= 0x80) {
            ++refused;
            conn_.report("subscription_refused", session_.subscriptions[i].filter);
        }
    }
    if (refused == ack.codes.size()) {
        end("subscription_refused",
            "The broker refused to subscribe to " + session_.subscriptions.front().filter,
            FL_CLOSE_UNAUTHORIZED);
        return;
    }
    phase_ = Phase::Ready;
    conn_.ready();
    conn_.setTimer(0, 0);
    keepAlive();
}

void MqttClientConnection::loadSession() {
    sdk::ByteView blob;
    if (conn_.io().stateGet(stateKey(), blob) != FL_OK) {
        return;
    }
    stored_ = true;
    if (!decodeSession(blob, session_)) {
        conn_.report("session_unreadable", "the stored session was dropped");
        session_ = {};
        dirty_ = true;
    }
    for (Outgoing& out : session_.outgoing) {
        out.has_token = false;
    }
}

void MqttClientConnection::saveSession() {
    dirty_ = false;
    session_.expiry = kForEver;
    if (settings().clean_session && !session_.holdsAny()) {
        if (stored_) {
            stored_ = false;
            (void)conn_.io().stateRemove(stateKey());
        }
        return;
    }
    if (conn_.io().statePut(stateKey(), sdk::octets(encodeSession(session_))) < 0) {
        conn_.report("session_not_stored", "the host refused the session's state");
        return;
    }
    stored_ = true;
}

} // namespace fairlead::mqtt_client
