// SPDX-License-Identifier: Apache-2.0
#include "component.hpp"
#include "filters.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <memory>

using namespace fairlead;
using namespace fairlead::mqtt_client;
using testkit::FakeConnection;

namespace {

// The broker's side of the wire, written from the specification without the plugin's codec.
std::string byte(unsigned v) {
    return std::string(1, static_cast<char>(v & 0xFFU));
}
std::string word(unsigned v) {
    return byte(v >> 8) + byte(v);
}
std::string text(const std::string& v) {
    return word(static_cast<unsigned>(v.size())) + v;
}
std::string frame(unsigned first, const std::string& body) {
    std::string length;
    std::size_t left = body.size();
    do {
        length += byte(static_cast<unsigned>(left % 128 + (left >= 128 ? 128 : 0)));
        left /= 128;
    } while (left > 0);
    return byte(first) + length + body;
}
std::string connack(bool present, unsigned code = 0) {
    return frame(0x20, byte(present ? 1 : 0) + byte(code));
}
std::string connack5(bool present, unsigned reason = 0, const std::string& properties = {}) {
    return frame(0x20, byte(present ? 1 : 0) + byte(reason) +
                           byte(static_cast<unsigned>(properties.size())) + properties);
}
std::string publish(const std::string& topic, const std::string& payload, unsigned qos = 0,
                    unsigned id = 1, unsigned flags = 0) {
    return frame(0x30U | (qos << 1) | flags, text(topic) + (qos > 0 ? word(id) : "") + payload);
}
std::string ack(unsigned type, unsigned id) {
    return frame((type << 4) | (type == 6 ? 2U : 0U), word(id));
}

struct Packet {
    unsigned first = 0;
    std::string body;
    unsigned type() const { return first >> 4; }
    unsigned at(std::size_t i) const { return static_cast<unsigned char>(body.at(i)); }
    unsigned id() const { return at(0) * 256 + at(1); }
    std::string topic() const { return body.substr(2, id()); }
    unsigned publishId() const { return at(2 + id()) * 256 + at(3 + id()); }
};

std::vector<Packet> parse(const std::string& bytes) {
    std::vector<Packet> out;
    for (std::size_t i = 0; i < bytes.size();) {
        Packet p;
        p.first = static_cast<unsigned char>(bytes[i++]);
        std::size_t length = 0;
        std::size_t factor = 1;
        unsigned digit = 0;
        do {
            digit = static_cast<unsigned char>(bytes.at(i++));
            length += (digit & 127U) * factor;
            factor *= 128;
        } while (digit >= 128);
        CPPUNIT_ASSERT(i + length <= bytes.size());
        p.body = bytes.substr(i, length);
        i += length;
        out.push_back(p);
    }
    return out;
}

class Bench {
public:
    explicit Bench(std::string more = {}, const std::string& routes = "/{p}/{d}/up")
        : config_(R"({"clientId":"c")" + std::move(more) + "}"), routes_{routes} {
        start();
    }
    /// kill -9: what was not completed is lost, what is durable stays.
    void restart() {
        old_.push_back(std::move(net_));
        start();
    }
    FakeConnection& open() { return *net_->open(); }
    /// Logged in and subscribed; what was written after SUBACK is left in the output.
    FakeConnection& ready(const std::string& answer = connack(false)) {
        FakeConnection& conn = open();
        CPPUNIT_ASSERT_EQUAL(1U, parse(conn.take()).at(0).type());
        conn.feed(answer);
        conn.completeAll();
        const auto packets = parse(conn.take());
        for (const Packet& p : packets) {
            if (p.type() == 8) {
                subscribe = p;
                const bool v5 = config_.find("5.0") != std::string::npos;
                std::string codes;
                std::size_t at = v5 ? 3 : 2;
                while (at < p.body.size()) {
                    at += 2 + p.at(at) * 256 + p.at(at + 1) + 1;
                    codes += byte(1);
                }
                conn.feed(frame(0x90, word(p.id()) + (v5 ? byte(0) : "") + codes));
            } else {
                rest.push_back(p);
            }
        }
        CPPUNIT_ASSERT(conn.ready);
        return conn;
    }

