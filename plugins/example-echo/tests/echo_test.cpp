// SPDX-License-Identifier: Apache-2.0
#include "echo_protocol.hpp"
#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"
#include "fairlead/testkit/fake_protocol.hpp"
#include "line_network.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace fairlead::example {
namespace {

class EchoTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(EchoTest);
    CPPUNIT_TEST(decodesALine);
    CPPUNIT_TEST(refusesAWrongSecret);
    CPPUNIT_TEST(saysWhatIsMalformed);
    CPPUNIT_TEST(encodesAWrite);
    CPPUNIT_TEST(framesLinesByteByByte);
    CPPUNIT_TEST(closesOnAnEndlessLine);
    CPPUNIT_TEST(unknownIdIsNotFound);
    CPPUNIT_TEST_SUITE_END();

    testkit::FakeHost host_;

    static testkit::OwnedTransportMessage line(std::string text) {
        testkit::OwnedTransportMessage m;
        m.payload = std::move(text);
        return m;
    }
    testkit::ProtocolHarness echo() {
        return {sdk::ProtocolFactory<EchoProtocol>::raw(), host_.raw(), "example-echo"};
    }

    void decodesALine() {
        auto harness = echo();
        testkit::FakeSession session;
        std::string device;
        std::string product;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             harness.identify(line("d1 temperature 21.5"), device, product));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), device);
        session.device_id = device;
        const auto out = harness.decode(line("d1 temperature 21.5"), session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, out.devices.size());
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), out.devices[0].device_id);
        CPPUNIT_ASSERT_EQUAL(std::string("21.5"), out.devices[0].property("temperature"));
        CPPUNIT_ASSERT_EQUAL(std::string("d1 temperature 21.5"), out.replies.at(0).message.payload);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_REPLY_AFTER_COMMIT}, out.replies[0].when);
    }

    void refusesAWrongSecret() {
        auto harness = echo();
        testkit::FakeSession session;
        session.config["secret"] = "s3cret";
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED},
                             harness.authenticate(line("d1 t 1 s3creT"), session).status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED},
                             harness.authenticate(line("d1 t 1"), session).status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             harness.authenticate(line("d1 t 1 s3cret"), session).status);
    }

    void saysWhatIsMalformed() {
        auto harness = echo();
        testkit::FakeSession session;
        for (const char* text : {"", "d1", "d1 t", "d1 t x", "d1 t 1x"}) {
            const auto out = harness.decode(line(text), session);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(text, fl_status{FL_E_MALFORMED}, out.status);
            CPPUNIT_ASSERT_EQUAL(std::string("expected: device property number"), out.error);
        }
    }

    void encodesAWrite() {
        auto harness = echo();
        testkit::FakeSession session;
        session.device_id = "d1";
        sdk::DeviceMessage write(FL_DEVICE_WRITE_PROPERTY);
        write.property("limit", sdk::integer(7));
        const auto out = harness.encode(write, session);
        CPPUNIT_ASSERT_EQUAL(std::string("d1 limit 7"), out.replies.at(0).message.payload);
        CPPUNIT_ASSERT_EQUAL(
            fl_status{FL_E_UNSUPPORTED},
            harness.encode(sdk::DeviceMessage(FL_DEVICE_INVOKE_FUNCTION), session).status);
    }

    void framesLinesByteByByte() {
        testkit::FakeNetworkHost io;
        io.adopt(std::make_unique<LineNetwork>(host_.host(), io.io(), "{}"));
        testkit::FakeConnection* conn = io.open();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn->feedByByte("d1 t 1\r\nd1 t 2\nrest"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn->delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::string("d1 t 1"), conn->delivered[0].message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("d1 t 2"), conn->delivered[1].message.payload);
        CPPUNIT_ASSERT_EQUAL(std::size_t{4}, conn->unconsumed());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, conn->send(line("hello"), 1));
        CPPUNIT_ASSERT_EQUAL(std::string("hello\n"), conn->take());
        CPPUNIT_ASSERT(conn->complete());
        CPPUNIT_ASSERT(!conn->closed);
        CPPUNIT_ASSERT(conn->complete(FL_E_UNAUTHORIZED));
        CPPUNIT_ASSERT(conn->closed);
    }

    void closesOnAnEndlessLine() {
        testkit::FakeNetworkHost io;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, io.create(sdk::NetworkFactory<LineNetwork>::raw(),
                                                         host_.raw(), "example-lines"));
        testkit::FakeConnection* conn = io.open();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, conn->feed(std::string(1025, 'x')));
        CPPUNIT_ASSERT(conn->closed);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_CLOSE_PROTOCOL}, conn->close_reason);
    }

    void unknownIdIsNotFound() {
        const testkit::ProtocolHarness none(sdk::ProtocolFactory<EchoProtocol>::raw(), host_.raw(),
                                            "nothing");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_NOT_FOUND}, none.status());
        CPPUNIT_ASSERT_EQUAL(std::string("no protocol with the id nothing"), none.error());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(EchoTest);

} // namespace
} // namespace fairlead::example
