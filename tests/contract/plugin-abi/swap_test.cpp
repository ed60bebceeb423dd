// SPDX-License-Identifier: Apache-2.0
// Hot swap: under load, with state, with connections, back again, a thousand times.
#include "fixture.hpp"

#include <atomic>
#include <condition_variable>
#include <cppunit/extensions/HelperMacros.h>
#include <fstream>
#include <thread>

namespace fairlead::plugin {
namespace {

constexpr std::chrono::seconds kSettle{20};
constexpr std::size_t kLoops = 4;

std::size_t mapLines() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) {
        ++count;
    }
    return count;
}

std::size_t mapsNaming(const std::string& text) {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) {
        count += line.find(text) != std::string::npos ? 1U : 0U;
    }
    return count;
}

std::size_t residentKiB() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmRSS:", 0) == 0) {
            return std::stoul(line.substr(6));
        }
    }
    return 0;
}

// What a reader under load counts: each call must succeed, and the version in the message must be
// that of the generation that was asked.
struct Counting {
    std::size_t messages = 0;
    bool right = false;
    std::string_view expected;
};

class SwapTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SwapTest);
    CPPUNIT_TEST(swapsUnderLoadWithoutAFailedCall);
    CPPUNIT_TEST(thousandReloadsLeaveNothing);
    CPPUNIT_TEST(stateMovesOn);
    CPPUNIT_TEST(refusedStateLeavesTheOldOne);
    CPPUNIT_TEST(failedSwapLeavesTheOldOne);
    CPPUNIT_TEST(rollbackGoesBack);
    CPPUNIT_TEST(connectionsStayOnTheirGeneration);
    CPPUNIT_TEST(blockedCallHoldsOnlyTheMemory);
    CPPUNIT_TEST(trialInstanceHoldsItsGeneration);
    CPPUNIT_TEST(budgetStopsEndlessRetirement);
    CPPUNIT_TEST(stopWithLiveBindings);
    CPPUNIT_TEST_SUITE_END();

    static std::string versionFrom(ProtocolBinding& binding) {
        return decode(*binding.use(0), "").devices.at(0).name;
    }

    void swapsUnderLoadWithoutAFailedCall() {
        Server server(kLoops);
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> calls{0};
        std::atomic<std::uint64_t> wrong{0};
        std::vector<std::thread> readers;
        for (std::size_t loop = 0; loop < kLoops; ++loop) {
            readers.emplace_back([&, loop] { read(*binding, loop, stop, calls, wrong); });
        }
        const std::size_t swaps = keepsModules() ? 20 : 100;
        for (std::size_t i = 0; i < swaps; ++i) {
            const auto next = server.manager.load(sample(i % 2 == 0 ? "sample-v2" : "sample-again"),
                                                  Source::Builtin);
            CPPUNIT_ASSERT_MESSAGE(next ? "" : next.error().message(), next);
        }
        stop = true;
        for (std::thread& t : readers) {
            t.join();
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, wrong.load());
        CPPUNIT_ASSERT(calls.load() > swaps);
        CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
        if (!keepsModules()) {
            // Only the last generation is mapped.
            const std::size_t all = mapsNaming(server.dir.path().string());
            CPPUNIT_ASSERT(all > 0);
            CPPUNIT_ASSERT_EQUAL(all, mapsNaming("-g" + std::to_string(swaps + 1) + ".so"));
        }
    }

    static void read(ProtocolBinding& binding, std::size_t loop, const std::atomic<bool>& stop,
                     std::atomic<std::uint64_t>& calls, std::atomic<std::uint64_t>& wrong) {
        testkit::FakeSession session;
        const fl_session_view view = session.raw();
        const sdk::TransportBuilder message;
        Counting counting;
        fl_protocol_sink sink{};
        sink.size = sizeof(sink);
        sink.ctx = &counting;
        sink.device = [](void* ctx, const fl_device_message* m) -> fl_status {
            auto& c = *static_cast<Counting*>(ctx);
            ++c.messages;
            c.right = sdk::view(m->name) == c.expected;
            return FL_OK;
        };
        fl_err err{sizeof(fl_err), 0, 0, {}};
        std::uint64_t last = 0;
        while (!stop) {
            const ProtocolUse use = binding.use(loop);
            if (!use || use->generation() < last) {
                ++wrong; // never absent, and never backwards
                continue;
            }
            last = use->generation();
            // Generation 1 and the odd ones are 1.0.0 builds, the even ones 2.0.0.
            counting.expected = last % 2 == 1 ? "1.0.0" : "2.0.0";
            counting.messages = 0;
            const fl_status status = use->decode(message.raw(), view, sink, err);
            if (status != FL_OK || counting.messages != 1 || !counting.right) {
                ++wrong;
            }
            ++calls;
        }
    }

    void thousandReloadsLeaveNothing() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        const auto reload = [&] {
            const auto next = server.manager.reload("test.sample");
            CPPUNIT_ASSERT_MESSAGE(next ? "" : next.error().message(), next);
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, decode(*binding->use(0), "").status);
            CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
        };
        for (int i = 0; i < 100; ++i) {
            reload(); // the allocator's pools and the lists of events fill up
        }
        const std::size_t maps = mapLines();
        const std::size_t modules = mapsNaming(server.dir.path().string());
        const std::size_t resident = residentKiB();
        const int rounds = keepsModules() ? 20 : 1000;
        for (int i = 0; i < rounds; ++i) {
            reload();
        }
        if (!keepsModules()) {
            CPPUNIT_ASSERT_EQUAL(modules, mapsNaming(server.dir.path().string()));
            // Thread stacks and allocator arenas come and go; one kept module would be 4,000 maps.
            CPPUNIT_ASSERT(mapLines() <= maps + 16);
            const std::size_t now = residentKiB();
            CPPUNIT_ASSERT_MESSAGE(std::to_string(resident) + " to " + std::to_string(now) + " KiB",
                                   now <= resident + 256);
        }
    }

    void stateMovesOn() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        CPPUNIT_ASSERT_EQUAL(std::string("0"),
                             decode(*binding->use(0), "").devices.at(0).property("handOvers"));
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        static_cast<void>(server.manager.reload("test.sample").value());
        CPPUNIT_ASSERT_EQUAL(std::string("2"),
                             decode(*binding->use(0), "").devices.at(0).property("handOvers"));
        CPPUNIT_ASSERT(server.host.has("test.sample: quiesce 1.0.0"));
        CPPUNIT_ASSERT(!server.host.has("test.sample: resume 1.0.0"));
    }

    void refusedStateLeavesTheOldOne() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        // v3 reads schema 9 only, and v1 cannot read what v2 wrote.
        for (const char* name : {"sample-v3", "sample-v1"}) {
            const auto refused = server.manager.load(sample(name), Source::Builtin);
            CPPUNIT_ASSERT(refused.error().kind() == base::Errc::Version);
            CPPUNIT_ASSERT(refused.error().message().find("schema 2") != std::string::npos);
        }
        CPPUNIT_ASSERT(server.host.has("test.sample: resume 2.0.0"));
        CPPUNIT_ASSERT_EQUAL(std::string("2.0.0"), versionFrom(*binding));
        CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
        const auto info = server.manager.describe("test.sample").value();
        CPPUNIT_ASSERT(info.state == State::Started);
        CPPUNIT_ASSERT_EQUAL(std::string("2.0.0"), info.version);
        CPPUNIT_ASSERT(info.generations.front().state ==
                       (keepsModules() ? State::Retired : State::Failed));
        CPPUNIT_ASSERT(!info.last_error.empty());
    }

    void failedSwapLeavesTheOldOne() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        const auto junk = server.dir.path() / "junk.so";
        std::ofstream(junk) << "not a library";
        CPPUNIT_ASSERT(!server.manager.load(junk, Source::Builtin));
        const auto other = server.manager.swap("test.sample", sample("minimal"), Source::Builtin);
        CPPUNIT_ASSERT(other.error().kind() == base::Errc::Conflict);
        CPPUNIT_ASSERT_EQUAL(std::string("1.0.0"), versionFrom(*binding));
        CPPUNIT_ASSERT(!server.manager.describe("fairlead.example.minimal"));
    }

    void rollbackGoesBack() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        CPPUNIT_ASSERT(server.manager.rollback("test.sample").error().code() ==
                       "plugin.no_version");
        static_cast<void>(server.manager.load(sample("sample-fix"), Source::Builtin).value());
        CPPUNIT_ASSERT_EQUAL(std::string("1.1.0"), versionFrom(*binding));
        const auto back = server.manager.rollback("test.sample");
        CPPUNIT_ASSERT_MESSAGE(back ? "" : back.error().message(), back);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, back->generation);
        CPPUNIT_ASSERT_EQUAL(std::string("1.0.0"), versionFrom(*binding));
        // v2's state cannot be read by v1: the rollback is refused and v2 goes on.
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        CPPUNIT_ASSERT(server.manager.rollback("test.sample").error().kind() ==
                       base::Errc::Version);
        CPPUNIT_ASSERT_EQUAL(std::string("2.0.0"), versionFrom(*binding));
    }

    struct Io {
        fl_network_host table{};
        std::string output;
        bool* gone = nullptr;
        ~Io() { *gone = true; }
    };

    void connectionsStayOnTheirGeneration() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        bool io_gone = false;
        auto io = std::make_shared<Io>();
        io->gone = &io_gone;
        io->table.size = sizeof(io->table);
        io->table.ctx = io.get();
        io->table.write = [](void* ctx, fl_conn*, fl_bytes bytes) -> fl_status {
            static_cast<Io*>(ctx)->output += sdk::text(bytes);
            return FL_OK;
        };
        Io& seen = *io;
        auto component = server.manager
                             .openNetwork("sample-tcp", "{}",
                                          std::shared_ptr<const fl_network_host>(io, &io->table))
                             .value();
        io.reset();
        const fl_peer peer{sizeof(fl_peer), 0, {}, {}, {}, {}};
        fl_err err{sizeof(fl_err), 0, 0, {}};
        std::size_t consumed = 0;
        NetworkConnection first;
        NetworkConnection second;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, component->open(nullptr, peer, first, err));
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, component->open(nullptr, peer, second, err));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, first.generation());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, second.generation());
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             first.onData(nullptr, sdk::bytes("x"), consumed, err));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             second.onData(nullptr, sdk::bytes("x"), consumed, err));
        CPPUNIT_ASSERT_EQUAL(std::string("1.0.02.0.0"), seen.output);
        CPPUNIT_ASSERT(!server.manager.waitSettled(std::chrono::milliseconds(50)));
        CPPUNIT_ASSERT(server.stateOf("test.sample", 1) == State::Draining);
        first.onClose(nullptr, FL_CLOSE_PEER);
        CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
        CPPUNIT_ASSERT(server.stateOf("test.sample", 1) ==
                       (keepsModules() ? State::Retired : State::Unloaded));
        second.onClose(nullptr, FL_CLOSE_PEER);
        component.reset();
        CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
        CPPUNIT_ASSERT(io_gone);
    }

    void blockedCallHoldsOnlyTheMemory() {
        ManagerOptions options = Server::options(2);
        options.drain_timeout = std::chrono::milliseconds(30);
        Server server(options);
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        std::mutex mutex;
        std::condition_variable changed;
        int stage = 0;
        std::thread blocked([&] {
            const ProtocolUse use = binding->use(1);
            std::unique_lock lock(mutex);
            stage = 1;
            changed.notify_all();
            changed.wait(lock, [&] { return stage == 2; });
        });
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return stage == 1; });
        }
        // Published at once, although a thread sits in the old one.
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        CPPUNIT_ASSERT_EQUAL(std::string("2.0.0"), versionFrom(*binding));
        const auto deadline = std::chrono::steady_clock::now() + kSettle;
        while (server.stateOf("test.sample", 1) != State::Stuck &&
               std::chrono::steady_clock::now() < deadline) {
            std::this_thread::yield();
        }
        CPPUNIT_ASSERT(server.stateOf("test.sample", 1) == State::Stuck);
        {
            const std::lock_guard lock(mutex);
            stage = 2;
            changed.notify_all();
        }
        blocked.join();
        CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
        CPPUNIT_ASSERT(server.stateOf("test.sample", 1) ==
                       (keepsModules() ? State::Retired : State::Unloaded));
    }

    void trialInstanceHoldsItsGeneration() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto trial = server.manager.createProtocol("test.sample", "sample", "{}").value();
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        CPPUNIT_ASSERT_EQUAL(std::string("1.0.0"), decode(*trial, "").devices.at(0).name);
        trial.reset();
        CPPUNIT_ASSERT(server.manager.waitSettled(kSettle));
    }

    void budgetStopsEndlessRetirement() {
        ManagerOptions options = Server::options(1);
        options.retained_max = 0;
        Server server(options);
        const auto refused = server.manager.load(sample("minimal"), Source::Builtin);
        CPPUNIT_ASSERT(refused.error().kind() == base::Errc::Limit);
        CPPUNIT_ASSERT(refused.error().message().find("restart the server") != std::string::npos);
    }

    void stopWithLiveBindings() {
        std::shared_ptr<ProtocolBinding> binding;
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        server.manager.stop();
        CPPUNIT_ASSERT(!binding->use(0));
        CPPUNIT_ASSERT(server.host.has("test.sample: deinit 1.0.0"));
        CPPUNIT_ASSERT(server.manager.load(sample("minimal"), Source::Builtin).error().kind() ==
                       base::Errc::Closed);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SwapTest);

} // namespace
} // namespace fairlead::plugin
