// SPDX-License-Identifier: Apache-2.0
// TCP and UDP: the test vectors of the protocol, in both directions, and what is wrong with others.
#include "support.hpp"

namespace fairlead::official {
namespace {

using test::Fixture;
using test::hex;
using test::unhex;

constexpr std::string_view kKeepalive = "0000000100";
constexpr std::string_view kOnline = "00000016010000018bcfe56800000100026431000561646d696e";
constexpr std::string_view kAckOk = "00000010020000018bcfe5680000010002643100";
constexpr std::string_view kAckNoAuth = "00000010020000018bcfe5680000010002643101";
constexpr std::string_view kReport =
    "0000001c030000018bcfe568000002000264310001000474656d700942120000";
constexpr std::string_view kRead = "00000018040000018bcfe5680000030002643100010b000474656d70";
constexpr std::string_view kReadOk =
    "0000001d050000018bcfe56800000300026431010001000474656d700942120000";
constexpr std::string_view kReadFail = "00000013050000018bcfe5680000030002643100020400";
constexpr std::string_view kWrite = "00000017060000018bcfe568000004000264310001000273770101";
constexpr std::string_view kFunction =
    "00000025080000018bcfe5680000050002643100067265626f6f740001000564656c61790400000005";
constexpr std::string_view kFunctionReply =
    "0000001e090000018bcfe56800000500026431010b00067265626f6f740b00026f6b";
constexpr std::string_view kEvent =
    "000000210a0000018bcfe56800000600026431000466697265000100036c766c0400000001";
constexpr std::string_view kUdpReport =
    "00000561646d696e030000018bcfe568000002000264310001000474656d700942120000";
constexpr std::string_view kDocumentedOnline =
    "000000270100000186c51a890f0001001331363531383533343133303332383934343634000561646d696e";

std::string withSeq(std::string_view frame, std::uint16_t seq) {
    std::string bytes = unhex(frame);
    bytes[13] = static_cast<char>(seq >> 8);
    bytes[14] = static_cast<char>(seq & 0xFF);
    return bytes;
}

class FrameTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(FrameTest);
    CPPUNIT_TEST(identifies);
    CPPUNIT_TEST(logsIn);
    CPPUNIT_TEST(refusesLogIn);
    CPPUNIT_TEST(decodesReportsAndEvents);
    CPPUNIT_TEST(decodesReplies);
    CPPUNIT_TEST(encodesCommands);
    CPPUNIT_TEST(mapsSequences);
    CPPUNIT_TEST(everyDataType);
    CPPUNIT_TEST(timesAndEmptyDevice);
    CPPUNIT_TEST(severalFrames);
    CPPUNIT_TEST(othersDevices);
    CPPUNIT_TEST(unsupported);
    CPPUNIT_TEST(truncated);
    CPPUNIT_TEST(udp);
    CPPUNIT_TEST(udpRefuses);
    CPPUNIT_TEST_SUITE_END();

public:
    void setUp() override {
        tcp_ = std::make_unique<Fixture>("TCP");
        udp_ = std::make_unique<Fixture>("UDP");
        tcp_->session.config["secureKey"] = "admin";
        udp_->session.config["secureKey"] = "admin";
    }

