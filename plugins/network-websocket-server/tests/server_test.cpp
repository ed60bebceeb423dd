// SPDX-License-Identifier: Apache-2.0
// An open connection: messages both ways, keep-alive, the end, and what the host asks of it.
#include "reader.hpp"
#include "support.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using namespace fairlead::websocket::test;
using testkit::FakeConnection;

class WebSocketServerTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(WebSocketServerTest);
    CPPUNIT_TEST(handsMessagesOver);
    CPPUNIT_TEST(sendsDownlinks);
    CPPUNIT_TEST(framesDownlinksAsConfigured);
    CPPUNIT_TEST(sendsTheProtocolsReplies);
    CPPUNIT_TEST(tellsWhenAPeerDoesNotRead);
    CPPUNIT_TEST(waitsWhileTheStoreIsFull);
    CPPUNIT_TEST(waitsInTheMiddleOfFragments);
    CPPUNIT_TEST(countsRefusedMessages);
    CPPUNIT_TEST(endsWhenAMessageCannotBeStored);
    CPPUNIT_TEST(pingsTheSilent);
    CPPUNIT_TEST(anyDataAnswersAPing);
    CPPUNIT_TEST(leavesAloneWhoWaitsForTheStore);
    CPPUNIT_TEST(endsTheIdle);
    CPPUNIT_TEST(saysGoodbyeForTheHost);
    CPPUNIT_TEST(givesUpOnAMissingCloseAnswer);
    CPPUNIT_TEST(boundsMemoryByWhatCame);
    CPPUNIT_TEST_SUITE_END();

    static testkit::OwnedTransportMessage message(const std::string& payload,
                                                  std::uint32_t flags = 0) {
        testkit::OwnedTransportMessage m;
        m.kind = FL_TRANSPORT_DATA;
        m.payload = payload;
        m.flags = flags;
        return m;
    }

