// SPDX-License-Identifier: Apache-2.0
// Downlinks, subscriptions, retained messages and sessions across connections.
#include "client.hpp"
#include "session_state.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::mqtt;
using namespace fairlead::mqtt::test;
using fairlead::testkit::FakeConnection;

class MqttDownlinkTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttDownlinkTest);
    CPPUNIT_TEST(sendsWithoutSubscription);
    CPPUNIT_TEST(choosesTheQos);
    CPPUNIT_TEST(confirmsQos1);
    CPPUNIT_TEST(confirmsQos2);
    CPPUNIT_TEST(respectsTheWindow);
    CPPUNIT_TEST(respectsTheClientsPacketSize);
    CPPUNIT_TEST(sendsProperties);
    CPPUNIT_TEST(refusesBadMessages);
    CPPUNIT_TEST(answersSubscribe);
    CPPUNIT_TEST(answersUnsubscribe);
    CPPUNIT_TEST(limitsSubscriptions);
    CPPUNIT_TEST(resumesSessions);
    CPPUNIT_TEST(dropsEndedSessions);
    CPPUNIT_TEST(resendsAfterRestart);
    CPPUNIT_TEST(tellsOfUnconfirmedAtTheEnd);
    CPPUNIT_TEST(leavesTheSessionToTheNewConnection);
    CPPUNIT_TEST(keepsRetainedMessages);
    CPPUNIT_TEST(honoursRetainHandling);
    CPPUNIT_TEST(limitsRetainedMessages);
    CPPUNIT_TEST(survivesBrokenState);
    CPPUNIT_TEST_SUITE_END();

    static ConnectOptions persistent(int level = 4, unsigned long expiry = 3600) {
        ConnectOptions o;
        o.level = level;
        o.clean = false;
        if (level == 5) {
            o.properties = byte(0x11) + quad(expiry);
        }
        return o;
    }
    static ConnectOptions v5(const std::string& list = {}) {
        ConnectOptions o;
        o.level = 5;
        o.properties = list;
        return o;
    }
    static void feedSubscribe(FakeConnection& conn, const std::string& filter, unsigned options,
                              bool level5 = false, const std::string& list = {}) {
        conn.feed(subscribe(1, {{filter, options}}, level5, list));
    }

