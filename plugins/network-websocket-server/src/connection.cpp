// SPDX-License-Identifier: Apache-2.0
// Design notes. Input is consumed frame by frame as it comes; a message that is wholly in the
// host's buffer is unmasked into a scratch on the stack, others grow in the reader. When the store
// has no room (FL_E_BUSY), the message must not be lost and the host must call again: the short way
// leaves the whole frame unconsumed, a message of the reader stays there (held_) and the last byte
// of its frame is left as the token that brings us back.
#include "connection.hpp"

#include "timers.hpp"

#include <algorithm>

namespace fairlead::websocket {

namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kCloseTimeoutMs = 5'000; // for the peer's answer to our Close
constexpr std::uint64_t kNever = UINT64_MAX;
constexpr std::string_view kNotStored = "the server could not store a message; send it again later";

// Section 7.4.1, by the host's reason.
std::uint16_t closeCode(std::uint32_t reason) noexcept {
    switch (reason) {
    case FL_CLOSE_SHUTDOWN:
        return close_code::kGoingAway;
    case FL_CLOSE_PEER:
    case FL_CLOSE_LOCAL:
        return close_code::kNormal;
    case FL_CLOSE_PROTOCOL:
        return close_code::kProtocolError;
    case FL_CLOSE_ERROR:
        return close_code::kInternalError;
    default:
        return close_code::kPolicyViolation;
    }
}

std::string_view closeText(std::uint32_t reason) noexcept {
    switch (reason) {
    case FL_CLOSE_SHUTDOWN:
        return "the server is going away";
    case FL_CLOSE_TAKEN_OVER:
        return "the same device connected again";
    case FL_CLOSE_KICKED:
        return "ended by the server";
    case FL_CLOSE_TIMEOUT:
        return "the device was silent for too long";
    case FL_CLOSE_UNAUTHORIZED:
        return "not authorized";
    default:
        return {};
    }
}

const char* reportName(std::uint16_t code) noexcept {
    return code == close_code::kMessageTooBig    ? "message_too_big"
           : code == close_code::kInvalidPayload ? "invalid_payload"
                                                 : "malformed_frame";
}

} // namespace

WebSocketConnection::WebSocketConnection(const WebSocketServer& server, sdk::Conn conn,
                                         std::string_view peer)
    : server_(server), conn_(conn), peer_(peer), reader_(server.settings().message_max) {
    conn_.setTimer(timer::kDeadline, settings().handshake_timeout_ms);
}

sdk::Status WebSocketConnection::onData(sdk::ByteView in, std::size_t& consumed) {
    const std::string_view text = sdk::text(in);
    consumed = 0;
    if (phase_ == Phase::Request) {
        consumed = readRequest(text);
    }
    if (phase_ == Phase::Open || phase_ == Phase::Closing) {
        heard_ms_ = nowMs();
        pinged_ms_ = 0;
        consumed += readFrames(text.substr(consumed));
        if (settings().ping_interval_ms == 0) {
            releaseMemory(); // there is no timer that would do it later
        }
    }
    if (phase_ == Phase::Closed) {
        consumed = in.size();
    }
    return FL_OK;
}

std::size_t WebSocketConnection::readFrames(std::string_view in) {
    std::size_t used = 0;
    if (held_) {
        Event event;
        event.kind = held_text_ ? Event::Kind::Text : Event::Kind::Binary;
        event.payload = reader_.message();
        if (in.empty() || !deliver(event)) {
            return 0;
        }
        held_ = false;
        used = 1;
    }
    MessageReader::Scratch scratch;
    while (phase_ == Phase::Open || phase_ == Phase::Closing) {
        std::size_t n = 0;
        const Event event = reader_.next(in.substr(used), n, scratch);
        if (event.kind == Event::Kind::NeedMore) {
            return used + n;
        }
        if (handle(event)) {
            used += n;
            continue;
        }
        if (event.buffered) {
            held_ = true;
            held_text_ = event.kind == Event::Kind::Text;
            used += n - 1;
        }
        return used;
    }
    return used;
}

// False when a message must wait.
bool WebSocketConnection::handle(const Event& event) {
    switch (event.kind) {
    case Event::Kind::Text:
    case Event::Kind::Binary:
        return phase_ == Phase::Closing || deliver(event); // section 1.4: after Close, data is void
    case Event::Kind::Ping:
        if (phase_ == Phase::Open) {
            (void)writeFrame(Opcode::Pong, false, event.payload);
        }
        return true;
    case Event::Kind::Close:
        takeClose(event);
        return true;
    case Event::Kind::Violation:
        fail(event);
        return true;
    case Event::Kind::Pong: // answers a ping, or nothing (section 5.5.3); it was heard
    case Event::Kind::NeedMore:
        break;
    }
    return true;
}

