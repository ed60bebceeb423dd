// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"
#include "packets.hpp"
#include "topic.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::mqtt;
using namespace fairlead::mqtt::test;

class MqttCodecTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttCodecTest);
    CPPUNIT_TEST(checksUtf8);
    CPPUNIT_TEST(readsVariableIntegers);
    CPPUNIT_TEST(checksFixedHeaders);
    CPPUNIT_TEST(readsConnectOfEachVersion);
    CPPUNIT_TEST(refusesBadConnects);
    CPPUNIT_TEST(readsProperties);
    CPPUNIT_TEST(refusesBadProperties);
    CPPUNIT_TEST(refusesBadPublishes);
    CPPUNIT_TEST(refusesBadAcks);
    CPPUNIT_TEST(refusesBadFilterLists);
    CPPUNIT_TEST(checksFilters);
    CPPUNIT_TEST(matchesTopics);
    CPPUNIT_TEST(survivesEveryTruncation);
    CPPUNIT_TEST_SUITE_END();

    static Bytes bytes(const std::string& s) { return bytesOf(s); }
    static std::string bodyOf(const std::string& packet) { return parse(packet).front().body; }
    static Fault decodeConnectOf(const std::string& packet, Connect& out) {
        const std::string body = bodyOf(packet);
        return decodeConnect(bytes(body), out);
    }
    static void expectConnect(Reason reason, const std::string& body) {
        Connect out;
        const Fault fault = decodeConnect(bytes(body), out);
        CPPUNIT_ASSERT(fault);
        CPPUNIT_ASSERT_EQUAL(static_cast<int>(reason), static_cast<int>(fault.reason));
    }
    static void expectPublish(Reason reason, unsigned flags, const std::string& body,
                              Version version = Version::V5) {
        Publish out;
        const Fault fault =
            decodePublish(version, static_cast<std::uint8_t>(flags), bytes(body), out);
        CPPUNIT_ASSERT(fault);
        CPPUNIT_ASSERT_EQUAL(static_cast<int>(reason), static_cast<int>(fault.reason));
    }

