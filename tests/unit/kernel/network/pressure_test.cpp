// SPDX-License-Identifier: Apache-2.0
#include "engine_fixture.hpp"
#include "fairlead/network/close_reason.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;

class PressureTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(PressureTest);
    CPPUNIT_TEST(keepsMessagesThatTheHandlerCannotTake);
    CPPUNIT_TEST(busyKeepsTheOrderOfCompletions);
    CPPUNIT_TEST(stopsReadingWhileBusy);
    CPPUNIT_TEST(pausesNest);
    CPPUNIT_TEST(givesKeptBytesAgainAfterCompletion);
    CPPUNIT_TEST(answersConnectByCompletion);
    CPPUNIT_TEST(completesWithinDeliver);
    CPPUNIT_TEST(sendsDown);
    CPPUNIT_TEST(refusedMessagesAreCounted);
    CPPUNIT_TEST(stopsReadingFromAPeerThatDoesNotRead);
    CPPUNIT_TEST(closesAPeerThatDoesNotRead);
    CPPUNIT_TEST(deliversTheBacklogOfAPeerThatLeft);
    CPPUNIT_TEST_SUITE_END();

    static std::string lines(const char* word, int from, int to) {
        std::string text;
        for (int i = from; i <= to; ++i) {
            text += std::string(word) + " " + std::to_string(i) + "\n";
        }
        return text;
    }

