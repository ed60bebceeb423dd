// SPDX-License-Identifier: Apache-2.0
// permessage-deflate, RFC 7692: what is agreed on, and messages both ways.
#include "compression.hpp"
#include "support.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using namespace fairlead::websocket::test;
using testkit::FakeConnection;

namespace {

constexpr const char* kOn = R"({"compression":true,"compressionMinSize":1})";
constexpr const char* kTakeover =
    R"({"compression":true,"compressionMinSize":1,"compressionContextTakeover":true,
        "compressionWindowBits":15})";

std::string offer(const std::string& value) {
    return "Sec-WebSocket-Extensions: " + value + "\r\n";
}

/// What a client's zlib makes of a message; `flush` Z_FINISH marks its block as the last.
class ClientDeflate {
public:
    explicit ClientDeflate(int bits = 15) {
        CPPUNIT_ASSERT_EQUAL(Z_OK,
                             deflateInit2(&stream_, 9, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY));
    }
    ~ClientDeflate() { deflateEnd(&stream_); }
    ClientDeflate(const ClientDeflate&) = delete;
    ClientDeflate& operator=(const ClientDeflate&) = delete;

    std::string message(const std::string& in, int flush = Z_SYNC_FLUSH) {
        std::string out(deflateBound(&stream_, in.size()) + 64, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        deflate(&stream_, flush);
        out.resize(out.size() - stream_.avail_out);
        if (flush == Z_SYNC_FLUSH) {
            out.resize(out.size() - 4);
        }
        return out;
    }
    void reset() { deflateReset(&stream_); }

private:
    z_stream stream_{};
};

class ClientInflate {
public:
    explicit ClientInflate(int bits = 15) {
        CPPUNIT_ASSERT_EQUAL(Z_OK, inflateInit2(&stream_, -bits));
    }
    ~ClientInflate() { inflateEnd(&stream_); }
    ClientInflate(const ClientInflate&) = delete;
    ClientInflate& operator=(const ClientInflate&) = delete;

    std::string message(std::string in) {
        in.append(websocket::kDeflateTail);
        std::string out(1 << 20, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(in.data());
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        CPPUNIT_ASSERT_EQUAL(Z_OK, inflate(&stream_, Z_SYNC_FLUSH));
        out.resize(out.size() - stream_.avail_out);
        return out;
    }
    void reset() { inflateReset(&stream_); }

private:
    z_stream stream_{};
};

std::string compressed(int opcode, const std::string& payload, bool fin = true) {
    ClientFrame f;
    f.opcode = opcode;
    f.payload = payload;
    f.fin = fin;
    f.rsv = 4;
    return f.bytes();
}

testkit::OwnedTransportMessage downlink(const std::string& payload) {
    testkit::OwnedTransportMessage m;
    m.payload = payload;
    m.flags = FL_TRANSPORT_TEXT;
    return m;
}

} // namespace

class WebSocketCompressionTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(WebSocketCompressionTest);
    CPPUNIT_TEST(isOffByDefault);
    CPPUNIT_TEST(negotiates);
    CPPUNIT_TEST(refusesMalformedOffers);
    CPPUNIT_TEST(expandsMessages);
    CPPUNIT_TEST(expandsTheExamples);
    CPPUNIT_TEST(keepsTheWindowWhenAgreed);
    CPPUNIT_TEST(compressesDownlinks);
    CPPUNIT_TEST(keepsItsOwnWindowWhenAgreed);
    CPPUNIT_TEST(sendsShortAndRandomAsTheyAre);
    CPPUNIT_TEST(stopsBombs);
    CPPUNIT_TEST(refusesBrokenData);
    CPPUNIT_TEST(checksUtf8AfterExpansion);
    CPPUNIT_TEST(mixesWithPlainMessages);
    CPPUNIT_TEST(waitsForRoomInTheStore);
    CPPUNIT_TEST(allWindows);
    CPPUNIT_TEST_SUITE_END();

    static std::string agreed(const std::string& config, const std::string& headers) {
        Bench bench(config);
        bench.connected(headers);
        const std::string name = "Sec-WebSocket-Extensions: ";
        const std::size_t at = bench.answer.find(name);
        if (at == std::string::npos) {
            return "none";
        }
        const std::size_t from = at + name.size();
        return bench.answer.substr(from, bench.answer.find("\r\n", from) - from);
    }

public:
    void isOffByDefault() {
        CPPUNIT_ASSERT_EQUAL(std::string("none"), agreed("{}", offer("permessage-deflate")));
        Bench bench;
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        conn.feed(compressed(1, "x"));
        assertFailed(conn, 1002);
    }