public:
    void checksUtf8() {
        for (const std::string good :
             {"", "a", "plain ascii of some length", "阀门/温度", "\xF0\x9F\x98\x80", "\x7F",
              "\xEF\xBF\xBF", "\xEE\x80\x80", "12345678阀"}) {
            CPPUNIT_ASSERT_MESSAGE(good, validUtf8(good));
        }
        const std::vector<std::string> broken = {std::string("a\0b", 3),
                                                 std::string("1234567\0", 8),
                                                 "\x80",
                                                 "\xC0\x80",
                                                 "\xC1\xBF",
                                                 "\xE0\x80\x80",
                                                 "\xED\xA0\x80",
                                                 "\xED\xBF\xBF",
                                                 "\xF0\x80\x80\x80",
                                                 "\xF4\x90\x80\x80",
                                                 "\xF5\x80\x80\x80",
                                                 "\xFF",
                                                 "12345678\xE9\x98",
                                                 "\xE9",
                                                 "\xF0\x9F\x98"};
        for (const std::string& bad : broken) {
            CPPUNIT_ASSERT_MESSAGE(bad, !validUtf8(bad));
        }
    }

    void readsVariableIntegers() {
        for (const std::uint32_t v :
             {0U, 1U, 127U, 128U, 16383U, 16384U, 2097151U, 2097152U, 268435455U}) {
            std::string out;
            putVarint(out, v);
            CPPUNIT_ASSERT_EQUAL(varint(v), out);
            CPPUNIT_ASSERT_EQUAL(out.size(), varintBytes(v));
            Reader in(bytes(out));
            CPPUNIT_ASSERT_EQUAL(v, in.varint());
            CPPUNIT_ASSERT(!in.failed() && in.atEnd());
        }
        for (const std::string& bad :
             {std::string("\x80\x00", 2), std::string("\xFF\xFF\xFF\xFF\x01"), std::string("\xFF"),
              std::string()}) {
            Reader in(bytes(bad));
            (void)in.varint();
            CPPUNIT_ASSERT(in.failed());
        }
    }

    void checksFixedHeaders() {
        FixedHeader h;
        const auto state = [&](const std::string& s) { return decodeHeader(bytes(s), h); };
        CPPUNIT_ASSERT(HeaderState::Incomplete == state(""));
        CPPUNIT_ASSERT(HeaderState::Incomplete == state("\x30"));
        CPPUNIT_ASSERT(HeaderState::Incomplete == state("\x30\x80"));
        CPPUNIT_ASSERT(HeaderState::Complete == state("\x30\xFF\xFF\xFF\x7F"));
        CPPUNIT_ASSERT_EQUAL(kRemainingLengthMax, h.remaining);
        CPPUNIT_ASSERT(HeaderState::Broken == state("\x30\xFF\xFF\xFF\xFF"));
        CPPUNIT_ASSERT(HeaderState::Broken == state(std::string("\x30\x80\x00", 3)));
        CPPUNIT_ASSERT(HeaderState::Broken == state(std::string("\x00\x00", 2)));
        // Flag bits: 2 for PUBREL, SUBSCRIBE, UNSUBSCRIBE, any for PUBLISH, 0 for the rest.
        for (unsigned type = 1; type < 16; ++type) {
            for (unsigned flags = 0; flags < 16; ++flags) {
                const bool two = type == 6 || type == 8 || type == 10;
                const bool good = type == 3 || flags == (two ? 2U : 0U);
                const std::string in = byte(type * 16 + flags) + byte(0);
                CPPUNIT_ASSERT((good ? HeaderState::Complete : HeaderState::Broken) == state(in));
            }
        }
    }

    void readsConnectOfEachVersion() {
        for (const int level : {3, 4, 5}) {
            ConnectOptions o;
            o.level = level;
            o.will_topic = "w";
            o.will_payload = "gone";
            o.will_qos = 2;
            o.will_retain = true;
            const std::string packet = test::connect(o);
            const std::string body = bodyOf(packet);
            Connect c;
            const Fault fault = decodeConnect(bytes(body), c);
            CPPUNIT_ASSERT(!fault);
            CPPUNIT_ASSERT_EQUAL(level, static_cast<int>(c.version));
            CPPUNIT_ASSERT(c.clean && c.has_will && c.will_retain && c.has_username);
            CPPUNIT_ASSERT_EQUAL(2, static_cast<int>(c.will_qos));
            CPPUNIT_ASSERT_EQUAL(std::string("d1"), std::string(c.client_id));
            CPPUNIT_ASSERT_EQUAL(std::string("gone"), std::string(textOf(c.will_payload)));
            CPPUNIT_ASSERT_EQUAL(std::string("secret"), std::string(textOf(c.password)));
            CPPUNIT_ASSERT_EQUAL(60, static_cast<int>(c.keep_alive));
        }
        ConnectOptions password_only;
        Connect c;
        const std::string body =
            text("MQTT") + byte(5) + byte(0x42) + word(0) + byte(0) + text("c") + text("token");
        CPPUNIT_ASSERT(!decodeConnect(bytes(body), c)); // allowed since MQTT 5
    }

    void refusesBadConnects() {
        const std::string v4 = text("MQTT") + byte(4);
        expectConnect(Reason::Malformed, "");
        expectConnect(Reason::Malformed, text("MQTX") + byte(4) + byte(2) + word(0) + text("c"));
        expectConnect(Reason::UnsupportedVersion, text("MQTT") + byte(6) + byte(2) + word(0));
        expectConnect(Reason::UnsupportedVersion, text("MQTT") + byte(3) + byte(2) + word(0));
        expectConnect(Reason::UnsupportedVersion, text("MQIsdp") + byte(4) + byte(2) + word(0));
        expectConnect(Reason::UnsupportedVersion, text("MQTT") + byte(0x84) + byte(2) + word(0));
        expectConnect(Reason::Malformed, v4 + byte(3) + word(0) + text("c"));    // reserved bit
        expectConnect(Reason::Malformed, v4 + byte(0x0A) + word(0) + text("c")); // qos, no will
        expectConnect(Reason::Malformed, v4 + byte(0x22) + word(0) + text("c")); // retain, no will
        expectConnect(Reason::Malformed, v4 + byte(0x1E) + word(0) + text("c")); // will qos 3
        expectConnect(Reason::Malformed, v4 + byte(0x42) + word(0) + text("c") + text("p"));
        expectConnect(Reason::Malformed, v4 + byte(2) + word(0) + text("\xC0\x80"));
        expectConnect(Reason::Malformed, v4 + byte(2) + word(0) + text("c") + "x");
        expectConnect(Reason::Malformed, v4 + byte(0x82) + word(0) + text("c"));
        expectConnect(Reason::TopicNameInvalid,
                      v4 + byte(6) + word(0) + text("c") + text("a/#") + text("x"));
        expectConnect(Reason::TopicNameInvalid,
                      v4 + byte(6) + word(0) + text("c") + text("") + text("x"));
    }

    void readsProperties() {
        const std::string list = byte(0x11) + quad(300) + byte(0x21) + word(7) + byte(0x27) +
                                 quad(1000) + byte(0x26) + text("a") + text("b") + byte(0x22) +
                                 word(3) + byte(0x26) + text("a") + text("c") + byte(0x17) +
                                 byte(0);
        const std::string in = test::properties(list);
        Reader reader(bytes(in));
        Properties p;
        CPPUNIT_ASSERT(!decodeProperties(reader, PropertySet::Connect, p));
        CPPUNIT_ASSERT(p.has(Property::SessionExpiry) && p.has(Property::ReceiveMaximum));
        CPPUNIT_ASSERT(!p.has(Property::TopicAlias));
        CPPUNIT_ASSERT_EQUAL(300U, p.session_expiry);
        CPPUNIT_ASSERT_EQUAL(7, static_cast<int>(p.receive_maximum));
        CPPUNIT_ASSERT_EQUAL(1000U, p.maximum_packet_size);
        CPPUNIT_ASSERT_EQUAL(0, static_cast<int>(p.request_problem));
        std::string pairs;
        forEachUserProperty(p, [&](std::string_view n, std::string_view v) {
            pairs.append(n).append("=").append(v).append(";");
        });
        CPPUNIT_ASSERT_EQUAL(std::string("a=b;a=c;"), pairs);
    }

    void refusesBadProperties() {
        struct Case {
            PropertySet set;
            std::string list;
            Reason reason;
        };
        std::string many;
        for (unsigned i = 0; i <= kUserPropertiesMax; ++i) {
            many += byte(0x26) + text("a") + text("b");
        }
        const std::vector<Case> cases = {
            {PropertySet::Connect, byte(0x11) + quad(1) + byte(0x11) + quad(1),
             Reason::ProtocolError},
            {PropertySet::Connect, byte(0x21) + word(0), Reason::ProtocolError},
            {PropertySet::Connect, byte(0x27) + quad(0), Reason::ProtocolError},
            {PropertySet::Connect, byte(0x23) + word(1), Reason::ProtocolError},
            {PropertySet::Connect, byte(0x17) + byte(2), Reason::ProtocolError},
            {PropertySet::Publish, byte(0x23) + word(0), Reason::TopicAliasInvalid},
            {PropertySet::Publish, byte(0x01) + byte(2), Reason::ProtocolError},
            {PropertySet::Publish, byte(0x11) + quad(1), Reason::ProtocolError},
            {PropertySet::Publish, byte(0x7F), Reason::Malformed},
            {PropertySet::Publish, byte(0x04), Reason::Malformed},
            {PropertySet::Publish, byte(0x80) + byte(0x01), Reason::Malformed},
            {PropertySet::Publish, byte(0x03) + text("\xFF"), Reason::Malformed},
            {PropertySet::Publish, byte(0x03) + word(9) + "abc", Reason::Malformed},
            {PropertySet::Publish, byte(0x02) + word(1), Reason::Malformed},
            {PropertySet::Publish, many, Reason::QuotaExceeded},
            {PropertySet::Subscribe, byte(0x0B) + byte(0), Reason::ProtocolError},
            {PropertySet::Subscribe, byte(0x0B) + byte(1) + byte(0x0B) + byte(2),
             Reason::ProtocolError},
            {PropertySet::Will, byte(0x23) + word(1), Reason::ProtocolError},
            {PropertySet::Disconnect, byte(0x18) + quad(1), Reason::ProtocolError},
        };
        for (std::size_t i = 0; i < cases.size(); ++i) {
            const std::string in = test::properties(cases[i].list);
            Reader reader(bytes(in));
            Properties p;
            const Fault fault = decodeProperties(reader, cases[i].set, p);
            CPPUNIT_ASSERT_MESSAGE(std::to_string(i), fault);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(std::to_string(i), static_cast<int>(cases[i].reason),
                                         static_cast<int>(fault.reason));
        }
        const std::string longer = byte(9) + byte(0x01);
        Reader reader(bytes(longer));
        Properties p;
        CPPUNIT_ASSERT(decodeProperties(reader, PropertySet::Publish, p));
    }

    void refusesBadPublishes() {
        const std::string none = byte(0);
        expectPublish(Reason::Malformed, 6, text("t") + word(1) + none); // qos 3
        expectPublish(Reason::Malformed, 8, text("t") + none);           // dup with qos 0
        expectPublish(Reason::ProtocolError, 2, text("t") + word(0) + none);
        expectPublish(Reason::TopicNameInvalid, 0, text("a/+") + none);
        expectPublish(Reason::TopicNameInvalid, 0, text("#") + none);
        expectPublish(Reason::ProtocolError, 0, text("") + none);
        expectPublish(Reason::Malformed, 0, text("\xED\xA0\x80") + none);
        expectPublish(Reason::Malformed, 0, word(9) + "abc");
        expectPublish(Reason::Malformed, 2, text("t") + byte(1));
        expectPublish(Reason::Malformed, 0, text("t"));
        expectPublish(Reason::ProtocolError, 0, text("t") + properties(byte(0x0B) + byte(1)));
        expectPublish(Reason::ProtocolError, 0, text("t") + properties(byte(0x08) + text("a/#")));
        expectPublish(Reason::ProtocolError, 0, text(""), Version::V311);
        Publish out;
        const std::string aliased = text("") + properties(byte(0x23) + word(1));
        CPPUNIT_ASSERT(!decodePublish(Version::V5, 0, bytes(aliased), out));
    }

    void refusesBadAcks() {
        Ack ack;
        const auto decode = [&](PacketType type, const std::string& body) {
            return decodeAck(type, Version::V5, bytes(body), ack);
        };
        CPPUNIT_ASSERT(!decode(PacketType::Puback, word(1)));
        CPPUNIT_ASSERT(!decode(PacketType::Puback, word(1) + byte(0x10)));
        CPPUNIT_ASSERT(!decode(PacketType::Puback, word(1) + byte(0x97) + byte(0)));
        CPPUNIT_ASSERT(Reason::QuotaExceeded == ack.reason);
        CPPUNIT_ASSERT(decode(PacketType::Puback, word(0)));
        CPPUNIT_ASSERT(decode(PacketType::Puback, byte(1)));
        CPPUNIT_ASSERT(decode(PacketType::Puback, word(1) + byte(0x55)));
        CPPUNIT_ASSERT(decode(PacketType::Pubrel, word(1) + byte(0x10)));
        CPPUNIT_ASSERT(!decode(PacketType::Pubcomp, word(1) + byte(0x92)));
        CPPUNIT_ASSERT(decode(PacketType::Pubcomp, word(1) + byte(0x92) + byte(0) + "x"));
        const std::string longer = word(1) + byte(0);
        CPPUNIT_ASSERT(decodeAck(PacketType::Puback, Version::V311, bytes(longer), ack));
    }

    void refusesBadFilterLists() {
        FilterList list;
        const auto sub = [&](Version v, const std::string& body) {
            return decodeFilters(PacketType::Subscribe, v, bytes(body), list);
        };
        CPPUNIT_ASSERT(!sub(Version::V311, word(1) + text("a") + byte(1)));
        CPPUNIT_ASSERT(sub(Version::V311, word(0) + text("a") + byte(1)));
        CPPUNIT_ASSERT(sub(Version::V311, word(1)));
        CPPUNIT_ASSERT(sub(Version::V311, word(1) + text("a")));
        CPPUNIT_ASSERT(sub(Version::V311, word(1) + text("a") + byte(3)));
        CPPUNIT_ASSERT(sub(Version::V311, word(1) + text("a") + byte(4)));
        CPPUNIT_ASSERT(sub(Version::V311, word(1) + text("\xFF") + byte(0)));
        CPPUNIT_ASSERT(!sub(Version::V5, word(1) + byte(0) + text("a") + byte(0x2E)));
        CPPUNIT_ASSERT(sub(Version::V5, word(1) + byte(0) + text("a") + byte(0x30)));
        CPPUNIT_ASSERT(sub(Version::V5, word(1) + byte(0) + text("a") + byte(0x40)));
        const std::string unsub = word(1);
        CPPUNIT_ASSERT(decodeFilters(PacketType::Unsubscribe, Version::V311, bytes(unsub), list));
    }

    void checksFilters() {
        for (const char* good : {"#", "+", "a/#", "+/b", "a/+/c", "/", "//", "$SYS/#", "a b",
                                 "$share/g/a/#", "$share/g//"}) {
            CPPUNIT_ASSERT_MESSAGE(good, parseFilter(good).valid);
        }
        for (const char* bad : {"", "a#", "a/#/b", "a+", "+a", "a/+b", "##", "$share/", "$share/g",
                                "$share/g/", "$share//a", "$share/g+/a", "$share/#/a"}) {
            CPPUNIT_ASSERT_MESSAGE(bad, !parseFilter(bad).valid);
        }
        CPPUNIT_ASSERT_EQUAL(std::string("a/b"), std::string(parseFilter("$share/g/a/b").filter));
        CPPUNIT_ASSERT(parseFilter("$share/g/a").shared && !parseFilter("$sharex/g").shared);
    }

    void matchesTopics() {
        struct Case {
            const char* filter;
            const char* topic;
            bool match;
        };
        for (const Case& c : std::initializer_list<Case>{
                 {"a/b", "a/b", true},         {"a/b", "a/c", false},      {"a/+", "a/b", true},
                 {"a/+", "a", false},          {"a/+", "a/b/c", false},    {"a/#", "a", true},
                 {"a/#", "a/b/c", true},       {"#", "a/b", true},         {"+/+", "/a", true},
                 {"/+", "/a", true},           {"+", "/a", false},         {"#", "$SYS/x", false},
                 {"+/x", "$SYS/x", false},     {"$SYS/#", "$SYS/x", true}, {"a/+/", "a/b", false},
                 {"a/", "a", false},           {"a", "a/", false},         {"+", "", true},
                 {"/p/d/#", "/p/d/x/y", true}, {"/p/d/#", "/p/e/x", false}}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(std::string(c.filter) + " " + c.topic, c.match,
                                         matches(c.filter, c.topic));
        }
    }

    // No prefix of a packet may be taken for a whole one or read out of bounds.
    void survivesEveryTruncation() {
        ConnectOptions o;
        o.level = 5;
        o.properties = byte(0x11) + quad(300) + byte(0x26) + text("a") + text("b");
        o.will_topic = "w/t";
        o.will_properties = byte(0x18) + quad(5);
        const std::string body = bodyOf(test::connect(o));
        for (std::size_t n = 0; n < body.size(); ++n) {
            const std::string cut = body.substr(0, n);
            Connect c;
            CPPUNIT_ASSERT_MESSAGE(std::to_string(n), decodeConnect(bytes(cut), c));
        }
        const std::string list = word(1) + properties(byte(0x0B) + byte(5)) + text("a/b") + byte(1);
        for (std::size_t n = 0; n < list.size(); ++n) {
            const std::string cut = list.substr(0, n);
            FilterList f;
            CPPUNIT_ASSERT(decodeFilters(PacketType::Subscribe, Version::V5, bytes(cut), f));
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttCodecTest);
