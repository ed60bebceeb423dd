// SPDX-License-Identifier: Apache-2.0
#include "datagram_fixture.hpp"
#include "fairlead/network/close_reason.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <set>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using network::EngineOptions;
namespace close_reason = network::close_reason;

class DatagramTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DatagramTest);
    CPPUNIT_TEST(givesDatagramsOneByOne);
    CPPUNIT_TEST(keepsAPeerOnItsLoop);
    CPPUNIT_TEST(writesOneDatagramEach);
    CPPUNIT_TEST(refusesLongAndEmptyDatagrams);
    CPPUNIT_TEST(malformedDatagramsEndNothing);
    CPPUNIT_TEST(forgetsTheSilent);
    CPPUNIT_TEST(opensAgainAfterAClose);
    CPPUNIT_TEST(limitsPeers);
    CPPUNIT_TEST(evictsTheLongestSilent);
    CPPUNIT_TEST(keepsWhatABusyHandlerCannotTake);
    CPPUNIT_TEST(keepsWhileReadingIsPaused);
    CPPUNIT_TEST(completesInOrder);
    CPPUNIT_TEST(dropsOutputBeyondTheLimit);
    CPPUNIT_TEST(firesTimers);
    CPPUNIT_TEST(sendsDown);
    CPPUNIT_TEST(keepsState);
    CPPUNIT_TEST(refusedOpensAreCounted);
    CPPUNIT_TEST(saysGoodbye);
    CPPUNIT_TEST(waitsForTheHandlerWhenItCloses);
    CPPUNIT_TEST(changesHandlers);
    CPPUNIT_TEST(replacesInstances);
    CPPUNIT_TEST(portsOfTcpAreOthers);
    CPPUNIT_TEST(servesIpv6);
    CPPUNIT_TEST(servesManyPeers);
    CPPUNIT_TEST_SUITE_END();