public:
    void handsMessagesOver() {
        Bench bench;
        FakeConnection& conn = bench.connected();
        conn.feed(text("h\xC3\xA9") + binary(std::string("\0\xFF", 2)));
        const auto& t = conn.delivered.at(1);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_DATA}, t.message.kind);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_TEXT}, t.message.flags);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, t.flags);
        CPPUNIT_ASSERT_EQUAL(std::string("h\xC3\xA9"), t.message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("/p/d/socket"), t.message.address);
        CPPUNIT_ASSERT_EQUAL(std::string("192.0.2.7:1234"), t.message.peer);
        CPPUNIT_ASSERT_EQUAL(bench.host.utcMs(), t.message.received_ms);
        const auto& b = conn.delivered.at(2);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{0}, b.message.flags);
        CPPUNIT_ASSERT_EQUAL(std::string("\0\xFF", 2), b.message.payload);
        CPPUNIT_ASSERT(t.token != b.token);
    }

    void sendsDownlinks() {
        Bench bench;
        FakeConnection& early = bench.open();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_CLOSED}, early.send(message("x"), 1));
        FakeConnection& conn = bench.connected();
        for (const std::size_t n : {0U, 1U, 125U, 126U, 65535U, 65536U, 300000U}) {
            const std::string payload(n, 'x');
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                                 conn.send(message(payload, FL_TRANSPORT_TEXT), 1));
            const ServerFrame f = only(conn);
            CPPUNIT_ASSERT(f.fin && f.rsv == 0 && f.opcode == 1);
            CPPUNIT_ASSERT(payload == f.payload);
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(message("\xFF"), 2));
        CPPUNIT_ASSERT_EQUAL(2, only(conn).opcode);
        CPPUNIT_ASSERT(conn.sents.empty()); // FL_OK says it all
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID},
                             conn.send(message("\xFF", FL_TRANSPORT_TEXT), 3));
        CPPUNIT_ASSERT(conn.output().empty() && !conn.closed);
    }

    void framesDownlinksAsConfigured() {
        Bench as_text(R"({"downlinkFrame":"TEXT"})");
        FakeConnection& a = as_text.connected();
        a.send(message("x"), 1);
        CPPUNIT_ASSERT_EQUAL(1, only(a).opcode);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, a.send(message("\xFF"), 2));
        Bench as_binary(R"({"downlinkFrame":"BINARY"})");
        FakeConnection& b = as_binary.connected();
        b.send(message("x", FL_TRANSPORT_TEXT), 1);
        CPPUNIT_ASSERT_EQUAL(2, only(b).opcode);
    }

    void sendsTheProtocolsReplies() {
        Bench bench;
        FakeConnection& conn = bench.connected();
        conn.deliver_answer = FL_PENDING;
        conn.feed(text("m"));
        CPPUNIT_ASSERT(conn.output().empty());
        const auto reply = message("stored", FL_TRANSPORT_TEXT);
        conn.complete(FL_OK, &reply);
        CPPUNIT_ASSERT_EQUAL(std::string("stored"), only(conn).payload);
    }

    void tellsWhenAPeerDoesNotRead() {
        Bench bench;
        FakeConnection& conn = bench.connected();
        conn.output_limit = 1000;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(message(std::string(900, 'x')), 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, conn.send(message(std::string(900, 'x')), 2));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_LIMIT}, conn.close_reason);
    }

    void waitsWhileTheStoreIsFull() {
        Bench bench;
        FakeConnection& conn = bench.connected();
        conn.deliver_answer = FL_E_BUSY;
        conn.feed(text("one") + text("two"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        CPPUNIT_ASSERT(conn.unconsumed() > 0); // else the host would not come back
        conn.feed("");
        conn.deliver_answer = FL_OK;
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::string("two"), conn.delivered[2].message.payload);
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
    }

    void waitsInTheMiddleOfFragments() {
        for (const std::string& last : {std::string(), std::string("c")}) {
            for (const bool by_byte : {false, true}) {
                Bench bench(R"({"pingInterval":0})"); // frees its buffers after every call
                FakeConnection& conn = bench.connected();
                conn.deliver_answer = FL_E_BUSY;
                const std::string stream =
                    text("a", false) + more("b", false) + more(last) + text("next");
                by_byte ? conn.feedByByte(stream) : conn.feed(stream);
                CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
                CPPUNIT_ASSERT(conn.unconsumed() > 0);
                conn.feed("");
                conn.deliver_answer = FL_OK;
                conn.feed("");
                CPPUNIT_ASSERT_EQUAL(std::size_t{3}, conn.delivered.size());
                CPPUNIT_ASSERT_EQUAL("ab" + last, conn.delivered[1].message.payload);
                CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_TEXT},
                                     conn.delivered[1].message.flags);
                CPPUNIT_ASSERT_EQUAL(std::string("next"), conn.delivered[2].message.payload);
            }
        }
    }

    void countsRefusedMessages() {
        Bench bench;
        FakeConnection& conn = bench.connected();
        conn.deliver_answer = FL_E_MALFORMED;
        conn.feed(text("bad"));
        CPPUNIT_ASSERT_EQUAL(std::string("message_refused"), conn.reports.at(0).what);
        conn.deliver_answer = FL_PENDING;
        conn.feed(text("bad"));
        conn.complete(FL_E_FORBIDDEN);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.reports.size());
        CPPUNIT_ASSERT(!conn.closed && conn.output().empty());
    }

    void endsWhenAMessageCannotBeStored() {
        Bench bench;
        FakeConnection& conn = bench.connected();
        conn.deliver_answer = FL_PENDING;
        conn.feed(text("a"));
        conn.complete(FL_E_IO);
        CPPUNIT_ASSERT_EQUAL(1013, only(conn).closeCode());
        CPPUNIT_ASSERT(!conn.closed); // the peer may still answer
        conn.feed(text("ignored") + closing(code(1013)));
        CPPUNIT_ASSERT(conn.closed);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_LOCAL}, conn.close_reason);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        CPPUNIT_ASSERT(conn.output().empty());
    }

    void pingsTheSilent() {
        Bench bench(R"({"pingInterval":20,"pongTimeout":5})");
        FakeConnection& conn = bench.connected();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{20000}, conn.timer(1).value());
        bench.host.advanceMs(12000);
        conn.feed(text("x"));
        bench.host.advanceMs(8000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT(conn.output().empty());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{12000}, conn.timer(1).value());
        bench.host.advanceMs(12000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(9, only(conn).opcode);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5000}, conn.timer(1).value());
        bench.host.advanceMs(5000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(1008, only(conn).closeCode());
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_TIMEOUT}, conn.close_reason);
        CPPUNIT_ASSERT_EQUAL(std::string("pong_timeout"), conn.reports.at(0).what);
        Bench off(R"({"pingInterval":0})");
        CPPUNIT_ASSERT(!off.connected().timer(1));
    }

    void anyDataAnswersAPing() {
        for (const std::string& said : {pong(), text("x"), ping(), text("x").substr(0, 3)}) {
            Bench bench(R"({"pingInterval":20,"pongTimeout":5})");
            FakeConnection& conn = bench.connected();
            bench.host.advanceMs(20000);
            conn.fireTimer(1);
            CPPUNIT_ASSERT_EQUAL(9, only(conn).opcode);
            conn.feed(said); // in the same millisecond
            (void)conn.take();
            bench.host.advanceMs(5000);
            conn.fireTimer(1);
            CPPUNIT_ASSERT(!conn.closed && conn.output().empty());
            CPPUNIT_ASSERT_EQUAL(std::uint64_t{15000}, conn.timer(1).value());
        }
    }

    void leavesAloneWhoWaitsForTheStore() {
        Bench bench(R"({"pingInterval":20,"pongTimeout":5,"idleTimeout":25})");
        FakeConnection& conn = bench.connected();
        conn.deliver_answer = FL_PENDING;
        conn.feed(text("x"));
        for (int i = 0; i < 4; ++i) {
            bench.host.advanceMs(25000);
            conn.fireTimer(1);
        }
        CPPUNIT_ASSERT(!conn.closed && conn.output().empty());
        conn.complete();
        bench.host.advanceMs(20000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(9, only(conn).opcode);
    }

    void endsTheIdle() {
        Bench bench(R"({"pingInterval":0,"idleTimeout":60})");
        FakeConnection& conn = bench.connected();
        bench.host.advanceMs(40000);
        conn.send(message("x"), 1);
        (void)conn.take();
        bench.host.advanceMs(20000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{40000}, conn.timer(1).value());
        bench.host.advanceMs(30000);
        conn.feed(ping("not a message"));
        (void)conn.take();
        bench.host.advanceMs(10000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(1000, only(conn).closeCode());
        conn.feed(closing(code(1000)));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_TIMEOUT}, conn.close_reason);
        CPPUNIT_ASSERT(conn.output().empty());
    }

    void saysGoodbyeForTheHost() {
        for (const auto& [reason, expected] :
             std::vector<std::pair<std::uint32_t, int>>{{FL_CLOSE_SHUTDOWN, 1001},
                                                        {FL_CLOSE_KICKED, 1008},
                                                        {FL_CLOSE_TAKEN_OVER, 1008},
                                                        {FL_CLOSE_UNAUTHORIZED, 1008},
                                                        {FL_CLOSE_LOCAL, 1000},
                                                        {FL_CLOSE_ERROR, 1011}}) {
            Bench bench;
            FakeConnection& conn = bench.connected();
            conn.shutdown(reason);
            CPPUNIT_ASSERT_EQUAL(expected, only(conn).closeCode());
        }
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(request());
        conn.shutdown();
        CPPUNIT_ASSERT_EQUAL(503, statusOf(conn.take()));
        FakeConnection& silent = bench.open();
        silent.shutdown();
        CPPUNIT_ASSERT(silent.output().empty());
    }

    void givesUpOnAMissingCloseAnswer() {
        Bench bench(R"({"idleTimeout":60})");
        FakeConnection& conn = bench.connected();
        bench.host.advanceMs(60000);
        conn.fireTimer(1);
        CPPUNIT_ASSERT_EQUAL(1000, only(conn).closeCode());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5000}, conn.timer(0).value());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_CLOSED}, conn.send(message("x"), 1));
        conn.feed(ping());
        CPPUNIT_ASSERT(conn.output().empty());
        conn.fireTimer(0);
        CPPUNIT_ASSERT(conn.closed);
    }

    // What a frame announces is not allocated before it comes.
    void boundsMemoryByWhatCame() {
        Bench bench(R"({"maxMessageSize":67108864})");
        FakeConnection& conn = bench.connected();
        const std::string frame = binary(std::string(60 << 20, 'x'));
        conn.feed(frame.substr(0, 20));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, conn.unconsumed());
        websocket::MessageReader reader(64 << 20);
        websocket::MessageReader::Scratch scratch;
        std::size_t used = 0;
        (void)reader.next(std::string_view(frame).substr(0, 20), used, scratch);
        CPPUNIT_ASSERT(reader.message().size() < 100);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(WebSocketServerTest);
