// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

#include "md5.hpp"
#include "seq_map.hpp"
#include "text.hpp"
#include "topic.hpp"

namespace fairlead::official {
namespace {

std::string md5(std::string_view text) {
    Md5 digest;
    digest.update(text);
    const auto hex = digest.hex();
    return {hex.data(), hex.size()};
}

class TextTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TextTest);
    CPPUNIT_TEST(md5FollowsRfc1321);
    CPPUNIT_TEST(md5IsTheSameInPieces);
    CPPUNIT_TEST(utf8);
    CPPUNIT_TEST(constantTimeComparison);
    CPPUNIT_TEST(integers);
    CPPUNIT_TEST(ids);
    CPPUNIT_TEST(quoteHidesControlCharacters);
    CPPUNIT_TEST_SUITE_END();

public:
    void md5FollowsRfc1321() {
        CPPUNIT_ASSERT_EQUAL(std::string("d41d8cd98f00b204e9800998ecf8427e"), md5(""));
        CPPUNIT_ASSERT_EQUAL(std::string("0cc175b9c0f1b6a831c399e269772661"), md5("a"));
        CPPUNIT_ASSERT_EQUAL(std::string("900150983cd24fb0d6963f7d28e17f72"), md5("abc"));
        CPPUNIT_ASSERT_EQUAL(std::string("f96b697d7cb7938d525a2f31aaf161d0"),
                             md5("message digest"));
        CPPUNIT_ASSERT_EQUAL(std::string("c3fcd3d76192e4007dfb496cca67e13b"),
                             md5("abcdefghijklmnopqrstuvwxyz"));
        CPPUNIT_ASSERT_EQUAL(std::string("d174ab98d277d9f5a5611c2c9f419d9f"),
                             md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"));
        CPPUNIT_ASSERT_EQUAL(std::string("57edf4a22be3c955ac49da2e2107b67a"),
                             md5("1234567890123456789012345678901234567890123456789012345678901234"
                                 "5678901234567890"));
    }

    void md5IsTheSameInPieces() {
        const std::string text(200, 'x');
        for (std::size_t cut = 0; cut <= text.size(); cut += 7) {
            Md5 digest;
            digest.update(std::string_view(text).substr(0, cut));
            digest.update(std::string_view(text).substr(cut));
            const auto hex = digest.hex();
            CPPUNIT_ASSERT_EQUAL(md5(text), std::string(hex.data(), hex.size()));
        }
    }

    void utf8() {
        for (const std::string_view good : {"", "plain ascii, longer than eight", "温度",
                                            "aaaaaaaé", "\U0001F600", "\xEF\xBF\xBF"}) {
            CPPUNIT_ASSERT(isUtf8(good));
        }
        for (const std::string_view bad :
             {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
              "\xF8\x88\x80\x80\x80", "aaaaaaa\xFF", "\xC8\xCE\xB6\xC8"}) {
            CPPUNIT_ASSERT(!isUtf8(bad));
        }
    }

    void constantTimeComparison() {
        CPPUNIT_ASSERT(equalsConstantTime("secret", "secret"));
        CPPUNIT_ASSERT(!equalsConstantTime("secret", "secreT"));
        CPPUNIT_ASSERT(!equalsConstantTime("Xecret", "secret"));
        CPPUNIT_ASSERT(!equalsConstantTime("secret", "secre"));
        CPPUNIT_ASSERT(equalsConstantTime("", ""));
    }

    void integers() {
        std::int64_t v = 0;
        CPPUNIT_ASSERT(parseInteger("1700000000000", v));
        CPPUNIT_ASSERT_EQUAL(kNowMs, v);
        for (const std::string_view bad : {"", "-1", "+1", " 1", "1.5", "12345678901234567890"}) {
            CPPUNIT_ASSERT(!parseInteger(bad, v));
        }
    }

    void ids() {
        CPPUNIT_ASSERT(isId("d1"));
        CPPUNIT_ASSERT(isId(std::string(64, 'a')));
        for (const std::string& bad :
             {std::string(), std::string(65, 'a'), std::string("a/b"), std::string("a b"),
              std::string("+"), std::string("a#"), std::string("a\0b", 3)}) {
            CPPUNIT_ASSERT(!isId(bad));
        }
    }

    void quoteHidesControlCharacters() {
        CPPUNIT_ASSERT_EQUAL(std::string("x \"a?b\""), quote("x", "a\nb"));
        CPPUNIT_ASSERT(quote("x", std::string(1000, 'a')).size() < 80);
    }

private:
    static constexpr std::int64_t kNowMs = test::kNow;
};

class TopicTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TopicTest);
    CPPUNIT_TEST(everyUplinkOfTheTable);
    CPPUNIT_TEST(childTopics);
    CPPUNIT_TEST(others);
    CPPUNIT_TEST(messageTypes);
    CPPUNIT_TEST(socketPath);
    CPPUNIT_TEST_SUITE_END();

