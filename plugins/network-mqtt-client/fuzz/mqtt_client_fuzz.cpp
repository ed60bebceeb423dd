// SPDX-License-Identifier: Apache-2.0
// What a broker may send. The first byte chooses version and settings, the second how the rest is
// used:
//   even: a stream that is fed whole, and again in pieces; both must deliver and answer the same;
//   odd:  a script of feeds, completions, timers, downlinks and a full store, over two connections
//         with a restart between them.
#include "component.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>
#include <memory>
#include <string>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

const char* const kConfigs[] = {
    R"({"clientId":"c","maxMessageSize":1024})",
    R"({"clientId":"c","version":"5.0","maxInflight":3,"topicAliasMax":2,"downlinkWindow":2})",
    R"({"clientId":"c","topics":["a/#"],"cleanSession":true,"takeRetained":true,"qos":2})",
    R"({"clientId":"c","version":"5.0","topicPrefix":"$queue","downlinkQos":2})"};

// Whatever the client writes must be a sequence of whole packets.
void checkOutput(std::string_view out) {
    while (!out.empty()) {
        std::size_t i = 1;
        std::size_t length = 0;
        for (unsigned shift = 0;; ++i, shift += 7) {
            if (i >= out.size() || shift > 21) {
                std::abort();
            }
            const auto digit = static_cast<unsigned char>(out[i]);
            length |= static_cast<std::size_t>(digit & 0x7FU) << shift;
            if ((digit & 0x80U) == 0) {
                break;
            }
        }
        if (out.size() - i - 1 < length) {
            std::abort();
        }
        out.remove_prefix(i + 1 + length);
    }
}

struct Setup {
    explicit Setup(unsigned choice, std::shared_ptr<testkit::DurableState> durable = nullptr)
        : net(std::move(durable)) {
        (void)net.create(sdk::NetworkFactory<mqtt_client::MqttClient>::raw(), host.raw(),
                         "mqtt-client", kConfigs[choice % 4]);
        net.target = 0;
        net.routes = {"/{p}/{d}/up", "/{p}/{d}/child/{#}"};
        conn = net.open();
        if ((choice & 0x80U) == 0) {
            logIn(choice % 2 == 1, (choice & 0x40U) != 0);
        }
    }
    void logIn(bool five, bool present) {
        const std::string flags(1, present ? '\1' : '\0');
        conn->feed(five ? "\x20\x03" + flags + std::string("\0\0", 2)
                        : "\x20\x02" + flags + std::string("\0", 1));
        conn->completeAll();
        const std::string codes = five ? std::string("\0\1\1", 3) : std::string("\1\1");
        // The packet identifier of SUBSCRIBE is 1 in a fresh session.
        const std::size_t filters = conn->output().find("a/#") != std::string::npos ? 1 : 2;
        const std::string body =
            std::string("\0\1", 2) + codes.substr(0, codes.size() - 2 + filters);
        conn->feed("\x90" + std::string(1, static_cast<char>(body.size())) + body);
    }
    std::string trace() const {
        std::string out = conn->output();
        for (const auto& d : conn->delivered) {
            out += d.message.address + '\n' + d.message.payload + '\n' + d.once_key + '\n';
        }
        return out + (conn->closed ? "closed" : "open");
    }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
    FakeConnection* conn = nullptr;
};

struct Input {
    const std::uint8_t* p;
    std::size_t n;

    std::uint8_t byte() {
        if (n == 0) {
            return 0;
        }
        --n;
        return *p++;
    }
    std::string_view take(std::size_t want) {
        const std::size_t size = std::min(want, n);
        const std::string_view out(reinterpret_cast<const char*>(p), size);
        p += size;
        n -= size;
        return out;
    }
};

void compareSplits(unsigned choice, Input in) {
    const unsigned step = 1 + in.byte() % 13U;
    const std::string_view stream = in.take(in.n);
    Setup whole(choice);
    whole.conn->feed(stream);
    Setup split(choice);
    for (std::size_t at = 0; at < stream.size(); at += step) {
        split.conn->feed(stream.substr(at, step));
    }
    whole.conn->completeAll();
    split.conn->completeAll();
    checkOutput(whole.conn->output());
    if (whole.trace() != split.trace()) {
        std::abort();
    }
}

void step(Setup& s, Input& in) {
    static constexpr fl_status kStatus[] = {FL_OK,          FL_DUPLICATE,   FL_OK,
                                            FL_E_MALFORMED, FL_E_NOT_FOUND, FL_E_IO};
    FakeConnection& conn = *s.conn;
    const unsigned op = in.byte();
    switch (op % 8) {
    case 0:
    case 1:
    case 2:
        conn.feed(in.take(in.byte()));
        break;
    case 3:
        (void)conn.complete(kStatus[(op >> 3) % 6]);
        conn.feed("");
        break;
    case 4:
        s.host.advanceMs(1000 * (op >> 3));
        (void)conn.fireTimer(op >> 7);
        break;
    case 5: {
        testkit::OwnedTransportMessage m;
        m.address = (op & 0x10U) != 0 ? "/p/d/x" : "a";
        m.qos = static_cast<int>(op >> 6) - 1;
        m.payload = in.take(in.byte() % 32U);
        (void)conn.send(m, op);
        break;
    }
    case 6:
        conn.deliver_answer = kStatus[(op >> 3) % 6];
        break;
    default:
        conn.deliver_answer = (op & 8U) != 0 ? fl_status{FL_E_BUSY} : fl_status{FL_PENDING};
        conn.feed("");
        break;
    }
}

void runScript(unsigned choice, Input in) {
    auto durable = std::make_shared<testkit::DurableState>();
    for (int life = 0; life < 2; ++life) {
        Setup s(choice, durable);
        for (int i = 0; i < 64 && in.n > 0 && !s.conn->closed; ++i) {
            step(s, in);
        }
        checkOutput(s.conn->output());
        s.conn->shutdown();
        s.conn->finish(FL_CLOSE_ERROR);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input in{data, size};
    const unsigned choice = in.byte();
    const unsigned mode = in.byte();
    if (mode % 2 == 0) {
        compareSplits(choice, in);
    } else {
        runScript(choice, in);
    }
    return 0;
}
