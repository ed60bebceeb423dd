// SPDX-License-Identifier: Apache-2.0
#include "fakes.hpp"
#include "link.hpp"
#include "psk.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <functional>
#include <future>

using namespace fairlead;
using namespace fairlead::gateway;
using namespace fairlead::gateway::test;

namespace {

using Events = std::vector<std::string>;

class ComponentHandlerTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ComponentHandlerTest);
    CPPUNIT_TEST(rightCredentialsOpenASessionAfterTheAnswer);
    CPPUNIT_TEST(wrongCredentialsAreRefused);
    CPPUNIT_TEST(unknownDeviceIsLookedUpOnceAndRefused);
    CPPUNIT_TEST(deviceInTheDatabaseIsLoadedFirst);
    CPPUNIT_TEST(inactiveDeviceIsForbidden);
    CPPUNIT_TEST(dataBeforeTheAnswerWaits);
    CPPUNIT_TEST(durableMessageCompletesAfterTheCommit);
    CPPUNIT_TEST(failedCommitIsReported);
    CPPUNIT_TEST(fullLanePausesReadingUntilRoom);
    CPPUNIT_TEST(heldKeyIsADuplicateUntilReleased);
    CPPUNIT_TEST(brokenMessageIsRefusedAndCounted);
    CPPUNIT_TEST(ownChildIsServedAndForeignChildIsNot);
    CPPUNIT_TEST(requestIsAuthenticatedEachTimeAndAnswersAfterTheCommit);
    CPPUNIT_TEST(wrongRequestGetsTheProtocolsAnswer);
    CPPUNIT_TEST(closedGatewayTakesNothing);
    CPPUNIT_TEST(commandIsEncodedAndItsOutcomeReported);
    CPPUNIT_TEST(commandToAClosedConnectionFails);
    CPPUNIT_TEST(endOfConnectionEndsTheSession);
    CPPUNIT_TEST(commandGoesWhereTheDeviceSpokeLast);
    CPPUNIT_TEST(wrongDatagramMovesNothing);
    CPPUNIT_TEST(commandToAForgottenAddressFails);
    CPPUNIT_TEST(disconnectedDatagramDeviceLeavesItsPeer);
    CPPUNIT_TEST(protocolStateIsTheDevicesNotThePeers);
    CPPUNIT_TEST(datagramsTakeOverFromHttpOnly);
    CPPUNIT_TEST(preSharedKeyIsADevicesSetting);
    CPPUNIT_TEST(preSharedKeyMayHaveToBeLoaded);
    CPPUNIT_TEST(readsKeys);
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
        loop_->start();
    }
    void tearDown() override {
        run([this] {
            for (auto& connection : connections_) {
                handler_->closed(*connection, FL_CLOSE_SHUTDOWN);
            }
        });
        loop_->stop();
    }

    void rightCredentialsOpenASessionAfterTheAnswer() {
        FakeConnection& c = open("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, connect(c, "d1", "s3"));
        settle();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 0"});
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d1"));
    }
    void wrongCredentialsAreRefused() {
        FakeConnection& c = open("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, connect(c, "d1", "wrong"));
        settle();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 -6 reply 401"});
        CPPUNIT_ASSERT(sessions_.live.empty());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, binding_->sum().rejected);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_CLOSED}, data(c, "x"));
    }
    void unknownDeviceIsLookedUpOnceAndRefused() {
        FakeConnection& c = open("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY}, connect(c, "ghost", "s3"));
        CPPUNIT_ASSERT_EQUAL(1, c.paused);
        registry_.answer(nullptr);
        settle();
        CPPUNIT_ASSERT_EQUAL(0, c.paused);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, connect(c, "ghost", "s3"));
        settle();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 -5"});
        CPPUNIT_ASSERT(registry_.loads.empty());
    }
    void deviceInTheDatabaseIsLoadedFirst() {
        FakeConnection& c = open("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY}, connect(c, "d2", "s3"));
        registry_.answer(makeDevice("d2"));
        settle();
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, connect(c, "d2", "s3"));
        settle();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 0"});
    }
    void inactiveDeviceIsForbidden() {
        registry_.cached["off"] = makeDevice("off", "", false);
        FakeConnection& c = open("MQTT");
        connect(c, "off", "s3");
        settle();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 -7"});
    }
    void dataBeforeTheAnswerWaits() {
        FakeConnection& c = open("MQTT");
        // CONNECT and PUBLISH in one packet: both are delivered before the loop's next round.
        run([&] {
            deliver(c, FL_TRANSPORT_CONNECT, "d1", "s3", {}, {});
            CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY},
                                 deliver(c, FL_TRANSPORT_DATA, "d1", "", "x", {}));
            CPPUNIT_ASSERT_EQUAL(1, c.paused);
        });
        settle();
        CPPUNIT_ASSERT_EQUAL(0, c.paused);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(c, "x"));
    }
    void durableMessageCompletesAfterTheCommit() {
        FakeConnection& c = loggedIn("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(c, "x"));
        settle();
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, c.events.size());
        commit();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 0 reply 200"});
        CPPUNIT_ASSERT(ingest_.lane->stored == Events{"d1:1"});
    }
    void failedCommitIsReported() {
        FakeConnection& c = loggedIn("MQTT");
        data(c, "x");
        commit(false);
        CPPUNIT_ASSERT(c.events == Events{"complete 7 -14"});
    }
    void fullLanePausesReadingUntilRoom() {
        FakeConnection& c = loggedIn("MQTT");
        ingest_.lane->is_full = true;
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY}, data(c, "x"));
        CPPUNIT_ASSERT_EQUAL(1, c.paused);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_BUSY}, data(c, "x"));
        CPPUNIT_ASSERT_EQUAL(1, c.paused);
        ingest_.lane->is_full = false;
        commit();
        CPPUNIT_ASSERT_EQUAL(0, c.paused);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(c, "x"));
    }
    void heldKeyIsADuplicateUntilReleased() {
        FakeConnection& c = loggedIn("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(c, "x", "q2/1"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_DUPLICATE}, data(c, "x", "q2/1"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, release(c, "q2/1"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_OK}, release(c, "q2/1"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, ingest_.lane->stored.size());
    }
    void brokenMessageIsRefusedAndCounted() {
        FakeConnection& c = loggedIn("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_MALFORMED}, data(c, "broken"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, binding_->sum().rejected);
        CPPUNIT_ASSERT(ingest_.lane->stored.empty());
    }
    void ownChildIsServedAndForeignChildIsNot() {
        registry_.cached["kid"] = makeDevice("kid", "d1");
        registry_.cached["other"] = makeDevice("other", "d9");
        FakeConnection& c = loggedIn("MQTT");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, data(c, "child kid"));
        CPPUNIT_ASSERT_EQUAL(std::string{"d1"}, sessions_.live.at("kid")->parentId());
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, data(c, "child other"));
        CPPUNIT_ASSERT(ingest_.lane->stored == Events{"kid:1"});
    }
    void requestIsAuthenticatedEachTimeAndAnswersAfterTheCommit() {
        FakeConnection& c = open("HTTP");
        run([&] {
            CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING},
                                 deliver(c, FL_TRANSPORT_DATA, "d1", "s3", "x", {}));
        });
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d1"));
        commit();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 0 reply 200"});
        run([&] { deliver(c, FL_TRANSPORT_DATA, "d1", "bad", "x", {}); });
        settle();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, ingest_.lane->stored.size());
    }
    void wrongRequestGetsTheProtocolsAnswer() {
        FakeConnection& c = open("HTTP");
        run([&] { deliver(c, FL_TRANSPORT_DATA, "d1", "bad", "x", {}); });
        settle();
        CPPUNIT_ASSERT(c.events == Events{"complete 7 -6 reply 401"});
    }
    void closedGatewayTakesNothing() {
        FakeConnection& c = loggedIn("MQTT");
        binding_->open = false;
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_CLOSED}, data(c, "x"));
    }
    void commandIsEncodedAndItsOutcomeReported() {
        FakeConnection& c = loggedIn("MQTT");
        c.send_status = FL_PENDING;
        std::promise<bool> outcome;
        device::OwnedMessage message;
        message.kind = FL_DEVICE_READ_PROPERTY;
        message.name = "topic";
        sessions_.live.at("d1")->link()->send(
            std::move(message), [&](const base::Status& s) { outcome.set_value(s.hasValue()); });
        settle();
        CPPUNIT_ASSERT(c.events == Events{"send topic"});
        run([&] { handler_->sent(c, c.sent_token, FL_OK); });
        CPPUNIT_ASSERT(outcome.get_future().get());
    }
    void commandToAClosedConnectionFails() {
        FakeConnection& c = loggedIn("MQTT");
        const auto link = sessions_.live.at("d1")->link();
        run([&] { handler_->closed(c, FL_CLOSE_PEER); });
        connections_.clear();
        std::promise<base::Errc> outcome;
        link->send({}, [&](const base::Status& s) { outcome.set_value(s.error().kind()); });
        CPPUNIT_ASSERT(outcome.get_future().get() == base::Errc::Closed);
    }
    void endOfConnectionEndsTheSession() {
        FakeConnection& c = loggedIn("MQTT");
        run([&] { handler_->closed(c, FL_CLOSE_PEER); });
        connections_.clear();
        CPPUNIT_ASSERT(sessions_.live.empty());
    }

    void commandGoesWhereTheDeviceSpokeLast() {
        FakeConnection& first = open("UDP");
        FakeConnection& second = open("UDP");
        datagram(first, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "one"));
        datagram(second, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "two"));
        CPPUNIT_ASSERT(first.events == Events{"send one"});
        CPPUNIT_ASSERT(second.events == Events{"send two"});
        commit();
        CPPUNIT_ASSERT_EQUAL(std::string{"complete 7 0 reply 200"}, second.events.back());
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.size());
    }
    void wrongDatagramMovesNothing() {
        FakeConnection& first = open("UDP");
        FakeConnection& second = open("UDP");
        datagram(first, "d1", "x");
        run([&] { deliver(second, FL_TRANSPORT_DATA, "d1", "bad", "x", {}); });
        settle();
        CPPUNIT_ASSERT(second.events == Events{"complete 7 -6 reply 401"});
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "one"));
        CPPUNIT_ASSERT(first.events == Events{"send one"});
    }
    void commandToAForgottenAddressFails() {
        FakeConnection& c = open("UDP");
        datagram(c, "d1", "x");
        run([&] { handler_->closed(c, FL_CLOSE_TIMEOUT); });
        connections_.clear();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d1")); // it may come back
        CPPUNIT_ASSERT_EQUAL(std::string{"device.address_unknown"}, command("d1", "one"));
    }
    void disconnectedDatagramDeviceLeavesItsPeer() {
        FakeConnection& c = open("UDP");
        datagram(c, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "bye", FL_DEVICE_DISCONNECT));
        CPPUNIT_ASSERT(c.events == Events{"send bye"});
        CPPUNIT_ASSERT(sessions_.live.empty());
        datagram(c, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, sessions_.live.count("d1"));
    }
    void protocolStateIsTheDevicesNotThePeers() {
        registry_.cached["d2"] = makeDevice("d2");
        FakeConnection& first = open("UDP");
        FakeConnection& second = open("UDP");
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_MALFORMED}, datagram(first, "d1", "recall"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, datagram(first, "d1", "remember x"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_MALFORMED}, datagram(first, "d2", "recall"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, datagram(second, "d1", "recall"));
        command("d2", "stateful"); // what a command leaves, the answer finds
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING}, datagram(second, "d2", "recall"));
    }
    void datagramsTakeOverFromHttpOnly() {
        FakeConnection& http = open("HTTP");
        datagram(http, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{"device.no_downlink"}, command("d1", "one"));
        FakeConnection& udp = open("UDP");
        datagram(udp, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "two"));
        datagram(http, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "three"));
        CPPUNIT_ASSERT((udp.events == Events{"send two", "send three"}));
        FakeConnection& mqtt = loggedIn("MQTT");
        datagram(udp, "d1", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{}, command("d1", "four"));
        CPPUNIT_ASSERT(mqtt.events == Events{"send four"});
    }
    void preSharedKeyIsADevicesSetting() {
        std::string key;
        const auto ask = [&](const std::string& identity) {
            key.clear();
            return handler_->pskOf(*loop_, identity, key, [] {});
        };
        const auto with = [&](const std::string& id, const std::string& setting, bool active) {
            auto facts =
                std::make_shared<device::DeviceEntry::Facts>(*makeDevice(id, "", active)->facts());
            facts->configuration["dtlsPsk"] = setting;
            registry_.cached[id] = std::make_shared<device::DeviceEntry>(facts);
        };
        with("k1", "secret", true);
        with("k2", "0x00fF", true);
        with("k3", "secret", false);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_OK}, ask("k1"));
        CPPUNIT_ASSERT_EQUAL(std::string{"secret"}, key);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_OK}, ask("k2"));
        CPPUNIT_ASSERT_EQUAL((std::string{"\0\xff", 2}), key);
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_FORBIDDEN}, ask("k3"));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, ask("d1")); // has none
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, ask(""));
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_NOT_FOUND}, ask(std::string(65, 'x')));
        CPPUNIT_ASSERT(key.empty() && registry_.loads.empty());
        handler_->setBindings(std::make_shared<const BindingList>());
        CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_E_FORBIDDEN}, ask("k1"));
    }
    void preSharedKeyMayHaveToBeLoaded() {
        for (const bool exists : {true, false}) {
            std::promise<void> ready;
            std::string key;
            CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_PENDING},
                                 handler_->pskOf(*loop_, "k9", key, [&] { ready.set_value(); }));
            registry_.answer(exists ? makeDevice("k9") : nullptr);
            ready.get_future().get();
            registry_.cached.erase("k9");
        }
    }
    void readsKeys() {
        CPPUNIT_ASSERT_EQUAL(std::string{"text"}, keyOf("text"));
        CPPUNIT_ASSERT_EQUAL(std::string{"AB"}, keyOf("0x4142"));
        CPPUNIT_ASSERT_EQUAL(std::string{"0X41"}, keyOf("0X41"));
        CPPUNIT_ASSERT_EQUAL(std::string(64, 'x'), keyOf(std::string(64, 'x')));
        CPPUNIT_ASSERT_EQUAL(std::size_t{64}, keyOf("0x" + std::string(128, 'a')).size());
        for (const std::string& wrong :
             {std::string{}, std::string{"0x"}, std::string{"0x1"}, std::string{"0x1g"},
              std::string(65, 'x'), "0x" + std::string(130, 'a')}) {
            CPPUNIT_ASSERT_EQUAL(std::string{}, keyOf(wrong));
        }
    }

