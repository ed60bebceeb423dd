// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/close_reason.hpp"
#include "fairlead/network/tls_context.hpp"
#include "tls_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using network::ClientCertificate;
using network::TlsContext;

class TlsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TlsTest);
    CPPUNIT_TEST(echoesOverTls12And13);
    CPPUNIT_TEST(refusesOldVersions);
    CPPUNIT_TEST(carriesLargeMessagesBothWays);
    CPPUNIT_TEST(newHandshakesUseTheNewCertificate);
    CPPUNIT_TEST(resumesSessions);
    CPPUNIT_TEST(verifiesClients);
    CPPUNIT_TEST(endsStalledHandshakes);
    CPPUNIT_TEST(countsGarbage);
    CPPUNIT_TEST(servesManyHandshakesAtOnce);
    CPPUNIT_TEST(closesInOrder);
    CPPUNIT_TEST(refusesBrokenMaterial);
    CPPUNIT_TEST_SUITE_END();

    static std::shared_ptr<TlsContext> contextOf(const Pair& pair,
                                                 ClientCertificate clients = ClientCertificate::No,
                                                 const std::string& trust = {}) {
        auto made = TlsContext::make(material(pair, trust), clients);
        CPPUNIT_ASSERT_MESSAGE(made ? "" : made.error().message(), made.hasValue());
        return *made;
    }
    static std::uint16_t open(EngineFixture& f, FakeHandler& handler,
                              std::shared_ptr<TlsContext> tls) {
        auto spec = f.spec("a");
        spec.tls = std::move(tls);
        return f.open(spec, &handler);
    }