public:
    void givesDatagramsOneByOne() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("one\n");
        client.write("half");
        client.write("two\n");
        CPPUNIT_ASSERT_EQUAL(std::string("one\n"), client.read());
        // What a type leaves of a datagram is not put in front of the next.
        CPPUNIT_ASSERT_EQUAL(std::string("two\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(1, handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(client.address(), handler.get(&FakeHandler::last_peer));
        CPPUNIT_ASSERT_EQUAL(std::string("0  "), client.ask("peer"));
        const auto c = f.engine->counters("a");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, c.connections);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, c.accepted);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{17}, c.bytes_in);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{12}, c.bytes_out);
    }

    void keepsAPeerOnItsLoop() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        std::vector<UdpClient> clients;
        for (int i = 0; i < 32; ++i) {
            clients.emplace_back(port);
        }
        for (int round = 0; round < 5; ++round) {
            for (const UdpClient& client : clients) {
                CPPUNIT_ASSERT_EQUAL(client.address(), client.ask(client.address()));
            }
        }
        CPPUNIT_ASSERT_EQUAL(32, handler.get(&FakeHandler::opens));
        std::set<std::size_t> loops;
        for (std::size_t i = 0; i < 32; ++i) {
            loops.insert(f.engine->loopOf(handler.id(i)));
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, loops.size());
    }

    void writesOneDatagramEach() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("a\nb\nsend 2000\n");
        CPPUNIT_ASSERT_EQUAL(std::string("a\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::string("b\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::size_t{2001}, client.read().size());
        client.write("send 65506\nsend 65507\nend\n");
        CPPUNIT_ASSERT_EQUAL(std::size_t{65507}, client.read().size());
        CPPUNIT_ASSERT_EQUAL(std::string("end\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "output_too_long"));
        CPPUNIT_ASSERT_EQUAL(0, handler.get(&FakeHandler::closes));
    }

    void refusesLongAndEmptyDatagrams() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = gramSpec(f);
        spec.datagram_bytes_max = 100;
        const std::uint16_t port = f.open(spec, &handler);
        const UdpClient client(port);
        client.write({});
        client.write(std::string(101, 'x') + "\n");
        client.write(std::string(65000, 'x') + "\n");
        const std::string largest(99, 'y');
        CPPUNIT_ASSERT_EQUAL(largest, client.ask(largest));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "empty_datagram"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, f.reported("a", "datagram_too_long"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, f.engine->counters("a").errors);
    }

    void malformedDatagramsEndNothing() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("bad\n");
        client.write("over\n"); // a claim that means nothing here
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        CPPUNIT_ASSERT_EQUAL(1, handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "malformed_input"));
    }

    void forgetsTheSilent() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = gramSpec(f);
        spec.idle_ms = 400;
        const std::uint16_t port = f.open(spec, &handler);
        const UdpClient silent(port);
        const UdpClient busy(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), silent.ask("x"));
        CPPUNIT_ASSERT(f.wait([&] {
            CPPUNIT_ASSERT_EQUAL(std::string("y"), busy.ask("y"));
            return handler.get(&FakeHandler::closes) == 1;
        }));
        CPPUNIT_ASSERT_EQUAL(close_reason::kTimeout, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 5\n"), silent.read());
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::string("z"), silent.ask("z"));
        CPPUNIT_ASSERT_EQUAL(3, handler.get(&FakeHandler::opens));
    }

    void opensAgainAfterAClose() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("bye"), client.ask("bye"));
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(close_reason::kLocal, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(int{FL_E_CLOSED}, lineFacts().write_after_close.load());
        CPPUNIT_ASSERT_EQUAL(std::string("again"), client.ask("again"));
        CPPUNIT_ASSERT_EQUAL(2, handler.get(&FakeHandler::opens));
    }

    void limitsPeers() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = gramSpec(f);
        spec.connections_max = 2;
        const std::uint16_t port = f.open(spec, &handler);
        const UdpClient first(port);
        const UdpClient second(port);
        const UdpClient third(port);
        CPPUNIT_ASSERT_EQUAL(std::string("1"), first.ask("1"));
        CPPUNIT_ASSERT_EQUAL(std::string("2"), second.ask("2"));
        third.write("3\n");
        CPPUNIT_ASSERT(f.wait([&] { return f.reported("a", "refused_connection_limit") == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::string("1"), first.ask("1"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("a").refused);
    }

    void evictsTheLongestSilent() {
        FakeHandler handler;
        EngineOptions options;
        options.evictable_ms = 0;
        EngineFixture f(options, 1);
        auto spec = gramSpec(f);
        spec.connections_max = 2;
        const std::uint16_t port = f.open(spec, &handler);
        const UdpClient first(port);
        const UdpClient second(port);
        const UdpClient third(port);
        CPPUNIT_ASSERT_EQUAL(std::string("1"), first.ask("1"));
        CPPUNIT_ASSERT_EQUAL(std::string("2"), second.ask("2"));
        CPPUNIT_ASSERT_EQUAL(std::string("1"), first.ask("1"));
        CPPUNIT_ASSERT_EQUAL(std::string("3"), third.ask("3"));
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 5\n"), second.read());
        CPPUNIT_ASSERT(!first.hasInput(0));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "evicted_silent_peer"));
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 2; }));
    }

    void keepsWhatABusyHandlerCannotTake() {
        FakeHandler handler;
        handler.busy = true;
        EngineFixture f({}, 1);
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        for (int i = 0; i < 70; ++i) {
            client.write("put " + std::to_string(i) + "\n");
        }
        // The first waits as a message, 64 as datagrams; nobody asks the handler again meanwhile.
        CPPUNIT_ASSERT(f.wait([&] { return f.reported("a", "dropped_busy") == 5; }));
        CPPUNIT_ASSERT_EQUAL(1, handler.get(&FakeHandler::attempts));
        handler.set(&FakeHandler::busy, false);
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT(f.wait([&] { return handler.delivered() == 65; }));
        for (int i = 0; i < 65; ++i) {
            CPPUNIT_ASSERT_EQUAL(std::to_string(i), handler.payloads[static_cast<std::size_t>(i)]);
            CPPUNIT_ASSERT(!client.read().empty());
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5}, f.engine->counters("a").refused);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
    }

    void keepsWhileReadingIsPaused() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        f.on(handler.id(0), [](network::Connection* c) { c->pauseReading(); });
        client.write("a\n");
        client.write("b\n");
        CPPUNIT_ASSERT(!client.hasInput(50));
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT_EQUAL(std::string("a\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::string("b\n"), client.read());
    }

    void completesInOrder() {
        FakeHandler handler;
        handler.answer = FL_PENDING;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("put a\n");
        client.write("put b\n");
        CPPUNIT_ASSERT(f.wait([&] { return handler.delivered() == 2; }));
        f.on(handler.id(0), [](network::Connection* c) {
            c->complete(1, FL_OK, nullptr);
            c->complete(2, FL_E_IO, nullptr);
        });
        CPPUNIT_ASSERT_EQUAL(std::string("ok 1 0\n"), client.read());
        CPPUNIT_ASSERT_EQUAL("ok 2 " + std::to_string(FL_E_IO) + "\n", client.read());
        // A completion from within deliver comes when the plugin has returned.
        handler.set(&FakeHandler::complete_inside, true);
        CPPUNIT_ASSERT_EQUAL(std::string("ok 3 0"), client.ask("put c"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, f.engine->counters("a").messages_in);
    }

    void dropsOutputBeyondTheLimit() {
        FakeHandler handler;
        EngineOptions options;
        options.output_bytes_max = 4096;
        EngineFixture f(options, 1);
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("send 3000\nsend 3000\nsend 3000\nsend 3000\n");
        CPPUNIT_ASSERT_EQUAL(std::size_t{3001}, client.read().size());
        CPPUNIT_ASSERT_EQUAL(std::size_t{3001}, client.read().size());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, f.reported("a", "output_limit"));
    }

    void firesTimers() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("timer 3 30\ntimer 0 10\ntimer 1 10\ntimer 1 0\n");
        CPPUNIT_ASSERT_EQUAL(std::string("tick 0\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::string("tick 3\n"), client.read());
        client.write("timer 0 20\nbye\n"); // ends with the peer
        CPPUNIT_ASSERT_EQUAL(std::string("bye\n"), client.read());
        CPPUNIT_ASSERT(!client.hasInput(60));
    }

    void sendsDown() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        f.on(handler.id(0), [&](network::Connection* c) {
            CPPUNIT_ASSERT_EQUAL(std::string_view("GRAM"), c->transport());
            CPPUNIT_ASSERT_EQUAL(std::string("a"), c->componentId());
            CPPUNIT_ASSERT(c->loop().isCurrent());
            fl_transport_message message{};
            message.size = sizeof(message);
            message.payload = {reinterpret_cast<const std::uint8_t*>("now"), 3};
            CPPUNIT_ASSERT_EQUAL(std::int32_t{FL_OK}, c->send(message, 1));
        });
        CPPUNIT_ASSERT_EQUAL(std::string("down now\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("a").messages_out);
        f.on(handler.id(0), [](network::Connection* c) { c->close(close_reason::kKicked, "x"); });
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 7\n"), client.read());
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        f.on(handler.id(0), [](network::Connection* c) { CPPUNIT_ASSERT(c == nullptr); });
    }

    void keepsState() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("store 0"), client.ask("store k v"));
        CPPUNIT_ASSERT_EQUAL(std::string("load 0 v"), client.ask("load k"));
        CPPUNIT_ASSERT_EQUAL(std::string("drop 0"), client.ask("drop k"));
        CPPUNIT_ASSERT_EQUAL("load " + std::to_string(FL_E_NOT_FOUND) + " ", client.ask("load k"));
    }

    void refusedOpensAreCounted() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        lineFacts().refuse_open = true;
        const UdpClient client(port);
        client.write("x\n");
        CPPUNIT_ASSERT(f.wait([&] { return f.reported("a", "open_refused") == 1; }));
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
        lineFacts().refuse_open = false;
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.ask("y"));
        CPPUNIT_ASSERT_EQUAL(handler.get(&FakeHandler::opens),
                             handler.get(&FakeHandler::closes) + 1);
    }

    void saysGoodbye() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        std::vector<UdpClient> clients;
        for (int i = 0; i < 50; ++i) {
            clients.emplace_back(port);
            CPPUNIT_ASSERT_EQUAL(std::string("x"), clients.back().ask("x"));
        }
        f.engine->close("a", 100);
        for (const UdpClient& client : clients) {
            CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8\n"), client.read());
        }
        CPPUNIT_ASSERT_EQUAL(50, handler.get(&FakeHandler::closes));
        CPPUNIT_ASSERT(!f.engine->isOpen("a"));
        // The port is free at once, also for one that does not share it.
        auto again = gramSpec(f);
        again.port = port;
        CPPUNIT_ASSERT(f.engine->open(again));
    }

    void waitsForTheHandlerWhenItCloses() {
        FakeHandler handler;
        handler.busy = true;
        EngineFixture f({}, 1);
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient client(port);
        client.write("put last\nbye\n");
        CPPUNIT_ASSERT_EQUAL(std::string("bye\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(0, handler.get(&FakeHandler::closes));
        handler.set(&FakeHandler::busy, false);
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, handler.delivered());
    }

    void changesHandlers() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), nullptr);
        const UdpClient client(port);
        client.write("x\n");
        CPPUNIT_ASSERT(f.wait([&] { return f.reported("a", "refused_no_gateway") == 1; }));
        f.engine->setHandler("a", &handler);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        FakeHandler next;
        f.engine->setHandler("a", &next);
        CPPUNIT_ASSERT_EQUAL(1, handler.get(&FakeHandler::closes));
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.ask("y"));
        CPPUNIT_ASSERT_EQUAL(1, next.get(&FakeHandler::opens));
        f.engine->setHandler("a", nullptr);
    }

    void replacesInstances() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        const UdpClient before(port);
        CPPUNIT_ASSERT_EQUAL(std::string("{\"n\":1}"), before.ask("config"));
        CPPUNIT_ASSERT(f.engine->replaceInstance("a", f.types->find("grams"), "{\"n\":2}"));
        CPPUNIT_ASSERT_EQUAL(std::string("{\"n\":1}"), before.ask("config"));
        CPPUNIT_ASSERT_EQUAL(std::string("{\"n\":2}"), UdpClient(port).ask("config"));
    }

    void portsOfTcpAreOthers() {
        FakeHandler handler;
        FakeHandler lines;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        auto second = gramSpec(f, "b");
        second.port = port;
        CPPUNIT_ASSERT_EQUAL(std::string("network.port_in_use"),
                             f.engine->open(second).error().code());
        auto stream = f.spec("c");
        stream.port = port;
        CPPUNIT_ASSERT_EQUAL(port, f.open(stream, &lines));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), Client(port).ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("y"), UdpClient(port).ask("y"));
    }

    void servesIpv6() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = gramSpec(f);
        spec.host = "::1";
        const std::uint16_t port = f.open(spec, &handler);
        const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        to.sin6_port = htons(port);
        to.sin6_addr = in6addr_loopback;
        CPPUNIT_ASSERT(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0);
        for (int i = 0; i < 2; ++i) {
            CPPUNIT_ASSERT(::send(fd, "x\n", 2, 0) == 2);
            char answer[8] = {};
            CPPUNIT_ASSERT(recv(fd, answer, sizeof(answer), 0) == 2);
        }
        ::close(fd);
        CPPUNIT_ASSERT_EQUAL(1, handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT(handler.get(&FakeHandler::last_peer).rfind("[::1]:", 0) == 0);
    }

    void servesManyPeers() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(gramSpec(f), &handler);
        std::vector<UdpClient> clients;
        for (int i = 0; i < 500; ++i) {
            clients.emplace_back(port);
        }
        for (int round = 0; round < 3; ++round) {
            for (const UdpClient& client : clients) {
                client.write("put " + client.address() + "\n");
            }
            for (const UdpClient& client : clients) {
                CPPUNIT_ASSERT_EQUAL("done " + std::to_string(round + 1) + " 0\n", client.read());
            }
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{1500}, handler.delivered());
        CPPUNIT_ASSERT_EQUAL(500, handler.get(&FakeHandler::opens));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(DatagramTest);

} // namespace
