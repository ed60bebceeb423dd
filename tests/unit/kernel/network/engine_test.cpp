// SPDX-License-Identifier: Apache-2.0
#include "engine_fixture.hpp"
#include "fairlead/network/close_reason.hpp"
#include "fairlead/runtime/metrics.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <sys/resource.h>
#include <sys/wait.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
namespace reason = network::close_reason;

class EngineTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(EngineTest);
    CPPUNIT_TEST(echoesToManyConnections);
    CPPUNIT_TEST(joinsPartialFrames);
    CPPUNIT_TEST(carriesLargeMessages);
    CPPUNIT_TEST(closesOnInputBeyondTheLimit);
    CPPUNIT_TEST(refusesAPortInUse);
    CPPUNIT_TEST(refusesAHostThatIsNoAddress);
    CPPUNIT_TEST(refusesTypesItCannotServe);
    CPPUNIT_TEST(tellsWhatTheTypeDislikes);
    CPPUNIT_TEST(refusesConnectionsWithoutHandler);
    CPPUNIT_TEST(limitsConnectionsPerComponent);
    CPPUNIT_TEST(closesAfterFlushing);
    CPPUNIT_TEST(survivesAPluginThatOverruns);
    CPPUNIT_TEST(closesOnProtocolViolation);
    CPPUNIT_TEST(tellsThePluginBeforeClosing);
    CPPUNIT_TEST(answersAPeerThatStoppedSending);
    CPPUNIT_TEST(firesTimers);
    CPPUNIT_TEST(pushesTimersBack);
    CPPUNIT_TEST(closesSilentConnections);
    CPPUNIT_TEST(keepsStateByComponent);
    CPPUNIT_TEST(replacesInstancesForNewConnectionsOnly);
    CPPUNIT_TEST(handlerGoesAwayCleanly);
    CPPUNIT_TEST(closeEndsConnectionsAndFreesThePort);
    CPPUNIT_TEST(drainsManyConnections);
    CPPUNIT_TEST(recoversFromDescriptorExhaustion);
    CPPUNIT_TEST(forgetsConnectionIds);
    CPPUNIT_TEST(pluginMayRefuseConnections);
    CPPUNIT_TEST(countsReportsByKind);
    CPPUNIT_TEST(showsItsFiguresAsMetrics);
    CPPUNIT_TEST(opensNothingAfterStop);
    CPPUNIT_TEST_SUITE_END();

