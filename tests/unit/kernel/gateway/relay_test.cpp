// SPDX-License-Identifier: Apache-2.0
#include "fakes.hpp"
#include "link.hpp"
#include "relay.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <functional>
#include <future>

using namespace fairlead;
using namespace fairlead::gateway;
using namespace fairlead::gateway::test;

namespace {

using Events = std::vector<std::string>;
/// Outcome of a command that was sent.
constexpr base::Errc kSent{};

/// Connections that the server dialled: relays of many devices, and those that stand for one.
class RelayTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(RelayTest);
    CPPUNIT_TEST(eachMessageIsItsDevices);
    CPPUNIT_TEST(unknownAndForeignDevicesAreRefusedAlone);
    CPPUNIT_TEST(sessionsOutliveTheConnection);
    CPPUNIT_TEST(devicesAreOnlineByTheirMessages);
    CPPUNIT_TEST(commandsGoOverTheOneConnection);
    CPPUNIT_TEST(disconnectEndsTheSessionOnly);
    CPPUNIT_TEST(keysBelongToTheConnection);
    CPPUNIT_TEST(directConnectionsKeepTheirSession);
    CPPUNIT_TEST(relayTakesOverFromRequests);
    CPPUNIT_TEST(connectionStandsForItsDevice);
    CPPUNIT_TEST(namedDeviceMustExist);
    CPPUNIT_TEST(acceptedConnectionsCannotNameDevices);
    CPPUNIT_TEST_SUITE_END();

public:
    void setUp() override {
        loop_ = std::make_unique<runtime::Loop>("test", 0);
        contexts_.push_back(std::make_unique<LoopContext>(*loop_, ingest_));
        handler_ = std::make_unique<ComponentHandler>(
            "c1", HandlerParts{&registry_, &sessions_, &contexts_});
        binding_ = std::make_shared<Binding>(Binding::Names{"g1", "c1", "pr1"},
                                             std::make_shared<FakePort>(), 1);
        handler_->setBindings(std::make_shared<const BindingList>(BindingList{binding_}));
        registry_.cached["d1"] = makeDevice("d1");
        registry_.cached["d2"] = makeDevice("d2");
        loop_->start();
    }
    void tearDown() override {
        for (auto& connection : connections_) {
            close(*connection);
        }
        loop_->stop();
    }

    void eachMessageIsItsDevices() {
        FakeConnection& broker = relay();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(broker, "d1", "x"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(broker, "d2", "y"));
        CPPUNIT_ASSERT((ingest_.lane->stored == Events{"d1:1", "d2:1"}));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, sessions_.live.size());
        CPPUNIT_ASSERT(sessions_.live.at("d1")->link() != sessions_.live.at("d2")->link());
        commit();
        CPPUNIT_ASSERT(
            (broker.events == Events{"complete 7 0 reply 200", "complete 7 0 reply 200"}));
    }

    void unknownAndForeignDevicesAreRefusedAlone() {
        registry_.cached["off"] = makeDevice("off", "", false);
        FakeConnection& broker = relay();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, data(broker, "", "x"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY}, data(broker, "ghost", "x"));
        registry_.answer(nullptr);
        settle();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, data(broker, "ghost", "x"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_FORBIDDEN}, data(broker, "off", "x"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_MALFORMED}, data(broker, "d1", "broken"));
        CPPUNIT_ASSERT(broker.events.empty()); // nothing closes the connection of the others
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(broker, "d2", "x"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_UNSUPPORTED},
                             deliver(broker, FL_TRANSPORT_CONNECT, "d1", "x"));
    }

    void sessionsOutliveTheConnection() {
        FakeConnection& broker = relay();
        data(broker, "d1", "x");
        const auto link = sessions_.live.at("d1")->link();
        close(broker);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d1"));
        CPPUNIT_ASSERT(send(*link).get() == base::Errc::Closed);
        FakeConnection& again = relay();
        CPPUNIT_ASSERT(send(*link).get() == kSent);
        CPPUNIT_ASSERT(again.events == Events{"send topic"});
        data(again, "d1", "x");
        CPPUNIT_ASSERT(sessions_.live.at("d1")->link() == link);
    }

    void devicesAreOnlineByTheirMessages() {
        FakeConnection& broker = relay();
        data(broker, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::int64_t{600'000}, sessions_.live.at("d1")->info().keep_alive_ms);
    }

    void commandsGoOverTheOneConnection() {
        FakeConnection& broker = relay();
        broker.send_status = FL_PENDING;
        data(broker, "d1", "x");
        data(broker, "d2", "x");
        auto first = send(*sessions_.live.at("d1")->link());
        settle();
        const std::uint64_t first_token = broker.sent_token;
        auto second = send(*sessions_.live.at("d2")->link());
        settle();
        CPPUNIT_ASSERT((broker.events == Events{"send topic", "send topic"}));
        run([&] { handler_->sent(broker, broker.sent_token, FL_E_LIMIT); });
        CPPUNIT_ASSERT(second.get() == base::Errc::Limit);
        run([&] { handler_->sent(broker, first_token, FL_OK); });
        CPPUNIT_ASSERT(first.get() == kSent);
        // Nothing of a command stays with the connection.
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, data(broker, "", "x"));
    }

    void disconnectEndsTheSessionOnly() {
        FakeConnection& broker = relay();
        data(broker, "d1", "x");
        CPPUNIT_ASSERT(send(*sessions_.live.at("d1")->link(), FL_DEVICE_DISCONNECT).get() == kSent);
        settle();
        CPPUNIT_ASSERT(sessions_.live.empty());
        CPPUNIT_ASSERT(broker.events == Events{"send topic"});
    }

    void keysBelongToTheConnection() {
        FakeConnection& broker = relay();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(broker, "d1", "x", "q2/1"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(broker, "d2", "x", "q2/2"));
        CPPUNIT_ASSERT_EQUAL(std::string("c1/"), ingest_.lane->scopes.at(0));
        CPPUNIT_ASSERT_EQUAL(std::string("c1/"), ingest_.lane->scopes.at(1));
    }

    void directConnectionsKeepTheirSession() {
        FakeConnection& direct = open("MQTT");
        deliver(direct, FL_TRANSPORT_CONNECT, "d1", "x");
        settle();
        const auto session = sessions_.live.at("d1");
        FakeConnection& broker = relay();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(broker, "d1", "x"));
        CPPUNIT_ASSERT(sessions_.live.at("d1") == session);
    }

    void relayTakesOverFromRequests() {
        FakeConnection& http = open("HTTP");
        data(http, "d1", "x");
        FakeConnection& broker = relay();
        data(broker, "d1", "x");
        CPPUNIT_ASSERT(send(*sessions_.live.at("d1")->link()).get() == kSent);
    }

    void connectionStandsForItsDevice() {
        FakeConnection& line = open("TCP", true);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING},
                             deliver(line, FL_TRANSPORT_CONNECT, "", "", {}, "d1"));
        settle();
        CPPUNIT_ASSERT(line.events == Events{"complete 7 0"});
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d1"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING},
                             deliver(line, FL_TRANSPORT_DATA, "", "x", {}, "d1"));
        CPPUNIT_ASSERT(ingest_.lane->stored == Events{"d1:1"});
        close(line);
        CPPUNIT_ASSERT(sessions_.live.empty());
        // Without a CONNECT its first message does.
        FakeConnection& other = open("TCP", true);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING},
                             deliver(other, FL_TRANSPORT_DATA, "", "x", {}, "d2"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d2"));
    }

    void namedDeviceMustExist() {
        FakeConnection& line = open("TCP", true);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY},
                             deliver(line, FL_TRANSPORT_CONNECT, "", "", {}, "ghost"));
        registry_.answer(nullptr);
        settle();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING},
                             deliver(line, FL_TRANSPORT_CONNECT, "", "", {}, "ghost"));
        settle();
        CPPUNIT_ASSERT(line.events == Events{"complete 7 -5"});
    }

    void acceptedConnectionsCannotNameDevices() {
        FakeConnection& line = open("TCP");
        deliver(line, FL_TRANSPORT_CONNECT, "d1", "", {}, "d2");
        settle();
        CPPUNIT_ASSERT(line.events ==
                       Events{"complete 7 -6 reply 401"}); // d1 by itself, without its secret
        CPPUNIT_ASSERT(sessions_.live.empty());
    }