    void negotiates() {
        const std::string none = "none";
        const std::string own = "permessage-deflate; server_no_context_takeover; "
                                "client_no_context_takeover; server_max_window_bits=12";
        struct Case {
            const char* config;
            std::string offers;
            std::string answer;
        };
        for (const Case& c : std::vector<Case>{
                 {kOn, "permessage-deflate", own},
                 {kOn, "permessage-deflate; client_max_window_bits",
                  own + "; client_max_window_bits=12"},
                 {kOn, "permessage-deflate; client_max_window_bits=10",
                  own + "; client_max_window_bits=10"},
                 {kOn, "permessage-deflate; client_max_window_bits=8",
                  own + "; client_max_window_bits=8"},
                 {kTakeover, "permessage-deflate", "permessage-deflate"},
                 {kTakeover, "permessage-deflate; server_no_context_takeover",
                  "permessage-deflate; server_no_context_takeover"},
                 {kTakeover, "permessage-deflate; client_no_context_takeover",
                  "permessage-deflate; client_no_context_takeover"},
                 {kTakeover, "permessage-deflate; server_max_window_bits=15",
                  "permessage-deflate; server_max_window_bits=15"},
                 {kTakeover, "permessage-deflate;server_max_window_bits=\"9\"",
                  "permessage-deflate; server_max_window_bits=9"},
                 {kTakeover, "permessage-deflate; server_max_window_bits=8", none},
                 {kTakeover, "permessage-deflate; server_max_window_bits=7", none},
                 {kTakeover, "permessage-deflate; server_max_window_bits=16", none},
                 {kTakeover, "permessage-deflate; server_max_window_bits=010", none},
                 {kTakeover, "permessage-deflate; server_max_window_bits", none},
                 {kTakeover, "permessage-deflate; client_max_window_bits=x", none},
                 {kTakeover, "permessage-deflate; client_max_window_bits; client_max_window_bits",
                  none},
                 {kTakeover, "permessage-deflate; server_no_context_takeover=1", none},
                 {kTakeover, "permessage-deflate; unknown", none},
                 {kTakeover, "permessage-deflate; a;b;c;d;e;f;g;h;i", none},
                 {kTakeover, "x-webkit-deflate-frame", none},
                 {kTakeover, "foo; bar=\"a\\b\" , permessage-deflate", "permessage-deflate"},
                 {kTakeover,
                  "permessage-deflate; unknown, permessage-deflate; server_no_context_takeover, "
                  "permessage-deflate",
                  "permessage-deflate; server_no_context_takeover"}}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(c.offers, c.answer, agreed(c.config, offer(c.offers)));
        }
        CPPUNIT_ASSERT_EQUAL(std::string("permessage-deflate"),
                             agreed(kTakeover, offer("foo") + offer("permessage-deflate")));
    }

    void refusesMalformedOffers() {
        for (const char* bad : {"a b", "a=b", ";a", "a;", "a;b=", "a;b=\"", "a;b=\"\"",
                                "a;b=\"c d\"", "a;b=\"c\\", "\"a\"", "a;;b", "a;=b"}) {
            for (const char* config : {"{}", kOn}) {
                Bench bench(config);
                FakeConnection& conn = bench.open();
                conn.feed(request("/", offer(bad)));
                CPPUNIT_ASSERT_EQUAL_MESSAGE(bad, 400, statusOf(conn.take()));
            }
        }
        Bench bench(kOn);
        FakeConnection& conn = bench.open();
        conn.feed(request("/", offer(", a ,, b;c ,")));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
    }