public:
    void sendsWithoutSubscription() {
        Bench bench;
        FakeConnection& conn = bench.login();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(downlink("/p/d1/read", "{}"), 1));
        const Packet p = only(conn);
        CPPUNIT_ASSERT_EQUAL(0x30U, p.first);
        CPPUNIT_ASSERT_EQUAL(text("/p/d1/read") + "{}", p.body);
        Bench strict(R"({"deliverUnsubscribed":false})");
        FakeConnection& other = strict.login();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_NOT_FOUND}, other.send(downlink("/a", "{}"), 1));
        CPPUNIT_ASSERT(other.output().empty());
    }

    void choosesTheQos() {
        // message QoS, configured, granted → sent
        const int cases[][4] = {{-1, 1, 2, 1}, {-1, 2, 1, 1}, {0, 1, 2, 0}, {2, 1, 2, 2},
                                {2, 1, 1, 1},  {-1, 0, 2, 0}, {2, 1, 0, 0}};
        for (const auto& c : cases) {
            Bench bench(R"({"downlinkQos":)" + std::to_string(c[1]) + "}");
            FakeConnection& conn = bench.login();
            feedSubscribe(conn, "/p/+/#", static_cast<unsigned>(c[2]));
            feedSubscribe(conn, "/other", 2);
            (void)conn.take();
            const fl_status status = conn.send(downlink("/p/d1/x", "1", c[0]), 1);
            CPPUNIT_ASSERT_EQUAL(c[3] == 0 ? fl_status{FL_OK} : fl_status{FL_PENDING}, status);
            CPPUNIT_ASSERT_EQUAL(static_cast<unsigned>(c[3]), only(conn).qos());
        }
    }

    void confirmsQos1() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        feedSubscribe(conn, "c", 1, true);
        (void)conn.take();
        conn.send(downlink("c", "1"), 71);
        conn.send(downlink("c", "2"), 72);
        const auto packets = parse(conn.take());
        CPPUNIT_ASSERT(packets[0].publishId() != packets[1].publishId());
        conn.feed(puback(packets[1].publishId())); // in any order
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{72}, conn.sents.at(0).token);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.sents[0].status);
        conn.feed(frame(0x40, word(packets[0].publishId()) + byte(0x87)));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN}, conn.sents.at(1).status);
        conn.feed(puback(packets[0].publishId())); // nothing is owed any more
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.sents.size());
        CPPUNIT_ASSERT(!conn.closed);
    }

    void confirmsQos2() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        feedSubscribe(conn, "c", 2, true);
        (void)conn.take();
        conn.send(downlink("c", "1", 2), 5);
        const unsigned id = only(conn).publishId();
        conn.feed(pubcomp(id)); // too early: not taken
        CPPUNIT_ASSERT(conn.sents.empty());
        conn.feed(pubrec(id));
        CPPUNIT_ASSERT_EQUAL(byte(0x62) + byte(2) + word(id), conn.take());
        conn.feed(pubrec(id));
        CPPUNIT_ASSERT_EQUAL(byte(0x62) + byte(2) + word(id), conn.take());
        CPPUNIT_ASSERT(conn.sents.empty());
        conn.feed(pubcomp(id));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.sents.at(0).status);
        conn.feed(pubrec(999));
        CPPUNIT_ASSERT_EQUAL(0x92U, only(conn).at(2));
        conn.send(downlink("c", "1", 2), 6);
        conn.feed(frame(0x50, word(only(conn).publishId()) + byte(0x97)));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, conn.sents.at(1).status);
        CPPUNIT_ASSERT(conn.output().empty());
    }

    void respectsTheWindow() {
        Bench bench(R"({"downlinkWindow":4})");
        FakeConnection& conn = bench.login(v5(byte(0x21) + word(2)));
        feedSubscribe(conn, "c", 1, true);
        (void)conn.take();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, conn.send(downlink("c", "1"), 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, conn.send(downlink("c", "2"), 2));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, conn.send(downlink("c", "3"), 3));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(downlink("c", "4", 0), 4));
        conn.feed(puback(parse(conn.take()).front().publishId()));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, conn.send(downlink("c", "3"), 3));
        FakeConnection& wide = bench.login();
        feedSubscribe(wide, "c", 1);
        for (unsigned i = 0; i < 5; ++i) {
            CPPUNIT_ASSERT_EQUAL(i < 4 ? fl_status{FL_PENDING} : fl_status{FL_E_LIMIT},
                                 wide.send(downlink("c", "x"), i));
        }
    }

    void respectsTheClientsPacketSize() {
        Bench bench;
        FakeConnection& conn = bench.login(v5(byte(0x27) + quad(40)));
        feedSubscribe(conn, "c", 1, true);
        (void)conn.take();
        for (const int qos : {0, 1}) {
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID},
                                 conn.send(downlink("c", std::string(40, 'x'), qos), 1));
            CPPUNIT_ASSERT(conn.output().empty());
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(downlink("c", "short", 0), 1));
    }

    void sendsProperties() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        conn.feed(subscribe(1, {{"c/#", 1}}, true, byte(0x0B) + byte(5)));
        conn.feed(subscribe(2, {{"c/d", 0}}, true, byte(0x0B) + varint(300)));
        (void)conn.take();
        auto m = downlink("c/d", "x", 1);
        m.content_type = "text/plain";
        m.attributes = {{"response_topic", "re"}, {"correlation_data", std::string("\0\x01", 2)},
                        {"user.k", "v"},          {"message_expiry", "60"},
                        {"payload_format", "1"},  {"something", "else"}};
        conn.send(m, 1);
        const std::string body = only(conn).body;
        for (const std::string& part :
             {byte(0x03) + text("text/plain"), byte(0x08) + text("re"),
              byte(0x09) + text(std::string("\0\x01", 2)), byte(0x26) + text("k") + text("v"),
              byte(0x02) + quad(60), byte(0x01) + byte(1), byte(0x0B) + byte(5),
              byte(0x0B) + varint(300)}) {
            CPPUNIT_ASSERT(body.find(part) != std::string::npos);
        }
        FakeConnection& old = bench.login(); // MQTT 3 has no place for them
        old.send(m, 1);
        CPPUNIT_ASSERT_EQUAL(text("c/d") + "x", only(old).body);
    }

    void refusesBadMessages() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, conn.send(downlink("", "x"), 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, conn.send(downlink("a/#", "x"), 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, conn.send(downlink("\xFF", "x"), 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID},
                             conn.send(downlink(std::string(70000, 't'), "x"), 1));
        auto m = downlink("a", "x");
        m.attributes = {{"response_topic", "a/+"}};
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, conn.send(m, 1));
        m.attributes = {{"message_expiry", "soon"}};
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, conn.send(m, 1));
        CPPUNIT_ASSERT(conn.output().empty() && !conn.last_error.empty());
        FakeConnection& early = bench.open();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_BUSY}, early.send(downlink("a", "x"), 1));
    }

    void answersSubscribe() {
        Bench bench;
        FakeConnection& old = bench.login();
        old.feed(subscribe(7, {{"a", 0}, {"b/#", 1}, {"c/+", 2}, {"x#", 1}, {"$share/g/d", 1}}));
        CPPUNIT_ASSERT_EQUAL(std::string("\x90\x07\x00\x07\x00\x01\x02\x80\x01", 9), old.take());
        FakeConnection& five = bench.login(v5());
        five.feed(subscribe(7, {{"a", 2}, {"x#", 1}, {"$share//d", 1}}, true));
        CPPUNIT_ASSERT_EQUAL(std::string("\x90\x06\x00\x07\x00\x02\x8F\x8F", 8), five.take());
        five.feed(subscribe(8, {{"$share/g/d", 4}}, true));
        CPPUNIT_ASSERT_EQUAL(0x82U, only(five).at(0));
        FakeConnection& empty = bench.login();
        empty.feed(frame(0x82, word(1)));
        CPPUNIT_ASSERT(empty.closed);
    }

    void answersUnsubscribe() {
        Bench bench;
        FakeConnection& five = bench.login(v5());
        five.feed(subscribe(1, {{"a", 1}}, true));
        (void)five.take();
        five.feed(unsubscribe(2, {"a", "a", "x#"}, true));
        CPPUNIT_ASSERT_EQUAL(std::string("\xB0\x06\x00\x02\x00\x00\x11\x8F", 8), five.take());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, five.send(downlink("a", "x"), 1)); // QoS 0 now
        FakeConnection& old = bench.login();
        old.feed(unsubscribe(3, {"a"}));
        CPPUNIT_ASSERT_EQUAL(std::string("\xB0\x02\x00\x03", 4), old.take());
    }

    void limitsSubscriptions() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        for (unsigned i = 0; i <= kSubscriptionsMax; ++i) {
            conn.feed(subscribe(1, {{"a/" + std::to_string(i), 0}}, true));
            CPPUNIT_ASSERT_EQUAL(i < kSubscriptionsMax ? 0U : 0x97U, only(conn).at(3));
        }
        conn.feed(subscribe(1, {{"a/0", 1}}, true)); // replacing one is not adding
        CPPUNIT_ASSERT_EQUAL(1U, only(conn).at(3));
        FakeConnection& fat = bench.login(v5());
        unsigned refused = 0;
        for (unsigned i = 0; i < 4; ++i) {
            fat.feed(subscribe(1, {{std::string(6000, 'f') + std::to_string(i), 0}}, true));
            refused += only(fat).at(3) == 0x97 ? 1U : 0U;
        }
        CPPUNIT_ASSERT_EQUAL(2U, refused);
    }

    void resumesSessions() {
        for (const int level : {4, 5}) {
            Bench bench;
            Packet connack;
            FakeConnection& first = bench.login(persistent(level), &connack);
            CPPUNIT_ASSERT_EQUAL(0U, connack.at(0));
            feedSubscribe(first, "c", 1, level == 5);
            first.finish();
            bench.host.advanceMs(1000 * 1000);
            bench.restart();
            FakeConnection& second = bench.login(persistent(level), &connack);
            CPPUNIT_ASSERT_EQUAL(1U, connack.at(0));
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, second.send(downlink("c", "x"), 1));
        }
    }

    void dropsEndedSessions() {
        Packet connack;
        Bench bench;
        FakeConnection& first = bench.login(persistent(5, 10));
        feedSubscribe(first, "c", 1, true);
        first.finish();
        bench.host.advanceMs(11000);
        FakeConnection& late = bench.login(persistent(5, 10), &connack);
        CPPUNIT_ASSERT_EQUAL(0U, connack.at(0));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, late.send(downlink("c", "x"), 1));
        late.finish();
        bench.login(v5(), &connack).finish(); // a clean start ends it for good
        CPPUNIT_ASSERT_EQUAL(0U, connack.at(0));
        CPPUNIT_ASSERT(bench.durable->blobs.empty());
        bench.login(persistent(5, 10), &connack);
        CPPUNIT_ASSERT_EQUAL(0U, connack.at(0));
        // DISCONNECT may shorten the life.
        FakeConnection& shortened = bench.login(persistent(5, 100));
        shortened.feed(disconnect5(0, byte(0x11) + quad(0)));
        shortened.finish();
        CPPUNIT_ASSERT(bench.durable->blobs.empty());
    }

    void resendsAfterRestart() {
        Bench bench;
        FakeConnection& first = bench.login(persistent(5));
        feedSubscribe(first, "c", 2, true);
        (void)first.take();
        first.send(downlink("c", "one", 1), 1);
        first.send(downlink("c", "two", 2), 2);
        first.send(downlink("c", "three", 2), 3);
        const auto sent = parse(first.take());
        first.feed(pubrec(sent[1].publishId()));
        bench.restart(); // without a proper end
        ConnectOptions narrow = persistent(5);
        narrow.properties += byte(0x21) + word(2);
        FakeConnection& second = bench.login(narrow);
        // PUBREL for "two"; "one" again with DUP; "three" waits for the window.
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, bench.rest.size());
        CPPUNIT_ASSERT_EQUAL(0x62U, bench.rest[0].first);
        CPPUNIT_ASSERT_EQUAL(sent[1].publishId(), bench.rest[0].id());
        CPPUNIT_ASSERT_EQUAL(0x3AU, bench.rest[1].first);
        CPPUNIT_ASSERT_EQUAL(sent[0].publishId(), bench.rest[1].publishId());
        second.feed(pubcomp(sent[1].publishId()));
        const Packet three = only(second);
        CPPUNIT_ASSERT_EQUAL(0x3CU, three.first);
        CPPUNIT_ASSERT_EQUAL(sent[2].publishId(), three.publishId());
        second.feed(puback(sent[0].publishId()) + pubrec(sent[2].publishId()) +
                    pubcomp(sent[2].publishId()));
        second.finish();
        bench.login(persistent(5));
        CPPUNIT_ASSERT(bench.rest.empty());
        CPPUNIT_ASSERT(second.sents.empty()); // their tokens belonged to the old connection
    }

    void tellsOfUnconfirmedAtTheEnd() {
        Bench bench;
        FakeConnection& conn = bench.login(persistent());
        feedSubscribe(conn, "c", 1);
        conn.send(downlink("c", "x"), 5);
        conn.finish(FL_CLOSE_ERROR);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.sents.size());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_CLOSED}, conn.sents[0].status);
        FakeConnection& gone = bench.login(); // clean: nothing is sent again
        CPPUNIT_ASSERT(bench.rest.empty() && gone.sents.empty());
    }

    void leavesTheSessionToTheNewConnection() {
        Bench bench;
        FakeConnection& old = bench.login(persistent());
        feedSubscribe(old, "c", 1);
        FakeConnection& fresh = bench.login(persistent());
        feedSubscribe(fresh, "new", 1);
        old.finish(FL_CLOSE_TAKEN_OVER); // must not store over it
        bench.restart();
        FakeConnection& next = bench.login(persistent());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, next.send(downlink("new", "x"), 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_PENDING}, next.send(downlink("c", "x"), 2));
    }

    void keepsRetainedMessages() {
        Bench bench;
        FakeConnection& conn = bench.login();
        const PublishOptions retained{1, 1, false, true, false, {}};
        conn.feed(publish("own/a", "up", retained));
        conn.completeAll();
        auto m = downlink("cfg/b", "down", 1);
        m.flags = FL_TRANSPORT_RETAIN;
        conn.send(m, 1);
        const auto now = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(0x30U, now.back().first); // not flagged as retained when it is new
        bench.restart();
        FakeConnection& next = bench.login();
        next.feed(subscribe(1, {{"own/#", 0}, {"cfg/#", 1}}));
        const auto packets = parse(next.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, packets.size());
        CPPUNIT_ASSERT_EQUAL(0x31U, packets[1].first);
        CPPUNIT_ASSERT_EQUAL(std::string("own/a"), packets[1].topic());
        CPPUNIT_ASSERT_EQUAL(std::string("cfg/b"), packets[2].topic());
        next.feed(publish("own/a", "", {0, 0, false, true, false, {}})); // empty removes
        next.feed(subscribe(1, {{"own/#", 0}}));
        (void)only(next);
        ConnectOptions other;
        other.client_id = "d2"; // another device does not see them
        FakeConnection& stranger = bench.login(other);
        stranger.feed(subscribe(1, {{"#", 0}}));
        (void)only(stranger);
    }

    void honoursRetainHandling() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        conn.feed(publish("a", "r", {0, 0, false, true, true, {}}));
        const auto published = [&](unsigned options, const char* filter = "a") {
            conn.feed(subscribe(1, {{filter, options}}, true, byte(0x0B) + byte(9)));
            const auto packets = parse(conn.take());
            return packets.size() - 1;
        };
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, published(0x20)); // never
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, published(0x10)); // only when new, it is not
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, published(0x10, "+"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, published(0x00));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, published(0x00, "$share/g/a"));
        // Retain as published keeps the flag on new messages.
        conn.feed(subscribe(1, {{"a", 0x28}}, true));
        (void)conn.take();
        auto m = downlink("a", "x", 0);
        m.flags = FL_TRANSPORT_RETAIN;
        conn.send(m, 1);
        CPPUNIT_ASSERT_EQUAL(0x31U, only(conn).first);
    }

    void limitsRetainedMessages() {
        Bench bench(R"({"maxRetained":2,"maxMessageSize":100000})");
        FakeConnection& conn = bench.login(v5());
        for (const char* topic : {"a", "b", "c"}) {
            conn.feed(publish(topic, "x", {0, 0, false, true, true, {}}));
        }
        conn.feed(publish("a", std::string(60000, 'x'), {0, 0, false, true, true, {}}));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.reports.size());
        conn.feed(subscribe(1, {{"#", 0}}, true));
        const auto packets = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, packets.size());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), packets[1].body.substr(packets[1].body.size() - 1));
        Bench none(R"({"maxRetained":0})");
        FakeConnection& refused = none.login(v5());
        refused.feed(publish("a", "x", {0, 0, false, true, true, {}}));
        CPPUNIT_ASSERT_EQUAL(0x9AU, only(refused).at(0));
        FakeConnection& will = none.open();
        ConnectOptions o = v5();
        o.will_topic = "w";
        o.will_retain = true;
        will.feed(test::connect(o));
        CPPUNIT_ASSERT_EQUAL(0x9AU, only(will).at(1));
    }

    void survivesBrokenState() {
        for (const std::string& blob : {std::string(), std::string("\x02"), std::string(40, '\xFF'),
                                        std::string("\x01") + std::string(60, '\0') + "\xFF"}) {
            Bench bench;
            bench.durable->blobs["s/d1"] = blob;
            bench.durable->blobs["r/d1"] = blob;
            Packet connack;
            FakeConnection& conn = bench.login(persistent(), &connack);
            feedSubscribe(conn, "#", 1);
            CPPUNIT_ASSERT_EQUAL(9U, only(conn).type());
            CPPUNIT_ASSERT(!conn.closed);
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttDownlinkTest);
