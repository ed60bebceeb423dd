// SPDX-License-Identifier: Apache-2.0
// PUBLISH from clients: acknowledgements, order, exactly once, limits.
#include "client.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::mqtt;
using namespace fairlead::mqtt::test;
using fairlead::testkit::FakeConnection;

class MqttUplinkTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttUplinkTest);
    CPPUNIT_TEST(deliversQos0);
    CPPUNIT_TEST(acknowledgesAfterCommit);
    CPPUNIT_TEST(keepsTheOrder);
    CPPUNIT_TEST(waitsWhileTheStoreIsFull);
    CPPUNIT_TEST(answersRefusals);
    CPPUNIT_TEST(deliversQos2Once);
    CPPUNIT_TEST(survivesRestartInEveryPhase);
    CPPUNIT_TEST(forgetsHeldKeysOfOldSessions);
    CPPUNIT_TEST(reusesIdsAfterRelease);
    CPPUNIT_TEST(refusesWrongQos2Order);
    CPPUNIT_TEST(answersUnknownReleases);
    CPPUNIT_TEST(enforcesReceiveMaximum);
    CPPUNIT_TEST(resolvesAliases);
    CPPUNIT_TEST(handsOverProperties);
    CPPUNIT_TEST(reportsStoreFailures);
    CPPUNIT_TEST_SUITE_END();

    static ConnectOptions v5(bool clean = true, unsigned long expiry = 0) {
        ConnectOptions o;
        o.level = 5;
        o.clean = clean;
        if (expiry > 0) {
            o.properties = byte(0x11) + quad(expiry);
        }
        return o;
    }
    static std::string pub(unsigned qos, unsigned id, const std::string& payload = "x",
                           bool level5 = false, bool duplicate = false) {
        return publish("t", payload, {qos, id, duplicate, false, level5, {}});
    }
    static std::vector<unsigned> ids(FakeConnection& conn) {
        std::vector<unsigned> out;
        for (const Packet& p : parse(conn.take())) {
            out.push_back(p.id());
        }
        return out;
    }
    // Messages that were stored, not counting duplicates.
    static std::size_t stored(const FakeConnection& conn) {
        std::size_t n = 0;
        for (const auto& d : conn.delivered) {
            n += d.duplicate ? 0 : 1;
        }
        return n;
    }

