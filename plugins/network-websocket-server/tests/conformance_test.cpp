// SPDX-License-Identifier: Apache-2.0
// RFC 6455 as a table of exchanges with an echo server: framing (1), pings (2), reserved bits (3),
// opcodes (4), fragmentation (5), UTF-8 (6), the close (7), sizes (9, 10). CONFORMANCE.md says
// which requirement each row shows. Every exchange runs twice, the second time byte by byte.
#include "support.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>
#include <iterator>

using namespace fairlead;
using namespace fairlead::websocket::test;
using testkit::FakeConnection;

namespace {

/// Gives each message back as the device would have it from an echo.
class Echo {
public:
    explicit Echo(const std::string& config = "{}", const std::string& headers = {})
        : bench(config), conn(bench.connected(headers)) {}

    void feed(const std::string& bytes, bool by_byte) {
        if (!by_byte) {
            conn.feed(bytes);
            reflect();
            return;
        }
        for (const char c : bytes) {
            conn.feed(std::string(1, c));
            reflect();
        }
    }

    Bench bench;
    FakeConnection& conn;

private:
    void reflect() {
        for (; echoed < conn.delivered.size(); ++echoed) {
            testkit::OwnedTransportMessage back = conn.delivered[echoed].message;
            back.attributes.clear();
            (void)conn.send(back, 1);
        }
    }
    std::size_t echoed = 1; // the CONNECT is none
};

/// What must come back: "T:text", "B:bytes", "P:pong payload", "C:close code".
struct Exchange {
    const char* id;
    std::string sent;
    std::vector<std::string> expected;
};

std::vector<std::string> heard(const std::string& bytes) {
    std::vector<std::string> out;
    for (const ServerFrame& f : frames(bytes)) {
        CPPUNIT_ASSERT(f.fin && f.rsv == 0);
        out.push_back(f.opcode == 1    ? "T:" + f.payload
                      : f.opcode == 2  ? "B:" + f.payload
                      : f.opcode == 10 ? "P:" + f.payload
                      : f.opcode == 9  ? "ping"
                                       : "C:" + std::to_string(f.closeCode()));
    }
    return out;
}

std::string joined(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& each : all) {
        out += (each.size() > 60 ? each.substr(0, 60) + "…" : each) + " | ";
    }
    return out;
}

