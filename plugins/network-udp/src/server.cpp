// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "schema.hpp"

#include <array>

namespace fairlead::udp {

namespace {

constexpr std::uint64_t kToken = 1; // every datagram is answered alike

} // namespace

const sdk::NetworkDescription& UdpServer::description() {
    static const sdk::NetworkDescription text{
        "udp",
        "UDP",
        "udp",
        "dtls",
        R"({"zh-CN":"UDP","en":"UDP"})",
        R"({"zh-CN":"接收 UDP 设备的数据包，每个数据包为一条消息，可使用 DTLS 加密","en":"Takes datagrams of UDP devices, each of them a message; with DTLS if wanted"})",
        kSchema,
        FL_NETWORK_DATAGRAM | FL_NETWORK_DTLS | FL_NETWORK_SHARED};
    return text;
}

UdpServer::UdpServer(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> UdpServer::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<UdpPeer>(*this, conn, peer);
}

UdpPeer::UdpPeer(const UdpServer& server, sdk::Conn conn, const sdk::PeerView& peer)
    : server_(server), conn_(conn), peer_(peer.address()), psk_identity_(peer.pskIdentity()),
      subject_(peer.subject()) {}

sdk::Status UdpPeer::onData(sdk::ByteView in, std::size_t& consumed) {
    consumed = in.size();
    std::array<fl_attribute, 2> attributes{};
    std::uint32_t count = 0;
    if (!psk_identity_.empty()) {
        attributes[count++] = {sdk::str("psk_identity"), sdk::str(psk_identity_)};
    }
    if (!subject_.empty()) {
        attributes[count++] = {sdk::str("subject"), sdk::str(subject_)};
    }
    fl_transport_message message{};
    message.size = sizeof(message);
    message.kind = FL_TRANSPORT_DATA;
    message.peer = sdk::str(peer_);
    message.payload = sdk::bytes(in);
    message.attributes = attributes.data();
    message.attribute_count = count;
    message.qos = -1;
    message.received_ms = server_.host().utcMs();
    const fl_status status = conn_.deliver(message, {kToken, true, {}});
    if (status < 0) {
        refused(status);
    }
    return FL_OK;
}

void UdpPeer::onComplete(std::uint64_t, const sdk::Completion& completion) {
    if (completion.status < 0) {
        refused(completion.status);
    }
    // The device is told whether its message was taken, when its protocol says so; without an
    // answer it sends the datagram again.
    if (completion.reply && !completion.reply->payload().empty()) {
        static_cast<void>(conn_.write(completion.reply->payload()));
    }
}

void UdpPeer::refused(fl_status status) {
    switch (status) {
    case FL_E_UNAUTHORIZED:
    case FL_E_FORBIDDEN:
        conn_.report("not_authorized", "wrong credentials, or an inactive device");
        return;
    case FL_E_NOT_FOUND:
        conn_.report("unknown_device", "the datagram names no known device");
        return;
    case FL_E_LIMIT:
        return; // the host has counted it
    case FL_E_IO:
    case FL_E_CLOSED:
        conn_.report("not_stored", "the datagram could not be stored");
        return;
    default:
        conn_.report("datagram_refused", "the protocol cannot read the datagram");
    }
}

sdk::Status UdpPeer::send(const sdk::TransportView& message, std::uint64_t) {
    if (message.payload().size() > server_.settings().datagram_bytes) {
        return {FL_E_LIMIT, "the message is longer than the component's largest datagram"};
    }
    return sdk::Status(conn_.write(message.payload()));
}

} // namespace fairlead::udp