public:
    void everyUplinkOfTheTable() {
        const std::pair<const char*, int> all[] = {
            {"properties/report", FL_DEVICE_REPORT_PROPERTY},
            {"properties/read/reply", FL_DEVICE_READ_PROPERTY_REPLY},
            {"properties/write/reply", FL_DEVICE_WRITE_PROPERTY_REPLY},
            {"event/fire", FL_DEVICE_EVENT},
            {"function/invoke/reply", FL_DEVICE_INVOKE_FUNCTION_REPLY},
            {"tags", FL_DEVICE_UPDATE_TAG},
            {"register", FL_DEVICE_REGISTER},
            {"unregister", FL_DEVICE_UNREGISTER},
            {"firmware/upgrade/reply", FL_DEVICE_UPGRADE_FIRMWARE_REPLY},
            {"firmware/upgrade/progress", FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS},
            {"firmware/pull", FL_DEVICE_REQUEST_FIRMWARE},
            {"firmware/report", FL_DEVICE_REPORT_FIRMWARE},
            {"firmware/read/reply", FL_DEVICE_READ_FIRMWARE_REPLY},
            {"metadata/derived", FL_DEVICE_DERIVED_METADATA},
            {"direct", FL_DEVICE_DIRECT},
            {"disconnect/reply", FL_DEVICE_DISCONNECT_REPLY},
            {"online", FL_DEVICE_ONLINE},
            {"offline", FL_DEVICE_OFFLINE},
            {"log", FL_DEVICE_LOG},
            {"state-check/reply", FL_DEVICE_STATE_CHECK_REPLY},
            {"collector/report", FL_DEVICE_REPORT_PROPERTY},
            {"collector/read/reply", FL_DEVICE_READ_PROPERTY_REPLY},
            {"collector/write/reply", FL_DEVICE_WRITE_PROPERTY_REPLY},
        };
        for (const auto& [suffix, kind] : all) {
            for (const char* root : {"/p/d1/", "p/d1/"}) {
                const std::string text = std::string(root) + suffix;
                const Topic topic = parseTopic(text);
                CPPUNIT_ASSERT_EQUAL_MESSAGE(text, static_cast<std::uint32_t>(kind), topic.kind);
                CPPUNIT_ASSERT_EQUAL(std::string_view("d1"), topic.device);
                CPPUNIT_ASSERT_EQUAL(std::string_view("p"), topic.product);
                CPPUNIT_ASSERT(topic.child.empty());
            }
        }
        CPPUNIT_ASSERT_EQUAL(std::string_view("fire"), parseTopic("/p/d1/event/fire").name);
    }

    void childTopics() {
        for (const char* text : {"/p/gw/child/c1/properties/read/reply",
                                 "/p/gw/child-reply/c1/properties/read/reply"}) {
            const Topic topic = parseTopic(text);
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_READ_PROPERTY_REPLY}, topic.kind);
            CPPUNIT_ASSERT_EQUAL(std::string_view("gw"), topic.device);
            CPPUNIT_ASSERT_EQUAL(std::string_view("c1"), topic.child);
        }
        CPPUNIT_ASSERT_EQUAL(std::string_view("x"), parseTopic("/p/gw/child/c1/event/x").name);
    }

    void others() {
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_TIME_SYNC},
                             parseTopic("/p/d1/time-sync").kind);
        for (const char* text : {"",
                                 "/",
                                 "//",
                                 "/p",
                                 "/p/d1",
                                 "/p/d1/",
                                 "p/d1/time-sync",
                                 "/p/d1/properties",
                                 "/p/d1/properties/read",
                                 "/p/d1/properties/report/",
                                 "/p/d1//properties/report",
                                 "/p/d1/event",
                                 "/p/d1/event/",
                                 "/p/d1/event/a/b",
                                 "/p/gw/child",
                                 "/p/gw/child/",
                                 "/p/gw/child/c1",
                                 "/p/gw/child//online",
                                 "/p/gw/child/c1/child/c2/online",
                                 "/p//properties/report",
                                 "/p/d1/child/c1/connected"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(text, std::uint32_t{0}, parseTopic(text).kind);
        }
    }

    void messageTypes() {
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_REPORT_PROPERTY}, kindOf("report_Property"));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{0}, kindOf("BROADCAST"));
        CPPUNIT_ASSERT_EQUAL(std::string_view("UN_REGISTER"), messageType(FL_DEVICE_UNREGISTER));
        CPPUNIT_ASSERT(isUplink(FL_DEVICE_EVENT));
        CPPUNIT_ASSERT(!isUplink(FL_DEVICE_READ_PROPERTY));
        CPPUNIT_ASSERT(!isUplink(0));
    }

    void socketPath() {
        Topic topic;
        CPPUNIT_ASSERT(parseSocketPath("/p/d1/socket", topic));
        CPPUNIT_ASSERT_EQUAL(std::string_view("d1"), topic.device);
        for (const char* text : {"/p/d1", "/p/d1/socket/", "/p//socket", "/d1/socket", ""}) {
            CPPUNIT_ASSERT(!parseSocketPath(text, topic));
        }
    }
};

class SeqMapTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SeqMapTest);
    CPPUNIT_TEST(mapsAndSurvives);
    CPPUNIT_TEST(wrapsBelow65535);
    CPPUNIT_TEST(isBounded);
    CPPUNIT_TEST(brokenStateIsEmpty);
    CPPUNIT_TEST_SUITE_END();

public:
    void mapsAndSurvives() {
        SeqMap first({});
        CPPUNIT_ASSERT_EQUAL(std::uint16_t{1}, first.assign("m1"));
        CPPUNIT_ASSERT_EQUAL(std::uint16_t{2}, first.assign("m2"));
        CPPUNIT_ASSERT_EQUAL(SeqMap::kNone, first.assign(""));
        const SeqMap second(first.state());
        CPPUNIT_ASSERT_EQUAL(std::string_view("m1"), second.find(1));
        CPPUNIT_ASSERT_EQUAL(std::string_view("m2"), second.find(2));
        CPPUNIT_ASSERT(second.find(3).empty());
    }

    void wrapsBelow65535() {
        SeqMap map({});
        for (unsigned i = 1; i <= 65534; ++i) {
            CPPUNIT_ASSERT_EQUAL(static_cast<std::uint16_t>(i), map.assign("x"));
        }
        CPPUNIT_ASSERT_EQUAL(std::uint16_t{1}, map.assign("again"));
        CPPUNIT_ASSERT_EQUAL(std::string_view("again"), map.find(1));
    }

    void isBounded() {
        SeqMap map({});
        const std::string id(128, 'i');
        std::uint16_t last = 0;
        for (int i = 0; i < 200; ++i) {
            last = map.assign(id);
            CPPUNIT_ASSERT(map.state().size() <= FL_PROTOCOL_STATE_BYTES_MAX);
        }
        CPPUNIT_ASSERT_EQUAL(std::string_view(id), map.find(last));
        CPPUNIT_ASSERT(map.find(1).empty());
        map.put(last, "other");
        CPPUNIT_ASSERT_EQUAL(std::string_view("other"), map.find(last));
    }

    void brokenStateIsEmpty() {
        SeqMap map({});
        map.assign("m1");
        std::string state(reinterpret_cast<const char*>(map.state().data()), map.state().size());
        const SeqMap cut(sdk::octets(std::string_view(state).substr(0, state.size() - 1)));
        CPPUNIT_ASSERT(cut.find(1).empty());
        state[0] = 9;
        CPPUNIT_ASSERT(SeqMap(sdk::octets(state)).find(1).empty());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TextTest);
CPPUNIT_TEST_SUITE_REGISTRATION(TopicTest);
CPPUNIT_TEST_SUITE_REGISTRATION(SeqMapTest);

} // namespace
} // namespace fairlead::official
