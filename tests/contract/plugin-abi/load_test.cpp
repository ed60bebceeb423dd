// SPDX-License-Identifier: Apache-2.0
// Loading: what is accepted, what is refused with which words, and what the manager tells.
#include "fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace fairlead::plugin {
namespace {

class LoadTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(LoadTest);
    CPPUNIT_TEST(plainCPluginDecodes);
    CPPUNIT_TEST(cppPluginIsDescribed);
    CPPUNIT_TEST(exceptionBecomesAStatus);
    CPPUNIT_TEST(olderAndNewerTablesAreUnderstood);
    CPPUNIT_TEST(refusalsSayWhy);
    CPPUNIT_TEST(hangingInitIsLeftBehind);
    CPPUNIT_TEST(refusedConfigurationIsToldApart);
    CPPUNIT_TEST(disableAndEnable);
    CPPUNIT_TEST(removeForgetsAllButBuiltins);
    CPPUNIT_TEST(discoverGoesOnAfterAFailure);
    CPPUNIT_TEST(uniqueSymbolsAllowOneGeneration);
    CPPUNIT_TEST(eventsTellTheLife);
    CPPUNIT_TEST_SUITE_END();

    void plainCPluginDecodes() {
        Server server;
        const auto loaded = server.manager.load(sample("minimal"), Source::Builtin);
        CPPUNIT_ASSERT_MESSAGE(loaded ? "" : loaded.error().message(), loaded);
        CPPUNIT_ASSERT_EQUAL(std::string("fairlead.example.minimal"), loaded->plugin_id);
        CPPUNIT_ASSERT(server.host.has("fairlead.example.minimal: the minimal example is loaded"));
        auto binding =
            server.manager.bindProtocol(loaded->plugin_id, "example-minimal", "{}").value();
        const auto out = decode(*binding->use(0), "d1=42");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("42"), out.devices.at(0).property("value"));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), out.devices[0].device_id);
        const auto bad = decode(*binding->use(0), "d1=x");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, bad.status);
        CPPUNIT_ASSERT_EQUAL(std::string("expected: device=integer"), bad.error);
    }

    void cppPluginIsDescribed() {
        Server server;
        const auto loaded = server.manager.load(sample("sample-v1"), Source::Builtin).value();
        const auto protocols = server.manager.protocols();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, protocols.size());
        const ProtocolDescriptor& p = protocols[0];
        CPPUNIT_ASSERT_EQUAL(std::string("sample"), p.id);
        CPPUNIT_ASSERT_EQUAL(std::string("test.sample"), p.plugin_id);
        CPPUNIT_ASSERT_EQUAL(std::string("firmware"), p.features.at(0));
        const TransportDescriptor& mqtt = p.transports.at(0);
        CPPUNIT_ASSERT_EQUAL(std::string("/{product}/{device}/up"), mqtt.routes.at(0).address);
        CPPUNIT_ASSERT(mqtt.routes[0].upstream && !mqtt.routes[0].downstream);
        CPPUNIT_ASSERT(mqtt.routes.at(1).downstream);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"type":"object"})"), mqtt.config_schema);
        const auto networks = server.manager.networkTypes();
        CPPUNIT_ASSERT_EQUAL(std::string("sample-tcp"), networks.at(0).id);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_NETWORK_STREAM}, networks[0].flags);

        const PluginInfo info = server.manager.describe("test.sample").value();
        CPPUNIT_ASSERT_EQUAL(std::string("1.0.0"), info.version);
        CPPUNIT_ASSERT(info.state == State::Started);
        CPPUNIT_ASSERT_EQUAL(std::string("ok"), info.health);
        CPPUNIT_ASSERT_EQUAL(std::string("builtin"), info.trust);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, info.provides.size());
        CPPUNIT_ASSERT_EQUAL(loaded.sha256, info.sha256);
        CPPUNIT_ASSERT_EQUAL(std::size_t{64}, info.sha256.size());
    }

    void exceptionBecomesAStatus() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        const auto out = decode(*binding->use(0), "throw");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_EXCEPTION}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("boom from 1.0.0"), out.error);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, decode(*binding->use(0), "").status);
    }

    // odd-newer-minor has a longer module table, routes with a longer stride, and a shorter
    // protocol table with rubbish behind it.
    void olderAndNewerTablesAreUnderstood() {
        Server server;
        const auto loaded = server.manager.load(sample("odd-newer-minor"), Source::Builtin);
        CPPUNIT_ASSERT_MESSAGE(loaded ? "" : loaded.error().message(), loaded);
        const auto routes = server.manager.protocols().at(0).transports.at(0).routes;
        CPPUNIT_ASSERT_EQUAL(std::string("/one"), routes.at(0).address);
        CPPUNIT_ASSERT_EQUAL(std::string("/two"), routes.at(1).address);
        CPPUNIT_ASSERT(routes[1].downstream && !routes[1].upstream);
        const auto info = server.manager.describe("test.odd").value();
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{9}, info.abi_minor);
        CPPUNIT_ASSERT(!info.warnings.empty());
        auto binding = server.manager.bindProtocol("test.odd", "odd", "{}").value();
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, decode(*binding->use(0), "").status);
        fl_err err{sizeof(fl_err), 0, 0, {}};
        fl_identity who{sizeof(fl_identity), 0, {nullptr, 0}, {nullptr, 0}};
        const sdk::TransportBuilder message;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED},
                             binding->use(0)->identify(message.raw(), who, err));
    }

    static std::string refusal(const std::string& name, Source source = Source::Builtin) {
        Server server;
        const auto loaded = server.manager.load(sample(name), source);
        if (loaded) {
            return "loaded";
        }
        CPPUNIT_ASSERT(server.manager.waitSettled(std::chrono::seconds(10)));
        CPPUNIT_ASSERT(server.manager.protocols().empty());
        return loaded.error().message();
    }

    void refusalsSayWhy() {
        const std::pair<const char*, const char*> cases[] = {
            {"odd-major", "built for plugin ABI 2, this server has 1"},
            {"odd-id", "its id is not"},
            {"odd-init-fails", "its init failed: no licence"},
            {"odd-selftest", "its self test failed: vector 3 differs"},
            {"odd-rpath", "search path"},
            {"odd-no-entry", "does not export"},
            {"not-there", "there is no file"},
        };
        for (const auto& [name, text] : cases) {
            const std::string why = refusal(name);
            CPPUNIT_ASSERT_MESSAGE(std::string(name) + ": " + why,
                                   why.find(text) != std::string::npos);
        }
        CPPUNIT_ASSERT(refusal("odd-forbidden", Source::Local) != "loaded");
        CPPUNIT_ASSERT_EQUAL(std::string("loaded"), refusal("odd-forbidden"));
    }

    void hangingInitIsLeftBehind() {
        ManagerOptions options = Server::options(1);
        options.load_timeout = std::chrono::milliseconds(50);
        Server server(options);
        const auto loaded = server.manager.load(sample("odd-init-hangs"), Source::Builtin);
        CPPUNIT_ASSERT(!loaded);
        CPPUNIT_ASSERT(loaded.error().kind() == base::Errc::Timeout);
        CPPUNIT_ASSERT(server.manager.waitSettled(std::chrono::seconds(10)));
        const auto info = server.manager.describe("test.hangs").value();
        CPPUNIT_ASSERT(info.state == State::Stuck);
        CPPUNIT_ASSERT(!info.last_error.empty());
        // Nothing else waits for it.
        CPPUNIT_ASSERT(server.manager.load(sample("minimal"), Source::Builtin));
    }

    void refusedConfigurationIsToldApart() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        const auto refused = server.manager.bindProtocol("test.sample", "sample", "refuse");
        CPPUNIT_ASSERT(refused.error().kind() == base::Errc::Invalid);
        CPPUNIT_ASSERT(refused.error().message().find("the configuration says so") !=
                       std::string::npos);
        CPPUNIT_ASSERT(server.manager.bindProtocol("test.sample", "none", "{}").error().kind() ==
                       base::Errc::NotFound);
        CPPUNIT_ASSERT(server.manager.bindProtocol("test.none", "sample", "{}").error().kind() ==
                       base::Errc::NotFound);
    }

    void disableAndEnable() {
        Server server;
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        auto binding = server.manager.bindProtocol("test.sample", "sample", "{}").value();
        CPPUNIT_ASSERT(server.manager.disable("test.sample"));
        CPPUNIT_ASSERT(!binding->use(0));
        CPPUNIT_ASSERT(server.manager.waitSettled(std::chrono::seconds(10)));
        CPPUNIT_ASSERT(server.host.has("test.sample: deinit 1.0.0"));
        auto info = server.manager.describe("test.sample").value();
        CPPUNIT_ASSERT(!info.enabled);
        CPPUNIT_ASSERT(info.state == (keepsModules() ? State::Retired : State::Unloaded));
        CPPUNIT_ASSERT(server.manager.protocols().empty());
        CPPUNIT_ASSERT(server.manager.bindProtocol("test.sample", "sample", "{}").error().kind() ==
                       base::Errc::Closed);
        CPPUNIT_ASSERT(server.manager.enable("test.sample"));
        CPPUNIT_ASSERT(binding->use(0));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, decode(*binding->use(0), "").status);
        CPPUNIT_ASSERT(server.manager.describe("test.sample")->enabled);
    }

    void removeForgetsAllButBuiltins() {
        Server server;
        static_cast<void>(server.manager.load(sample("minimal"), Source::Builtin).value());
        CPPUNIT_ASSERT(server.manager.remove("fairlead.example.minimal").error().kind() ==
                       base::Errc::Conflict);
#ifndef FAIRLEAD_SANITIZED // a sanitizer's runtime is not an allowed library
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Local).value());
        CPPUNIT_ASSERT_EQUAL(std::string("local"), server.manager.describe("test.sample")->trust);
        CPPUNIT_ASSERT(server.manager.remove("test.sample"));
        CPPUNIT_ASSERT(!server.manager.describe("test.sample"));
