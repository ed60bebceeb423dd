// SPDX-License-Identifier: Apache-2.0
// CONNECT, CONNACK, keep-alive, wills, take-over and the ways a connection ends.
#include "client.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::mqtt;
using namespace fairlead::mqtt::test;
using fairlead::testkit::FakeConnection;

class MqttLoginTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttLoginTest);
    CPPUNIT_TEST(handsOverCredentials);
    CPPUNIT_TEST(acceptsByteAtATime);
    CPPUNIT_TEST(refusesByStatus);
    CPPUNIT_TEST(waitsForTheStore);
    CPPUNIT_TEST(keepsPacketsUntilLoggedIn);
    CPPUNIT_TEST(announcesLimits);
    CPPUNIT_TEST(assignsIdentifiers);
    CPPUNIT_TEST(refusesVersionsAndAuth);
    CPPUNIT_TEST(insistsOnConnectFirst);
    CPPUNIT_TEST(limitsTimeToLogIn);
    CPPUNIT_TEST(enforcesKeepAlive);
    CPPUNIT_TEST(imposesKeepAlive);
    CPPUNIT_TEST(answersPings);
    CPPUNIT_TEST(endsInOrder);
    CPPUNIT_TEST(publishesWills);
    CPPUNIT_TEST(saysWhyItCloses);
    CPPUNIT_TEST(refusesLongPackets);
    CPPUNIT_TEST(collectsLongPackets);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST_SUITE_END();

    static ConnectOptions v5(const std::string& list = {}) {
        ConnectOptions o;
        o.level = 5;
        o.properties = list;
        return o;
    }
    static void expectClosed(const FakeConnection& conn, unsigned reason) {
        CPPUNIT_ASSERT(conn.closed);
        CPPUNIT_ASSERT_EQUAL(reason, static_cast<unsigned>(conn.close_reason));
    }
    // Feeds one packet to a logged-in MQTT 5 client and expects this DISCONNECT.
    static void expectDisconnect(unsigned reason, const std::string& packet) {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        conn.feed(packet);
        const Packet p = only(conn);
        CPPUNIT_ASSERT_EQUAL(14U, p.type());
        CPPUNIT_ASSERT_EQUAL(reason, p.at(0));
        expectClosed(conn, FL_CLOSE_PROTOCOL);
        CPPUNIT_ASSERT(!conn.reports.empty());
    }