private:
    std::int32_t datagram(FakeConnection& c, const std::string& device,
                          const std::string& payload) {
        std::int32_t out = 0;
        run([&] { out = deliver(c, FL_TRANSPORT_DATA, device, "s3", payload, {}); });
        return out;
    }
    /// The error's code; empty when it was sent.
    std::string command(const std::string& device, const std::string& name,
                        std::uint32_t kind = FL_DEVICE_READ_PROPERTY) {
        std::promise<std::string> outcome;
        device::OwnedMessage message;
        message.kind = kind;
        message.name = name;
        const auto session = sessions_.live.at(device);
        session->link()->send(std::move(message), [&](const base::Status& s) {
            outcome.set_value(s ? std::string{} : s.error().code());
        });
        std::string code = outcome.get_future().get();
        settle();
        return code;
    }

    // Runs `task` on the loop; what it throws (a failed assertion) comes back here.
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
    // Two rounds: what the first one posted has run as well.
    void settle() {
        run([] {});
        run([] {});
    }
    void commit(bool stored = true) {
        run([&] { ingest_.commit(stored); });
        settle();
    }

    FakeConnection& open(const std::string& transport) {
        connections_.push_back(
            std::make_unique<FakeConnection>(*loop_, connections_.size() + 1, transport));
        FakeConnection& c = *connections_.back();
        run([&] { handler_->opened(c); });
        return c;
    }
    FakeConnection& loggedIn(const std::string& transport) {
        FakeConnection& c = open(transport);
        connect(c, "d1", "s3");
        settle();
        c.events.clear();
        return c;
    }
    std::int32_t deliver(FakeConnection& c, std::uint32_t kind, const std::string& device,
                         const std::string& secret, const std::string& payload,
                         const std::string& once_key = {}) {
        fl_transport_message message{};
        message.size = sizeof message;
        message.kind = kind;
        message.address = borrow(device);
        message.content_type = borrow(secret);
        message.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
        return handler_->deliver(c, message, FL_DELIVER_DURABLE, 7, once_key);
    }
    std::int32_t connect(FakeConnection& c, const std::string& device, const std::string& secret) {
        std::int32_t out = 0;
        std::size_t before = 0;
        run([&] {
            before = sessions_.live.size();
            out = deliver(c, FL_TRANSPORT_CONNECT, device, secret, {});
            CPPUNIT_ASSERT_EQUAL(before, sessions_.live.size());
        });
        return out;
    }
    std::int32_t data(FakeConnection& c, const std::string& payload,
                      const std::string& once_key = {}) {
        std::int32_t out = 0;
        run([&] { out = deliver(c, FL_TRANSPORT_DATA, "d1", "", payload, once_key); });
        return out;
    }
    std::int32_t release(FakeConnection& c, const std::string& key) {
        std::int32_t out = 0;
        run([&] { out = handler_->release(c, key, 9); });
        return out;
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

CPPUNIT_TEST_SUITE_REGISTRATION(ComponentHandlerTest);

} // namespace
