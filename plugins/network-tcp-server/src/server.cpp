// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "schema.hpp"

namespace fairlead::tcp {

namespace {

constexpr std::uint32_t kAuthTimer = 0;
constexpr std::uint32_t kIdleTimer = 1;
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kToken = 1; // every frame is answered alike

std::string_view textOf(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
Bytes bytesOf(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Would the same frame be refused again? Then the stream goes on without it; else the connection
// ends, so that the device knows that what it said is not stored.
bool permanent(fl_status status) noexcept {
    return status == FL_E_MALFORMED || status == FL_E_UNSUPPORTED || status == FL_E_NOT_FOUND ||
           status == FL_E_FORBIDDEN || status == FL_E_INVALID || status == FL_E_UNAUTHORIZED;
}

} // namespace

const sdk::NetworkDescription& TcpServer::description() {
    static const sdk::NetworkDescription text{
        "tcp-server",
        "TCP",
        "tcp",
        "tcps",
        R"({"zh-CN":"TCP 服务","en":"TCP server"})",
        R"({"zh-CN":"接受 TCP 设备的连接，并按粘拆包规则拆分消息","en":"Accepts TCP devices and cuts their streams into messages by a framing rule"})",
        kSchema,
        FL_NETWORK_STREAM | FL_NETWORK_TLS | FL_NETWORK_SHARED};
    return text;
}

TcpServer::TcpServer(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> TcpServer::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<TcpConnection>(*this, conn, peer.address());
}

TcpConnection::TcpConnection(const TcpServer& server, sdk::Conn conn, std::string_view peer)
    : server_(server), conn_(conn), peer_(peer), last_data_ns_(server.host().nowNs()) {
    conn_.setTimer(kAuthTimer, server_.settings().auth_timeout_ms);
    conn_.setTimer(kIdleTimer, server_.settings().keep_alive_ms);
}

sdk::Status TcpConnection::onData(sdk::ByteView in, std::size_t& consumed) {
    now_ms_ = server_.host().utcMs();
    if (!in.empty()) {
        last_data_ns_ = server_.host().nowNs();
    }
    if (waiting_ && !collected_.empty()) {
        collected_.erase(0, process(bytesOf(collected_)));
        if (waiting_) {
            return FL_OK; // nothing of `in` can be taken yet
        }
    }
    if (!collected_.empty()) {
        collected_.append(textOf(in));
        consumed = in.size();
        collected_.erase(0, process(bytesOf(collected_)));
        if (collected_.empty()) {
            std::string().swap(collected_);
        }
        return FL_OK;
    }
    consumed = process(in);
    if (!waiting_ && in.size() - consumed > kCollectBytes) {
        collected_ = textOf(in.subspan(consumed));
        consumed = in.size();
    }
    return FL_OK;
}

std::size_t TcpConnection::process(Bytes in) {
    const Framing& framing = server_.settings().framing;
    std::size_t used = 0;
    waiting_ = false;
    while (!closed_) {
        const Frame frame = cutFrame(framing, in.subspan(used), scanned_);
        if (frame.cut == Cut::TooLong) {
            fail("frame_too_long", "longer than the component's maximum frame length",
                 FL_CLOSE_PROTOCOL);
        }
        if (frame.cut != Cut::Frame) {
            break;
        }
        // Blank lines and the like between delimiters say nothing.
        if (!frame.payload.empty() && !deliver(frame.payload)) {
            waiting_ = true;
            break;
        }
        used += frame.bytes;
    }
    return closed_ ? in.size() : used;
}

bool TcpConnection::deliver(Bytes payload) {
    fl_transport_message message{};
    message.size = sizeof(message);
    message.kind = FL_TRANSPORT_DATA;
    message.peer = sdk::str(peer_);
    message.payload = sdk::bytes(payload);
    message.qos = -1;
    message.received_ms = now_ms_;
    const fl_status status = conn_.deliver(message, {kToken, true, {}});
    if (status == FL_E_BUSY) {
        return false;
    }
    if (status != FL_PENDING) {
        settle(status);
    }
    return true;
}

void TcpConnection::onComplete(std::uint64_t, const sdk::Completion& completion) {
    settle(completion.status);
}

void TcpConnection::settle(fl_status status) {
    if (status >= 0) {
        if (!authenticated_) {
            authenticated_ = true;
            conn_.setTimer(kAuthTimer, 0);
        }
        return;
    }
    if (permanent(status)) {
        conn_.report("frame_refused");
        return;
    }
    fail("store_failed", "the frame could not be stored", FL_CLOSE_LIMIT);
}

void TcpConnection::onTimer(std::uint32_t id) {
    if (id == kAuthTimer && !authenticated_) {
        fail("auth_timeout", "no device was recognised within the time limit",
             FL_CLOSE_UNAUTHORIZED);
        return;
    }
    const std::uint64_t limit = server_.settings().keep_alive_ms;
    if (id != kIdleTimer || limit == 0 || closed_) {
        return;
    }
    const std::uint64_t silent = (server_.host().nowNs() - last_data_ns_) / kNsPerMs;
    if (silent < limit) {
        conn_.setTimer(kIdleTimer, limit - silent);
        return;
    }
    fail("keep_alive_timeout", "silent for longer than the keep-alive time", FL_CLOSE_TIMEOUT);
}

sdk::Status TcpConnection::send(const sdk::TransportView& message, std::uint64_t) {
    if (closed_) {
        return FL_E_CLOSED;
    }
    return message.payload().empty() ? sdk::Status(FL_OK)
                                     : sdk::Status(conn_.write(message.payload()));
}

void TcpConnection::fail(std::string_view what, std::string_view text, std::uint32_t reason) {
    if (closed_) {
        return;
    }
    closed_ = true;
    conn_.report(what, text);
    conn_.close(reason, text);
}

} // namespace fairlead::tcp