public:
    void echoesToManyConnections() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(&handler);
        std::vector<Client> clients;
        for (int i = 0; i < 200; ++i) {
            clients.emplace_back(port);
        }
        for (int round = 0; round < 3; ++round) {
            for (std::size_t i = 0; i < clients.size(); ++i) {
                clients[i].write("hello " + std::to_string(i) + "\n");
            }
            for (std::size_t i = 0; i < clients.size(); ++i) {
                CPPUNIT_ASSERT_EQUAL("hello " + std::to_string(i), clients[i].line());
            }
        }
        const auto counters = f.engine->counters("a");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{200}, counters.connections);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{200}, counters.accepted);
        CPPUNIT_ASSERT(counters.bytes_in > 0 && counters.bytes_in == counters.bytes_out);
        clients.clear();
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
        CPPUNIT_ASSERT_EQUAL(200, handler.get(&FakeHandler::closes));
        CPPUNIT_ASSERT_EQUAL(reason::kPeer, handler.get(&FakeHandler::reason));
    }

    void joinsPartialFrames() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        for (const char c : std::string("one\ntwo\nthr")) {
            client.write(std::string(1, c));
        }
        CPPUNIT_ASSERT_EQUAL(std::string("one"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("two"), client.line());
        client.write("ee\n");
        CPPUNIT_ASSERT_EQUAL(std::string("three"), client.line());
    }

    void carriesLargeMessages() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        const std::string large(700'000, 'y'); // many reads, kept between them
        client.write(large + "\nafter\n");
        CPPUNIT_ASSERT(client.line() == large);
        CPPUNIT_ASSERT_EQUAL(std::string("after"), client.line());
    }

    void closesOnInputBeyondTheLimit() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = f.spec("a");
        spec.buffered_bytes_max = 100'000;
        Client client(f.open(spec, &handler));
        client.write(std::string(100'000, 'y'));
        CPPUNIT_ASSERT(!client.hasInput(20)); // still within the limit
        try {
            client.write(std::string(200'000, 'y'));
        } catch (const std::runtime_error&) {
            // The server may close before all is written.
        }
        std::string last;
        for (std::string line = client.line(); line != "<end>"; line = client.line()) {
            last = line;
            CPPUNIT_ASSERT(line != "<late>");
        }
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(reason::kLimit, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "input_limit"));
    }

    void refusesAPortInUse() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = f.spec("b");
        spec.port = f.open(&handler);
        const auto second = f.engine->open(spec);
        CPPUNIT_ASSERT(!second);
        CPPUNIT_ASSERT_EQUAL(std::string("network.port_in_use"), second.error().code());
        CPPUNIT_ASSERT(second.error().message().find(std::to_string(spec.port)) !=
                       std::string::npos);
        CPPUNIT_ASSERT(!f.engine->isOpen("b"));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), Client(spec.port).ask("x"));
    }

    void refusesAHostThatIsNoAddress() {
        EngineFixture f;
        auto spec = f.spec("a");
        spec.host = "nowhere.example";
        CPPUNIT_ASSERT_EQUAL(std::string("network.host"), f.engine->open(spec).error().code());
        spec.host = "192.0.2.77"; // an address of nobody
        CPPUNIT_ASSERT_EQUAL(std::string("network.listen_failed"),
                             f.engine->open(spec).error().code());
        spec.host = "::1";
        CPPUNIT_ASSERT(f.engine->open(spec));
    }

    void refusesTypesItCannotServe() {
        EngineFixture f;
        auto spec = f.spec("a");
        spec.type = f.types->find("gram-dialer");
        CPPUNIT_ASSERT_EQUAL(std::string("network.type_unsupported"),
                             f.engine->open(spec).error().code());
        CPPUNIT_ASSERT(f.types->find("nothing") == nullptr);
    }

    void tellsWhatTheTypeDislikes() {
        EngineFixture f;
        lineFacts().refuse_create = true;
        const auto result = f.engine->open(f.spec("a"));
        CPPUNIT_ASSERT(!result);
        CPPUNIT_ASSERT(result.error().message().find("the rule is incomplete") !=
                       std::string::npos);
        CPPUNIT_ASSERT(!f.engine->isOpen("a"));
    }

    void refusesConnectionsWithoutHandler() {
        EngineFixture f;
        const std::uint16_t port = f.open();
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), Client(port).line());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("a").refused);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "refused_no_gateway"));
        FakeHandler handler;
        f.engine->setHandler("a", &handler);
        CPPUNIT_ASSERT_EQUAL(std::string("now"), Client(port).ask("now"));
        f.engine->setHandler("a", nullptr);
    }

    void limitsConnectionsPerComponent() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = f.spec("a");
        spec.connections_max = 2;
        const std::uint16_t port = f.open(spec, &handler);
        Client one(port);
        Client two(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), one.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), two.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), Client(port).line());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "refused_connection_limit"));
        two.close();
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::string("y"), Client(port).ask("y"));
    }

    void closesAfterFlushing() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write("send 200000\nbye\nignored\n");
        CPPUNIT_ASSERT_EQUAL(std::size_t{200'000}, client.line().size());
        CPPUNIT_ASSERT_EQUAL(std::string("bye"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(reason::kLocal, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(int{FL_E_CLOSED}, lineFacts().write_after_close.load());
    }

    void survivesAPluginThatOverruns() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(&handler);
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), Client(port).ask("over"));
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(reason::kError, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "plugin_fault"));
    }

    void closesOnProtocolViolation() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write("x\nbad\ny\n");
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(reason::kProtocol, handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "malformed_input"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.engine->counters("a").errors);
    }

    void tellsThePluginBeforeClosing() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        f.on(handler.id(0), [](network::Connection* c) {
            c->close(reason::kKicked, "by an operator");
            c->close(reason::kLocal, "only the first counts");
        });
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 7"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(reason::kKicked, handler.get(&FakeHandler::reason));
    }

    void answersAPeerThatStoppedSending() {
        FakeHandler handler;
        handler.answer = FL_PENDING;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write("put last words\n");
        client.endSending();
        CPPUNIT_ASSERT(f.wait([&] { return handler.delivered() == 1; }));
        CPPUNIT_ASSERT(!client.hasInput(30));
        f.on(handler.id(0), [](network::Connection* c) { c->complete(1, FL_OK, nullptr); });
        CPPUNIT_ASSERT_EQUAL(std::string("ok 1 0"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(reason::kPeer, handler.get(&FakeHandler::reason));
    }

    void firesTimers() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        client.write("timer 0 40\ntimer 1 20\ntimer 2 10\ntimer 2 0\ntimer 7 1\n");
        CPPUNIT_ASSERT_EQUAL(std::string("tick 1"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("tick 0"), client.line());
        CPPUNIT_ASSERT(!client.hasInput(60));
    }

    void pushesTimersBack() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        const auto begin = std::chrono::steady_clock::now();
        client.write("timer 0 20\ntimer 0 120\n");
        CPPUNIT_ASSERT_EQUAL(std::string("tick 0"), client.line());
        const auto took = std::chrono::steady_clock::now() - begin;
        CPPUNIT_ASSERT(took >= std::chrono::milliseconds(110));
        client.write("timer 0 60000\ntimer 0 20\n"); // and forward
        CPPUNIT_ASSERT_EQUAL(std::string("tick 0"), client.line());
    }

    void closesSilentConnections() {
        FakeHandler handler;
        network::EngineOptions options;
        options.first_byte_ms = 50;
        EngineFixture f(options);
        const std::uint16_t port = f.open(&handler);
        Client talking(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), talking.ask("x"));
        Client silent(port);
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 5"), silent.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), silent.line());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "first_byte_timeout"));
        CPPUNIT_ASSERT_EQUAL(std::string("y"), talking.ask("y"));
    }

    void keepsStateByComponent() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t a = f.open(&handler);
        const std::uint16_t b = f.open(f.spec("b"), &handler);
        Client client(a);
        CPPUNIT_ASSERT_EQUAL(std::string("store 0"), client.ask("store k value"));
        CPPUNIT_ASSERT_EQUAL(std::string("load 0 value"), client.ask("load k"));
        CPPUNIT_ASSERT_EQUAL(std::string("load -5 "), Client(b).ask("load k"));
        CPPUNIT_ASSERT_EQUAL(std::string("drop 0"), client.ask("drop k"));
        CPPUNIT_ASSERT_EQUAL(std::string("load -5 "), client.ask("load k"));
        const std::string large(70'000, 'v');
        CPPUNIT_ASSERT_EQUAL(std::string("store -8"), client.ask("store k " + large));
        CPPUNIT_ASSERT_EQUAL(std::string("release 0"), client.ask("release q2/1"));
    }

    void replacesInstancesForNewConnectionsOnly() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(&handler);
        Client old(port);
        CPPUNIT_ASSERT_EQUAL(std::string("{\"n\":1}"), old.ask("config"));
        const int instances = lineFacts().instances;
        CPPUNIT_ASSERT(f.engine->replaceInstance("a", f.types->find("line"), "{\"n\":2}"));
        Client fresh(port);
        CPPUNIT_ASSERT_EQUAL(std::string("{\"n\":2}"), fresh.ask("config"));
        CPPUNIT_ASSERT_EQUAL(std::string("{\"n\":1}"), old.ask("config"));
        CPPUNIT_ASSERT_EQUAL(instances + 1, lineFacts().instances.load());
        old.close();
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 1; }));
        CPPUNIT_ASSERT(f.wait([&] {
            f.engine->collect();
            return lineFacts().instances == instances;
        }));
        CPPUNIT_ASSERT_EQUAL(std::string("still"), fresh.ask("still"));
        CPPUNIT_ASSERT(!f.engine->replaceInstance("none", f.types->find("line"), "{}"));
    }

    void handlerGoesAwayCleanly() {
        EngineFixture f;
        auto handler = std::make_unique<FakeHandler>();
        handler->answer = FL_PENDING;
        const std::uint16_t port = f.open(handler.get());
        Client client(port);
        client.write("put x\n");
        CPPUNIT_ASSERT(f.wait([&] { return handler->delivered() == 1; }));
        f.engine->setHandler("a", nullptr);
        CPPUNIT_ASSERT_EQUAL(1, handler->get(&FakeHandler::closes));
        CPPUNIT_ASSERT_EQUAL(reason::kShutdown, handler->get(&FakeHandler::reason));
        handler.reset();
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), Client(port).line());
    }

    void closeEndsConnectionsAndFreesThePort() {
        FakeHandler handler;
        EngineFixture f;
        auto spec = f.spec("a");
        spec.port = f.open(&handler);
        const int instances = lineFacts().instances;
        Client client(spec.port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        f.engine->close("a");
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT_EQUAL(instances - 1, lineFacts().instances.load());
        CPPUNIT_ASSERT(!f.engine->isOpen("a"));
        CPPUNIT_ASSERT(Client::dial(spec.port) < 0);
        CPPUNIT_ASSERT_EQUAL(spec.port, f.open(spec, nullptr)); // the handler was kept
        CPPUNIT_ASSERT_EQUAL(std::string("again"), Client(spec.port).ask("again"));
    }

    void drainsManyConnections() {
        FakeHandler handler;
        network::EngineOptions options;
        options.drain_per_second = 1000;
        EngineFixture f(options);
        const std::uint16_t port = f.open(&handler);
        std::vector<Client> clients;
        for (int i = 0; i < 300; ++i) {
            clients.emplace_back(port);
        }
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::opens) == 300; }));
        std::atomic<bool> orderly{false};
        std::thread stopping([&] { orderly = f.engine->stop(2'000); });
        for (Client& client : clients) {
            CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), client.line());
            CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
            client.close();
        }
        stopping.join();
        CPPUNIT_ASSERT(orderly);
        CPPUNIT_ASSERT_EQUAL(300, handler.get(&FakeHandler::closes));
        CPPUNIT_ASSERT(f.engine->componentIds().empty());
    }

    // In a process of its own, because the limit is the process's.
    void recoversFromDescriptorExhaustion() {
        const pid_t child = fork();
        if (child == 0) {
            _exit(exhaustDescriptors());
        }
        int status = 0;
        waitpid(child, &status, 0);
        CPPUNIT_ASSERT(WIFEXITED(status));
        CPPUNIT_ASSERT_EQUAL(0, WEXITSTATUS(status));
    }

    static int exhaustDescriptors() {
        FakeHandler handler;
        EngineFixture f({}, 1);
        const std::uint16_t port = f.open(&handler);
        const int last = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int free_fd = dup(0);
        ::close(free_fd);
        const rlimit limit{static_cast<rlim_t>(free_fd) + 20, static_cast<rlim_t>(free_fd) + 20};
        setrlimit(RLIMIT_NOFILE, &limit);
        std::vector<int> clients;
        for (int fd = Client::dial(port); fd >= 0; fd = Client::dial(port)) {
            clients.push_back(fd);
        }
        if (clients.empty()) {
            return 1;
        }
        // Both ends are in this process. When each client got in with an end of its own, nobody
        // waits yet: the last one, made before, needs no descriptor on this side.
        if (!Client::connectTo(last, port)) {
            return 2;
        }
        clients.push_back(last);
        if (!f.wait([&] { return f.reported("a", "refused_no_descriptors") > 0; })) {
            return 3;
        }
        for (const int fd : clients) {
            ::close(fd);
        }
        if (!f.wait([&] { return f.engine->counters("a").connections == 0; })) {
            return 4;
        }
        // While the ones that waited are accepted and end, some may still be turned away.
        return f.wait([&] { return Client(port).ask("again") == "again"; }) ? 0 : 5;
    }

    void forgetsConnectionIds() {
        FakeHandler handler;
        EngineFixture f({}, 1);
        const std::uint16_t port = f.open(&handler);
        {
            Client first(port);
            CPPUNIT_ASSERT_EQUAL(std::string("x"), first.ask("x"));
            f.on(handler.id(0), [](network::Connection* c) { CPPUNIT_ASSERT(c != nullptr); });
        }
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
        Client second(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), second.ask("x"));
        CPPUNIT_ASSERT(!(handler.id(0) == handler.id(1)));
        bool gone = false;
        f.on(handler.id(0), [&](network::Connection* c) { gone = c == nullptr; });
        CPPUNIT_ASSERT(gone);
        CPPUNIT_ASSERT_EQUAL(std::string("127.0.0.1:"),
                             handler.get(&FakeHandler::last_peer).substr(0, 10));
    }

    void pluginMayRefuseConnections() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(&handler);
        lineFacts().refuse_open = true;
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), Client(port).line());
        CPPUNIT_ASSERT(f.wait([&] { return handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "open_refused"));
        lineFacts().refuse_open = false;
        CPPUNIT_ASSERT_EQUAL(std::string("x"), Client(port).ask("x"));
    }

    void countsReportsByKind() {
        FakeHandler handler;
        EngineFixture f;
        Client client(f.open(&handler));
        for (int i = 0; i < 40; ++i) {
            CPPUNIT_ASSERT_EQUAL(std::string("reported"),
                                 client.ask("report kind_" + std::to_string(i)));
        }
        client.ask("report kind_0");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, f.reported("a", "kind_0"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "kind_30"));
        // Names come from plugins: beyond 32 of them, they share one.
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{9}, f.reported("a", "other"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{32}, f.engine->reports("a").size());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{41}, f.engine->counters("a").errors);
    }

    void showsItsFiguresAsMetrics() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(f.spec("metered"), &handler);
        Client client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("reported"), client.ask("report odd"));
        const auto shows = [](const std::string& line) {
            return runtime::Metrics::global().expose().find(line) != std::string::npos;
        };
        CPPUNIT_ASSERT(shows("fairlead_network_connections{component=\"metered\"} 1\n"));
        CPPUNIT_ASSERT(
            shows("fairlead_network_reports_total{component=\"metered\",kind=\"odd\"} 1\n"));
        f.engine->close("metered");
        CPPUNIT_ASSERT(!shows("fairlead_network_connections{component=\"metered\"}"));
    }

    void opensNothingAfterStop() {
        EngineFixture f;
        f.open();
        CPPUNIT_ASSERT(f.engine->stop(100));
        const auto late = f.engine->open(f.spec("b"));
        CPPUNIT_ASSERT(!late);
        CPPUNIT_ASSERT(late.error().kind() == base::Errc::Closed);
        CPPUNIT_ASSERT(f.engine->stop(100)); // again: nothing happens
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(EngineTest);

} // namespace