public:
    void handsOverCredentials() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(test::connect(v5(byte(0x26) + text("site") + text("7"))));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        const auto& m = conn.delivered[0].message;
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_CONNECT}, m.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), m.attribute("client_id"));
        CPPUNIT_ASSERT_EQUAL(std::string("user"), m.attribute("username"));
        CPPUNIT_ASSERT_EQUAL(std::string("secret"), m.attribute("password"));
        CPPUNIT_ASSERT_EQUAL(std::string("7"), m.attribute("user.site"));
        CPPUNIT_ASSERT_EQUAL(std::string("192.0.2.1:4711"), m.peer);
        CPPUNIT_ASSERT(conn.output().empty());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(2U, only(conn).type());
        CPPUNIT_ASSERT(!conn.closed);
    }

    void acceptsByteAtATime() {
        for (const int level : {3, 4, 5}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            ConnectOptions o;
            o.level = level;
            conn.feedByByte(test::connect(o));
            conn.complete();
            (void)only(conn);
            conn.deliver_answer = FL_PENDING;
            conn.feedByByte(publish("t", "hello", {1, 9, false, false, level == 5, {}}));
            CPPUNIT_ASSERT_EQUAL(std::string("hello"), conn.delivered.at(1).message.payload);
            conn.complete();
            CPPUNIT_ASSERT_EQUAL(9U, only(conn).id());
        }
    }

    void refusesByStatus() {
        struct Case {
            fl_status status;
            unsigned code3;
            unsigned code5;
        };
        for (const Case& c : std::initializer_list<Case>{{FL_E_UNAUTHORIZED, 4, 0x86},
                                                         {FL_E_NOT_FOUND, 4, 0x86},
                                                         {FL_E_FORBIDDEN, 5, 0x87},
                                                         {FL_E_INVALID, 2, 0x85},
                                                         {FL_E_LIMIT, 3, 0x97},
                                                         {FL_E_IO, 3, 0x88},
                                                         {-999, 3, 0x88}}) {
            for (const int level : {4, 5}) {
                Bench bench;
                FakeConnection& conn = bench.open();
                ConnectOptions o;
                o.level = level;
                o.will_topic = "w";
                conn.feed(test::connect(o));
                conn.complete(c.status);
                const Packet p = only(conn);
                CPPUNIT_ASSERT_EQUAL(0U, p.at(0));
                CPPUNIT_ASSERT_EQUAL(level == 5 ? c.code5 : c.code3, p.at(1));
                expectClosed(conn, FL_CLOSE_UNAUTHORIZED);
                conn.finish();
                CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size()); // no will
            }
        }
    }

    void waitsForTheStore() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.deliver_answer = FL_E_BUSY;
        conn.feed(test::connect());
        CPPUNIT_ASSERT(!conn.closed && conn.output().empty() && conn.unconsumed() > 0);
        conn.deliver_answer = FL_PENDING;
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(0U, only(conn).at(1));
    }

    void keepsPacketsUntilLoggedIn() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(test::connect() + subscribe(1, {{"a", 0}}) + publish("t", "x"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        conn.complete();
        (void)only(conn);
        conn.feed(""); // as the host does after a completion
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(9U, only(conn).type());
    }

    void announcesLimits() {
        Bench bench(R"({"maxInflight":5,"topicAliasMax":3,"maxRetained":0,"maxMessageSize":2048,
                        "sessionExpiryMax":100})");
        Packet p;
        bench.login(v5(byte(0x11) + quad(5000)), &p);
        const std::string list = p.body.substr(2);
        const auto has = [&](const std::string& property) {
            return list.find(property) != std::string::npos;
        };
        CPPUNIT_ASSERT(has(byte(0x21) + word(5)));
        CPPUNIT_ASSERT(has(byte(0x22) + word(3)));
        CPPUNIT_ASSERT(has(byte(0x25) + byte(0)));
        CPPUNIT_ASSERT(has(byte(0x27) + quad(2048)));
        CPPUNIT_ASSERT(has(byte(0x11) + quad(100)));
    }

    void assignsIdentifiers() {
        ConnectOptions o = v5();
        o.client_id = "";
        Bench bench;
        Packet p;
        FakeConnection& one = bench.login(o, &p);
        const std::size_t at = p.body.find(byte(0x12) + byte(0));
        CPPUNIT_ASSERT(at != std::string::npos);
        const std::string assigned = p.body.substr(at + 3, p.at(at + 2));
        CPPUNIT_ASSERT_EQUAL(one.client_id, assigned);
        CPPUNIT_ASSERT(bench.login(o).client_id != assigned);
        // MQTT 3.1.1 may leave it out with a clean session only, MQTT 3.1 never.
        o.level = 4;
        bench.login(o);
        for (const int level : {3, 4}) {
            o.level = level;
            o.clean = level == 3;
            FakeConnection& conn = bench.open();
            conn.feed(test::connect(o));
            CPPUNIT_ASSERT_EQUAL(2U, only(conn).at(1));
            CPPUNIT_ASSERT(conn.closed && conn.delivered.empty());
        }
        o = v5();
        o.client_id = std::string(300, 'x');
        FakeConnection& conn = bench.open();
        conn.feed(test::connect(o));
        CPPUNIT_ASSERT_EQUAL(0x85U, only(conn).at(1));
    }

    void refusesVersionsAndAuth() {
        Bench bench;
        FakeConnection& low = bench.open();
        low.feed(frame(0x10, text("MQTT") + byte(2) + byte(2) + word(0) + text("c")));
        CPPUNIT_ASSERT_EQUAL(1U, only(low).at(1));
        expectClosed(low, FL_CLOSE_PROTOCOL);
        FakeConnection& high = bench.open();
        high.feed(frame(0x10, text("MQTT") + byte(6) + byte(2) + word(0) + byte(0) + text("c")));
        CPPUNIT_ASSERT_EQUAL(0x84U, only(high).at(1));
        FakeConnection& auth = bench.open();
        auth.feed(test::connect(v5(byte(0x15) + text("SCRAM-SHA-256"))));
        CPPUNIT_ASSERT_EQUAL(0x8CU, only(auth).at(1));
        FakeConnection& broken = bench.open();
        broken.feed(test::connect(v5(byte(0x21) + word(0))));
        CPPUNIT_ASSERT_EQUAL(0x82U, only(broken).at(1));
        FakeConnection& broken3 = bench.open();
        broken3.feed(frame(0x10, text("MQTT") + byte(4) + byte(3) + word(0) + text("c")));
        CPPUNIT_ASSERT(broken3.closed && broken3.output().empty());
    }

    void insistsOnConnectFirst() {
        const std::vector<std::string> firsts = {
            publish("t", "x"),    frame(0xC0, ""),      frame(0xE0, ""),  subscribe(1, {{"a", 0}}),
            "GET / HTTP/1.1\r\n", std::string(4, '\0'), frame(0x20, "ab")};
        for (const std::string& first : firsts) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feed(first);
            CPPUNIT_ASSERT(conn.closed && conn.output().empty() && conn.delivered.empty());
            CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.reports.size());
        }
        expectDisconnect(0x82, test::connect(v5()));
    }

    void limitsTimeToLogIn() {
        Bench bench(R"({"connectTimeout":3})");
        FakeConnection& conn = bench.open();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3000}, conn.timer(0).value());
        conn.fireTimer(0);
        expectClosed(conn, FL_CLOSE_TIMEOUT);
        CPPUNIT_ASSERT(conn.output().empty());
    }

    void enforcesKeepAlive() {
        Bench bench;
        ConnectOptions o = v5();
        o.keep_alive = 10;
        FakeConnection& conn = bench.login(o);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{15000}, conn.timer(0).value());
        bench.host.advanceMs(10000);
        conn.feed(frame(0xC0, ""));
        (void)only(conn);
        bench.host.advanceMs(5000);
        conn.fireTimer(0);
        CPPUNIT_ASSERT(!conn.closed);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{10000}, conn.timer(0).value());
        bench.host.advanceMs(9000);
        conn.feed("\x30"); // an incomplete packet is no sign of life
        bench.host.advanceMs(1000);
        conn.fireTimer(0);
        CPPUNIT_ASSERT_EQUAL(0x8DU, only(conn).at(0));
        expectClosed(conn, FL_CLOSE_TIMEOUT);
    }

    void imposesKeepAlive() {
        for (const unsigned asked : {0U, 30U, 31U, 600U}) {
            Bench bench(R"({"keepAliveMax":30})");
            ConnectOptions o = v5();
            o.keep_alive = asked;
            Packet p;
            FakeConnection& conn = bench.login(o, &p);
            const bool told = p.body.find(byte(0x13) + word(30)) != std::string::npos;
            CPPUNIT_ASSERT_EQUAL(asked != 30, told);
            CPPUNIT_ASSERT_EQUAL(std::uint64_t{45000}, conn.timer(0).value());
        }
        Bench bench(R"({"keepAliveMax":30})");
        ConnectOptions o;
        o.keep_alive = 0; // MQTT 3 cannot be told
        CPPUNIT_ASSERT(!bench.login(o).timer(0).has_value());
    }

    void answersPings() {
        Bench bench;
        FakeConnection& conn = bench.login();
        conn.feed(frame(0xC0, "") + frame(0xC0, ""));
        CPPUNIT_ASSERT_EQUAL(std::string("\xD0\x00\xD0\x00", 4), conn.take());
        conn.feed(frame(0xC0, "x"));
        CPPUNIT_ASSERT(conn.closed && conn.output().empty());
    }

    void endsInOrder() {
        Bench bench;
        ConnectOptions o;
        o.will_topic = "w";
        FakeConnection& conn = bench.login(o);
        conn.feed(frame(0xE0, "") + publish("t", "ignored"));
        expectClosed(conn, FL_CLOSE_PEER);
        conn.finish();
        CPPUNIT_ASSERT(conn.delivered.empty());
        // MQTT 5: raising an expiry of 0 is an error.
        expectDisconnect(0x82, disconnect5(0, byte(0x11) + quad(10)));
        expectDisconnect(0x81, frame(0xE0, byte(0) + byte(9)));
    }

    void publishesWills() {
        struct Case {
            int level;
            std::string last; // sent before the end
            unsigned close;
            std::string list; // will properties
            std::string connect_list;
            bool expected;
        };
        const std::string delay = byte(0x18) + quad(30);
        const std::string expiry = byte(0x11) + quad(100);
        for (const Case& c : std::vector<Case>{
                 {4, "", FL_CLOSE_PEER, "", "", true},
                 {4, "", FL_CLOSE_ERROR, "", "", true},
                 {4, "", FL_CLOSE_SHUTDOWN, "", "", true},
                 {4, "", FL_CLOSE_TAKEN_OVER, "", "", true},
                 {4, "\xFF\xFF", FL_CLOSE_PROTOCOL, "", "", true},
                 {4, frame(0xE0, ""), FL_CLOSE_PEER, "", "", false},
                 {5, frame(0xE0, ""), FL_CLOSE_PEER, "", "", false},
                 {5, disconnect5(0), FL_CLOSE_PEER, "", "", false},
                 {5, disconnect5(4), FL_CLOSE_PEER, "", "", true},
                 {5, "", FL_CLOSE_ERROR, delay, expiry, true},
                 {5, "", FL_CLOSE_TAKEN_OVER, delay, expiry, false},
                 {5, "", FL_CLOSE_TAKEN_OVER, "", expiry, true},
                 {5, "", FL_CLOSE_TAKEN_OVER, delay, "", true},
             }) {
            Bench bench;
            ConnectOptions o;
            o.level = c.level;
            o.will_topic = "dev/w";
            o.will_payload = "gone";
            o.will_qos = 1;
            o.will_properties =
                c.list + byte(0x26) + text("k") + text("v") + byte(0x03) + text("x/y");
            o.properties = c.connect_list;
            FakeConnection& conn = bench.login(o);
            conn.feed(c.last);
            conn.finish(c.close);
            CPPUNIT_ASSERT_EQUAL(c.expected ? std::size_t{1} : 0, conn.delivered.size());
            if (!c.expected) {
                continue;
            }
            const auto& m = conn.delivered[0].message;
            CPPUNIT_ASSERT_EQUAL(std::string("dev/w"), m.address);
            CPPUNIT_ASSERT_EQUAL(std::string("gone"), m.payload);
            CPPUNIT_ASSERT_EQUAL(1, m.qos);
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_WILL}, m.flags);
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{0}, conn.delivered[0].flags);
            CPPUNIT_ASSERT_EQUAL(std::string(c.level == 5 ? "v" : ""), m.attribute("user.k"));
            CPPUNIT_ASSERT_EQUAL(std::string(c.level == 5 ? "x/y" : ""), m.content_type);
        }
    }

    void saysWhyItCloses() {
        for (const auto& [reason, code] :
             std::vector<std::pair<unsigned, unsigned>>{{FL_CLOSE_TAKEN_OVER, 0x8E},
                                                        {FL_CLOSE_KICKED, 0x98},
                                                        {FL_CLOSE_SHUTDOWN, 0x8B},
                                                        {FL_CLOSE_LIMIT, 0x97},
                                                        {FL_CLOSE_LOCAL, 0x00}}) {
            Bench bench;
            FakeConnection& conn = bench.login(v5());
            conn.shutdown(reason);
            const Packet p = only(conn);
            CPPUNIT_ASSERT_EQUAL(14U, p.type());
            CPPUNIT_ASSERT_EQUAL(code, p.at(0));
            conn.shutdown(reason); // once only
            CPPUNIT_ASSERT(conn.output().empty());
            FakeConnection& old = bench.login();
            old.shutdown(reason);
            CPPUNIT_ASSERT(old.output().empty()); // MQTT 3 has no such packet
        }
        expectDisconnect(0x81, byte(0x45));
        expectDisconnect(0x82, frame(0xF0, ""));
        expectDisconnect(0x82, frame(0xD0, ""));
        expectDisconnect(0x90, publish("a/#", "x", {0, 0, false, false, true, {}}));
        Bench bench; // a client in the middle of logging in hears it by CONNACK
        FakeConnection& conn = bench.open();
        conn.feed(test::connect(v5()));
        conn.shutdown(FL_CLOSE_SHUTDOWN);
        CPPUNIT_ASSERT_EQUAL(0x88U, only(conn).at(1));
        conn.complete();
        CPPUNIT_ASSERT(conn.output().empty());
    }

    void refusesLongPackets() {
        Bench bench(R"({"maxMessageSize":1024})");
        FakeConnection& conn = bench.login(v5());
        conn.feed(byte(0x30) + varint(1100)); // the length alone decides
        CPPUNIT_ASSERT_EQUAL(0x95U, only(conn).at(0));
        FakeConnection& fits = bench.login(v5());
        const std::string packet =
            publish("t", std::string(1024 - 3 - 3 - 1, 'x'), {0, 0, false, false, true, {}});
        CPPUNIT_ASSERT_EQUAL(std::size_t{1024}, packet.size());
        fits.feed(packet);
        CPPUNIT_ASSERT(!fits.closed);
        FakeConnection& before = bench.open();
        before.feed(byte(0x10) + varint(1 << 20));
        CPPUNIT_ASSERT(before.closed);
    }

    // Long packets do not stay with the host, arrive whole, and wait when the store is full.
    void collectsLongPackets() {
        Bench bench(R"({"maxMessageSize":1000000})");
        FakeConnection& conn = bench.login();
        const std::string payload(300000, 'p');
        const std::string packet = publish("t", payload, {1, 7, false, false, false, {}});
        conn.feed(packet.substr(0, 100));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
        for (std::size_t at = 100; at < packet.size() - 5; at += 50000) {
            conn.feed(packet.substr(at, std::min<std::size_t>(50000, packet.size() - 5 - at)));
            CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
        }
        conn.deliver_answer = FL_E_BUSY;
        conn.feed(packet.substr(packet.size() - 5) + frame(0xC0, ""));
        CPPUNIT_ASSERT(conn.delivered.empty());
        conn.deliver_answer = FL_PENDING;
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        CPPUNIT_ASSERT(payload == conn.delivered[0].message.payload);
        CPPUNIT_ASSERT_EQUAL(13U, only(conn).type());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(7U, only(conn).id());
    }

    void refusesBadConfigurations() {
        fairlead::testkit::FakeHost host;
        for (const char* config :
             {"", "[]", R"({"maxMessageSize":1})", R"({"downlinkQos":3})", R"({"maxInflight":0})",
              R"({"maxInflight":"9"})", R"({"keepAliveMax":-1})", R"({"deliverUnsubscribed":1})"}) {
            fairlead::testkit::FakeNetworkHost net;
            CPPUNIT_ASSERT_EQUAL_MESSAGE(
                config, fl_status{FL_E_INVALID},
                net.create(fairlead::sdk::NetworkFactory<MqttServer>::raw(), host.raw(),
                           "mqtt-server", config));
            CPPUNIT_ASSERT(!net.error().empty());
        }
        Bench(R"({"host":"0.0.0.0","port":1883,"maxMessageSize":null})").login();
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttLoginTest);