public:
    void echoesOverTls12And13() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = open(f, handler, contextOf(selfSigned("one")));
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            TlsClient client(port, nullptr, nullptr, version);
            CPPUNIT_ASSERT(client.connected());
            CPPUNIT_ASSERT_EQUAL(std::string("hello"), client.ask("hello"));
            CPPUNIT_ASSERT_EQUAL(std::string("1 devices.example "), client.ask("peer"));
        }
    }

    void refusesOldVersions() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = open(f, handler, contextOf(selfSigned("one")));
        CPPUNIT_ASSERT(!TlsClient(port, nullptr, nullptr, TLS1_1_VERSION).connected());
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
        CPPUNIT_ASSERT_EQUAL(0, handler.get(&FakeHandler::opens));
    }

    void carriesLargeMessagesBothWays() {
        FakeHandler handler;
        EngineFixture f;
        TlsClient client(open(f, handler, contextOf(selfSigned("one"))));
        const std::string large(500'000, 'z');
        CPPUNIT_ASSERT(client.ask(large) == large);
        CPPUNIT_ASSERT_EQUAL(std::size_t{3'000'000}, client.ask("send 3000000").size());
        const auto counters = f.engine->counters("a");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{500'001 + 13}, counters.bytes_in);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{500'001 + 3'000'001}, counters.bytes_out);
    }

    void newHandshakesUseTheNewCertificate() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = open(f, handler, contextOf(selfSigned("one")));
        TlsClient old(port);
        CPPUNIT_ASSERT_EQUAL(std::string("one"), old.serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), old.ask("x"));
        CPPUNIT_ASSERT(f.engine->replaceTls("a", contextOf(selfSigned("two"))));
        TlsClient fresh(port);
        CPPUNIT_ASSERT_EQUAL(std::string("two"), fresh.serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("y"), fresh.ask("y"));
        CPPUNIT_ASSERT_EQUAL(std::string("z"), old.ask("z"));
        CPPUNIT_ASSERT(!f.engine->replaceTls("none", contextOf(selfSigned("two"))));
    }

    void resumesSessions() {
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = open(f, handler, contextOf(selfSigned("one")));
        SSL_SESSION* session = nullptr;
        {
            TlsClient first(port);
            CPPUNIT_ASSERT_EQUAL(std::string("x"), first.ask("x"));
            session = first.session();
        }
        {
            TlsClient second(port, nullptr, session);
            CPPUNIT_ASSERT_EQUAL(std::string("y"), second.ask("y"));
            CPPUNIT_ASSERT(second.resumed());
        }
        CPPUNIT_ASSERT(f.engine->replaceTls("a", contextOf(selfSigned("two"))));
        TlsClient third(port, nullptr, session);
        CPPUNIT_ASSERT_EQUAL(std::string("z"), third.ask("z"));
        CPPUNIT_ASSERT(!third.resumed());
        SSL_SESSION_free(session);
    }

    void verifiesClients() {
        FakeHandler handler;
        EngineFixture f;
        const Pair known = selfSigned("device-7");
        const Pair stranger = selfSigned("device-8");
        const std::uint16_t port = open(
            f, handler, contextOf(selfSigned("one"), ClientCertificate::Required, known.chain));
        CPPUNIT_ASSERT_EQUAL(std::string("1 devices.example CN=device-7"),
                             TlsClient(port, &known).ask("peer"));
        CPPUNIT_ASSERT_EQUAL(std::string("<broken>"), TlsClient(port, &stranger).ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("<broken>"), TlsClient(port).ask("x"));
        CPPUNIT_ASSERT_EQUAL(1, handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, f.reported("a", "tls_handshake_failed"));
        CPPUNIT_ASSERT(f.engine->replaceTls(
            "a", contextOf(selfSigned("one"), ClientCertificate::Asked, known.chain)));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), TlsClient(port).ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("<broken>"), TlsClient(port, &stranger).ask("x"));
    }

    void endsStalledHandshakes() {
        FakeHandler handler;
        network::EngineOptions options;
        options.handshake_ms = 50;
        EngineFixture f(options);
        auto spec = f.spec("a");
        spec.tls = contextOf(selfSigned("one"));
        Client silent(f.open(spec, &handler));
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), silent.line());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "tls_handshake_timeout"));
        CPPUNIT_ASSERT_EQUAL(0, handler.get(&FakeHandler::opens));
    }

    void countsGarbage() {
        FakeHandler handler;
        EngineFixture f;
        Client plain(open(f, handler, contextOf(selfSigned("one"))));
        plain.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        while (plain.line() != "<end>") {
            // An alert comes first.
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, f.reported("a", "tls_handshake_failed"));
    }

    void servesManyHandshakesAtOnce() {
        FakeHandler handler;
        network::EngineOptions options;
        options.handshake_steps_per_round = 1;
        EngineFixture f(options, 1);
        const std::uint16_t port = open(f, handler, contextOf(selfSigned("one")));
        std::atomic<int> good{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 24; ++i) {
            threads.emplace_back([&] { good += TlsClient(port).ask("x") == "x" ? 1 : 0; });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        CPPUNIT_ASSERT_EQUAL(24, good.load());
    }

    void closesInOrder() {
        FakeHandler handler;
        EngineFixture f;
        TlsClient client(open(f, handler, contextOf(selfSigned("one"))));
        CPPUNIT_ASSERT_EQUAL(std::string("bye"), client.ask("bye"));
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line()); // close_notify, not a cut
    }

    void refusesBrokenMaterial() {
        const Pair one = selfSigned("one");
        const Pair two = selfSigned("two");
        const auto code = [](network::CertificateMaterial m, ClientCertificate clients) {
            const auto made = TlsContext::make(m, clients);
            return made ? std::string("made") : made.error().code();
        };
        const std::string bad = "network.certificate";
        CPPUNIT_ASSERT_EQUAL(bad, code({"nonsense", one.key, "", 1}, ClientCertificate::No));
        CPPUNIT_ASSERT_EQUAL(bad, code({one.chain, two.key, "", 1}, ClientCertificate::No));
        CPPUNIT_ASSERT_EQUAL(bad, code({one.chain, "", "", 1}, ClientCertificate::No));
        CPPUNIT_ASSERT_EQUAL(bad, code(material(one), ClientCertificate::Required));
        const auto made = TlsContext::make({one.chain, two.key, "", 1}, ClientCertificate::No);
        CPPUNIT_ASSERT(made.error().message().find("PRIVATE KEY") == std::string::npos);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TlsTest);

} // namespace
