// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

const char* const kLines =
    R"({"parserType":"DELIMITED","parserConfiguration":{"delimited":"\\n"}})";

class Bench {
public:
    explicit Bench(const std::string& config = kLines) {
        const fl_status status = net.create(sdk::NetworkFactory<tcp::TcpServer>::raw(), host.raw(),
                                            "tcp-server", config);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net.error(), fl_status{FL_OK}, status);
    }
    FakeConnection& open() { return *net.open("192.0.2.9:5000"); }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
};

} // namespace

class TcpServerTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TcpServerTest);
    CPPUNIT_TEST(handsOverFrames);
    CPPUNIT_TEST(cutsByEachRule);
    CPPUNIT_TEST(takesOfficialFrames);
    CPPUNIT_TEST(collectsLongFrames);
    CPPUNIT_TEST(waitsWhileTheStoreIsFull);
    CPPUNIT_TEST(closesOnLongFrames);
    CPPUNIT_TEST(wantsADeviceInTime);
    CPPUNIT_TEST(closesTheSilent);
    CPPUNIT_TEST(treatsRefusals);
    CPPUNIT_TEST(sendsAsItIs);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST_SUITE_END();

    static std::string payloads(const FakeConnection& conn) {
        std::string out;
        for (const auto& d : conn.delivered) {
            out += d.message.payload + "|";
        }
        return out;
    }