    void expandsMessages() {
        Bench bench(kOn);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        ClientDeflate client;
        std::size_t n = 0;
        for (const std::string& payload :
             {std::string("Hello"), std::string(100000, 'x'), std::string("\xE6\xB0\xB4")}) {
            const std::string packed = client.message(payload);
            client.reset();
            conn.feed(compressed(1, packed));
            CPPUNIT_ASSERT(payload == conn.delivered.at(++n).message.payload);
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_TEXT}, conn.delivered[n].message.flags);
            // In fragments with a ping between; only the first is marked.
            conn.feed(compressed(2, packed.substr(0, 1), false) + ping() +
                      more(packed.substr(1, 2), false) + more(packed.substr(3), false) + more(""));
            CPPUNIT_ASSERT(payload == conn.delivered.at(++n).message.payload);
            conn.feedByByte(compressed(2, packed));
            CPPUNIT_ASSERT(payload == conn.delivered.at(++n).message.payload);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, frames(conn.take()).size());
    }

    // Section 7.2.3 of RFC 7692.
    void expandsTheExamples() {
        const auto hex = [](std::initializer_list<int> bytes) {
            std::string out;
            for (const int b : bytes) {
                out.push_back(static_cast<char>(b));
            }
            return out;
        };
        Bench bench(kTakeover);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        conn.feed(compressed(1, hex({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00})) +
                  compressed(1, hex({0xF2, 0x48, 0xCD}), false) +
                  more(hex({0xC9, 0xC9, 0x07, 0x00})) +
                  compressed(1, hex({0xF2, 0x00, 0x11, 0x00, 0x00})) + // by the window
                  compressed(1, hex({0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F,
                                     0x00})) + // not compressed
                  compressed(1, hex({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00})) + // final
                  compressed(1, hex({0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9,
                                     0xC9, 0x07, 0x00})) +             // two blocks
                  compressed(1, hex({0xF2, 0x00, 0x11, 0x00, 0x00})) + // the window is still there
                  compressed(1, hex({0x00})));
        CPPUNIT_ASSERT_EQUAL(std::size_t{9}, conn.delivered.size());
        for (std::size_t i = 1; i < 8; ++i) {
            CPPUNIT_ASSERT_EQUAL(std::string("Hello"), conn.delivered[i].message.payload);
        }
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.delivered[8].message.payload);
    }

    void keepsTheWindowWhenAgreed() {
        Bench bench(kTakeover);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        ClientDeflate client;
        for (int i = 0; i < 5; ++i) {
            const std::string payload =
                "{\"messageType\":\"REPORT_PROPERTY\",\"n\":" + std::to_string(i) + "}";
            conn.feed(compressed(1, client.message(payload)));
            CPPUNIT_ASSERT_EQUAL(payload, conn.delivered.back().message.payload);
            bench.host.advanceMs(30000);
            conn.fireTimer(1); // silence frees buffers, not the window
        }
        Bench no(kOn); // agreed on none: a client that refers to it anyway is refused
        FakeConnection& other = no.connected(offer("permessage-deflate"));
        ClientDeflate again;
        other.feed(compressed(1, again.message("abcdefghijklmnopqrstuvwxyz")) +
                   compressed(1, again.message("abcdefghijklmnopqrstuvwxyz")));
        assertFailed(other, 1007);
    }

    void compressesDownlinks() {
        Bench bench(kOn);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        for (const std::string& payload : {std::string(1000, 'a'), std::string(200000, 'b'),
                                           std::string("aaaaaaaaaaaaaaaaaaa")}) {
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(downlink(payload), 1));
            const ServerFrame f = only(conn);
            CPPUNIT_ASSERT_EQUAL(4, f.rsv);
            CPPUNIT_ASSERT(f.payload.size() < payload.size());
            ClientInflate client(12); // each for itself, in the window agreed on
            CPPUNIT_ASSERT(payload == client.message(f.payload));
        }
    }

    void keepsItsOwnWindowWhenAgreed() {
        Bench bench(kTakeover);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        ClientInflate client;
        std::size_t first = 0;
        for (int i = 0; i < 3; ++i) {
            std::string payload;
            for (int k = 0; k < 300; ++k) {
                payload += std::to_string(k * 7919 % 1009);
            }
            conn.send(downlink(payload), 1);
            const ServerFrame f = only(conn);
            CPPUNIT_ASSERT(payload == client.message(f.payload));
            first = i == 0 ? f.payload.size() : first;
            CPPUNIT_ASSERT(i == 0 || f.payload.size() * 4 < first);
        }
    }

    void sendsShortAndRandomAsTheyAre() {
        Bench bench(R"({"compression":true,"compressionMinSize":100})");
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        conn.send(downlink(std::string(99, 'a')), 1);
        CPPUNIT_ASSERT_EQUAL(0, only(conn).rsv);
        conn.send(downlink(std::string(100, 'a')), 1);
        CPPUNIT_ASSERT_EQUAL(4, only(conn).rsv);
        std::string random;
        std::uint32_t x = 1;
        for (int i = 0; i < 300; ++i) {
            x = x * 1664525U + 1013904223U;
            random.push_back(static_cast<char>('!' + (x >> 24) % 90));
        }
        std::string noise = random;
        for (char& c : noise) {
            c = static_cast<char>(static_cast<unsigned char>(c) * 167U);
        }
        testkit::OwnedTransportMessage m = downlink(noise);
        m.flags = 0;
        conn.send(m, 1);
        const ServerFrame f = only(conn);
        CPPUNIT_ASSERT(f.rsv == 4 ? f.payload.size() < noise.size() : f.payload == noise);
        FakeConnection& plain = bench.connected(); // the client did not offer it
        plain.send(downlink(std::string(1000, 'a')), 1);
        CPPUNIT_ASSERT_EQUAL(0, only(plain).rsv);
    }

    void stopsBombs() {
        Bench bench(R"({"compression":true,"maxMessageSize":100000})");
        ClientDeflate client;
        const std::string bomb = client.message(std::string(50 << 20, '\0'));
        CPPUNIT_ASSERT(bomb.size() < 100000); // the frame itself is within the limit
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        conn.feed(compressed(2, bomb));
        assertFailed(conn, 1009);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        FakeConnection& fine = bench.connected(offer("permessage-deflate"));
        client.reset();
        fine.feed(compressed(2, client.message(std::string(100000, '\0'))));
        CPPUNIT_ASSERT_EQUAL(std::size_t{100000}, fine.delivered.at(1).message.payload.size());
        // Empty blocks expand to nothing and go on for ever.
        FakeConnection& endless = bench.connected(offer("permessage-deflate"));
        const std::string nothing("\0\0\0\xFF\xFF", 5);
        endless.feed(compressed(2, nothing, false));
        for (int i = 0; i < 100000 && !endless.closed; ++i) {
            endless.feed(more(nothing, false));
        }
        assertFailed(endless, 1009);
        FakeConnection& announced = bench.connected(offer("permessage-deflate"));
        announced.feed(compressed(2, std::string(200000, 'x')).substr(0, 14));
        assertFailed(announced, 1009);
    }

    void refusesBrokenData() {
        for (const std::string& broken :
             {std::string("\x07\xFF\xFF"), std::string("\xFF\xFF\xFF\xFF"),
              std::string("\x00\x05\x00\x00\x00Hello", 10)}) {
            Bench bench(kTakeover);
            FakeConnection& conn = bench.connected(offer("permessage-deflate"));
            conn.feed(compressed(2, broken));
            assertFailed(conn, 1007);
        }
    }

    void checksUtf8AfterExpansion() {
        Bench bench(kOn);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        ClientDeflate client;
        conn.feed(compressed(1, client.message("valid \xED\xA0\x80")));
        assertFailed(conn, 1007);
        FakeConnection& cut = bench.connected(offer("permessage-deflate"));
        client.reset();
        cut.feed(compressed(1, client.message("cut \xE1\xBD")));
        assertFailed(cut, 1007);
    }

    void mixesWithPlainMessages() {
        Bench bench(kOn);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        ClientDeflate client;
        conn.feed(text("plain") + compressed(1, client.message("packed")) + text("pl", false) +
                  more("ain"));
        CPPUNIT_ASSERT_EQUAL(std::string("plain"), conn.delivered.at(1).message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("packed"), conn.delivered.at(2).message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("plain"), conn.delivered.at(3).message.payload);
        conn.feed(ClientFrame{9, "x", true, 4}.bytes());
        assertFailed(conn, 1002, "a marked ping");
    }

    void waitsForRoomInTheStore() {
        Bench bench(kOn);
        FakeConnection& conn = bench.connected(offer("permessage-deflate"));
        ClientDeflate client;
        conn.deliver_answer = FL_E_BUSY;
        conn.feed(compressed(1, client.message("packed")) + text("next"));
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        conn.deliver_answer = FL_OK;
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::string("packed"), conn.delivered.at(1).message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("next"), conn.delivered.at(2).message.payload);
    }

    void allWindows() {
        std::string payload; // repeats at a distance beyond small windows
        for (int i = 0; i < 20000; ++i) {
            payload += std::to_string(i * 7919 % 10007);
        }
        payload += payload;
        for (int bits = 9; bits <= 15; ++bits) {
            const std::string n = std::to_string(bits);
            Bench bench(kTakeover);
            FakeConnection& conn =
                bench.connected(offer("permessage-deflate; server_max_window_bits=" + n +
                                      "; client_max_window_bits=" + n));
            ClientDeflate client(bits);
            ClientInflate reader(bits);
            for (int round = 0; round < 2; ++round) {
                conn.feed(compressed(1, client.message(payload)));
                CPPUNIT_ASSERT_MESSAGE(n, payload == conn.delivered.back().message.payload);
                conn.send(downlink(payload), 1);
                CPPUNIT_ASSERT_MESSAGE(n, payload == reader.message(only(conn).payload));
            }
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(WebSocketCompressionTest);