public:
    void keepsMessagesThatTheHandlerCannotTake() {
        FakeHandler handler;
        handler.busy = true;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write(lines("put", 1, 50));
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::attempts) >= 1; }));
        CPPUNIT_ASSERT(!client.hasInput(30));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, handler.delivered());
        handler.set(&FakeHandler::busy, false);
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        for (int i = 1; i <= 50; ++i) {
            CPPUNIT_ASSERT_EQUAL("ok " + std::to_string(i) + " 0", client.line());
        }
        const auto payloads = handler.get(&FakeHandler::payloads);
        for (std::size_t i = 0; i < 50; ++i) {
            CPPUNIT_ASSERT_EQUAL(std::to_string(i + 1), payloads.at(i));
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{50}, f.engine->counters("a").messages_in);
        client.write("put 51\n");
        CPPUNIT_ASSERT_EQUAL(std::string("done 51 0"), client.line());
    }

    void busyKeepsTheOrderOfCompletions() {
        FakeHandler handler;
        handler.answer = FL_PENDING;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write("put 1\n");
        CPPUNIT_ASSERT(f.wait([&] { return handler.delivered() == 1; }));
        handler.set(&FakeHandler::busy, true);
        client.write("put 2\nput 3\n");
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::attempts) == 2; }));
        // The later ones are taken and done at once, while the first is still pending.
        handler.set(&FakeHandler::busy, false);
        handler.set(&FakeHandler::answer, std::int32_t{FL_OK});
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT(f.wait([&] { return handler.delivered() == 3; }));
        CPPUNIT_ASSERT(!client.hasInput(30));
        f.on(handler.id(0), [](network::Connection* c) { c->complete(1, FL_OK, nullptr); });
        CPPUNIT_ASSERT_EQUAL(std::string("ok 1 0"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("ok 2 0"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("ok 3 0"), client.line());
    }

    void stopsReadingWhileBusy() {
        FakeHandler handler;
        handler.busy = true;
        EngineFixture f;
        Client client(f.open(&handler), 0);
        // Far more than socket buffers hold: the writer must be stopped by TCP.
        const std::string block = lines("put", 1'000'000, 1'000'999);
        std::atomic<bool> written{false};
        std::thread writer([&] {
            for (int i = 0; i < 1000; ++i) {
                client.write(block);
            }
            written = true;
        });
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").bytes_in > 0; }));
        std::uint64_t before = 0;
        CPPUNIT_ASSERT(f.wait([&] {
            const std::uint64_t now = f.engine->counters("a").bytes_in;
            return std::exchange(before, now) == now;
        }));
        CPPUNIT_ASSERT(before <= 64 * 1024);
        CPPUNIT_ASSERT(!written);
        handler.set(&FakeHandler::busy, false);
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        std::string last;
        for (int i = 0; i < 1'000'000 && last != "<end>" && last != "<late>"; ++i) {
            last = client.line();
        }
        writer.join();
        CPPUNIT_ASSERT_EQUAL(std::string("done 1000000 0"), last);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1'000'000}, handler.delivered());
    }

    void pausesNest() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        const auto id = handler.id(0);
        f.on(id, [](network::Connection* c) {
            c->pauseReading();
            c->pauseReading();
        });
        client.write("y\n");
        CPPUNIT_ASSERT(!client.hasInput(30));
        f.on(id, [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT(!client.hasInput(30));
        f.on(id, [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.line());
    }

    void givesKeptBytesAgainAfterCompletion() {
        FakeHandler handler;
        handler.answer = FL_PENDING;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write("wait 1\nwait 2\nrest\n");
        for (int i = 1; i <= 2; ++i) {
            CPPUNIT_ASSERT(
                f.wait([&] { return handler.delivered() == static_cast<std::size_t>(i); }));
            CPPUNIT_ASSERT(!client.hasInput(20));
            f.on(handler.id(0), [i](network::Connection* c) {
                c->complete(static_cast<std::uint64_t>(i), FL_OK, nullptr);
            });
            CPPUNIT_ASSERT_EQUAL("ok " + std::to_string(i) + " 0", client.line());
        }
        CPPUNIT_ASSERT_EQUAL(std::string("rest"), client.line());
    }

    void answersConnectByCompletion() {
        FakeHandler handler; // answers FL_OK at once
        EngineFixture f;
        Client client(f.open(&handler));
        CPPUNIT_ASSERT_EQUAL(std::string("ok 1 0"), client.ask("put connect"));
    }

    void completesWithinDeliver() {
        FakeHandler handler;
        handler.complete_inside = true;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write(lines("put", 1, 3));
        CPPUNIT_ASSERT_EQUAL(std::string("ok 1 0"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("ok 2 0"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("ok 3 0"), client.line());
    }

    void sendsDown() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        std::int32_t status = -1;
        f.on(handler.id(0), [&](network::Connection* c) {
            fl_transport_message message{};
            message.size = sizeof(message);
            message.kind = FL_TRANSPORT_DATA;
            message.payload = {reinterpret_cast<const std::uint8_t*>("cmd"), 3};
            status = c->send(message, 9);
        });
        CPPUNIT_ASSERT_EQUAL(int{FL_OK}, int{status});
        CPPUNIT_ASSERT_EQUAL(std::string("down cmd"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("a").messages_out);
        f.on(handler.id(0), [&](network::Connection* c) {
            c->close(network::close_reason::kLocal, "");
            status = c->send({}, 10);
        });
        CPPUNIT_ASSERT_EQUAL(int{FL_E_CLOSED}, int{status});
    }

    void refusedMessagesAreCounted() {
        FakeHandler handler;
        handler.answer = FL_E_UNAUTHORIZED;
        EngineFixture f;
        Client client(f.open(&handler));
        CPPUNIT_ASSERT_EQUAL(std::string("done 1 -6"), client.ask("put x"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("a").refused);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, f.engine->counters("a").messages_in);
    }

    void stopsReadingFromAPeerThatDoesNotRead() {
        FakeHandler handler;
        network::EngineOptions options;
        options.output_pause_bytes = 64 * 1024;
        EngineFixture f(options);
        Client client(f.open(&handler), 4096);
        // Wants 50 MB echoed and reads nothing: the engine must stop to listen long before the
        // output limit is passed.
        const std::string block = std::string(999, 'e') + "\n";
        std::thread writer([&] {
            for (int i = 0; i < 50'000; ++i) {
                client.write(block);
            }
        });
        std::uint64_t before = 1;
        CPPUNIT_ASSERT(f.wait([&] {
            const std::uint64_t now = f.engine->counters("a").bytes_in;
            return now > 0 && std::exchange(before, now) == now;
        }));
        const std::size_t got = client.drain(50'000'000);
        writer.join();
        CPPUNIT_ASSERT_EQUAL(std::size_t{50'000'000}, got);
        CPPUNIT_ASSERT(before < 50'000'000);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, f.reported("a", "output_limit"));
    }

    void closesAPeerThatDoesNotRead() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler), 4096);
        // One read of requests for 64 MB: beyond the 4 MiB that may wait.
        std::string asks;
        for (int i = 0; i < 64; ++i) {
            asks += "send 1000000\n";
        }
        client.write(asks);
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(network::close_reason::kLimit, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "output_limit"));
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
    }

    void deliversTheBacklogOfAPeerThatLeft() {
        FakeHandler handler;
        handler.busy = true;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write(lines("put", 1, 10));
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::attempts) >= 1; }));
        client.close();
        handler.set(&FakeHandler::busy, false);
        f.on(handler.id(0), [](network::Connection* c) { c->resumeReading(); });
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{10}, handler.delivered());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(PressureTest);

} // namespace