bool WebSocketConnection::deliver(const Event& event) {
    fl_transport_message message{};
    message.size = sizeof(message);
    message.kind = FL_TRANSPORT_DATA;
    message.address = sdk::str(path_);
    message.peer = sdk::str(peer_);
    message.payload = sdk::bytes(event.payload);
    message.qos = -1;
    message.flags = event.kind == Event::Kind::Text ? std::uint32_t{FL_TRANSPORT_TEXT} : 0U;
    message.received_ms = server_.host().utcMs();
    const fl_status status = conn_.deliver(message, {next_token_, true, {}});
    if (status == FL_E_BUSY) {
        return false;
    }
    ++next_token_;
    message_ms_ = heard_ms_;
    if (status == FL_PENDING) {
        ++pending_;
    } else if (status < 0) {
        refused(status);
    }
    return true;
}

// Nothing in WebSocket says that a message was not taken. What was wrong with it is counted; what
// would be right another time ends the connection, so that the device knows.
void WebSocketConnection::refused(fl_status status) {
    const bool ours = status == FL_E_LIMIT || status == FL_E_IO || status == FL_E_MEMORY;
    conn_.report("message_refused",
                 ours ? "it could not be stored" : "the protocol or the gateway did not take it");
    if (ours && phase_ == Phase::Open) {
        beginClose(close_code::kTryAgainLater, kNotStored, FL_CLOSE_LOCAL);
    }
}

void WebSocketConnection::onComplete(std::uint64_t token, const sdk::Completion& completion) {
    if (token == 0) {
        connected(completion);
        return;
    }
    pending_ -= pending_ > 0 ? 1 : 0;
    if (completion.reply && phase_ == Phase::Open) {
        (void)write(*completion.reply);
    }
    if (completion.status < 0) {
        refused(completion.status);
    }
}

sdk::Status WebSocketConnection::send(const sdk::TransportView& message, std::uint64_t) {
    return phase_ == Phase::Open ? write(message) : sdk::Status(FL_E_CLOSED);
}

sdk::Status WebSocketConnection::write(const sdk::TransportView& message) {
    const DownlinkFrame frame = settings().downlink;
    const bool text = frame == DownlinkFrame::Text ||
                      (frame == DownlinkFrame::Protocol && message.has(FL_TRANSPORT_TEXT));
    if (text && !isUtf8(message.text())) {
        return sdk::Status::invalid("the message is not UTF-8 and cannot be a text frame");
    }
    message_ms_ = nowMs();
    return writeMessage(text ? Opcode::Text : Opcode::Binary, message.text());
}

sdk::Status WebSocketConnection::writeMessage(Opcode opcode, std::string_view payload) {
    if (!terms_.agreed || payload.size() < settings().compression.bytes_min) {
        return writeFrame(opcode, false, payload);
    }
    if (!deflater_) {
        deflater_ = std::make_unique<Deflater>(terms_);
    }
    deflater_->message(payload, packed_);
    // With context takeover the peer must see it, for the next message may refer to it.
    if (packed_.size() >= payload.size() && !terms_.server_takeover) {
        return writeFrame(opcode, false, payload);
    }
    return writeFrame(opcode, true, packed_);
}

sdk::Status WebSocketConnection::writeFrame(Opcode opcode, bool compressed,
                                            std::string_view payload) {
    std::array<char, kFrameHeadMax> head;
    const std::size_t n = writeFrameHead(opcode, compressed, payload.size(), head);
    const fl_status status = conn_.write(std::string_view(head.data(), n));
    return status < 0 || payload.empty() ? status : conn_.write(payload);
}

// Section 5.5.1: the answer has the code that came, and the server ends the connection first.
void WebSocketConnection::takeClose(const Event& event) {
    if (phase_ == Phase::Open) {
        writeClose(event.code, {});
    }
    close(phase_ == Phase::Closing ? closing_as_ : std::uint32_t{FL_CLOSE_PEER}, event.payload);
}

void WebSocketConnection::writeClose(std::uint16_t code, std::string_view reason) {
    std::array<char, kControlPayloadMax> payload;
    std::size_t n = 0;
    if (code != close_code::kNoStatus) {
        payload[0] = static_cast<char>(code >> 8);
        payload[1] = static_cast<char>(code & 0xFFU);
        reason = reason.substr(0, payload.size() - 2);
        std::copy(reason.begin(), reason.end(), payload.begin() + 2);
        n = 2 + reason.size();
    }
    (void)writeFrame(Opcode::Close, false, {payload.data(), n});
}