    Packet subscribe;
    std::vector<Packet> rest; // what came with SUBSCRIBE
    testkit::FakeHost host;
    std::shared_ptr<testkit::DurableState> durable = std::make_shared<testkit::DurableState>();

private:
    void start() {
        rest.clear();
        net_ = std::make_unique<testkit::FakeNetworkHost>(durable);
        const fl_status status = net_->create(sdk::NetworkFactory<MqttClient>::raw(), host.raw(),
                                              "mqtt-client", config_);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net_->error(), fl_status{FL_OK}, status);
        net_->target = 0;
        net_->routes = routes_;
    }
    std::string config_;
    std::vector<std::string> routes_;
    std::vector<std::unique_ptr<testkit::FakeNetworkHost>> old_;
    std::unique_ptr<testkit::FakeNetworkHost> net_;
};

testkit::OwnedTransportMessage downlink(const std::string& topic, int qos = -1) {
    testkit::OwnedTransportMessage m;
    m.address = topic;
    m.payload = "do";
    m.qos = qos;
    return m;
}

std::string types(const std::vector<Packet>& packets) {
    std::string out;
    for (const Packet& p : packets) {
        out += std::to_string(p.type()) + " ";
    }
    return out;
}

} // namespace

class MqttClientTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttClientTest);
    CPPUNIT_TEST(logsInAndSubscribes);
    CPPUNIT_TEST(saysWhyItIsRefused);
    CPPUNIT_TEST(refusedSubscriptionsAreVisible);
    CPPUNIT_TEST(limitsTheLogIn);
    CPPUNIT_TEST(acknowledgesAfterTheCommit);
    CPPUNIT_TEST(waitsWhileTheStoreIsFull);
    CPPUNIT_TEST(receivesExactlyOnceAcrossARestart);
    CPPUNIT_TEST(newSessionsGiveUpOldKeys);
    CPPUNIT_TEST(refusalsAreAcknowledgedFailuresAreNot);
    CPPUNIT_TEST(ignoresWhatIsRetained);
    CPPUNIT_TEST(skipsWhatIsTooLong);
    CPPUNIT_TEST(sendsDownlinks);
    CPPUNIT_TEST(queuesBehindTheWindow);
    CPPUNIT_TEST(resendsAfterAReconnect);
    CPPUNIT_TEST(speaksMqtt5);
    CPPUNIT_TEST(tellsWhyABrokerLeaves);
    CPPUNIT_TEST(pings);
    CPPUNIT_TEST(leavesInOrder);
    CPPUNIT_TEST(unsubscribesFromWhatIsStale);
    CPPUNIT_TEST(makesFiltersOfRoutes);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST_SUITE_END();

