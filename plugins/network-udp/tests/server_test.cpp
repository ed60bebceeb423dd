// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

class Bench {
public:
    explicit Bench(const std::string& config = "{}") {
        const fl_status status =
            net.create(sdk::NetworkFactory<udp::UdpServer>::raw(), host.raw(), "udp", config);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net.error(), fl_status{FL_OK}, status);
    }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
};

testkit::OwnedTransportMessage messageOf(std::string_view payload) {
    sdk::TransportBuilder builder;
    builder.payload(payload);
    return testkit::OwnedTransportMessage(builder.raw());
}

} // namespace

class UdpServerTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(UdpServerTest);
    CPPUNIT_TEST(handsOverEachDatagram);
    CPPUNIT_TEST(answersWithOneDatagram);
    CPPUNIT_TEST(saysWhatDtlsProved);
    CPPUNIT_TEST(countsRefusals);
    CPPUNIT_TEST(sendsDown);
    CPPUNIT_TEST(describesItself);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST_SUITE_END();

public:
    void handsOverEachDatagram() {
        Bench bench;
        FakeConnection& conn = *bench.net.open("192.0.2.9:5000");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.feedDatagram("one"));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.feedDatagram(std::string("t\0o\n", 4)));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        const auto& d = conn.delivered[1];
        CPPUNIT_ASSERT_EQUAL(std::string("t\0o\n", 4), d.message.payload);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, d.flags);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_DATA}, d.message.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("192.0.2.9:5000"), d.message.peer);
        CPPUNIT_ASSERT_EQUAL(-1, d.message.qos);
        CPPUNIT_ASSERT_EQUAL(bench.host.utcMs(), d.message.received_ms);
        CPPUNIT_ASSERT(d.message.attributes.empty());
    }

    void answersWithOneDatagram() {
        Bench bench;
        FakeConnection& conn = *bench.net.open();
        conn.feedDatagram("one");
        conn.feedDatagram("two");
        conn.feedDatagram("three");
        CPPUNIT_ASSERT(conn.takeWrites().empty());
        const auto reply = messageOf("ack");
        CPPUNIT_ASSERT(conn.complete(FL_OK, &reply));
        CPPUNIT_ASSERT(conn.complete(FL_OK));
        const auto refusal = messageOf("no");
        CPPUNIT_ASSERT(conn.complete(FL_E_UNAUTHORIZED, &refusal));
        const std::vector<std::string> writes = conn.takeWrites();
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, writes.size());
        CPPUNIT_ASSERT_EQUAL(std::string("ack"), writes[0]);
        CPPUNIT_ASSERT_EQUAL(std::string("no"), writes[1]);
        CPPUNIT_ASSERT(!conn.closed);
    }

    void saysWhatDtlsProved() {
        Bench bench;
        FakeConnection& key = *bench.net.openSecure("192.0.2.9:5000", "d1");
        key.feedDatagram("x");
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), key.delivered[0].message.attribute("psk_identity"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, key.delivered[0].message.attributes.size());
        FakeConnection& certificate = *bench.net.openSecure("192.0.2.9:5001", {}, "CN=d1");
        certificate.feedDatagram("x");
        CPPUNIT_ASSERT_EQUAL(std::string("CN=d1"),
                             certificate.delivered[0].message.attribute("subject"));
    }

    void countsRefusals() {
        struct Case {
            fl_status status;
            const char* what;
        };
        for (const Case& c : std::initializer_list<Case>{{FL_E_UNAUTHORIZED, "not_authorized"},
                                                         {FL_E_FORBIDDEN, "not_authorized"},
                                                         {FL_E_NOT_FOUND, "unknown_device"},
                                                         {FL_E_IO, "not_stored"},
                                                         {FL_E_MALFORMED, "datagram_refused"},
                                                         {FL_E_UNSUPPORTED, "datagram_refused"}}) {
            Bench bench;
            FakeConnection& conn = *bench.net.open();
            conn.deliver_answer = c.status;
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.feedDatagram("x"));
            conn.deliver_answer = FL_PENDING;
            conn.feedDatagram("y");
            conn.complete(c.status);
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.reports.size());
            CPPUNIT_ASSERT_EQUAL(std::string(c.what), conn.reports[0].what);
            CPPUNIT_ASSERT_EQUAL(std::string(c.what), conn.reports[1].what);
            CPPUNIT_ASSERT(!conn.closed && conn.takeWrites().empty());
        }
        Bench bench;
        FakeConnection& conn = *bench.net.open();
        conn.deliver_answer = FL_E_LIMIT;
        conn.feedDatagram("x");
        CPPUNIT_ASSERT(conn.reports.empty());
    }

    void sendsDown() {
        Bench bench(R"({"maxDatagramLength":64})");
        FakeConnection& conn = *bench.net.open();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn.send(messageOf("go"), 7));
        CPPUNIT_ASSERT_EQUAL(std::string("go"), conn.takeWrites().at(0));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, conn.send(messageOf(std::string(65, 'x')), 8));
        CPPUNIT_ASSERT(conn.takeWrites().empty() && conn.sents.empty());
        conn.output_limit = 1;
        CPPUNIT_ASSERT(conn.send(messageOf("go"), 9) < 0);
    }

    void describesItself() {
        const auto& d = udp::UdpServer::description();
        CPPUNIT_ASSERT_EQUAL(std::string_view("udp"), d.id);
        CPPUNIT_ASSERT_EQUAL(std::string_view("UDP"), d.transport);
        CPPUNIT_ASSERT_EQUAL(
            std::uint32_t{FL_NETWORK_DATAGRAM | FL_NETWORK_DTLS | FL_NETWORK_SHARED}, d.flags);
    }

    void refusesBadConfigurations() {
        testkit::FakeHost host;
        for (const char* config :
             {"", "[]", "{", R"({"maxDatagramLength":63})", R"({"maxDatagramLength":65508})",
              R"({"maxDatagramLength":"1"})", R"({"maxDatagramLength":1.5})"}) {
            testkit::FakeNetworkHost net;
            CPPUNIT_ASSERT_EQUAL_MESSAGE(
                config, fl_status{FL_E_INVALID},
                net.create(sdk::NetworkFactory<udp::UdpServer>::raw(), host.raw(), "udp", config));
            CPPUNIT_ASSERT(!net.error().empty());
        }
        Bench largest(R"({"maxDatagramLength":65507,"port":1,"secure":true})");
        Bench absent(R"({"maxDatagramLength":null})");
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(UdpServerTest);
