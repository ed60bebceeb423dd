// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "schema.hpp"

namespace fairlead::tcp_client {

namespace {

constexpr std::uint32_t kKeepAliveTimer = 0;
constexpr std::uint32_t kSilenceTimer = 1;
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kLogInToken = 2; // frames have another one

} // namespace

const sdk::NetworkDescription& TcpClient::description() {
    static const std::string schema = tcp::schemaWithFraming(kSchemaParts);
    static const sdk::NetworkDescription text{
        "tcp-client",
        "TCP",
        "tcp",
        "tcps",
        R"({"zh-CN":"TCP 客户端","en":"TCP client"})",
        R"({"zh-CN":"主动连接监听端口的设备，并按粘拆包规则拆分消息","en":"Connects to equipment that listens and cuts its streams into messages by a framing rule"})",
        schema,
        FL_NETWORK_STREAM | FL_NETWORK_CLIENT | FL_NETWORK_TLS | FL_NETWORK_SHARED};
    return text;
}

TcpClient::TcpClient(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> TcpClient::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<TcpClientConnection>(*this, conn, peer.address());
}

TcpClientConnection::TcpClientConnection(const TcpClient& client, sdk::Conn given,
                                         std::string_view peer)
    : FramedConnection(client.settings().framing, client.host(), given, peer), client_(client) {
    const Settings& settings = client_.settings();
    const auto dialed = conn().dialed();
    if (dialed && dialed->target < settings.devices.size()) {
        device_ = settings.devices[dialed->target];
    }
    if (!device_.empty()) {
        attribute_ = {sdk::str("device_id"), sdk::str(device_)};
        setAttributes({&attribute_, 1});
        logIn();
    }
    if (!settings.first_bytes.empty()) {
        (void)conn().write(settings.first_bytes);
    }
    if (!settings.keep_alive_bytes.empty()) {
        conn().setTimer(kKeepAliveTimer, settings.keep_alive_interval_ms);
    }
    conn().setTimer(kSilenceTimer, settings.silence_ms);
}

void TcpClientConnection::logIn() {
    fl_transport_message message{};
    message.size = sizeof(message);
    message.kind = FL_TRANSPORT_CONNECT;
    message.peer = sdk::str(peer());
    message.attributes = &attribute_;
    message.attribute_count = 1;
    message.qos = -1;
    message.received_ms = host().utcMs();
    const fl_status status = conn().deliver(message, {kLogInToken, false, {}});
    if (status < 0) {
        refused(status);
    }
}

void TcpClientConnection::onComplete(std::uint64_t token, const sdk::Completion& completion) {
    if (token != kLogInToken) {
        FramedConnection::onComplete(token, completion);
    } else if (completion.status < 0) {
        refused(completion.status);
    }
}

void TcpClientConnection::refused(fl_status status) {
    const std::string device = "the device \"" + std::string(device_) + "\" ";
    if (status == FL_E_NOT_FOUND) {
        fail("device_refused", device + "does not exist, or belongs to another gateway",
             FL_CLOSE_UNAUTHORIZED);
    } else if (status == FL_E_FORBIDDEN) {
        fail("device_refused", device + "is not active, or its product is not published",
             FL_CLOSE_UNAUTHORIZED);
    } else {
        fail("device_refused", device + "cannot be served now", FL_CLOSE_UNAUTHORIZED);
    }
}

void TcpClientConnection::onTimer(std::uint32_t id) {
    const Settings& settings = client_.settings();
    if (isClosed()) {
        return;
    }
    if (id == kKeepAliveTimer) {
        (void)conn().write(settings.keep_alive_bytes);
        conn().setTimer(kKeepAliveTimer, settings.keep_alive_interval_ms);
        return;
    }
    const std::uint64_t silent = (host().nowNs() - lastDataNs()) / kNsPerMs;
    if (silent < settings.silence_ms) {
        conn().setTimer(kSilenceTimer, settings.silence_ms - silent);
        return;
    }
    fail("keep_alive_timeout", "silent for longer than the silence limit", FL_CLOSE_TIMEOUT);
}

} // namespace fairlead::tcp_client
