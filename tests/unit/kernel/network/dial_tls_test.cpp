// SPDX-License-Identifier: Apache-2.0
#include "dial_fixture.hpp"
#include "fairlead/network/tls_context.hpp"
#include "tls_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using network::ClientCertificate;
using network::ClientTls;
using network::DialState;
using network::TlsContext;

/// Both sides are the engine's: a TLS component of the line type, and a client that dials it.
class DialTlsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DialTlsTest);
    CPPUNIT_TEST(trustsWhomItIsTold);
    CPPUNIT_TEST(refusesStrangers);
    CPPUNIT_TEST(refusesTheWrongName);
    CPPUNIT_TEST(expectsTheNameThatItIsTold);
    CPPUNIT_TEST(takesAnybodyWhenToldSo);
    CPPUNIT_TEST(showsItsCertificate);
    CPPUNIT_TEST(saysThatTheOtherSideSpeaksNoTls);
    CPPUNIT_TEST(limitsTheHandshake);
    CPPUNIT_TEST(takesUpNewTrustAtOnce);
    CPPUNIT_TEST(refusesBrokenMaterial);
    CPPUNIT_TEST_SUITE_END();

    static std::shared_ptr<TlsContext> client(const ClientTls& settings) {
        auto made = TlsContext::makeClient(settings);
        CPPUNIT_ASSERT_MESSAGE(made ? "" : made.error().message(), made.hasValue());
        return *made;
    }
    /// A client certificate of its own that trusts `authority`.
    static network::CertificateMaterial trusting(const Pair& authority) {
        return material(selfSigned("fairlead"), authority.chain);
    }
    std::uint16_t serve(DialFixture& f, const Pair& pair,
                        ClientCertificate clients = ClientCertificate::No,
                        const std::string& trust = {}) {
        auto spec = f.spec("a");
        spec.tls = *TlsContext::make(material(pair, trust), clients);
        return f.open(spec, &served_);
    }
    void dial(DialFixture& f, std::uint16_t port, std::shared_ptr<TlsContext> tls,
              const std::string& host = "localhost") {
        auto spec = f.client({{host, port}});
        spec.tls = std::move(tls);
        f.dial(spec, handler_);
    }

    FakeHandler served_;
    FakeHandler handler_;

public:
    void trustsWhomItIsTold() {
        DialFixture f;
        const Pair server = selfSigned("localhost");
        const auto trust = trusting(server);
        const std::uint16_t port = serve(f, server);
        dial(f, port, client({&trust}));
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
        CPPUNIT_ASSERT(f.wait([&] { return served_.get(&FakeHandler::opens) == 1; }));
        // What either side says is a line that the other one echoes for ever: both can talk.
        f.on(served_.id(0), [](network::Connection* c) {
            fl_transport_message m{};
            m.size = sizeof m;
            c->send(m, 0);
        });
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("c").bytes_in > 100; }));
    }

    void refusesStrangers() {
        DialFixture f;
        const auto trust = trusting(selfSigned("somebody else"));
        dial(f, serve(f, selfSigned("localhost")), client({&trust}));
        CPPUNIT_ASSERT_EQUAL(
            std::string("The server's certificate was refused: self-signed certificate"),
            f.failure());
        CPPUNIT_ASSERT_EQUAL(0, handler_.get(&FakeHandler::opens));
        CPPUNIT_ASSERT(f.reported("c", "tls_handshake_failed") > 0);
    }

    void refusesTheWrongName() {
        DialFixture f;
        const Pair server = selfSigned("other.example");
        const auto trust = trusting(server);
        dial(f, serve(f, server), client({&trust}));
        CPPUNIT_ASSERT_EQUAL(std::string("The server's certificate was refused: hostname mismatch"),
                             f.failure());
    }

    void expectsTheNameThatItIsTold() {
        DialFixture f;
        const Pair server = selfSigned("other.example");
        const auto trust = trusting(server);
        dial(f, serve(f, server), client({&trust, true, "other.example"}), "127.0.0.1");
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
    }

    void takesAnybodyWhenToldSo() {
        DialFixture f;
        dial(f, serve(f, selfSigned("other.example")), client({nullptr, false, {}}), "127.0.0.1");
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
    }

    void showsItsCertificate() {
        DialFixture f;
        const Pair server = selfSigned("localhost");
        const Pair own = selfSigned("fairlead-7");
        const auto shown = material(own, server.chain);
        const std::uint16_t port = serve(f, server, ClientCertificate::Required, own.chain);
        dial(f, port, client({&shown}));
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
        f.engine->close("c");
        // Without it, the server ends what looked well to us.
        const auto stranger = trusting(server);
        dial(f, port, client({&stranger}));
        CPPUNIT_ASSERT(f.wait([&] { return f.reported("a", "tls_handshake_failed") > 0; }));
        const std::string error = f.failure();
        CPPUNIT_ASSERT_MESSAGE(error, !error.empty());
    }

    void saysThatTheOtherSideSpeaksNoTls() {
        DialFixture f;
        Equipment plain;
        dial(f, plain.port(), client({nullptr, false, {}}));
        Client line = plain.accept();
        line.write("220 welcome\r\n");
        const std::string error = f.failure();
        CPPUNIT_ASSERT_MESSAGE(error, error.rfind("The TLS handshake failed: ", 0) == 0);
    }

    void limitsTheHandshake() {
        network::EngineOptions options;
        options.handshake_ms = 50;
        DialFixture f(options);
        Equipment silent;
        dial(f, silent.port(), client({nullptr, false, {}}));
        const Client line = silent.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("tls_handshake_timeout"), f.failure());
    }

    void takesUpNewTrustAtOnce() {
        DialFixture f;
        const Pair server = selfSigned("localhost");
        const auto wrong = trusting(selfSigned("somebody else"));
        auto spec = f.client({{"localhost", serve(f, server)}});
        spec.tls = client({&wrong});
        spec.dial.first_ms = spec.dial.longest_ms = 100'000;
        f.dial(spec, handler_);
        CPPUNIT_ASSERT(f.waitState(DialState::Waiting));
        const auto right = trusting(server);
        CPPUNIT_ASSERT(f.engine->replaceTls("c", client({&right})));
        CPPUNIT_ASSERT(f.waitState(DialState::Connected));
    }

    void refusesBrokenMaterial() {
        const Pair one = selfSigned("one");
        const Pair two = selfSigned("two");
        const auto code = [](const network::CertificateMaterial& m) {
            const auto made = TlsContext::makeClient({&m});
            return made ? std::string("made") : made.error().code();
        };
        const std::string bad = "network.certificate";
        CPPUNIT_ASSERT_EQUAL(bad, code({"nonsense", one.key, "", 1}));
        CPPUNIT_ASSERT_EQUAL(bad, code({one.chain, two.key, "", 1}));
        CPPUNIT_ASSERT_EQUAL(bad, code({one.chain, one.key, "no certificate", 1}));
        CPPUNIT_ASSERT_EQUAL(std::string("made"), code({one.chain, one.key, two.chain, 1}));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(DialTlsTest);

} // namespace
