// SPDX-License-Identifier: Apache-2.0
#include "dial_fixture.hpp"
#include "fairlead/network/close_reason.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using network::DialState;

class DialTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DialTest);
    CPPUNIT_TEST(servesWhatItDials);
    CPPUNIT_TEST(refusedIsTriedAgain);
    CPPUNIT_TEST(timesOut);
    CPPUNIT_TEST(comesBackAfterAnEnd);
    CPPUNIT_TEST(comesBackAfterAReset);
    CPPUNIT_TEST(looksUpNames);
    CPPUNIT_TEST(saysWhichNameIsUnknown);
    CPPUNIT_TEST(stableConnectionsBeginAnew);
    CPPUNIT_TEST(endsWhileConnecting);
    CPPUNIT_TEST(endsWhileWaiting);
    CPPUNIT_TEST(eachTargetIsOnItsOwn);
    CPPUNIT_TEST(restsWithoutAHandler);
    CPPUNIT_TEST(newRoutesRenewTheConnection);
    CPPUNIT_TEST(countsAsConnectedWhenReady);
    CPPUNIT_TEST(showsWhyTheLogInFailed);
    CPPUNIT_TEST(refusedByThePluginIsVisible);
    CPPUNIT_TEST(silentEquipmentIsNotCutOff);
    CPPUNIT_TEST(takesItsShareOfConnections);
    CPPUNIT_TEST(wantsTargets);
    CPPUNIT_TEST_SUITE_END();