    void identifies() {
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), identified(kOnline));
        CPPUNIT_ASSERT_EQUAL(std::string("1651853413032894464"), identified(kDocumentedOnline));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), identified(kUdpReport));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"),
                             identified(std::string(kKeepalive) + std::string(kOnline)));
        for (const char* none : {"0000000100", "", "00", "ffffffff", "00000561646d696e00"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(none, std::string("-5"), identified(none));
        }
    }

    void logsIn() {
        auto& f = *tcp_;
        auto out = f.protocol.authenticate(Fixture::message("", unhex(kOnline)), f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT(out.replies.empty());
        out = decode(kOnline);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string(kAckOk), hex(out.replies.at(0).message.payload));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_ONLINE}, out.devices.at(0).kind);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), out.devices[0].device_id);
    }

    void refusesLogIn() {
        auto& f = *tcp_;
        f.session.config["secureKey"] = "other";
        auto out = f.protocol.authenticate(Fixture::message("", unhex(kOnline)), f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string(kAckNoAuth), hex(out.replies.at(0).message.payload));
        CPPUNIT_ASSERT(out.closed);
        f.session.config.erase("secureKey");
        out = f.protocol.authenticate(Fixture::message("", unhex(kOnline)), f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, out.status);
        CPPUNIT_ASSERT(out.error.find("other") == std::string::npos);
        // Another first message is refused, but the connection stays.
        f.session.config["secureKey"] = "admin";
        out = f.protocol.authenticate(Fixture::message("", unhex(kReport)), f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("01"), hex(out.replies.at(0).message.payload).substr(38));
        CPPUNIT_ASSERT(!out.closed);
    }

    void decodesReportsAndEvents() {
        auto out = decode(kReport);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_REPORT_PROPERTY}, out.devices.at(0).kind);
        CPPUNIT_ASSERT_EQUAL(std::string("36.5"), out.devices[0].property("temp"));
        CPPUNIT_ASSERT_EQUAL(std::string("2"), out.devices[0].message_id);
        CPPUNIT_ASSERT_EQUAL(test::kNow, out.devices[0].time_ms);
        CPPUNIT_ASSERT(out.replies.empty());
        out = decode(kEvent);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_EVENT}, out.devices.at(0).kind);
        CPPUNIT_ASSERT_EQUAL(std::string("fire"), out.devices[0].name);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"lvl":1})"), out.devices[0].data.print());
        out = decode(kKeepalive);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_KEEPALIVE}, out.devices.at(0).kind);
    }

    void decodesReplies() {
        auto out = decode(kReadOk);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_READ_PROPERTY_REPLY}, out.devices.at(0).kind);
        CPPUNIT_ASSERT_EQUAL(std::string("36.5"), out.devices[0].property("temp"));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{0}, out.devices[0].flags);
        out = decode(kReadFail);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_FAILED}, out.devices.at(0).flags);
        CPPUNIT_ASSERT_EQUAL(std::string("4"), out.devices[0].code);
        CPPUNIT_ASSERT(out.devices[0].text.empty());
        out = decode(kFunctionReply);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_INVOKE_FUNCTION_REPLY},
                             out.devices.at(0).kind);
        CPPUNIT_ASSERT_EQUAL(std::string("reboot"), out.devices[0].name);
        CPPUNIT_ASSERT_EQUAL(std::string("ok"), out.devices[0].data.s);
    }

    void encodesCommands() {
        CPPUNIT_ASSERT_EQUAL(std::string(kRead), encoded(FL_DEVICE_READ_PROPERTY, 3));
        CPPUNIT_ASSERT_EQUAL(std::string(kWrite), encoded(FL_DEVICE_WRITE_PROPERTY, 4));
        CPPUNIT_ASSERT_EQUAL(std::string(kFunction), encoded(FL_DEVICE_INVOKE_FUNCTION, 5));
    }

    void mapsSequences() {
        auto& f = *tcp_;
        auto read = command(FL_DEVICE_READ_PROPERTY);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             f.protocol.encode(read.message("first"), f.session).status);
        auto out = f.protocol.encode(read.message("second"), f.session);
        CPPUNIT_ASSERT_EQUAL(std::string("0002"),
                             hex(out.replies.at(0).message.payload).substr(26, 4));
        out = f.protocol.decode(Fixture::message("", withSeq(kReadOk, 2)), f.session);
        CPPUNIT_ASSERT_EQUAL(std::string("second"), out.devices.at(0).message_id);
        out = f.protocol.decode(Fixture::message("", withSeq(kReadOk, 1)), f.session);
        CPPUNIT_ASSERT_EQUAL(std::string("first"), out.devices.at(0).message_id);
        // A report's number is its own; an unknown one stands for itself; 0 and 65535 for nothing.
        CPPUNIT_ASSERT_EQUAL(std::string("2"), decode(kReport).devices.at(0).message_id);
        out = f.protocol.decode(Fixture::message("", withSeq(kReadOk, 999)), f.session);
        CPPUNIT_ASSERT_EQUAL(std::string("999"), out.devices.at(0).message_id);
        out = f.protocol.decode(Fixture::message("", withSeq(kReport, 0)), f.session);
        CPPUNIT_ASSERT(out.devices.at(0).message_id.empty());
        out = f.protocol.encode(command(FL_DEVICE_READ_PROPERTY), f.session);
        CPPUNIT_ASSERT_EQUAL(std::string("ffff"),
                             hex(out.replies.at(0).message.payload).substr(26, 4));
    }

    void everyDataType() {
        // int8 -1, int16 -2, uint8 200, uint16 60000, uint32 4e9, int64 -3, double 0.5, binary
        // 00ff, array [null, true, "x"], object {k:{}} and a NaN.
        const auto out = decodeBody("000b"
                                    "00016102ff"
                                    "00016203fffe"
                                    "00016306c8"
                                    "00016407ea60"
                                    "00016508ee6b2800"
                                    "00016605fffffffffffffffd"
                                    "0001670a3fe0000000000000"
                                    "0001680c000200ff"
                                    "0001690d0003000101"
                                    "0b000178"
                                    "00016a0e0001"
                                    "00016b"
                                    "0e0000"
                                    "00016c097fc00000");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(out.error, fl_status{FL_OK}, out.status);
        const auto& m = out.devices.at(0);
        const std::pair<const char*, const char*> all[] = {
            {"a", "-1"},          {"b", "-2"},  {"c", "200"}, {"d", "60000"},
            {"e", "4000000000"},  {"f", "-3"},  {"g", "0.5"}, {"i", R"([null,true,"x"])"},
            {"j", R"({"k":{}})"}, {"l", "null"}};
        for (const auto& [id, text] : all) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(id, std::string(text), m.property(id));
        }
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_VALUE_BINARY}, m.properties[7].value.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("00ff"), hex(m.properties[7].value.s));
        for (const char* bad : {"0001000161"
                                "0f",
                                "000100016180", "00010001610b0001ff",
                                "0001000002"
                                "01",
                                "ffff"}) {
            CPPUNIT_ASSERT_MESSAGE(bad, decodeBody(bad).status < 0);
        }
        std::string deep = "00010001610d";
        for (int i = 0; i < 40; ++i) {
            deep += "00010d";
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, decodeBody(deep + "0000").status);
    }

    void timesAndEmptyDevice() {
        // time 0 and an empty device: server time, session's device
        const auto out = decode("0000001703"
                                "0000000000000000"
                                "0002"
                                "0000"
                                "0001000161"
                                "0400000001");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(out.error, fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(test::kNow, out.devices.at(0).time_ms);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), out.devices[0].device_id);
    }

    void severalFrames() {
        std::string many = std::string(kReport) + std::string(kKeepalive) + std::string(kEvent);
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, decode(many).devices.size());
        many.clear();
        for (int i = 0; i < 65; ++i) {
            many += kKeepalive;
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, decode(many).status);
    }

    void othersDevices() {
        tcp_->session.device_id = "d2";
        auto out = decode(kReport);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN}, out.status);
        CPPUNIT_ASSERT(out.devices.empty());
        CPPUNIT_ASSERT(
            !tcp_->protocol.authenticate(Fixture::message("", unhex(kOnline)), tcp_->session)
                 .replies.empty());
        out = decode(kOnline);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN}, out.status);
    }

    void unsupported() {
        auto out = decode(kWrite); // only the platform says this
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("02"), hex(out.replies.at(0).message.payload).substr(38));
        // Message types are unsigned: 0xFF is unknown, not negative.
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, decode("00000001ff").status);
        CPPUNIT_ASSERT_EQUAL(
            fl_status{FL_E_UNSUPPORTED},
            tcp_->protocol.encode(command(FL_DEVICE_UPGRADE_FIRMWARE), tcp_->session).status);
        auto child = command(FL_DEVICE_READ_PROPERTY);
        child.device("c1");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED},
                             tcp_->protocol.encode(child, tcp_->session).status);
        out = tcp_->protocol.encode(command(FL_DEVICE_DISCONNECT), tcp_->session);
        CPPUNIT_ASSERT(out.closed && out.replies.empty());
        auto long_text = command(FL_DEVICE_WRITE_PROPERTY);
        const std::string text(65536, 'x');
        long_text.property("t", sdk::string(text));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT},
                             tcp_->protocol.encode(long_text, tcp_->session).status);
    }

    void truncated() {
        for (const auto vector : {kOnline, kReport, kReadOk, kReadFail, kFunctionReply, kEvent}) {
            const std::string whole = unhex(vector);
            for (std::size_t n = 1; n < whole.size(); ++n) {
                std::string cut = whole.substr(0, n);
                auto out = tcp_->protocol.decode(Fixture::message("", cut), tcp_->session);
                CPPUNIT_ASSERT_MESSAGE(hex(cut), out.status < 0);
                if (n < 5) {
                    continue;
                }
                cut[3] = static_cast<char>(n - 4); // the length fits, the content ends early
                out = tcp_->protocol.decode(Fixture::message("", cut), tcp_->session);
                CPPUNIT_ASSERT_MESSAGE(hex(cut), out.status < 0);
            }
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, decode("00000000").status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, decode("8000000000").status);
        // What a document's sample appends to a report is tolerated.
        std::string longer = unhex(kReport) + std::string("\0\5admin", 7);
        longer[3] = static_cast<char>(longer.size() - 4);
        CPPUNIT_ASSERT_EQUAL(
            fl_status{FL_OK},
            tcp_->protocol.decode(Fixture::message("", longer), tcp_->session).status);
    }

    void udp() {
        auto& f = *udp_;
        const auto datagram = Fixture::message("", unhex(kUdpReport));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, f.protocol.authenticate(datagram, f.session).status);
        auto out = f.protocol.decode(datagram, f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("36.5"), out.devices.at(0).property("temp"));
        CPPUNIT_ASSERT_EQUAL(std::string("000000020000018bcfe5680000020002643100"),
                             hex(out.replies.at(0).message.payload));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_REPLY_AFTER_COMMIT}, out.replies[0].when);
        // A keepalive is taken and not answered; it used to crash the original.
        out = f.protocol.decode(Fixture::message("", unhex("00000561646d696e00")), f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_KEEPALIVE}, out.devices.at(0).kind);
        CPPUNIT_ASSERT(out.replies.empty());
        out = f.protocol.encode(command(FL_DEVICE_READ_PROPERTY, 3), f.session);
        CPPUNIT_ASSERT_EQUAL(std::string("00000561646d696e") + std::string(kRead.substr(8)),
                             hex(out.replies.at(0).message.payload));
    }

    void udpRefuses() {
        auto& f = *udp_;
        f.session.config["secureKey"] = "other";
        for (int i = 0; i < 2; ++i) {
            const auto datagram = Fixture::message("", unhex(kUdpReport));
            const auto out = i == 0 ? f.protocol.authenticate(datagram, f.session)
                                    : f.protocol.decode(datagram, f.session);
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, out.status);
            CPPUNIT_ASSERT_EQUAL(std::string("000000020000018bcfe5680000020002643101"),
                                 hex(out.replies.at(0).message.payload));
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_REPLY_NOW}, out.replies[0].when);
        }
        f.session.config["secureKey"] = "admin";
        std::string sign = unhex(kUdpReport);
        sign[0] = 1; // authentication by signature is not offered
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED},
                             f.protocol.decode(Fixture::message("", sign), f.session).status);
        const std::string whole = unhex(kUdpReport);
        for (std::size_t n = 0; n < whole.size(); ++n) {
            CPPUNIT_ASSERT(
                f.protocol.decode(Fixture::message("", whole.substr(0, n)), f.session).status < 0);
        }
    }