public:
    void handsOverFrames() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed("one\n\ntwo\nthr");
        CPPUNIT_ASSERT_EQUAL(std::string("one|two|"), payloads(conn));
        const auto& d = conn.delivered[0];
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, d.flags);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_DATA}, d.message.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("192.0.2.9:5000"), d.message.peer);
        CPPUNIT_ASSERT_EQUAL(-1, d.message.qos);
        CPPUNIT_ASSERT_EQUAL(bench.host.utcMs(), d.message.received_ms);
        conn.feed("ee\n");
        CPPUNIT_ASSERT_EQUAL(std::string("one|two|three|"), payloads(conn));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
        FakeConnection& slow = bench.open();
        slow.feedByByte("one\n\ntwo\nthree\n");
        CPPUNIT_ASSERT_EQUAL(std::string("one|two|three|"), payloads(slow));
        slow.completeAll();
        CPPUNIT_ASSERT(slow.output().empty() && !slow.closed);
    }

    void cutsByEachRule() {
        struct Case {
            const char* config;
            const char* stream;
            const char* frames;
        };
        for (const Case& c : std::initializer_list<Case>{
                 {"{}", "abc", "abc|"},
                 {R"({"parserType":"DIRECT"})", "abc", "abc|"},
                 {R"({"parserType":"FIXED_LENGTH","parserConfiguration":{"size":2}})", "abcde",
                  "ab|cd|"},
                 {R"({"parserType":"DELIMITED","parserConfiguration":{"delimited":"0x3b"}})",
                  "a;b;c", "a|b|"},
                 {R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":1,"offset":1}})",
                  "H\x02xyH\x01z", "H\x02xy|H\x01z|"}}) {
            Bench bench(c.config);
            FakeConnection& conn = bench.open();
            conn.feed(c.stream);
            CPPUNIT_ASSERT_EQUAL(std::string(c.frames), payloads(conn));
        }
    }

    // The official protocol's frames reach it with their length, as its own vectors have them.
    void takesOfficialFrames() {
        Bench bench(R"({"parserType":"LENGTH_FIELD",
                        "parserConfiguration":{"offset":0,"length":4,"little":false}})");
        FakeConnection& conn = bench.open();
        const std::string keepalive("\0\0\0\1\0", 5);
        const std::string online("\0\0\0\x16\1\0\0\1\x8B\xCF\xE5\x68\0\0\1\0\2d1\0\5admin", 26);
        conn.feedByByte(online + keepalive);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(online, conn.delivered[0].message.payload);
        CPPUNIT_ASSERT_EQUAL(keepalive, conn.delivered[1].message.payload);
    }

    void collectsLongFrames() {
        Bench bench(R"({"parserType":"LENGTH_FIELD","maxFrameLength":1000000})");
        FakeConnection& conn = bench.open();
        const std::string body(200000, 'b');
        const std::string frame = std::string("\0\3\x0D\x40", 4) + body;
        conn.feed("");
        for (std::size_t at = 0; at < frame.size(); at += 30000) {
            conn.feed(frame.substr(at, 30000) + (at + 30000 >= frame.size() ? frame : ""));
            CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        CPPUNIT_ASSERT(frame == conn.delivered[0].message.payload);
        CPPUNIT_ASSERT(frame == conn.delivered[1].message.payload);
    }

    void waitsWhileTheStoreIsFull() {
        for (const std::size_t length : {std::size_t{3}, std::size_t{60000}}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            const std::string line(length, 'x');
            conn.feed(line.substr(0, length / 2));
            conn.deliver_answer = FL_E_BUSY;
            conn.feed(line.substr(length / 2) + "\nsecond\nthi");
            conn.feed("rd\n");
            CPPUNIT_ASSERT(conn.delivered.empty() && !conn.closed);
            conn.deliver_answer = FL_PENDING;
            conn.feed("");
            CPPUNIT_ASSERT_EQUAL(line + "|second|third|", payloads(conn));
        }
    }

    void closesOnLongFrames() {
        Bench bench(R"({"parserType":"LENGTH_FIELD"})");
        FakeConnection& conn = bench.open();
        conn.feed("\xFF\xFF\xFF\xFF");
        CPPUNIT_ASSERT(conn.closed);
        CPPUNIT_ASSERT_EQUAL(unsigned{FL_CLOSE_PROTOCOL}, static_cast<unsigned>(conn.close_reason));
        CPPUNIT_ASSERT_EQUAL(std::string("frame_too_long"), conn.reports.at(0).what);
        Bench lines;
        FakeConnection& endless = lines.open();
        for (int i = 0; i < 8 && !endless.closed; ++i) {
            endless.feed(std::string(10000, 'x'));
        }
        CPPUNIT_ASSERT(endless.closed && endless.delivered.empty());
    }

    void wantsADeviceInTime() {
        Bench bench;
        FakeConnection& silent = bench.open();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{10000}, silent.timer(0).value());
        silent.fireTimer(0);
        CPPUNIT_ASSERT(silent.closed);
        FakeConnection& known = bench.open();
        known.feed("hello\n");
        CPPUNIT_ASSERT(known.timer(0).has_value()); // not before the host says so
        known.complete();
        CPPUNIT_ASSERT(!known.timer(0).has_value());
        FakeConnection& wrong = bench.open();
        wrong.feed("hello\n");
        wrong.complete(FL_E_UNAUTHORIZED);
        CPPUNIT_ASSERT(!wrong.closed && wrong.timer(0).has_value());
        wrong.fireTimer(0);
        CPPUNIT_ASSERT_EQUAL(unsigned{FL_CLOSE_UNAUTHORIZED},
                             static_cast<unsigned>(wrong.close_reason));
    }

    void closesTheSilent() {
        Bench bench(R"({"keepAliveTimeout":5000})");
        FakeConnection& conn = bench.open();
        conn.feed("hello");
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5000}, conn.timer(1).value());
        bench.host.advanceMs(3000);
        conn.feed("again");
        bench.host.advanceMs(2000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3000}, conn.timer(1).value());
        bench.host.advanceMs(3000);
        conn.feed(""); // the host gives kept bytes again: no sign of life
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(unsigned{FL_CLOSE_TIMEOUT}, static_cast<unsigned>(conn.close_reason));
        Bench nested(R"({"parserConfiguration":{"keepAliveTimeout":7000}})");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{7000}, nested.open().timer(1).value());
        Bench endless(R"({"keepAliveTimeout":0})");
        CPPUNIT_ASSERT(!endless.open().timer(1).has_value());
    }

    void treatsRefusals() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.deliver_answer = FL_E_MALFORMED;
        conn.feed("bad\n");
        CPPUNIT_ASSERT(!conn.closed);
        CPPUNIT_ASSERT_EQUAL(std::string("frame_refused"), conn.reports.at(0).what);
        conn.deliver_answer = FL_PENDING;
        conn.feed("good\n");
        conn.complete(FL_E_IO); // not stored: the device must learn it
        CPPUNIT_ASSERT(conn.closed);
        conn.feed("more\n");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
    }

    void sendsAsItIs() {
        Bench bench;
        FakeConnection& conn = bench.open();
        testkit::OwnedTransportMessage m;
        m.payload = std::string("a\0b", 3);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(m, 1));
        CPPUNIT_ASSERT_EQUAL(m.payload, conn.take());
        m.payload.clear();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(m, 2));
        conn.output_limit = 2;
        m.payload = "abc";
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, conn.send(m, 3));
    }

    void refusesBadConfigurations() {
        testkit::FakeHost host;
        for (
            const char* config :
            {"", "[]", R"({"parserType":"SCRIPT"})", R"({"parserType":1})",
             R"({"parserType":"FIXED_LENGTH"})",
             R"({"parserType":"FIXED_LENGTH","parserConfiguration":{"size":0}})",
             R"({"parserType":"FIXED_LENGTH","maxFrameLength":64,"parserConfiguration":{"size":65}})",
             R"({"parserType":"DELIMITED"})",
             R"({"parserType":"DELIMITED","parserConfiguration":{"delimited":"0x1"}})",
             R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":5}})",
             R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"little":"no"}})",
             R"({"parserType":"LENGTH_FIELD","maxFrameLength":64,"parserConfiguration":{"offset":64}})",
             R"({"parserConfiguration":[]})", R"({"authTimeout":1})"}) {
            testkit::FakeNetworkHost net;
            CPPUNIT_ASSERT_EQUAL_MESSAGE(config, fl_status{FL_E_INVALID},
                                         net.create(sdk::NetworkFactory<tcp::TcpServer>::raw(),
                                                    host.raw(), "tcp-server", config));
            CPPUNIT_ASSERT(!net.error().empty());
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TcpServerTest);
