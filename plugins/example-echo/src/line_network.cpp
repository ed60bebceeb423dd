// SPDX-License-Identifier: Apache-2.0
#include "line_network.hpp"

#include <string>

namespace fairlead::example {
namespace {

constexpr std::size_t kLineBytesMax = 1024; // a reading with its names; far below the host's limit

class LineConnection final : public sdk::Connection {
public:
    LineConnection(sdk::Conn conn, std::string_view peer) : conn_(conn), peer_(peer) {}

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override {
        std::string_view rest = sdk::text(in);
        std::size_t end = 0;
        while ((end = rest.find('\n')) != std::string_view::npos) {
            if (const fl_status status = deliver(rest.substr(0, end)); status < 0) {
                return status;
            }
            consumed += end + 1;
            rest.remove_prefix(end + 1);
        }
        return rest.size() > kLineBytesMax ? sdk::Status::malformed("a line is over 1,024 bytes")
                                           : sdk::Status();
    }

    void onComplete(std::uint64_t, const sdk::Completion& done) override {
        if (done.status < 0) {
            conn_.close(FL_CLOSE_PROTOCOL, "the server refused a line");
        }
    }

    sdk::Status send(const sdk::TransportView& message, std::uint64_t) override {
        const fl_status status = conn_.write(message.text());
        return status < 0 ? status : conn_.write("\n");
    }

private:
    fl_status deliver(std::string_view line) {
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        message_.clear().payload(line).peer(peer_);
        return conn_.deliver(message_, {.token = ++token_, .durable = true});
    }

    sdk::Conn conn_;
    std::string peer_;
    sdk::TransportBuilder message_;
    std::uint64_t token_ = 0;
};

} // namespace

LineNetwork::LineNetwork(sdk::Host, sdk::NetworkIo, std::string_view) {}

const sdk::NetworkDescription& LineNetwork::description() {
    static constexpr sdk::NetworkDescription text{
        .id = "example-lines",
        .transport = "TCP",
        .scheme = "tcp",
        .secure_scheme = "tls",
        .name = R"({"en":"Lines example","zh-CN":"文本行示例"})",
        .description = R"({"en":"One message per line","zh-CN":"每行一条消息"})",
        .schema = R"({"type":"object","properties":{}})",
        .flags = FL_NETWORK_STREAM | FL_NETWORK_TLS,
    };
    return text;
}

std::unique_ptr<sdk::Connection> LineNetwork::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<LineConnection>(conn, peer.address());
}

} // namespace fairlead::example
