// SPDX-License-Identifier: Apache-2.0
// The whole state machine on the fake host. The first byte chooses the version and settings, the
// second how the rest is used:
//   even: a stream that is fed whole, and again in pieces; both must deliver and answer the same;
//   odd:  a script of feeds, completions, timers, downlinks and a full store, over two connections
//         with a restart of the component between them.
#include "component.hpp"
#include "wire.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>

using namespace fairlead;
using testkit::FakeConnection;
using testkit::FakeNetworkHost;

namespace {

const char* const kConfigs[] = {
    "{}", R"({"maxInflight":3,"downlinkWindow":2,"topicAliasMax":2,"maxRetained":2})",
    R"({"maxMessageSize":60000,"sessionExpiryMax":0,"maxRetained":0})",
    R"({"deliverUnsubscribed":false,"downlinkQos":2,"keepAliveMax":5})"};

std::string connectPacket(unsigned level, bool clean) {
    std::string body;
    mqtt::putString(body, level == 3 ? "MQIsdp" : "MQTT");
    mqtt::putU8(body, static_cast<std::uint8_t>(level));
    mqtt::putU8(body, clean ? 0x06 : 0x04); // with a will
    mqtt::putU16(body, 10);
    if (level == 5) {
        body += std::string("\x05\x11\x00\x00\x01\x00", 6);
    }
    mqtt::putString(body, "dev");
    if (level == 5) {
        body += '\0';
    }
    mqtt::putString(body, "w/t");
    mqtt::putString(body, "gone");
    return "\x10" + std::string(1, static_cast<char>(body.size())) + body;
}

// Whatever the server writes must be a sequence of whole packets.
void checkOutput(std::string_view out) {
    while (!out.empty()) {
        std::size_t i = 1;
        std::size_t length = 0;
        unsigned shift = 0;
        for (;; ++i, shift += 7) {
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

std::string trace(const FakeConnection& conn) {
    std::string out = conn.output();
    for (const auto& d : conn.delivered) {
        out += d.message.address + '\n' + d.message.payload + '\n' + d.once_key + '\n';
    }
    return out + (conn.closed ? "closed" : "open");
}

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

struct Setup {
    explicit Setup(unsigned choice, std::shared_ptr<testkit::DurableState> durable = nullptr)
        : level(3 + choice % 3), clean((choice & 0x40U) != 0), net(std::move(durable)) {
        (void)net.create(sdk::NetworkFactory<mqtt::MqttServer>::raw(), host.raw(), "mqtt-server",
                         kConfigs[(choice >> 4) % 4]);
        conn = net.open();
        if ((choice & 0x80U) == 0) {
            conn->feed(connectPacket(level, clean));
            conn->completeAll();
            checkOutput(conn->take());
            conn->delivered.clear();
        }
    }

    unsigned level;
    bool clean;
    testkit::FakeHost host;
    FakeNetworkHost net;
    FakeConnection* conn = nullptr;
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
    if (trace(*whole.conn) != trace(*split.conn)) {
        std::abort();
    }
}

void downlink(FakeConnection& conn, Input& in) {
    static constexpr const char* kTopics[] = {"a", "a/b", "/p/d/x", "#", ""};
    testkit::OwnedTransportMessage m;
    const unsigned choice = in.byte();
    m.address = kTopics[choice % 5];
    m.qos = static_cast<int>(choice / 5 % 4) - 1;
    m.flags = (choice & 0x80U) != 0 ? std::uint32_t{FL_TRANSPORT_RETAIN} : 0U;
    m.payload = in.take(in.byte() % 32U);
    m.attributes = {{"user.k", "v"}, {"message_expiry", "9"}};
    (void)conn.send(m, choice);
}

void step(Setup& s, Input& in) {
    static constexpr fl_status kStatus[] = {FL_OK,          FL_DUPLICATE,      FL_OK,
                                            FL_E_MALFORMED, FL_E_UNAUTHORIZED, FL_E_IO};
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
        (void)conn.fireTimer(0);
        break;
    case 5:
        downlink(conn, in);
        break;
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
        s.conn->shutdown((choice & 1U) != 0 ? FL_CLOSE_SHUTDOWN : FL_CLOSE_TAKEN_OVER);
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