private:
    void run(const std::function<void()>& task) {
        std::promise<void> done;
        loop_->post([&] {
            try {
                task();
                done.set_value();
            } catch (...) {
                done.set_exception(std::current_exception());
            }
        });
        done.get_future().get();
    }
    void settle() {
        run([] {});
        run([] {});
    }
    void commit() {
        run([&] { ingest_.commit(true); });
        settle();
    }
    FakeConnection& open(const std::string& transport, bool outgoing = false, bool relay = false) {
        connections_.push_back(
            std::make_unique<FakeConnection>(*loop_, connections_.size() + 1, transport));
        FakeConnection& c = *connections_.back();
        c.outgoing = outgoing;
        c.relay = relay;
        run([&] { handler_->opened(c); });
        return c;
    }
    FakeConnection& relay() { return open("MQTT", true, true); }
    void close(FakeConnection& c) {
        run([&] {
            if (c.user != nullptr) {
                handler_->closed(c, FL_CLOSE_PEER);
            }
        });
    }
    std::int32_t deliver(FakeConnection& c, std::uint32_t kind, const std::string& device,
                         const std::string& payload, const std::string& once_key = {},
                         const std::string& named = {}) {
        const fl_attribute attribute{borrow("device_id"), borrow(named)};
        fl_transport_message message{};
        message.size = sizeof message;
        message.kind = kind;
        message.address = borrow(device);
        message.content_type = borrow(c.outgoing || !named.empty() ? "none" : "s3");
        message.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
        message.attributes = &attribute;
        message.attribute_count = named.empty() ? 0 : 1;
        std::int32_t out = 0;
        run([&] { out = handler_->deliver(c, message, FL_DELIVER_DURABLE, 7, once_key); });
        return out;
    }
    std::int32_t data(FakeConnection& c, const std::string& device, const std::string& payload,
                      const std::string& once_key = {}) {
        return deliver(c, FL_TRANSPORT_DATA, device, payload, once_key);
    }
    std::future<base::Errc> send(device::SessionLink& link,
                                 std::uint32_t kind = FL_DEVICE_READ_PROPERTY) {
        auto outcome = std::make_shared<std::promise<base::Errc>>();
        device::OwnedMessage message;
        message.kind = kind;
        message.name = "topic";
        link.send(std::move(message), [outcome](const base::Status& s) {
            outcome->set_value(s ? kSent : s.error().kind());
        });
        return outcome->get_future();
    }

    FakeRegistry registry_;
    FakeSessions sessions_;
    FakeIngest ingest_;
    std::unique_ptr<runtime::Loop> loop_;
    std::vector<std::unique_ptr<LoopContext>> contexts_;
    std::unique_ptr<ComponentHandler> handler_;
    BindingPtr binding_;
    std::vector<std::unique_ptr<FakeConnection>> connections_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(RelayTest);

} // namespace