public:
    void logsInAndSubscribes() {
        Bench bench(R"(,"username":"u","password":"pw","keepAlive":30,"topicPrefix":"$share/g/")");
        FakeConnection& conn = bench.open();
        const Packet connect = parse(conn.take()).at(0);
        CPPUNIT_ASSERT_EQUAL(text("MQTT") + byte(4) + byte(0xC0) + word(30) + text("c") +
                                 text("u") + text("pw"),
                             connect.body);
        conn.feed(connack(false));
        const Packet subscribe = parse(conn.take()).at(0);
        CPPUNIT_ASSERT_EQUAL(0x82U, subscribe.first);
        CPPUNIT_ASSERT_EQUAL(text("$share/g//+/+/up") + byte(1), subscribe.body.substr(2));
        CPPUNIT_ASSERT(!conn.ready);
        conn.feed(frame(0x90, word(subscribe.id()) + byte(1)));
        CPPUNIT_ASSERT(conn.ready && !conn.closed);
    }

    void saysWhyItIsRefused() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(connack(false, 4));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_UNAUTHORIZED}, conn.close_reason);
        CPPUNIT_ASSERT_EQUAL(
            std::string("The broker refused the log-in: user name or password is wrong"),
            conn.close_text);
        Bench five(R"(,"version":"5.0")");
        FakeConnection& other = five.open();
        other.feed(connack5(false, 0x87, byte(0x1F) + text("ask Bob")));
        CPPUNIT_ASSERT(other.close_text.find("not authorized") != std::string::npos);
        CPPUNIT_ASSERT(other.close_text.find("(ask Bob)") != std::string::npos);
        FakeConnection& old = five.open();
        old.feed(connack(false, 1));
        CPPUNIT_ASSERT(old.close_text.find("this version of MQTT") != std::string::npos);
        FakeConnection& broken = bench.open();
        broken.feed(publish("t", "x"));
        CPPUNIT_ASSERT(broken.closed);
    }

    void refusedSubscriptionsAreVisible() {
        Bench bench(R"(,"topics":["a","b"])");
        FakeConnection& conn = bench.open();
        conn.feed(connack(false));
        unsigned id = parse(conn.take()).at(1).id();
        conn.feed(frame(0x90, word(id) + byte(0x80) + byte(0)));
        CPPUNIT_ASSERT(conn.ready);
        CPPUNIT_ASSERT_EQUAL(std::string("subscription_refused"), conn.reports.at(0).what);
        FakeConnection& all = bench.open();
        all.feed(connack(false));
        id = parse(all.take()).at(1).id();
        all.feed(frame(0x90, word(id) + byte(0x80) + byte(0x80)));
        CPPUNIT_ASSERT_EQUAL(std::string("The broker refused to subscribe to a"), all.close_text);
        Bench none({}, "");
        FakeConnection& empty = none.open();
        empty.feed(connack(false));
        CPPUNIT_ASSERT(empty.close_text.find("nothing to subscribe to") != std::string::npos);
    }

    void limitsTheLogIn() {
        Bench bench;
        FakeConnection& conn = bench.open();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{10'000}, *conn.timer(0));
        CPPUNIT_ASSERT(conn.fireTimer(0));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_TIMEOUT}, conn.close_reason);
    }

    void acknowledgesAfterTheCommit() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.feedByByte(publish("/p/d/up", "0") + publish("/p/d/up", "1", 1, 7) +
                        publish("/p/e/up", "2", 1, 8));
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::string("/p/e/up"), conn.delivered[2].message.address);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, conn.delivered[2].flags);
        CPPUNIT_ASSERT_EQUAL(0U, conn.delivered[0].flags);
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.take());
        conn.completeAll();
        CPPUNIT_ASSERT_EQUAL(ack(4, 7) + ack(4, 8), conn.take());
    }

    void waitsWhileTheStoreIsFull() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.deliver_answer = FL_E_BUSY;
        conn.feed(publish("/p/d/up", "0") + publish("/p/d/up", "1", 1, 7));
        CPPUNIT_ASSERT(conn.delivered.empty() && conn.unconsumed() > 0);
        conn.deliver_answer = FL_PENDING;
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        conn.completeAll();
        CPPUNIT_ASSERT_EQUAL(ack(4, 7), conn.take());
    }

    void receivesExactlyOnceAcrossARestart() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.feed(publish("/p/d/up", "x", 2, 9));
        CPPUNIT_ASSERT_EQUAL(std::string("q2/9"), conn.delivered.at(0).once_key);
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.take());
        conn.completeAll();
        CPPUNIT_ASSERT_EQUAL(ack(5, 9), conn.take());
        bench.restart();
        FakeConnection& again = bench.ready(connack(true));
        again.feed(publish("/p/d/up", "x", 2, 9, 8));
        again.completeAll(FL_DUPLICATE);
        CPPUNIT_ASSERT(again.delivered.at(0).duplicate);
        CPPUNIT_ASSERT_EQUAL(ack(5, 9), again.take());
        again.feed(ack(6, 9));
        CPPUNIT_ASSERT_EQUAL(std::string(), again.take());
        again.completeAll();
        CPPUNIT_ASSERT_EQUAL(ack(7, 9), again.take());
        CPPUNIT_ASSERT(bench.durable->once_keys.empty());
        again.feed(ack(6, 9)); // nothing is held any more: answered all the same
        CPPUNIT_ASSERT_EQUAL(ack(7, 9), again.take());
    }

    void newSessionsGiveUpOldKeys() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.feed(publish("/p/d/up", "x", 2, 9));
        conn.completeAll();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, bench.durable->once_keys.size());
        bench.restart();
        FakeConnection& again = bench.ready(connack(false));
        CPPUNIT_ASSERT(bench.durable->once_keys.empty());
        again.feed(publish("/p/d/up", "another", 2, 9));
        CPPUNIT_ASSERT(!again.delivered.at(0).duplicate);
    }

    void refusalsAreAcknowledgedFailuresAreNot() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.feed(publish("/p/nobody/up", "x", 1, 1) + publish("/p/d/up", "x", 1, 2));
        conn.complete(FL_E_NOT_FOUND);
        CPPUNIT_ASSERT_EQUAL(ack(4, 1), conn.take());
        CPPUNIT_ASSERT_EQUAL(std::string("publish_refused"), conn.reports.at(0).what);
        conn.complete(FL_E_IO);
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.take());
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_LIMIT}, conn.close_reason);
    }

    void ignoresWhatIsRetained() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.feed(publish("/p/d/up", "old", 1, 3, 1) + publish("/p/d/up", "old", 2, 4, 1));
        CPPUNIT_ASSERT(conn.delivered.empty());
        CPPUNIT_ASSERT_EQUAL(ack(4, 3) + ack(5, 4), conn.take());
        conn.feed(ack(6, 4));
        CPPUNIT_ASSERT_EQUAL(ack(7, 4), conn.take());
        Bench taking(R"(,"takeRetained":true)");
        FakeConnection& other = taking.ready();
        other.feed(publish("/p/d/up", "old", 0, 1, 1));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_RETAIN},
                             other.delivered.at(0).message.flags);
    }

    void skipsWhatIsTooLong() {
        Bench bench(R"(,"maxMessageSize":1024)");
        FakeConnection& conn = bench.ready();
        const std::string large(5000, 'x');
        const std::string stream = publish("/p/d/up", large, 1, 3) + publish("/p/d/up", large) +
                                   publish("/p/d/up", "small", 1, 4);
        for (std::size_t at = 0; at < stream.size(); at += 700) {
            conn.feed(stream.substr(at, 700));
            CPPUNIT_ASSERT(conn.unconsumed() < 1024);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        conn.completeAll();
        CPPUNIT_ASSERT_EQUAL(ack(4, 3) + ack(4, 4), conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.reports.size());
    }

    void sendsDownlinks() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(downlink("/p/d/x", 0), 1));
        CPPUNIT_ASSERT_EQUAL(publish("/p/d/x", "do"), conn.take());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, conn.send(downlink("/p/d/x"), 2));
        Packet sent = parse(conn.take()).at(0);
        CPPUNIT_ASSERT_EQUAL(0x32U, sent.first);
        conn.feed(ack(4, sent.publishId()));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, conn.sents.at(0).token);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.sents.at(0).status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, conn.send(downlink("/p/d/x", 2), 3));
        sent = parse(conn.take()).at(0);
        conn.feed(ack(5, sent.publishId()));
        CPPUNIT_ASSERT_EQUAL(ack(6, sent.publishId()), conn.take());
        conn.feed(ack(7, sent.publishId()));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, conn.sents.at(1).token);
        CPPUNIT_ASSERT(conn.send(downlink("a/#"), 4) < 0);
        conn.feed(ack(4, 99));
        CPPUNIT_ASSERT_EQUAL(std::string("unexpected_ack"), conn.reports.at(0).what);
    }

    void queuesBehindTheWindow() {
        Bench bench(R"(,"downlinkWindow":2)");
        FakeConnection& conn = bench.ready();
        for (std::uint64_t token = 1; token <= 5; ++token) {
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, conn.send(downlink("/p/d/x"), token));
        }
        auto sent = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, sent.size());
        conn.feed(ack(4, sent[1].publishId()) + ack(4, sent[0].publishId()));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, parse(conn.take()).size());
        for (std::uint64_t token = 6; conn.send(downlink("/p/d/x"), token) == FL_PENDING; ++token) {
            CPPUNIT_ASSERT(token < 2000);
        }
        conn.finish(FL_CLOSE_ERROR);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2 + 2 + 1024}, conn.sents.size());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_CLOSED}, conn.sents.back().status);
    }

    void resendsAfterAReconnect() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.send(downlink("/p/d/one"), 1);
        conn.send(downlink("/p/d/two", 2), 2);
        const auto sent = parse(conn.take());
        conn.feed(ack(5, sent.at(1).publishId()));
        bench.restart();
        FakeConnection& again = bench.ready(connack(true));
        CPPUNIT_ASSERT_EQUAL(std::string("3 6 "), types(bench.rest));
        CPPUNIT_ASSERT_EQUAL(0x3AU, bench.rest[0].first); // DUP
        CPPUNIT_ASSERT_EQUAL(sent[0].publishId(), bench.rest[0].publishId());
        again.feed(ack(4, sent[0].publishId()) + ack(7, sent[1].publishId()));
        CPPUNIT_ASSERT(again.sents.empty()); // who sent them was told when the connection ended
        bench.restart();
        bench.ready(connack(true));
        CPPUNIT_ASSERT_EQUAL(std::string(), types(bench.rest));
        // A broker that lost the session does not know what their identifiers mean.
        Bench lost;
        lost.ready().send(downlink("/p/d/one"), 1);
        lost.restart();
        FakeConnection& fresh = lost.ready(connack(false));
        CPPUNIT_ASSERT_EQUAL(std::string(), types(lost.rest));
        CPPUNIT_ASSERT_EQUAL(std::string("session_lost"), fresh.reports.at(0).what);
    }

    void speaksMqtt5() {
        Bench bench(R"(,"version":"5.0","sessionExpiry":60,"maxInflight":2,"topicAliasMax":1)");
        FakeConnection& probe = bench.open();
        const Packet connect = parse(probe.take()).at(0);
        CPPUNIT_ASSERT_EQUAL(5U, connect.at(6));
        CPPUNIT_ASSERT(connect.body.find(byte(0x11) + std::string("\0\0\0\x3C", 4) + byte(0x21) +
                                         word(2)) != std::string::npos);
        probe.finish();
        // Receive maximum 1, maximum QoS 1, server keep-alive 8, largest packet 64.
        FakeConnection& conn =
            bench.ready(connack5(false, 0,
                                 byte(0x21) + word(1) + byte(0x24) + byte(1) + byte(0x13) +
                                     word(8) + byte(0x27) + std::string("\0\0\0\x40", 4)));
        CPPUNIT_ASSERT_EQUAL(byte(1 | 4 | 0x20),
                             bench.subscribe.body.substr(bench.subscribe.body.size() - 1));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{6000}, *conn.timer(0));
        conn.send(downlink("/p/d/x", 2), 1);
        conn.send(downlink("/p/d/y"), 2);
        const auto sent = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sent.size());
        CPPUNIT_ASSERT_EQUAL(0x32U, sent[0].first);
        auto large = downlink("/p/d/x", 0);
        large.payload = std::string(100, 'x');
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, conn.send(large, 3));
        const std::string aliased = frame(0x30, text("/p/d/up") + byte(3) + byte(0x23) + word(1));
        conn.feed(aliased + frame(0x30, text("") + byte(3) + byte(0x23) + word(1) + "x"));
        CPPUNIT_ASSERT_EQUAL(std::string("/p/d/up"), conn.delivered.at(1).message.address);
        conn.feed(frame(0x32, text("/p/d/up") + word(5) + byte(0)));
        conn.complete();
        conn.complete();
        conn.complete(FL_E_MALFORMED);
        CPPUNIT_ASSERT_EQUAL(frame(0x40, word(5) + byte(0x99)), conn.take());
        Bench shared(R"(,"version":"5.0","topicPrefix":"$queue")");
        FakeConnection& refused = shared.open();
        refused.feed(connack5(false, 0, byte(0x2A) + byte(0)));
        CPPUNIT_ASSERT(refused.close_text.find("no shared subscriptions") != std::string::npos);
    }

    void tellsWhyABrokerLeaves() {
        Bench bench(R"(,"version":"5.0")");
        FakeConnection& conn = bench.ready(connack5(false));
        conn.feed(frame(0xE0, byte(0x8E) + byte(0)));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_PEER}, conn.close_reason);
        CPPUNIT_ASSERT_EQUAL(std::string("The broker ended the session: another client with the "
                                         "same client identifier has connected"),
                             conn.close_text);
        Bench three;
        FakeConnection& other = three.ready();
        other.feed(frame(0xE0, ""));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_PROTOCOL}, other.close_reason);
    }

    void pings() {
        Bench bench(R"(,"keepAlive":20)");
        FakeConnection& conn = bench.ready();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{15'000}, *conn.timer(0));
        bench.host.advanceMs(15'000);
        conn.fireTimer(0);
        CPPUNIT_ASSERT_EQUAL(frame(0xC0, ""), conn.take());
        bench.host.advanceMs(10);
        conn.feed(frame(0xD0, ""));
        bench.host.advanceMs(10'000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT(!conn.closed);
        conn.fireTimer(0);
        bench.host.advanceMs(10'000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(std::string("The broker does not answer any more"), conn.close_text);
        CPPUNIT_ASSERT(!Bench(R"(,"keepAlive":0)").ready().timer(0));
    }

    void leavesInOrder() {
        Bench bench;
        FakeConnection& conn = bench.ready();
        conn.shutdown();
        CPPUNIT_ASSERT_EQUAL(frame(0xE0, ""), conn.take());
    }

    void unsubscribesFromWhatIsStale() {
        Bench bench;
        bench.ready();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, bench.durable->blobs.size());
        Bench other(R"(,"topics":["/new/#"])");
        other.durable->blobs = bench.durable->blobs;
        other.ready(connack(true));
        CPPUNIT_ASSERT_EQUAL(std::string("10 "), types(other.rest));
        CPPUNIT_ASSERT_EQUAL(text("/+/+/up"), other.rest[0].body.substr(2));
        // A clean session leaves nothing behind.
        Bench clean(R"(,"cleanSession":true)");
        clean.ready();
        CPPUNIT_ASSERT(clean.durable->blobs.empty());
    }

    void makesFiltersOfRoutes() {
        CPPUNIT_ASSERT_EQUAL(std::string("/+/+/child/+/#"), filterOf("/{p}/{d}/child/{c}/{#}"));
        CPPUNIT_ASSERT_EQUAL(std::string("a/b"), filterOf("a/b"));
        CPPUNIT_ASSERT_EQUAL(std::string(), filterOf(""));
        CPPUNIT_ASSERT(covers("#", "a/b") && covers("a/+", "a/b") && covers("a/#", "a"));
        CPPUNIT_ASSERT(covers("a/+/#", "a/b/c") && !covers("a/+", "a/#") && !covers("a/b", "a/+"));
        CPPUNIT_ASSERT(!covers("a/+", "a") && !covers("a", "a/b"));
        Settings s;
        const std::vector<std::string> routes{"/{p}/{d}/x", "/{p}/{d}/{#}", "/{a}/{b}/x", "/time"};
        const auto found = filtersOf(s, routes);
        CPPUNIT_ASSERT((found == std::vector<std::string>{"/+/+/#", "/time"}));
        s.topics = {"only/this"};
        s.topic_prefix = "$queue";
        CPPUNIT_ASSERT((filtersOf(s, routes) == std::vector<std::string>{"$queue/only/this"}));
    }

    void refusesBadConfigurations() {
        for (const auto& [config, part] :
             std::initializer_list<std::pair<std::string, std::string>>{
                 {"[]", "not a JSON object"},
                 {"{}", "clientId"},
                 {R"({"clientId":"c","version":"4"})", "version"},
                 {R"({"clientId":"c","qos":3})", "qos"},
                 {R"({"clientId":"c","topics":["a/#/b"]})", "topic filter"},
                 {R"({"clientId":"c","topicPrefix":"$share"})", "topicPrefix"},
                 {R"({"clientId":"c","topicPrefix":"$share/a/b"})", "topicPrefix"},
                 {R"({"clientId":"c","password":"x"})", "user name"},
                 {R"({"clientId":"c","cleanSession":1})", "cleanSession"}}) {
            testkit::FakeHost host;
            testkit::FakeNetworkHost net;
            const fl_status status = net.create(sdk::NetworkFactory<MqttClient>::raw(), host.raw(),
                                                "mqtt-client", config);
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, status);
            CPPUNIT_ASSERT_MESSAGE(net.error(), net.error().find(part) != std::string::npos);
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttClientTest);
