// SPDX-License-Identifier: Apache-2.0
// The WebSocket connection on the fake host. The first byte chooses the size of the pieces and
// whether the handshake is done already (then with compression agreed on); the rest is what the
// client sends. The same stream, whole, in pieces, and with a store that is full now and then, must
// deliver the same messages; what the server writes must be well formed.
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

constexpr const char* kConfig =
    R"({"maxMessageSize":600,"maxUriLength":128,"maxHeaderSize":512,"compression":true,
        "compressionContextTakeover":true,"compressionMinSize":1,"paths":["/*"],
        "subprotocols":["a"],"allowedOrigins":["http://o"]})";
constexpr const char* kRequest = "GET /p?q=1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                 "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// One response, then, after a 101, whole frames of a server; a close is the last.
void checkOutput(std::string_view out) {
    if (out.empty()) {
        return;
    }
    const std::size_t end = out.find("\r\n\r\n");
    require(out.substr(0, 9) == "HTTP/1.1 " && end != std::string_view::npos);
    if (out.substr(9, 3) != "101") {
        return;
    }
    out.remove_prefix(end + 4);
    while (!out.empty()) {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(out[i]); };
        require(out.size() >= 2 && (at(0) & 0xB0) == 0x80 && (at(1) & 0x80) == 0);
        const std::size_t field = at(1) == 126 ? 2 : at(1) == 127 ? 8 : 0;
        require(out.size() >= 2 + field);
        std::size_t n = field == 0 ? at(1) : 0;
        for (std::size_t i = 0; i < field; ++i) {
            n = n << 8 | at(2 + i);
        }
        require(out.size() >= 2 + field + n);
        const bool closes = (at(0) & 15) == 8;
        out.remove_prefix(2 + field + n);
        require(!closes || out.empty());
    }
}

struct Run {
    std::string trace;

    Run(bool open, std::string_view stream, std::size_t step, bool full) {
        testkit::FakeHost host;
        testkit::FakeNetworkHost net;
        require(net.create(sdk::NetworkFactory<websocket::WebSocketServer>::raw(), host.raw(),
                           "websocket-server", kConfig) == FL_OK);
        FakeConnection& conn = *net.open();
        if (open) {
            conn.feed(kRequest);
            conn.complete();
        }
        for (std::size_t at = 0; at < stream.size(); at += step) {
            conn.deliver_answer = full ? fl_status{FL_E_BUSY} : fl_status{FL_PENDING};
            conn.feed(stream.substr(at, step));
            conn.deliver_answer = FL_PENDING;
            conn.feed("");
            while (conn.complete()) {
                conn.feed("");
            }
        }
        note(conn);
        testkit::OwnedTransportMessage down;
        down.payload = std::string(stream.substr(0, 200));
        (void)conn.send(down, 1);
        (void)conn.fireTimer(0);
        host.advanceMs(40'000);
        (void)conn.fireTimer(1);
        conn.shutdown();
        checkOutput(conn.output());
    }

private:
    void note(const FakeConnection& conn) {
        for (const auto& d : conn.delivered) {
            require(d.message.payload.size() <= 600);
            trace += std::to_string(d.message.flags) + d.message.address + '\n';
            trace += d.message.payload + '\n';
            for (const auto& [name, value] : d.message.attributes) {
                trace.append(name).append("=").append(value).append("\n");
            }
        }
        trace += conn.closed ? "closed" + std::to_string(conn.close_reason) : "open";
        trace += conn.output();
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
    const bool open = (data[0] & 0x80U) != 0;
    const std::size_t step = 1 + data[0] % 37U;
    const Run whole(open, stream, stream.size() + 1, false);
    const Run split(open, stream, step, false);
    const Run full(open, stream, step, true);
    require(whole.trace == split.trace && whole.trace == full.trace);
    return 0;
}