public:
    void servesWhatItDials() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        f.dial(f.client({{"127.0.0.1", equipment.port()}}), handler);
        Client line = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("done 1 0"), line.ask("put 42"));
        CPPUNIT_ASSERT_EQUAL(std::string("target 0"), line.ask("dialed"));
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
        CPPUNIT_ASSERT_EQUAL(std::string(), f.target().last_error);
        CPPUNIT_ASSERT_EQUAL("127.0.0.1:" + std::to_string(equipment.port()), f.target().address);
        CPPUNIT_ASSERT_EQUAL(f.target().address, handler.get(&FakeHandler::last_peer));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("c").connections);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("c").messages_in);
        f.on(handler.id(0), [](network::Connection* c) { CPPUNIT_ASSERT(c->isOutgoing()); });
        f.engine->close("c");
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), line.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), line.line());
        CPPUNIT_ASSERT(!equipment.isDialed(50));
    }

    void refusedIsTriedAgain() {
        FakeHandler handler;
        DialFixture f;
        std::uint16_t port = 0;
        {
            const Equipment gone;
            port = gone.port();
        }
        f.dial(f.client({{"127.0.0.1", port}}), handler);
        CPPUNIT_ASSERT_EQUAL("Connecting to 127.0.0.1:" + std::to_string(port) +
                                 " failed: Connection refused",
                             f.failure());
        CPPUNIT_ASSERT(f.wait([&] { return f.target().failures >= 3; }));
        CPPUNIT_ASSERT(f.reported("c", "dial_failed") >= 3);
        Equipment equipment(port);
        Client line = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("hello"), line.ask("hello"));
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, f.target().failures);
        CPPUNIT_ASSERT_EQUAL(std::string(), f.target().last_error);
        CPPUNIT_ASSERT(f.changes > 0);
    }

    void timesOut() {
        FakeHandler handler;
        DialFixture f;
        const Deaf deaf;
        auto spec = f.client({{"127.0.0.1", deaf.port()}});
        spec.dial.connect_ms = 60;
        f.dial(spec, handler);
        CPPUNIT_ASSERT_EQUAL("No connection to 127.0.0.1:" + std::to_string(deaf.port()) +
                                 " within 60 ms",
                             f.failure());
        CPPUNIT_ASSERT(f.wait([&] { return f.target().failures >= 2; }));
    }

    void comesBackAfterAnEnd() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        f.dial(f.client({{"127.0.0.1", equipment.port()}}), handler);
        equipment.accept().close();
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        Client again = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("x"), again.ask("x"));
        CPPUNIT_ASSERT_EQUAL(2, handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(network::close_reason::kPeer, handler.get(&FakeHandler::reason));
    }

    void comesBackAfterAReset() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        auto spec = f.client({{"127.0.0.1", equipment.port()}});
        spec.dial.first_ms = 100'000; // waits, so that the error can be seen
        spec.dial.longest_ms = 100'000;
        f.dial(spec, handler);
        {
            Client line = equipment.accept();
            CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
            const linger hard{1, 0};
            setsockopt(line.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        }
        CPPUNIT_ASSERT(f.waitState(DialState::Waiting));
        CPPUNIT_ASSERT_EQUAL(std::string("The connection broke"), f.target().last_error);
        CPPUNIT_ASSERT(f.target().next_attempt > f.target().since);
        CPPUNIT_ASSERT(f.target().next_attempt <= f.target().since + 100'000);
        CPPUNIT_ASSERT(f.engine->replaceTls("c", nullptr)); // somebody changed something
        CPPUNIT_ASSERT_EQUAL(std::string("y"), equipment.accept().ask("y"));
    }

    void looksUpNames() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment; // IPv4 only: where localhost is ::1 first, the second address is used
        f.dial(f.client({{"localhost", equipment.port()}}), handler);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), equipment.accept().ask("x"));
        CPPUNIT_ASSERT_EQUAL("localhost:" + std::to_string(equipment.port()), f.target().address);
    }

    void saysWhichNameIsUnknown() {
        FakeHandler handler;
        DialFixture f;
        f.dial(f.client({{"no-such-host.invalid", 1}}), handler);
        const std::string error = f.failure();
        CPPUNIT_ASSERT_MESSAGE(error, error.find("\"no-such-host.invalid\"") != std::string::npos);
    }

    // Without the reset the pauses would add up to more than half a minute.
    void stableConnectionsBeginAnew() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        auto spec = f.client({{"127.0.0.1", equipment.port()}});
        spec.dial.longest_ms = 60'000;
        spec.dial.stable_ms = 0;
        f.dial(spec, handler);
        for (int i = 0; i < 12; ++i) {
            Client line = equipment.accept();
            CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
        }
    }

    void endsWhileConnecting() {
        FakeHandler handler;
        DialFixture f;
        const Deaf deaf;
        auto spec = f.client({{"127.0.0.1", deaf.port()}, {"no-such-host.invalid", 1}});
        spec.dial.connect_ms = 100'000;
        f.dial(spec, handler);
        CPPUNIT_ASSERT(f.waitState(DialState::Connecting));
        f.engine->close("c");
        CPPUNIT_ASSERT(!f.engine->isOpen("c"));
        CPPUNIT_ASSERT(f.engine->targets("c").empty());
        CPPUNIT_ASSERT_EQUAL(0, lineFacts().instances.load());
        f.dial(spec, handler); // and the other way: the engine stops meanwhile
    }

    void endsWhileWaiting() {
        FakeHandler handler;
        DialFixture f;
        std::uint16_t port = 0;
        {
            const Equipment gone;
            port = gone.port();
        }
        auto spec = f.client({{"127.0.0.1", port}});
        spec.dial.first_ms = spec.dial.longest_ms = 100'000;
        f.dial(spec, handler);
        CPPUNIT_ASSERT(f.waitState(DialState::Waiting));
        f.engine->close("c");
        // A change of the configuration is a new beginning, without the pause of the old one.
        Equipment equipment(port);
        f.dial(spec, handler);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), equipment.accept().ask("x"));
    }

    void eachTargetIsOnItsOwn() {
        FakeHandler handler;
        DialFixture f;
        Equipment one;
        Equipment two;
        std::uint16_t gone = 0;
        {
            const Equipment other;
            gone = other.port();
        }
        f.dial(
            f.client({{"127.0.0.1", one.port()}, {"127.0.0.1", gone}, {"127.0.0.1", two.port()}}),
            handler);
        Client first = one.accept();
        Client second = two.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("target 0"), first.ask("dialed"));
        CPPUNIT_ASSERT_EQUAL(std::string("target 2"), second.ask("dialed"));
        CPPUNIT_ASSERT(f.failure(1).find("refused") != std::string::npos);
        CPPUNIT_ASSERT(f.waitState(DialState::Connected, 0));
        CPPUNIT_ASSERT(f.waitState(DialState::Connected, 2));
        first.close();
        CPPUNIT_ASSERT_EQUAL(std::string("x"), second.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("target 0"), one.accept().ask("dialed"));
    }

    void restsWithoutAHandler() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        const auto spec = f.client({{"127.0.0.1", equipment.port()}});
        CPPUNIT_ASSERT(f.engine->open(spec));
        CPPUNIT_ASSERT(!equipment.isDialed(50));
        CPPUNIT_ASSERT(f.target().state == DialState::Idle);
        f.engine->setHandler("c", &handler);
        Client line = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
        f.engine->setHandler("c", nullptr);
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), line.line());
        line.close();
        CPPUNIT_ASSERT(f.waitState(DialState::Idle));
        FakeHandler other;
        f.engine->setHandler("c", &other);
        CPPUNIT_ASSERT_EQUAL(std::string("y"), equipment.accept().ask("y"));
        CPPUNIT_ASSERT_EQUAL(1, other.get(&FakeHandler::opens));
    }

    void newRoutesRenewTheConnection() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        f.engine->setRoutes("c", {"/{p}/{d}/up"});
        f.dial(f.client({{"127.0.0.1", equipment.port()}}), handler);
        Client line = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("target 0 /{p}/{d}/up"), line.ask("dialed"));
        f.engine->setRoutes("c", {"/{p}/{d}/up"}); // the same: nothing happens
        CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
        f.engine->setRoutes("c", {"/a", "/b"});
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), line.line());
        line.close();
        CPPUNIT_ASSERT_EQUAL(std::string("target 0 /a /b"), equipment.accept().ask("dialed"));
    }

    void countsAsConnectedWhenReady() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        f.dial(f.client({{"127.0.0.1", equipment.port()}}, "line-login"), handler);
        Client line = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
        CPPUNIT_ASSERT(f.target().state == DialState::Connecting);
        line.write("ready\n");
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
    }

    void showsWhyTheLogInFailed() {
        FakeHandler handler;
        DialFixture f;
        Equipment equipment;
        auto spec = f.client({{"127.0.0.1", equipment.port()}}, "line-login");
        spec.dial.first_ms = spec.dial.longest_ms = 100'000;
        f.dial(spec, handler);
        Client line = equipment.accept();
        line.write("bye\n");
        CPPUNIT_ASSERT_EQUAL(std::string("bye"), line.line());
        line.close();
        CPPUNIT_ASSERT(f.waitState(DialState::Waiting));
        CPPUNIT_ASSERT_EQUAL(std::string("as asked"), f.target().last_error);
    }

    void refusedByThePluginIsVisible() {
        FakeHandler handler;
        DialFixture f;
        lineFacts().refuse_open = true;
        Equipment equipment;
        f.dial(f.client({{"127.0.0.1", equipment.port()}}), handler);
        CPPUNIT_ASSERT_EQUAL(std::string("open_refused"), f.failure());
        lineFacts().refuse_open = false;
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
    }

    void silentEquipmentIsNotCutOff() {
        FakeHandler handler;
        network::EngineOptions options;
        options.first_byte_ms = 20;
        DialFixture f(options);
        Equipment equipment;
        f.dial(f.client({{"127.0.0.1", equipment.port()}}), handler);
        Client line = equipment.accept();
        CPPUNIT_ASSERT(!line.hasInput(120));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
    }

    void takesItsShareOfConnections() {
        FakeHandler handler;
        network::EngineOptions options;
        options.connections_max = 1;
        DialFixture f(options);
        Equipment equipment;
        const std::uint16_t port = f.open(&handler);
        Client client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        f.dial(f.client({{"127.0.0.1", equipment.port()}}), handler);
        CPPUNIT_ASSERT_EQUAL(std::string("The server has as many connections as it may have"),
                             f.failure());
        client.close();
        CPPUNIT_ASSERT_EQUAL(std::string("y"), equipment.accept().ask("y"));
    }

    void wantsTargets() {
        DialFixture f;
        const auto none = f.engine->open(f.client({}));
        CPPUNIT_ASSERT_EQUAL(std::string("network.targets"), none.error().code());
        const std::vector<network::DialTarget> many(network::kTargetsMax + 1, {"127.0.0.1", 1});
        CPPUNIT_ASSERT_EQUAL(std::string("network.targets"),
                             f.engine->open(f.client(many)).error().code());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(DialTest);

} // namespace