// Section 7.1.7: the connection fails at once; what follows is not looked at.
void WebSocketConnection::fail(const Event& event) {
    conn_.report(reportName(event.code), event.why);
    if (phase_ == Phase::Open) {
        writeClose(event.code, event.why);
    }
    close(FL_CLOSE_PROTOCOL, event.why);
}

void WebSocketConnection::beginClose(std::uint16_t code, std::string_view reason,
                                     std::uint32_t why) {
    writeClose(code, reason);
    phase_ = Phase::Closing;
    closing_as_ = static_cast<std::uint8_t>(why);
    conn_.setTimer(timer::kKeepAlive, 0);
    conn_.setTimer(timer::kDeadline, kCloseTimeoutMs);
}

void WebSocketConnection::close(std::uint32_t reason, std::string_view text) {
    if (phase_ != Phase::Closed) {
        phase_ = Phase::Closed;
        conn_.close(reason, text);
    }
}

void WebSocketConnection::onShutdown(std::uint32_t reason) {
    if (phase_ == Phase::Open) {
        writeClose(closeCode(reason), closeText(reason));
        phase_ = Phase::Closed;
    } else if (phase_ == Phase::Connecting) {
        refuse(503, "the server is going away", nullptr);
    }
}

std::uint64_t WebSocketConnection::nowMs() const noexcept {
    return server_.host().nowNs() / kNsPerMs;
}

void WebSocketConnection::onTimer(std::uint32_t id) {
    if (id == timer::kKeepAlive && phase_ == Phase::Open) {
        checkAlive();
    } else if (id == timer::kDeadline && phase_ == Phase::Request) {
        conn_.report("handshake_timeout");
        refuse(408, "the request did not arrive in time", nullptr);
    } else if (id == timer::kDeadline && phase_ == Phase::Closing) {
        close(closing_as_, "the peer did not answer the close");
    }
}

// Starts the keep-alive of a connection that has just opened.
void WebSocketConnection::watch(std::uint64_t now) {
    heard_ms_ = now;
    message_ms_ = now;
    checkAlive();
}

// Each time the timer fires: what is due, and when to look again. Traffic does not move the timer.
void WebSocketConnection::checkAlive() {
    const std::uint64_t now = nowMs();
    if (pending_ > 0) {
        // While the store is slow the host does not read, and then nothing can be heard.
        heard_ms_ = now;
        message_ms_ = now;
        pinged_ms_ = 0;
    }
    const std::uint64_t idle_due = checkIdle(now); // first: an idle connection needs no ping
    const std::uint64_t due = std::min(idle_due, checkPing(now));
    if (phase_ == Phase::Open && due != kNever) {
        conn_.setTimer(timer::kKeepAlive, due - now);
    }
}

std::uint64_t WebSocketConnection::checkIdle(std::uint64_t now) {
    if (settings().idle_timeout_ms == 0) {
        return kNever;
    }
    const std::uint64_t due = message_ms_ + settings().idle_timeout_ms;
    if (now < due) {
        return due;
    }
    beginClose(close_code::kNormal, "no message for too long", FL_CLOSE_TIMEOUT);
    return kNever;
}

std::uint64_t WebSocketConnection::checkPing(std::uint64_t now) {
    if (settings().ping_interval_ms == 0 || phase_ != Phase::Open) {
        return kNever;
    }
    if (pinged_ms_ == 0) {
        const std::uint64_t due = heard_ms_ + settings().ping_interval_ms;
        if (now < due) {
            return due;
        }
        releaseMemory();
        (void)writeFrame(Opcode::Ping, false, {});
        pinged_ms_ = now;
    }
    const std::uint64_t due = pinged_ms_ + settings().pong_timeout_ms;
    if (now < due) {
        return due;
    }
    conn_.report("pong_timeout");
    writeClose(close_code::kPolicyViolation, "no answer to a ping");
    close(FL_CLOSE_TIMEOUT, "no answer to a ping");
    return kNever;
}

// Buffers are kept from message to message, but not through a silence.
void WebSocketConnection::releaseMemory() noexcept {
    if (!held_) {
        reader_.release();
    }
    std::string().swap(packed_);
    if (!terms_.server_takeover) {
        deflater_.reset();
    }
}

} // namespace fairlead::websocket
