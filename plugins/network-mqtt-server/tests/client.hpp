// SPDX-License-Identifier: Apache-2.0
// The other side of the wire for the tests: builds what clients send, reads what the server writes.
// Written from the specification without the plugin's codec, so that both can disagree.
#pragma once

#include "component.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/TestAssert.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::mqtt::test {

inline std::string byte(unsigned v) {
    return std::string(1, static_cast<char>(v & 0xFFU));
}
inline std::string word(unsigned v) {
    return byte(v >> 8) + byte(v);
}
inline std::string quad(unsigned long v) {
    return word(static_cast<unsigned>(v >> 16)) + word(static_cast<unsigned>(v & 0xFFFFU));
}
inline std::string text(const std::string& v) {
    return word(static_cast<unsigned>(v.size())) + v;
}
inline std::string varint(std::size_t v) {
    std::string out;
    do {
        out += byte(static_cast<unsigned>((v % 128) + (v >= 128 ? 128 : 0)));
        v /= 128;
    } while (v > 0);
    return out;
}
inline std::string frame(unsigned first, const std::string& body) {
    return byte(first) + varint(body.size()) + body;
}
inline std::string properties(const std::string& list) {
    return varint(list.size()) + list;
}

struct ConnectOptions {
    int level = 4;
    bool clean = true;
    unsigned keep_alive = 60;
    std::string client_id = "d1";
    bool login = true;
    std::string username = "user";
    std::string password = "secret";
    std::string properties; // level 5
    std::string will_topic; // empty: no will
    std::string will_payload;
    std::string will_properties;
    unsigned will_qos = 0;
    bool will_retain = false;
};

inline std::string connect(const ConnectOptions& o = {}) {
    const bool will = !o.will_topic.empty();
    const unsigned flags = (o.clean ? 2U : 0U) | (will ? 4U | (o.will_qos << 3) : 0U) |
                           (o.will_retain ? 0x20U : 0U) | (o.login ? 0xC0U : 0U);
    std::string body = text(o.level == 3 ? "MQIsdp" : "MQTT") +
                       byte(static_cast<unsigned>(o.level)) + byte(flags) + word(o.keep_alive);
    if (o.level == 5) {
        body += properties(o.properties);
    }
    body += text(o.client_id);
    if (will) {
        body += (o.level == 5 ? properties(o.will_properties) : "") + text(o.will_topic) +
                text(o.will_payload);
    }
    if (o.login) {
        body += text(o.username) + text(o.password);
    }
    return frame(0x10, body);
}

struct PublishOptions {
    unsigned qos = 0;
    unsigned id = 1;
    bool duplicate = false;
    bool retain = false;
    bool v5 = false;
    std::string properties;
};

inline std::string publish(const std::string& topic, const std::string& payload,
                           const PublishOptions& o = {}) {
    const unsigned first = 0x30U | (o.duplicate ? 8U : 0U) | (o.qos << 1) | (o.retain ? 1U : 0U);
    std::string body = text(topic);
    if (o.qos > 0) {
        body += word(o.id);
    }
    if (o.v5) {
        body += properties(o.properties);
    }
    return frame(first, body + payload);
}

inline std::string puback(unsigned id) {
    return frame(0x40, word(id));
}
inline std::string pubrec(unsigned id) {
    return frame(0x50, word(id));
}
inline std::string pubrel(unsigned id) {
    return frame(0x62, word(id));
}
inline std::string pubcomp(unsigned id) {
    return frame(0x70, word(id));
}
inline std::string subscribe(unsigned id,
                             const std::vector<std::pair<std::string, unsigned>>& filters,
                             bool v5 = false, const std::string& list = {}) {
    std::string body = word(id) + (v5 ? properties(list) : "");
    for (const auto& [filter, options] : filters) {
        body += text(filter) + byte(options);
    }
    return frame(0x82, body);
}
inline std::string unsubscribe(unsigned id, const std::vector<std::string>& filters,
                               bool v5 = false) {
    std::string body = word(id) + (v5 ? properties("") : "");
    for (const std::string& filter : filters) {
        body += text(filter);
    }
    return frame(0xA2, body);
}
inline std::string disconnect5(unsigned reason, const std::string& list = {}) {
    return frame(0xE0, byte(reason) + properties(list));
}