public:
    void deliversQos0() {
        Bench bench;
        FakeConnection& conn = bench.login();
        conn.deliver_answer = FL_OK;
        conn.feed(publish("/p/d1/properties/report", "{\"a\":1}", {0, 0, false, true, false, {}}));
        const auto& d = conn.delivered.at(0);
        CPPUNIT_ASSERT_EQUAL(std::string("/p/d1/properties/report"), d.message.address);
        CPPUNIT_ASSERT_EQUAL(std::string("{\"a\":1}"), d.message.payload);
        CPPUNIT_ASSERT_EQUAL(0, d.message.qos);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_RETAIN}, d.message.flags);
        CPPUNIT_ASSERT_EQUAL(bench.host.utcMs(), d.message.received_ms);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{0}, d.flags);
        conn.deliver_answer = FL_E_MALFORMED; // nobody waits for an answer
        conn.feed(pub(0, 0));
        CPPUNIT_ASSERT(conn.output().empty() && !conn.closed);
        conn.deliver_answer = FL_E_UNAUTHORIZED;
        conn.feed(pub(0, 0));
        CPPUNIT_ASSERT(conn.closed);
    }

    void acknowledgesAfterCommit() {
        Bench bench;
        FakeConnection& conn = bench.login();
        conn.feed(pub(1, 11) + pub(1, 12));
        CPPUNIT_ASSERT(conn.output().empty());
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, conn.delivered.at(0).flags);
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(std::string("\x40\x02\x00\x0B", 4), conn.take());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(std::string("\x40\x02\x00\x0C", 4), conn.take());
    }

    // What is refused at once must not overtake what is still being stored.
    void keepsTheOrder() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        conn.feed(pub(1, 1, "x", true));
        conn.deliver_answer = FL_E_MALFORMED;
        conn.feed(pub(1, 2, "x", true));
        conn.deliver_answer = FL_OK;
        conn.feed(pub(1, 3, "x", true));
        conn.deliver_answer = FL_PENDING;
        conn.feed(pub(2, 4, "x", true) + pub(1, 5, "x", true));
        CPPUNIT_ASSERT(conn.output().empty());
        conn.complete();
        const auto packets = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, packets.size());
        for (unsigned i = 0; i < 3; ++i) {
            CPPUNIT_ASSERT_EQUAL(i + 1, packets[i].id());
        }
        CPPUNIT_ASSERT_EQUAL(0x99U, packets[1].at(2));
        conn.completeAll();
        CPPUNIT_ASSERT((std::vector<unsigned>{4, 5}) == ids(conn));
        for (unsigned i = 0; i < 1000; ++i) { // the ring grows and turns
            conn.feed(pub(1, 100 + i, "x", true));
        }
        conn.completeAll();
        const auto many = ids(conn);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1000}, many.size());
        for (unsigned i = 0; i < 1000; ++i) {
            CPPUNIT_ASSERT_EQUAL(100 + i, many[i]);
        }
    }

    void waitsWhileTheStoreIsFull() {
        for (const unsigned qos : {0U, 1U, 2U}) {
            Bench bench;
            FakeConnection& conn = bench.login();
            conn.deliver_answer = FL_E_BUSY;
            conn.feed(pub(qos, 1) + pub(qos, 2));
            conn.feed("");
            CPPUNIT_ASSERT(conn.delivered.empty() && !conn.closed && conn.output().empty());
            conn.deliver_answer = FL_PENDING;
            conn.feed("");
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
            conn.completeAll();
            CPPUNIT_ASSERT_EQUAL(qos == 0 ? std::size_t{0} : 2, ids(conn).size());
        }
    }

    void answersRefusals() {
        struct Case {
            fl_status status;
            unsigned code5;
            bool acknowledged3;
        };
        for (const Case& c : std::initializer_list<Case>{{FL_E_MALFORMED, 0x99, true},
                                                         {FL_E_NOT_FOUND, 0x90, true},
                                                         {FL_E_UNSUPPORTED, 0x83, true},
                                                         {FL_E_FORBIDDEN, 0x87, true},
                                                         {FL_E_LIMIT, 0x97, false},
                                                         {FL_E_IO, 0x80, false}}) {
            for (const unsigned qos : {1U, 2U}) {
                Bench bench;
                FakeConnection& five = bench.login(v5());
                five.feed(pub(qos, 3, "x", true));
                five.complete(c.status);
                const Packet p = only(five);
                CPPUNIT_ASSERT_EQUAL(qos == 1 ? 4U : 5U, p.type());
                CPPUNIT_ASSERT_EQUAL(c.code5, p.at(2));
                // A refused QoS 2 message ends with its PUBREC; the identifier is free again.
                five.feed(pub(qos, 3, "again", true));
                five.complete();
                CPPUNIT_ASSERT_EQUAL(2U, static_cast<unsigned>(only(five).body.size()));

                FakeConnection& three = bench.login();
                three.feed(pub(qos, 3));
                three.complete(c.status);
                CPPUNIT_ASSERT_EQUAL(c.acknowledged3 ? std::size_t{1} : 0, ids(three).size());
                CPPUNIT_ASSERT_EQUAL(!c.acknowledged3, three.closed);
            }
        }
    }

    void deliversQos2Once() {
        Bench bench;
        FakeConnection& conn = bench.login();
        conn.feed(pub(2, 5, "one") + pub(2, 5, "one", false, true)); // again before PUBREC
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::string("q2/5"), conn.delivered[0].once_key);
        CPPUNIT_ASSERT(conn.output().empty());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(std::string("\x50\x02\x00\x05", 4), conn.take());
        conn.feed(pub(2, 5, "one", false, true)); // again after PUBREC
        CPPUNIT_ASSERT_EQUAL(std::string("\x50\x02\x00\x05", 4), conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        conn.feed(pubrel(5));
        CPPUNIT_ASSERT(conn.output().empty()); // not before the release is durable
        conn.feed(pubrel(5));
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(std::string("\x70\x02\x00\x05", 4), conn.take());
        CPPUNIT_ASSERT(bench.durable->once_keys.empty());
    }

    // The server dies after each step; the client, which repeats what was not answered, must get
    // its message stored exactly once.
    void survivesRestartInEveryPhase() {
        for (int phase = 0; phase < 5; ++phase) {
            Bench bench;
            ConnectOptions o;
            o.clean = false;
            FakeConnection* conn = &bench.login(o);
            bool recorded = false;
            conn->feed(pub(2, 9, "once"));
            if (phase >= 1) {
                conn->complete();      // stored, PUBREC written
                recorded = phase >= 2; // but arrived in later phases only
            }
            if (phase >= 3) {
                conn->feed(pubrel(9));
            }
            if (phase >= 4) {
                conn->complete(); // released, PUBCOMP lost
            }
            std::size_t count = phase >= 1 ? stored(*conn) : 0;
            bench.restart();
            Packet connack;
            conn = &bench.login(o, &connack);
            CPPUNIT_ASSERT_EQUAL(1U, connack.at(0)); // session present
            if (!recorded) {
                conn->feed(pub(2, 9, "once", false, true));
                conn->complete();
                CPPUNIT_ASSERT_EQUAL(5U, only(*conn).type());
                count += stored(*conn);
            }
            conn->feed(pubrel(9));
            conn->completeAll();
            CPPUNIT_ASSERT_EQUAL(7U, only(*conn).type());
            CPPUNIT_ASSERT_EQUAL_MESSAGE(std::to_string(phase), std::size_t{1}, count);
            CPPUNIT_ASSERT(bench.durable->once_keys.empty());
        }
    }

    // A clean start takes nothing over: the same identifier is a new message.
    void forgetsHeldKeysOfOldSessions() {
        for (const bool expired : {false, true}) {
            Bench bench;
            FakeConnection* conn = &bench.login(v5(false, expired ? 10 : 1000));
            conn->feed(pub(2, 700, "a", true) + pub(2, 3, "b", true));
            conn->completeAll();
            conn->finish(FL_CLOSE_ERROR);
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, bench.durable->once_keys.size());
            bench.host.advanceMs(60000);
            FakeConnection& next = bench.open();
            next.feed(test::connect(v5(!expired, 1000)));
            next.completeAll();
            CPPUNIT_ASSERT_EQUAL(0U, parse(next.take()).front().at(0));
            CPPUNIT_ASSERT(bench.durable->once_keys.empty());
            next.feed(pub(2, 3, "c", true));
            CPPUNIT_ASSERT(!next.delivered.back().duplicate);
        }
        // Also for clients whose session ends with each connection.
        Bench bench;
        bench.login().feed(pub(2, 4, "a"));
        FakeConnection& first = bench.login();
        first.feed(pub(2, 4, "a"));
        first.complete();
        first.finish(FL_CLOSE_ERROR);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, bench.durable->once_keys.size());
        FakeConnection& second = bench.login();
        second.completeAll();
        CPPUNIT_ASSERT(bench.durable->once_keys.empty());
    }

    void reusesIdsAfterRelease() {
        Bench bench;
        FakeConnection& conn = bench.login();
        for (unsigned round = 0; round < 3; ++round) {
            for (unsigned id = 250; id < 530; ++id) {
                conn.feed(pub(2, id));
                conn.complete();
                conn.feed(pubrel(id));
                conn.complete();
            }
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{840}, stored(conn));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1680}, ids(conn).size());
        CPPUNIT_ASSERT(bench.durable->once_keys.empty());
    }

    void refusesWrongQos2Order() {
        Bench bench;
        FakeConnection& early = bench.login(v5());
        early.feed(pub(2, 1, "x", true) + pubrel(1));
        CPPUNIT_ASSERT_EQUAL(0x82U, only(early).at(0));
        FakeConnection& reused = bench.login(v5());
        reused.feed(pub(2, 1, "x", true));
        reused.completeAll();
        (void)reused.take();
        reused.feed(pubrel(1) + pub(2, 1, "y", true));
        CPPUNIT_ASSERT_EQUAL(0x91U, only(reused).at(0));
    }

    void answersUnknownReleases() {
        Bench bench;
        FakeConnection& five = bench.login(v5());
        five.feed(pubrel(77));
        CPPUNIT_ASSERT_EQUAL(0x92U, only(five).at(2));
        FakeConnection& three = bench.login();
        three.feed(pubrel(77));
        CPPUNIT_ASSERT_EQUAL(std::string("\x70\x02\x00\x4D", 4), three.take());
    }

    void enforcesReceiveMaximum() {
        Bench bench(R"({"maxInflight":3})");
        FakeConnection& conn = bench.login(v5());
        conn.feed(pub(1, 1, "x", true) + pub(2, 2, "x", true) + pub(1, 3, "x", true) +
                  pub(0, 0, "x", true));
        CPPUNIT_ASSERT(!conn.closed);
        conn.complete(); // 1
        conn.feed(pub(1, 4, "x", true));
        conn.completeAll();
        (void)conn.take();
        // 2 counts until its PUBCOMP.
        conn.feed(pub(1, 5, "x", true) + pub(1, 6, "x", true));
        CPPUNIT_ASSERT(!conn.closed);
        conn.feed(pub(2, 2, "x", true, true)); // known, not one more
        CPPUNIT_ASSERT(!conn.closed);
        conn.feed(pub(1, 7, "x", true));
        const auto packets = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(0x93U, packets.back().at(0));
        CPPUNIT_ASSERT(conn.closed);
        FakeConnection& old = bench.login(); // MQTT 3 was never told
        for (unsigned i = 1; i < 100; ++i) {
            old.feed(pub(1, i));
        }
        CPPUNIT_ASSERT(!old.closed);
    }

    void resolvesAliases() {
        Bench bench(R"({"topicAliasMax":2})");
        const auto aliased = [](const std::string& topic, unsigned alias) {
            return publish(topic, "x", {0, 0, false, false, true, byte(0x23) + word(alias)});
        };
        FakeConnection& conn = bench.login(v5());
        conn.feed(aliased("first", 1) + aliased("second", 2) + aliased("", 1) + aliased("", 2) +
                  aliased("third", 1) + aliased("", 1));
        std::string topics;
        for (const auto& d : conn.delivered) {
            topics += d.message.address + " ";
        }
        CPPUNIT_ASSERT_EQUAL(std::string("first second first second third third "), topics);
        conn.feed(aliased("x", 3));
        CPPUNIT_ASSERT_EQUAL(0x94U, only(conn).at(0));
        FakeConnection& unset = bench.login(v5());
        unset.feed(aliased("", 1));
        CPPUNIT_ASSERT_EQUAL(0x82U, only(unset).at(0));
        FakeConnection& zero = bench.login(v5());
        zero.feed(aliased("x", 0));
        CPPUNIT_ASSERT_EQUAL(0x94U, only(zero).at(0));
    }

    void handsOverProperties() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        const std::string list = byte(0x08) + text("re/ply") + byte(0x09) + word(3) +
                                 std::string("\x01\x00\xFF", 3) + byte(0x03) + text("text/plain") +
                                 byte(0x02) + quad(77) + byte(0x01) + byte(1) + byte(0x26) +
                                 text("a") + text("1") + byte(0x26) + text("b") + text("2");
        conn.feed(publish("t", "x", {1, 1, true, false, true, list}));
        const auto& m = conn.delivered.at(0).message;
        CPPUNIT_ASSERT_EQUAL(std::string("re/ply"), m.attribute("response_topic"));
        CPPUNIT_ASSERT_EQUAL(std::string("\x01\x00\xFF", 3), m.attribute("correlation_data"));
        CPPUNIT_ASSERT_EQUAL(std::string("text/plain"), m.content_type);
        CPPUNIT_ASSERT_EQUAL(std::string("77"), m.attribute("message_expiry"));
        CPPUNIT_ASSERT_EQUAL(std::string("1"), m.attribute("payload_format"));
        CPPUNIT_ASSERT_EQUAL(std::string("1"), m.attribute("user.a"));
        CPPUNIT_ASSERT_EQUAL(std::string("2"), m.attribute("user.b"));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_DUPLICATE}, m.flags);
    }

    void reportsStoreFailures() {
        Bench bench;
        FakeConnection& conn = bench.login(v5());
        conn.feed(pub(2, 1, "x", true));
        conn.complete();
        (void)conn.take();
        conn.feed(pubrel(1));
        conn.complete(FL_E_IO); // PUBCOMP would promise what is not so
        CPPUNIT_ASSERT_EQUAL(14U, only(conn).type());
        CPPUNIT_ASSERT_EQUAL(unsigned{FL_CLOSE_LIMIT}, static_cast<unsigned>(conn.close_reason));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttUplinkTest);