/// Pongs first, the close last: in one piece the echoes come after both.
std::vector<std::string> ordered(std::vector<std::string> all) {
    const auto rank = [](const std::string& s) { return s[0] == 'P' ? 0 : s[0] == 'C' ? 2 : 1; };
    std::stable_sort(all.begin(), all.end(),
                     [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
    return all;
}

/// What was handed over and what was answered besides the echoes.
std::vector<std::string> outcome(const FakeConnection& conn, const std::vector<std::string>& got) {
    std::vector<std::string> out;
    for (std::size_t i = 1; i < conn.delivered.size(); ++i) {
        const testkit::OwnedTransportMessage& m = conn.delivered[i].message;
        out.push_back(((m.flags & FL_TRANSPORT_TEXT) != 0 ? "T:" : "B:") + m.payload);
    }
    std::copy_if(got.begin(), got.end(), std::back_inserter(out),
                 [](const std::string& s) { return s[0] == 'P' || s[0] == 'C'; });
    return ordered(std::move(out));
}

void run(const std::vector<Exchange>& table, const std::string& config = "{}") {
    for (const Exchange& x : table) {
        const bool ends = !x.expected.empty() && x.expected.back()[0] == 'C';
        Echo pieces(config);
        pieces.feed(x.sent, true);
        const auto got = heard(pieces.conn.take());
        const std::string name = x.id;
        CPPUNIT_ASSERT_EQUAL_MESSAGE(name + " by byte", joined(x.expected), joined(got));
        CPPUNIT_ASSERT_MESSAGE(name, x.expected == got);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(name, ends, pieces.conn.closed);
        Echo whole(config);
        whole.feed(x.sent, false);
        const auto all = outcome(whole.conn, heard(whole.conn.take()));
        CPPUNIT_ASSERT_EQUAL_MESSAGE(name, joined(ordered(x.expected)), joined(all));
        CPPUNIT_ASSERT_EQUAL_MESSAGE(name, ends, whole.conn.closed);
    }
}

std::string raw(int opcode, const std::string& payload, bool fin = true, int rsv = 0) {
    ClientFrame f;
    f.opcode = opcode;
    f.payload = payload;
    f.fin = fin;
    f.rsv = rsv;
    return f.bytes();
}

} // namespace

class WebSocketConformanceTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(WebSocketConformanceTest);
    CPPUNIT_TEST(framing);
    CPPUNIT_TEST(pings);
    CPPUNIT_TEST(reservedBits);
    CPPUNIT_TEST(opcodes);
    CPPUNIT_TEST(fragmentation);
    CPPUNIT_TEST(validUtf8);
    CPPUNIT_TEST(invalidUtf8);
    CPPUNIT_TEST(failsAtTheFirstWrongByte);
    CPPUNIT_TEST(closes);
    CPPUNIT_TEST(closeCodes);
    CPPUNIT_TEST(limits);
    CPPUNIT_TEST(sizes);
    CPPUNIT_TEST(lengthForms);
    CPPUNIT_TEST(masking);
    CPPUNIT_TEST_SUITE_END();

public:
    void framing() {
        std::vector<Exchange> table;
        for (const std::size_t n :
             {0U, 1U, 125U, 126U, 127U, 128U, 16384U, 16385U, 65535U, 65536U}) {
            table.push_back({"1.1 text", text(std::string(n, '*')), {"T:" + std::string(n, '*')}});
            const std::string bytes(n, '\xFE');
            table.push_back({"1.2 binary", binary(bytes), {"B:" + bytes}});
        }
        table.push_back({"1.x several", text("a") + binary("b") + text(""), {"T:a", "B:b", "T:"}});
        run(table);
    }

    void pings() {
        const std::string long_ping(125, '\xFE');
        run({{"2.1 empty ping", ping(), {"P:"}},
             {"2.2 ping with text", ping("Hello"), {"P:Hello"}},
             {"2.3 ping with bytes",
              ping(std::string("\0\xFF\xFE", 3)),
              {"P:" + std::string("\0\xFF\xFE", 3)}},
             {"2.4 longest ping", ping(long_ping), {"P:" + long_ping}},
             {"2.5 ping too long", ping(std::string(126, 'x')), {"C:1002"}},
             {"2.7 pong unasked", pong() + text("a"), {"T:a"}},
             {"2.8 pong with payload unasked", pong("x") + text("a"), {"T:a"}},
             {"2.9 pong, then ping", pong("x") + ping("y"), {"P:y"}},
             {"2.10 several pings",
              ping("0") + ping("1") + ping("2") + ping("3") + ping("4"),
              {"P:0", "P:1", "P:2", "P:3", "P:4"}}});
    }

    void reservedBits() {
        std::vector<Exchange> table;
        for (int rsv = 1; rsv < 8; ++rsv) {
            for (const int opcode : {1, 2, 8, 9, 10}) {
                table.push_back({"3.x reserved bits",
                                 text("before") + raw(opcode, "", true, rsv),
                                 {"T:before", "C:1002"}});
            }
        }
        table.push_back(
            {"3.x in a continuation", text("a", false) + raw(0, "b", true, 4), {"C:1002"}});
        run(table);
    }

    void opcodes() {
        std::vector<Exchange> table;
        for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
            table.push_back({"4.x reserved opcode",
                             text("before") + raw(opcode, "x") + ping(),
                             {"T:before", "C:1002"}});
        }
        run(table);
    }

    void fragmentation() {
        const std::string start = text("fra", false);
        run({{"5.1 fragmented ping", raw(9, "x", false), {"C:1002"}},
             {"5.2 fragmented pong", raw(10, "x", false), {"C:1002"}},
             {"5.2 fragmented close", raw(8, code(1000), false), {"C:1002"}},
             {"5.3 two fragments", start + more("gment"), {"T:fragment"}},
             {"5.6 ping between", start + ping("p") + more("gment"), {"P:p", "T:fragment"}},
             {"5.6 pong between", start + pong("p") + more("gment"), {"T:fragment"}},
             {"5.8 binary", binary("a", false) + more("b", false) + more("c"), {"B:abc"}},
             {"5.9 continuation of nothing", more("x"), {"C:1002"}},
             {"5.10 first continuation of nothing", more("x", false), {"C:1002"}},
             {"5.12 continuation after the end",
              start + more("gment") + more("x"),
              {"T:fragment", "C:1002"}},
             {"5.15 text inside", start + text("x"), {"C:1002"}},
             {"5.18 binary inside", start + binary("x", false), {"C:1002"}},
             {"5.19 pings between many",
              text("1", false) + more("2", false) + ping("a") + more("3", false) + ping("b") +
                  more("4"),
              {"P:a", "P:b", "T:1234"}},
             {"6.1 empty fragments", text("", false) + more("", false) + more(""), {"T:"}},
             {"6.1 empty ends", text("", false) + more("x", false) + more(""), {"T:x"}},
             {"5.x close between", start + closing(code(1000)), {"C:1000"}}});
    }

    void validUtf8() {
        std::vector<Exchange> table;
        for (const char* each :
             {"Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!",
              "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", "\x7F", "\xC2\x80", "\xDF\xBF",
              "\xE0\xA0\x80", "\xEF\xBF\xBF", "\xEF\xBF\xBE", "\xEF\xBF\xBD", "\xED\x9F\xBF",
              "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xF0\x9F\xBF\xBE"}) {
            const std::string s = each;
            table.push_back({"6.2 whole", text(s), {"T:" + s}});
            std::string pieces = text(s.substr(0, 1), s.size() == 1);
            for (std::size_t i = 1; i < s.size(); ++i) {
                pieces += more(s.substr(i, 1), i + 1 == s.size());
            }
            table.push_back({"6.2 a fragment for each byte", pieces, {"T:" + s}});
        }
        run(table);
    }

    void invalidUtf8() {
        std::vector<Exchange> table;
        for (const char* each : {"\x80",
                                 "\xBF",
                                 "\x80\xBF",
                                 "\xC0\x80",
                                 "\xC0\xAF",
                                 "\xC1\xBF",
                                 "\xE0\x80\x80",
                                 "\xE0\x80\xAF",
                                 "\xE0\x9F\xBF",
                                 "\xED\xA0\x80",
                                 "\xED\xBF\xBF",
                                 "\xED\xA0\x80\xED\xB0\x80",
                                 "\xF0\x80\x80\xAF",
                                 "\xF0\x8F\xBF\xBF",
                                 "\xF4\x90\x80\x80",
                                 "\xF5\x80\x80\x80",
                                 "\xF8\x88\x80\x80\x80",
                                 "\xFC\x84\x80\x80\x80\x80",
                                 "\xFE",
                                 "\xFF",
                                 "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80"
                                 "edited",
                                 "\xC2",
                                 "\xE1\xBD",
                                 "\xF0\x90\x80",
                                 "a\xC2",
                                 "\xC2"
                                 "a",
                                 "\xE1\xBD"
                                 "a"}) {
            table.push_back({"6.x invalid", text(each), {"C:1007"}});
            table.push_back({"6.x invalid among ASCII",
                             text("0123456789abcdef" + std::string(each)),
                             {"C:1007"}});
            table.push_back({"6.x invalid in fragments",
                             text("", false) + more(each, false) + more("tail"),
                             {"C:1007"}});
            table.push_back({"6.x fine as binary", binary(each), {"B:" + std::string(each)}});
        }
        run(table);
    }

    // Section 8.1 lets the receiver fail at the end; ours does not wait.
    void failsAtTheFirstWrongByte() {
        const std::string valid = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";
        Echo fragments;
        fragments.feed(text(valid, false) + more("\xF4\x90", false), false);
        assertFailed(fragments.conn, 1007, "6.4.1 before the last fragment");
        Echo inside;
        const std::string frame = text(valid + "\xF4\x90\x80\x80" + "edited");
        inside.feed(frame.substr(0, 6 + valid.size() + 1), false);
        CPPUNIT_ASSERT(!inside.conn.closed);
        inside.feed(frame.substr(6 + valid.size() + 1, 1), false);
        assertFailed(inside.conn, 1007, "6.4.3 inside a frame");
    }

    void closes() {
        const std::string reason(123, 'r');
        run({{"7.1.1 message, then close", text("a") + closing(code(1000)), {"T:a", "C:1000"}},
             {"7.1.2 two closes", closing(code(1000)) + closing(code(1000)), {"C:1000"}},
             {"7.1.3 ping after close", closing(code(1000)) + ping(), {"C:1000"}},
             {"7.1.4 text after close", closing(code(1000)) + text("x"), {"C:1000"}},
             {"7.3.1 empty", closing(""), {"C:0"}},
             {"7.3.2 half a code", closing("x"), {"C:1002"}},
             {"7.3.4 code and reason", closing(code(1000, "bye")), {"C:1000"}},
             {"7.3.5 longest reason", closing(code(1000, reason)), {"C:1000"}},
             {"7.3.6 reason too long", closing(code(1000, reason + "r")), {"C:1002"}},
             {"7.5.1 reason not UTF-8", closing(code(1000, "\xCE\xBA\xED\xA0\x80")), {"C:1007"}}});
        Echo echo;
        echo.feed(closing(code(3000, "why")), false);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_PEER}, echo.conn.close_reason);
        CPPUNIT_ASSERT_EQUAL(std::string("why"), echo.conn.close_text);
        CPPUNIT_ASSERT(echo.conn.reports.empty());
    }

    void closeCodes() {
        std::vector<Exchange> table;
        for (const int good : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
                               1014, 3000, 3999, 4000, 4999}) {
            table.push_back({"7.7 valid code", closing(code(good)), {"C:" + std::to_string(good)}});
        }
        for (const int bad :
             {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
            table.push_back({"7.9 invalid code", closing(code(bad)), {"C:1002"}});
        }
        run(table);
    }

    void limits() {
        const std::string all(200, 'x');
        run({{"10.x largest", text(all), {"T:" + all}},
             {"10.x too large", text(all + "x"), {"C:1009"}},
             {"10.x too large, in fragments", text(all, false) + more("x"), {"C:1009"}},
             {"10.x largest, in fragments",
              text(all.substr(1), false) + more("x") + ping("p"),
              {"T:" + all.substr(1) + "x", "P:p"}}},
            R"({"maxMessageSize":200})");
        Echo echo(R"({"maxMessageSize":200})");
        echo.feed(text(all + "x").substr(0, 8), false);
        assertFailed(echo.conn, 1009, "refused by its head alone");
        CPPUNIT_ASSERT_EQUAL(std::string("message_too_big"), echo.conn.reports.at(0).what);
    }

    void sizes() {
        for (const std::size_t kib : {64U, 256U, 1024U, 4096U}) {
            const std::string payload(kib * 1024, 'a');
            for (const std::size_t step : {std::size_t{997}, std::size_t{65536}}) {
                Echo echo(R"({"maxMessageSize":4194304})");
                echo.conn.output_limit = std::size_t{8} << 20;
                const std::string stream = text(payload);
                for (std::size_t at = 0; at < stream.size(); at += step) {
                    echo.feed(stream.substr(at, step), false);
                }
                const ServerFrame f = only(echo.conn);
                CPPUNIT_ASSERT(f.payload == payload && f.opcode == 1);
            }
            std::string pieces = binary("", false); // 9.3: the same in fragments of 4 KiB
            for (std::size_t at = 0; at < payload.size(); at += 4096) {
                pieces += more(payload.substr(at, 4096), at + 4096 >= payload.size());
            }
            Echo echo(R"({"maxMessageSize":4194304})");
            echo.conn.output_limit = std::size_t{8} << 20;
            echo.feed(pieces, false);
            CPPUNIT_ASSERT(only(echo.conn).payload == payload);
        }
    }

    // Section 5.2: the shortest form, and 63 bits.
    void lengthForms() {
        const std::string key("\0\0\0\0", 4);
        const auto frame = [&](const std::string& head) { return head + key; };
        run({{"16 bits for 5", frame(std::string("\x82\xFE\0\x05", 4)) + "abcde", {"C:1002"}},
             {"64 bits for 5",
              frame(std::string("\x82\xFF\0\0\0\0\0\0\0\x05", 10)) + "abcde",
              {"C:1002"}},
             {"64 bits for 65535",
              frame(std::string("\x82\xFF\0\0\0\0\0\0\xFF\xFF", 10)),
              {"C:1002"}},
             {"the topmost bit", frame(std::string("\x82\xFF\x80\0\0\0\0\0\0\0", 10)), {"C:1002"}},
             {"2^63 - 1",
              frame(std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10)),
              {"C:1009"}}});
    }

    void masking() {
        ClientFrame bare;
        bare.masked = false;
        bare.payload = "x";
        ClientFrame bare_ping = bare;
        bare_ping.opcode = 9;
        ClientFrame zero;
        zero.payload = "zero key";
        zero.mask = {0, 0, 0, 0};
        ClientFrame odd;
        odd.payload = "0123456789abcdefghi"; // not a multiple of the word
        odd.mask = {0xFF, 0x00, 0x80, 0x7F};
        run({{"not masked", bare.bytes(), {"C:1002"}},
             {"ping not masked", bare_ping.bytes(), {"C:1002"}},
             {"key of zeros", zero.bytes(), {"T:zero key"}},
             {"odd length", odd.bytes(), {"T:0123456789abcdefghi"}}});
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(WebSocketConformanceTest);