/// A packet the server wrote.
struct Packet {
    unsigned first = 0;
    std::string body;

    unsigned type() const { return first >> 4; }
    unsigned qos() const { return (first >> 1) & 3U; }
    unsigned at(std::size_t i) const { return static_cast<unsigned char>(body.at(i)); }
    unsigned id() const { return at(0) * 256 + at(1); }
    std::string topic() const { return body.substr(2, at(0) * 256 + at(1)); }
    /// Packet identifier of a PUBLISH of QoS 1 or 2.
    unsigned publishId() const {
        const std::size_t start = 2 + topic().size();
        return at(start) * 256 + at(start + 1);
    }
};

inline std::vector<Packet> parse(const std::string& bytes) {
    std::vector<Packet> out;
    std::size_t i = 0;
    while (i < bytes.size()) {
        Packet p;
        p.first = static_cast<unsigned char>(bytes[i++]);
        std::size_t length = 0;
        std::size_t factor = 1;
        unsigned digit = 0;
        do {
            CPPUNIT_ASSERT(i < bytes.size());
            digit = static_cast<unsigned char>(bytes[i++]);
            length += (digit & 127U) * factor;
            factor *= 128;
        } while (digit >= 128);
        CPPUNIT_ASSERT(i + length <= bytes.size());
        p.body = bytes.substr(i, length);
        i += length;
        out.push_back(std::move(p));
    }
    return out;
}

/// A component on a fake host whose state survives restart().
class Bench {
public:
    explicit Bench(std::string config = "{}") : config_(std::move(config)) { start(); }

    /// kill -9: what was not completed is lost, what is durable stays. The old connections get no
    /// further call, so they are only destroyed at the very end.
    void restart() {
        old_.push_back(std::move(net_));
        start();
    }
    testkit::FakeConnection& open() {
        testkit::FakeConnection* conn = net_->open();
        CPPUNIT_ASSERT(conn != nullptr);
        return *conn;
    }
    /// Opens and logs in; the CONNACK is taken out of the output and given in `connack`.
    testkit::FakeConnection& login(const ConnectOptions& o = {}, Packet* connack = nullptr) {
        testkit::FakeConnection& conn = open();
        CPPUNIT_ASSERT(conn.feed(connect(o)) >= 0);
        CPPUNIT_ASSERT(conn.complete());
        conn.completeAll(); // the release of keys that an older session left
        const auto packets = parse(conn.take());
        CPPUNIT_ASSERT(!packets.empty());
        CPPUNIT_ASSERT_EQUAL(2U, packets.front().type());
        CPPUNIT_ASSERT_EQUAL(0U, packets.front().at(1));
        if (connack != nullptr) {
            *connack = packets.front();
        }
        rest = {packets.begin() + 1, packets.end()};
        conn.delivered.clear();
        return conn;
    }

    std::vector<Packet> rest; // what followed the CONNACK of the last login
    testkit::FakeHost host;
    std::shared_ptr<testkit::DurableState> durable = std::make_shared<testkit::DurableState>();

private:
    void start() {
        net_ = std::make_unique<testkit::FakeNetworkHost>(durable);
        const fl_status status = net_->create(sdk::NetworkFactory<MqttServer>::raw(), host.raw(),
                                              "mqtt-server", config_);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net_->error(), fl_status{FL_OK}, status);
    }

    std::string config_;
    std::vector<std::unique_ptr<testkit::FakeNetworkHost>> old_;
    std::unique_ptr<testkit::FakeNetworkHost> net_;
};

/// The one packet that was written since the last take.
inline Packet only(testkit::FakeConnection& conn) {
    const auto packets = parse(conn.take());
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, packets.size());
    return packets.front();
}

inline testkit::OwnedTransportMessage downlink(const std::string& topic, const std::string& payload,
                                               int qos = -1) {
    testkit::OwnedTransportMessage m;
    m.address = topic;
    m.payload = payload;
    m.qos = qos;
    return m;
}

} // namespace fairlead::mqtt::test
