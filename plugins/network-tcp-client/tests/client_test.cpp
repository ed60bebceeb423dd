// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

std::string config(const std::string& more = {}) {
    return R"({"targets":[{"host":"192.0.2.1","port":1},{"host":"192.0.2.2","port":2,"deviceId":"d2"}],
        "parserType":"DELIMITED","parserConfiguration":{"delimited":"\\n"})" +
           more + "}";
}

class Bench {
public:
    explicit Bench(const std::string& text = config()) : status(create(text)) {
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net.error(), fl_status{FL_OK}, status);
    }
    FakeConnection& open(std::uint32_t target = 0) {
        net.target = target;
        return *net.open("192.0.2.1:1");
    }
    static std::string errorOf(const std::string& text) {
        testkit::FakeHost host;
        testkit::FakeNetworkHost net;
        const fl_status status = net.create(sdk::NetworkFactory<tcp_client::TcpClient>::raw(),
                                            host.raw(), "tcp-client", text);
        return status == FL_E_INVALID ? net.error() : "accepted";
    }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
    fl_status status;

private:
    fl_status create(const std::string& text) {
        return net.create(sdk::NetworkFactory<tcp_client::TcpClient>::raw(), host.raw(),
                          "tcp-client", text);
    }
};

} // namespace

class TcpClientTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TcpClientTest);
    CPPUNIT_TEST(handsOverFrames);
    CPPUNIT_TEST(standsForItsDevice);
    CPPUNIT_TEST(saysWhyADeviceIsRefused);
    CPPUNIT_TEST(sendsItsFirstBytes);
    CPPUNIT_TEST(sendsKeepAlives);
    CPPUNIT_TEST(waitsForTheSilentUnlessToldOtherwise);
    CPPUNIT_TEST(sendsAsItIs);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST_SUITE_END();

public:
    void handsOverFrames() {
        Bench bench;
        FakeConnection& conn = bench.open();
        CPPUNIT_ASSERT(conn.delivered.empty() && conn.output().empty());
        conn.feedByByte("one\ntwo\n");
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::string("two"), conn.delivered[1].message.payload);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, conn.delivered[1].flags);
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.delivered[1].message.attribute("device_id"));
        conn.complete(FL_E_NOT_FOUND);
        CPPUNIT_ASSERT(!conn.closed);
        conn.complete(FL_E_IO);
        CPPUNIT_ASSERT(conn.closed);
    }

    void standsForItsDevice() {
        Bench bench;
        FakeConnection& conn = bench.open(1);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_CONNECT}, conn.delivered[0].message.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("d2"), conn.delivered[0].message.attribute("device_id"));
        CPPUNIT_ASSERT(conn.complete());
        conn.feed("x\n");
        CPPUNIT_ASSERT_EQUAL(std::string("d2"), conn.delivered[1].message.attribute("device_id"));
        CPPUNIT_ASSERT(conn.delivered[1].token != conn.delivered[0].token);
        conn.complete();
        CPPUNIT_ASSERT(!conn.closed);
    }

    void saysWhyADeviceIsRefused() {
        for (const auto& [status, part] :
             {std::pair<fl_status, std::string>{FL_E_NOT_FOUND, "does not exist"},
              {FL_E_FORBIDDEN, "is not active"},
              {FL_E_CLOSED, "cannot be served"}}) {
            Bench bench;
            FakeConnection& conn = bench.open(1);
            CPPUNIT_ASSERT(conn.complete(status));
            CPPUNIT_ASSERT(conn.closed);
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_UNAUTHORIZED}, conn.close_reason);
            CPPUNIT_ASSERT(conn.close_text.find("\"d2\" " + part) != std::string::npos);
        }
    }

    void sendsItsFirstBytes() {
        Bench bench(config(R"(,"firstBytes":"HELLO\\r\\n")"));
        CPPUNIT_ASSERT_EQUAL(std::string("HELLO\r\n"), bench.open().take());
        Bench hex(config(R"(,"firstBytes":"0x0102")"));
        CPPUNIT_ASSERT_EQUAL(std::string("\1\2"), hex.open(1).take());
    }

    void sendsKeepAlives() {
        Bench bench(config(R"(,"keepAliveBytes":"0xC000","keepAliveInterval":7)"));
        FakeConnection& conn = bench.open();
        for (int i = 0; i < 3; ++i) {
            CPPUNIT_ASSERT_EQUAL(std::uint64_t{7000}, *conn.timer(0));
            CPPUNIT_ASSERT(conn.fireTimer(0));
            CPPUNIT_ASSERT_EQUAL(std::string("\xC0\0", 2), conn.take());
        }
        CPPUNIT_ASSERT(!Bench().open().timer(0));
    }

    void waitsForTheSilentUnlessToldOtherwise() {
        CPPUNIT_ASSERT(!Bench().open().timer(1));
        Bench bench(config(R"(,"keepAliveTimeout":5000)"));
        FakeConnection& conn = bench.open();
        bench.host.advanceMs(3000);
        conn.feed("x\n");
        bench.host.advanceMs(3000);
        CPPUNIT_ASSERT(conn.fireTimer(1));
        CPPUNIT_ASSERT(!conn.closed);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2000}, *conn.timer(1));
        bench.host.advanceMs(2000);
        CPPUNIT_ASSERT(conn.fireTimer(1));
        CPPUNIT_ASSERT(conn.closed);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_TIMEOUT}, conn.close_reason);
    }

    void sendsAsItIs() {
        Bench bench;
        FakeConnection& conn = bench.open();
        testkit::OwnedTransportMessage message;
        message.payload = std::string("a\0b", 3);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(message, 1));
        CPPUNIT_ASSERT_EQUAL(message.payload, conn.take());
    }

    void refusesBadConfigurations() {
        for (const auto& [text, part] : std::initializer_list<std::pair<std::string, std::string>>{
                 {"[]", "not a JSON object"},
                 {"{}", "targets"},
                 {R"({"targets":[]})", "targets"},
                 {R"({"targets":[7]})", "targets"},
                 {config(R"(,"firstBytes":"0x0")"), "firstBytes"},
                 {config(R"(,"firstBytes":")" + std::string(1025, 'x') + "\""), "firstBytes"},
                 {config(R"(,"keepAliveBytes":"\\q")"), "keepAliveBytes"},
                 {config(R"(,"keepAliveInterval":0)"), "keepAliveInterval"},
                 {R"({"targets":[{}],"parserType":"NONE"})", "parserType"}}) {
            const std::string error = Bench::errorOf(text);
            CPPUNIT_ASSERT_MESSAGE(text + ": " + error, error.find(part) != std::string::npos);
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TcpClientTest);