#endif
    }

    void discoverGoesOnAfterAFailure() {
        Server server;
        const auto folder = server.dir.path() / "builtin";
        std::filesystem::create_directory(folder);
        for (const char* name : {"minimal", "odd-major", "sample-v1"}) {
            std::filesystem::copy_file(sample(name), folder / (std::string(name) + ".so"));
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, server.manager.discover(folder));
        const auto failed = server.manager.describe("file:odd-major.so").value();
        CPPUNIT_ASSERT(failed.state == State::Failed);
        CPPUNIT_ASSERT(failed.last_error.find("plugin ABI 2") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, server.manager.list().size());
    }

    void uniqueSymbolsAllowOneGeneration() {
#if defined(__GNUC__) && !defined(__clang__)
        Server server;
        static_cast<void>(server.manager.load(sample("unique"), Source::Builtin).value());
        const auto second = server.manager.load(sample("unique"), Source::Builtin);
        CPPUNIT_ASSERT(!second);
        CPPUNIT_ASSERT(second.error().message().find("unique symbol") != std::string::npos);
        CPPUNIT_ASSERT(server.manager.disable("test.unique"));
        CPPUNIT_ASSERT(server.manager.waitSettled(std::chrono::seconds(10)));
        CPPUNIT_ASSERT(server.manager.describe("test.unique")->state == State::Retired);
#endif
    }

    void eventsTellTheLife() {
        std::mutex mutex; // these outlive the server, whose stop tells the last events
        std::vector<std::string> seen;
        Server server;
        server.manager.onEvent([&](const Event& e) {
            const std::lock_guard lock(mutex);
            seen.push_back(std::to_string(e.generation) + " " + toText(e.from) + "→" +
                           toText(e.to));
        });
        static_cast<void>(server.manager.load(sample("sample-v1"), Source::Builtin).value());
        static_cast<void>(server.manager.load(sample("sample-v2"), Source::Builtin).value());
        CPPUNIT_ASSERT(server.manager.waitSettled(std::chrono::seconds(10)));
        const std::vector<std::string> expected = {"1 checked→loaded",
                                                   "1 loaded→started",
                                                   "2 checked→loaded",
                                                   "2 loaded→started",
                                                   "1 started→draining",
                                                   "1 draining→unloading",
                                                   keepsModules() ? "1 unloading→retired"
                                                                  : "1 unloading→unloaded"};
        const std::lock_guard lock(mutex);
        CPPUNIT_ASSERT(seen == expected);
        CPPUNIT_ASSERT_EQUAL(expected.size(),
                             server.manager.describe("test.sample")->events.size());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(LoadTest);

} // namespace
} // namespace fairlead::plugin
