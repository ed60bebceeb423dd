// SPDX-License-Identifier: Apache-2.0
#include "attributes.hpp"
#include "connection.hpp"

#include <algorithm>

namespace fairlead::mqtt {

namespace {

constexpr unsigned kBlocks = 256;

struct Refusal {
    Reason reason;
    ReturnCode code;
    const char* text;
};

// An unknown client is answered like a wrong password: who guesses learns nothing.
Refusal refusalOf(fl_status status) noexcept {
    switch (status) {
    case FL_E_UNAUTHORIZED:
    case FL_E_NOT_FOUND:
    case FL_E_MALFORMED:
        return {Reason::BadUserNameOrPassword, ReturnCode::BadUserNameOrPassword,
                "client identifier, user name or password is wrong"};
    case FL_E_FORBIDDEN:
        return {Reason::NotAuthorized, ReturnCode::NotAuthorized,
                "the device may not connect here"};
    case FL_E_INVALID:
    case FL_E_CONFLICT:
        return {Reason::ClientIdInvalid, ReturnCode::IdentifierRejected,
                "the client identifier is not accepted"};
    case FL_E_BUSY:
        return {Reason::ServerBusy, ReturnCode::ServerUnavailable, "the server is busy"};
    case FL_E_LIMIT:
        return {Reason::QuotaExceeded, ReturnCode::ServerUnavailable, "a limit was reached"};
    case FL_E_UNSUPPORTED:
        return {Reason::ImplementationSpecific, ReturnCode::ServerUnavailable,
                "the device's protocol does not speak MQTT"};
    default:
        return {Reason::ServerUnavailable, ReturnCode::ServerUnavailable,
                "the server cannot serve the device now"};
    }
}

std::string_view versionText(Version version) noexcept {
    return version == Version::V5 ? "5.0" : version == Version::V311 ? "3.1.1" : "3.1";
}

} // namespace

MqttConnection::Step MqttConnection::handleConnect(Bytes body) {
    Connect connect;
    const Fault fault = decodeConnect(body, connect);
    if (refuseMalformed(connect, fault)) {
        return Step::Done;
    }
    takeConnect(connect);
    return acceptIdentifier(connect) ? deliverConnect(connect) : Step::Done;
}

// Answers a CONNECT that cannot be asked about. True when it was one.
bool MqttConnection::refuseMalformed(const Connect& connect, const Fault& fault) {
    version_ = connect.version;
    if (fault && fault.reason == Reason::UnsupportedVersion) {
        version_ = connect.level > 5 ? Version::V5 : Version::V311;
        rejectConnect(fault.reason, ReturnCode::UnacceptableVersion, fault.text, FL_CLOSE_PROTOCOL);
        return true;
    }
    if (fault) {
        if (v5()) {
            rejectConnect(fault.reason, ReturnCode::ServerUnavailable, fault.text,
                          FL_CLOSE_PROTOCOL);
        } else {
            fail(fault); // MQTT 3 has no code for it, [MQTT-3.1.4-1]
        }
        return true;
    }
    if (connect.properties.has(Property::AuthMethod) ||
        connect.properties.has(Property::AuthData)) {
        rejectConnect(Reason::BadAuthenticationMethod, ReturnCode::NotAuthorized,
                      "enhanced authentication is not offered", FL_CLOSE_UNAUTHORIZED);
        return true;
    }
    if (v5() && connect.will_retain && settings().max_retained == 0) {
        rejectConnect(Reason::RetainNotSupported, ReturnCode::NotAuthorized,
                      "retained messages are not offered", FL_CLOSE_PROTOCOL);
        return true;
    }
    return false;
}

bool MqttConnection::acceptIdentifier(const Connect& connect) {
    const bool must_name = version_ == Version::V31 || (version_ == Version::V311 && !clean_);
    if (connect.client_id.size() > kClientIdBytesMax || (connect.client_id.empty() && must_name)) {
        rejectConnect(Reason::ClientIdInvalid, ReturnCode::IdentifierRejected,
                      "the client identifier is empty or too long", FL_CLOSE_UNAUTHORIZED);
        return false;
    }
    id_assigned_ = connect.client_id.empty();
    client_id_ = id_assigned_ ? server_.assignClientId() : std::string(connect.client_id);
    return true;
}

void MqttConnection::takeConnect(const Connect& connect) {
    const Properties& p = connect.properties;
    clean_ = connect.clean;
    keep_alive_asked_ = connect.keep_alive;
    keep_alive_ = connect.keep_alive;
    const std::uint16_t most = settings().keep_alive_max;
    if (v5() && most != 0 && (keep_alive_ == 0 || keep_alive_ > most)) {
        keep_alive_ = most; // only MQTT 5 can tell the client
    }
    // MQTT 3 without a clean session: it lasts as long as the component keeps any.
    expiry_asked_ = v5() ? (p.has(Property::SessionExpiry) ? p.session_expiry : 0)
                         : (clean_ ? 0 : settings().session_expiry_max);
    session_.expiry = std::min(expiry_asked_, settings().session_expiry_max);
    if (p.has(Property::ReceiveMaximum)) {
        client_receive_max_ = p.receive_maximum;
    }
    if (p.has(Property::MaximumPacketSize)) {
        client_packet_max_ = p.maximum_packet_size;
    }
    takeWill(connect);
}

void MqttConnection::takeWill(const Connect& connect) {
    if (!connect.has_will) {
        return;
    }
    will_ = std::make_unique<Will>();
    will_->topic = connect.will_topic;
    will_->payload = textOf(connect.will_payload);
    will_->properties = textOf(connect.will_properties.raw);
    will_->delay = connect.will_properties.will_delay;
    will_->qos = connect.will_qos;
    will_->retain = connect.will_retain;
}

MqttConnection::Step MqttConnection::deliverConnect(const Connect& connect) {
    Attributes attributes;
    attributes.add("client_id", client_id_);
    if (connect.has_username) {
        attributes.add("username", connect.username);
    }
    if (connect.has_password) {
        attributes.add("password", textOf(connect.password));
    }
    attributes.add("mqtt_version", versionText(version_));
    attributes.addUserProperties(connect.properties);
    fl_transport_message message = attributes.message(FL_TRANSPORT_CONNECT);
    message.peer = sdk::str(peer_);
    message.qos = -1;
    message.received_ms = now_ms_;
    const fl_status status = conn_.deliver(message, {kConnectToken, false, {}});
    if (status == FL_E_BUSY) {
        return Step::Wait; // the packet is read anew when there is room; the log-in limit runs on
    }
    phase_ = Phase::Authenticating;
    if (status < 0) {
        completeConnect(status);
    }
    return Step::Done;
}

void MqttConnection::completeConnect(fl_status status) {
    if (phase_ != Phase::Authenticating) {
        return;
    }
    if (status < 0) {
        refuseConnect(status);
        return;
    }
    claim_ = server_.claim(client_id_);
    logged_in_ = true;
    bool present = false;
    if (!resumeSession(present)) {
        logged_in_ = false; // the stored session stays as it is
        server_.leave(client_id_, claim_);
        refuseConnect(FL_E_BUSY);
        return;
    }
    acceptConnect(present);
}

void MqttConnection::refuseConnect(fl_status status) {
    const Refusal refusal = refusalOf(status);
    rejectConnect(refusal.reason, refusal.code, refusal.text, FL_CLOSE_UNAUTHORIZED);
}

void MqttConnection::rejectConnect(Reason reason, ReturnCode code, const char* text,
                                   std::uint32_t why) {
    conn_.report("connect_refused", text);
    if (v5()) {
        ConnackInfo info;
        info.reason = text;
        std::string packet = encodeConnack5(false, reason, info);
        if (client_packet_max_ != 0 && packet.size() > client_packet_max_) {
            packet = encodeConnack5(false, reason, {});
        }
        (void)conn_.write(packet);
    } else {
        (void)conn_.write(encodeConnack3(false, code));
    }
    phase_ = Phase::Closed;
    conn_.close(why, text);
}

// Loads what is stored under the client's name. False when leftovers of a former session could
// not be dropped now.
bool MqttConnection::resumeSession(bool& present) {
    present = false;
    held_known_ = true;
    sdk::ByteView blob;
    if (conn_.io().stateGet(stateKey(), blob) != FL_OK) {
        return true;
    }
    stored_ = true;
    dirty_ = true;
    SessionState old;
    if (!decodeSession(blob, old)) {
        conn_.report("session_unreadable", "the stored session was dropped");
        return true;
    }
    if (clean_ || !old.resumable(now_ms_)) {
        return releaseHeld(old);
    }
    present = true;
    held_known_ = !old.holdsAny();
    old.expiry = session_.expiry;
    old.closed_ms = 0;
    session_ = std::move(old);
    return true;
}

// A new session must not take the old one's QoS 2 messages for its own duplicates.
bool MqttConnection::releaseHeld(const SessionState& old) {
    for (unsigned block = 0; block < kBlocks; ++block) {
        if (!old.holds(block)) {
            continue;
        }
        for (unsigned id = block * 256; id < (block + 1) * 256; ++id) {
            const OnceKey key(static_cast<std::uint16_t>(id));
            if (conn_.release(key.view(), 0) < 0) {
                return false;
            }
        }
    }
    return true;
}

void MqttConnection::acceptConnect(bool session_present) {
    if (v5()) {
        ConnackInfo info;
        if (session_.expiry != expiry_asked_) {
            info.session_expiry = session_.expiry;
        }
        if (keep_alive_ != keep_alive_asked_) {
            info.server_keep_alive = keep_alive_;
        }
        info.receive_maximum = settings().max_inflight;
        info.maximum_packet_size = settings().max_message_size;
        info.topic_alias_maximum = settings().topic_alias_max;
        info.retain_available = settings().max_retained > 0;
        info.assigned_client_id = id_assigned_ ? std::string_view(client_id_) : std::string_view();
        (void)conn_.write(encodeConnack5(session_present, Reason::Success, info));
    } else {
        (void)conn_.write(encodeConnack3(session_present, ReturnCode::Accepted));
    }
    phase_ = Phase::Connected;
    startKeepAlive();
    dirty_ = dirty_ || session_.expiry > 0;
    resend();
}

// A will with a delay is published at the end of the connection, too: nothing of this connection
// lives on that could do it later. Only a take-over that resumes the session within the delay,
// which is the case the delay is made for, silences it.
void MqttConnection::publishWill(std::uint32_t reason) {
    if (!will_ || (reason == FL_CLOSE_TAKEN_OVER && will_->delay > 0 && session_.expiry > 0)) {
        return;
    }
    std::string list;
    putVarint(list, static_cast<std::uint32_t>(will_->properties.size()));
    list.append(will_->properties);
    Reader in(bytesOf(list));
    Properties properties;
    (void)decodeProperties(in, PropertySet::Will, properties); // it was checked at CONNECT
    Attributes attributes;
    attributes.addPublishProperties(properties);
    fl_transport_message message = attributes.message(FL_TRANSPORT_DATA);
    message.address = sdk::str(will_->topic);
    message.payload = sdk::bytes(std::string_view(will_->payload));
    message.peer = sdk::str(peer_);
    message.content_type = sdk::str(properties.content_type);
    message.qos = will_->qos;
    message.flags = kWillFlag | (will_->retain ? kRetainFlag : 0U);
    message.received_ms = now_ms_;
    // Nobody is left to take a completion, so it is not asked for.
    const fl_status status = conn_.deliver(message, {0, false, {}});
    if (status < 0) {
        conn_.report("will_refused", "the will could not be published");
    }
    if (will_->retain) {
        retain({will_->topic, {}, will_->payload, 0, will_->qos, true});
    }
}

void MqttConnection::saveState() {
    dirty_ = false;
    if (!logged_in_ || !server_.owns(client_id_, claim_)) {
        return; // a newer connection of this client stores from now on
    }
    if (session_.expiry == 0 && !session_.holdsAny()) {
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

} // namespace fairlead::mqtt