private:
    testkit::ProtocolHarness::Outcome decode(std::string_view frame) {
        return tcp_->protocol.decode(Fixture::message("", unhex(frame)), tcp_->session);
    }

    testkit::ProtocolHarness::Outcome decodeBody(std::string_view body) {
        const std::string frame = unhex("030000018bcfe56800000200026431" + std::string(body));
        return tcp_->protocol.decode(Fixture::message("", withLength(frame)), tcp_->session);
    }

    // The device that a message names, or the status as text.
    std::string identified(std::string_view frame) {
        std::string device;
        std::string product;
        const auto status =
            tcp_->protocol.identify(Fixture::message("", unhex(frame)), device, product);
        return status == FL_OK ? device : std::to_string(status);
    }

    static sdk::DeviceMessage command(std::uint32_t kind, int seq = 0) {
        sdk::DeviceMessage out(kind);
        out.device("d1").timeMs(test::kNow);
        if (seq == 3) {
            out.headers(R"({"a":1,"_seq":3})");
        } else if (seq == 4) {
            out.headers(R"({"_seq":4})");
        } else if (seq == 5) {
            out.headers(R"({"_seq":5})");
        }
        if (kind == FL_DEVICE_READ_PROPERTY) {
            out.property("temp", sdk::nullValue());
        } else if (kind == FL_DEVICE_WRITE_PROPERTY) {
            out.property("sw", sdk::boolean(true));
        } else if (kind == FL_DEVICE_INVOKE_FUNCTION) {
            out.name("reboot").property("delay", sdk::integer(5));
        }
        return out;
    }

    std::string encoded(std::uint32_t kind, int seq) {
        const auto out = tcp_->protocol.encode(command(kind, seq), tcp_->session);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(out.error, fl_status{FL_OK}, out.status);
        return hex(out.replies.at(0).message.payload);
    }

    std::unique_ptr<Fixture> tcp_;
    std::unique_ptr<Fixture> udp_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(FrameTest);

} // namespace
} // namespace fairlead::official
