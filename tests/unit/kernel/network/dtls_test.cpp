// SPDX-License-Identifier: Apache-2.0
#include "dtls_fixture.hpp"
#include "fairlead/network/close_reason.hpp"
#include "fairlead/network/tls_context.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using network::ClientCertificate;
using network::EngineOptions;
using network::TlsContext;
namespace close_reason = network::close_reason;

const DtlsClientOptions kDevice{"d1", "secret", nullptr, "PSK-AES128-CCM8"};

std::shared_ptr<TlsContext> pskOnly() {
    return *TlsContext::makeDtls(nullptr, ClientCertificate::No, true);
}

std::shared_ptr<TlsContext> withCertificate(const Pair& pair,
                                            ClientCertificate clients = ClientCertificate::No,
                                            const std::string& trust = {}) {
    const auto m = material(pair, trust);
    return *TlsContext::makeDtls(&m, clients, false);
}

/// An engine with one DTLS component.
class Bench {
public:
    explicit Bench(std::shared_ptr<TlsContext> tls, const EngineOptions& options = {},
                   std::size_t loops = 2)
        : f(options, loops) {
        handler.keys["d1"] = "secret";
        auto spec = gramSpec(f);
        spec.tls = std::move(tls);
        spec.datagram_bytes_max = 2000;
        port = f.open(spec, &handler);
    }

    FakeHandler handler;
    EngineFixture f;
    std::uint16_t port = 0;
};

class DtlsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DtlsTest);
    CPPUNIT_TEST(servesWithACertificate);
    CPPUNIT_TEST(servesWithPreSharedKeys);
    CPPUNIT_TEST(wantsACookie);
    CPPUNIT_TEST(wrongKeysGetNothing);
    CPPUNIT_TEST(unknownIdentitiesFailAtOnce);
    CPPUNIT_TEST(waitsForTheKey);
    CPPUNIT_TEST(takesHellosInPieces);
    CPPUNIT_TEST(sendsItsFlightAgain);
    CPPUNIT_TEST(ignoresReplays);
    CPPUNIT_TEST(ignoresGarbage);
    CPPUNIT_TEST(wantsClientCertificates);
    CPPUNIT_TEST(takesUpANewCertificate);
    CPPUNIT_TEST(saysAndHearsGoodbye);
    CPPUNIT_TEST(letsADeviceStartAgain);
    CPPUNIT_TEST(forgetsTheSilent);
    CPPUNIT_TEST(limitsRecords);
    CPPUNIT_TEST(endsHandshakesWithTheComponent);
    CPPUNIT_TEST(spreadsAFloodOfHandshakes);
    CPPUNIT_TEST(givesUpTheOldestHandshake);
    CPPUNIT_TEST(refusesTlsForTypesWithout);
    CPPUNIT_TEST_SUITE_END();

public:
    void servesWithACertificate() {
        const Pair pair = selfSigned("one");
        Bench b(withCertificate(pair));
        DtlsClient client(b.port, {});
        CPPUNIT_ASSERT(client.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("one"), client.serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("hello"), client.ask("hello"));
        CPPUNIT_ASSERT_EQUAL(std::string("1 devices.example "), client.ask("peer"));
        DtlsClient small(b.port, {"", "", nullptr, "ECDHE-ECDSA-AES128-CCM8"});
        CPPUNIT_ASSERT(small.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), small.ask("x"));
        const auto c = b.f.engine->counters("a");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, c.connections);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{13}, c.bytes_in);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, c.errors);
        // Keys are for those components only that want them.
        DtlsClient psk(b.port, kDevice);
        CPPUNIT_ASSERT(!psk.connect());
    }

    void servesWithPreSharedKeys() {
        Bench b(pskOnly());
        for (const char* suite : {"PSK-AES128-CCM8", "PSK-AES128-GCM-SHA256", "PSK-AES256-CCM8",
                                  "ECDHE-PSK-CHACHA20-POLY1305"}) {
            DtlsClient client(b.port, {"d1", "secret", nullptr, suite});
            CPPUNIT_ASSERT_MESSAGE(suite, client.connect());
            CPPUNIT_ASSERT_EQUAL(std::string(suite), client.suite());
            CPPUNIT_ASSERT_EQUAL(std::string("1 devices.example d1"), client.ask("peer"));
        }
        // Without a certificate nobody else gets in.
        DtlsClient other(b.port, {});
        CPPUNIT_ASSERT(!other.connect());
        CPPUNIT_ASSERT(other.failed());
        const Pair pair = selfSigned("one");
        const auto m = material(pair);
        Bench both(*TlsContext::makeDtls(&m, ClientCertificate::No, true));
        DtlsClient with_key(both.port, kDevice);
        DtlsClient without(both.port, {});
        CPPUNIT_ASSERT(with_key.connect() && without.connect());
    }

    void wantsACookie() {
        Bench b(pskOnly());
        DtlsClient client(b.port, kDevice);
        CPPUNIT_ASSERT(!client.step());
        const std::string hello = client.sent.at(0);
        const std::string verify = client.socket().read();
        CPPUNIT_ASSERT_EQUAL(char{3}, verify.at(13));  // HelloVerifyRequest
        CPPUNIT_ASSERT(verify.size() <= hello.size()); // of no use to amplify an attack
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, b.f.engine->counters("a").accepted);
        // Another's cookie is none.
        client.take(verify);
        CPPUNIT_ASSERT(!client.step());
        const std::string with_cookie = client.sent.at(1);
        const UdpClient other(b.port);
        other.write(with_cookie);
        CPPUNIT_ASSERT_EQUAL(char{3}, other.read().at(13));
        // The first client's datagram may be on another loop.
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.engine->counters("a").accepted == 1; }));
    }

    void wrongKeysGetNothing() {
        EngineOptions options;
        options.dtls_handshake_ms = 800;
        Bench b(pskOnly(), options);
        DtlsClient client(b.port, {"d1", "guess", nullptr, "PSK-AES128-CCM8", 0, false, 1500});
        CPPUNIT_ASSERT(!client.connect());
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.reported("a", "dtls_handshake_timeout") == 1; }));
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.engine->counters("a").connections == 0; }));
        CPPUNIT_ASSERT_EQUAL(0, b.handler.get(&FakeHandler::opens));
    }

    void unknownIdentitiesFailAtOnce() {
        Bench b(pskOnly());
        DtlsClient client(b.port, {"nobody", "secret", nullptr, "PSK-AES128-CCM8"});
        CPPUNIT_ASSERT(!client.connect());
        CPPUNIT_ASSERT(client.failed());
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.engine->counters("a").connections == 0; }));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.reported("a", "psk_unknown_identity"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.reported("a", "dtls_handshake_failed"));
    }

    void waitsForTheKey() {
        Bench b(pskOnly());
        b.handler.set(&FakeHandler::key_later, true);
        for (const bool together : {false, true}) {
            DtlsClient client(b.port, {"d1", "secret", nullptr, "PSK-AES128-CCM8", 0, together});
            CPPUNIT_ASSERT(client.connect());
            CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        }
        CPPUNIT_ASSERT_EQUAL(4, b.handler.get(&FakeHandler::key_questions));
        // What went away meanwhile is not missed.
        DtlsClient other(b.port, {"nobody", "secret", nullptr, "PSK-AES128-CCM8"});
        CPPUNIT_ASSERT(!other.connect());
        CPPUNIT_ASSERT_EQUAL(6, b.handler.get(&FakeHandler::key_questions));
        b.handler.set(&FakeHandler::key_never, true);
        DtlsClient last(b.port, kDevice);
        CPPUNIT_ASSERT(!last.connect() && last.failed());
        CPPUNIT_ASSERT_EQUAL(8, b.handler.get(&FakeHandler::key_questions));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, b.f.reported("a", "psk_unknown_identity"));
    }

    void takesHellosInPieces() {
        const Pair pair = selfSigned("one");
        Bench b(withCertificate(pair));
        for (const bool together : {false, true}) {
            DtlsClient client(b.port, {"", "", nullptr, "ALL:COMPLEMENTOFALL", 256, together});
            CPPUNIT_ASSERT(client.connect());
            CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
            const std::string& second = client.sent.at(1); // the next hello, or its rest
            CPPUNIT_ASSERT(together || second.substr(19, 3) != std::string(3, '\0'));
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, b.f.engine->counters("a").errors);
        CPPUNIT_ASSERT(b.f.reported("a", "dtls_hello_piece") > 0);
    }

    void sendsItsFlightAgain() {
        Bench b(pskOnly());
        DtlsClient client(b.port, kDevice);
        client.step();
        client.take(client.socket().read());
        client.step();
        const std::string lost = client.socket().read();
        // The client keeps still; the server's timer brings the flight once more.
        const std::string again = client.socket().read();
        CPPUNIT_ASSERT_EQUAL(lost.at(13), again.at(13));
        client.take(again);
        CPPUNIT_ASSERT(client.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
    }

    void ignoresReplays() {
        Bench b(pskOnly());
        DtlsClient client(b.port, kDevice);
        CPPUNIT_ASSERT(client.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("done 1 0"), client.ask("put a"));
        const std::string record = client.sent.back();
        client.socket().write(record);
        CPPUNIT_ASSERT_EQUAL(std::string("done 2 0"), client.ask("put b"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, b.handler.delivered());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.reported("a", "dtls_ignored"));
        // From elsewhere it is no better.
        const UdpClient other(b.port);
        other.write(record);
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.reported("a", "dtls_stranger") == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, b.handler.delivered());
    }

    void ignoresGarbage() {
        Bench b(pskOnly());
        DtlsClient client(b.port, kDevice);
        CPPUNIT_ASSERT(client.connect());
        const std::string hello = client.sent.at(0);
        for (std::size_t i = 1; i < hello.size(); i += 7) {
            client.socket().write(hello.substr(0, i));
        }
        client.socket().write("no DTLS at all");
        client.socket().write(std::string("\x15\xfe\xfd\0\0\0\0\0\0\0\x09\0\x02\x02\x28", 15));
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        const UdpClient other(b.port);
        for (std::size_t i = 0; i < hello.size(); ++i) {
            std::string broken = hello;
            broken[i] = static_cast<char>(broken[i] ^ 0x55);
            other.write(broken);
        }
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.ask("y"));
        CPPUNIT_ASSERT_EQUAL(1, b.handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.engine->counters("a").accepted);
    }

    void wantsClientCertificates() {
        const Pair server = selfSigned("server");
        const Pair device = selfSigned("device");
        const Pair stranger = selfSigned("stranger");
        Bench b(withCertificate(server, ClientCertificate::Required, device.chain));
        DtlsClient without(b.port, {});
        CPPUNIT_ASSERT(!without.connect() || without.ask("x") == "<broken>");
        DtlsClient wrong(b.port, {"", "", &stranger});
        CPPUNIT_ASSERT(!wrong.connect() || wrong.ask("x") == "<broken>");
        CPPUNIT_ASSERT_EQUAL(0, b.handler.get(&FakeHandler::opens));
        DtlsClient right(b.port, {"", "", &device});
        CPPUNIT_ASSERT(right.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("1 devices.example CN=device"), right.ask("peer"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, b.f.reported("a", "dtls_handshake_failed"));
    }

    void takesUpANewCertificate() {
        const Pair one = selfSigned("one");
        const Pair two = selfSigned("two");
        Bench b(withCertificate(one));
        DtlsClient before(b.port, {});
        CPPUNIT_ASSERT(before.connect());
        CPPUNIT_ASSERT(b.f.engine->replaceTls("a", withCertificate(two)));
        DtlsClient after(b.port, {});
        CPPUNIT_ASSERT(after.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("two"), after.serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("one"), before.serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), before.ask("x"));
    }

    void saysAndHearsGoodbye() {
        Bench b(pskOnly());
        DtlsClient leaving(b.port, kDevice);
        CPPUNIT_ASSERT(leaving.connect());
        leaving.shutdown();
        CPPUNIT_ASSERT(b.f.wait([&] { return b.handler.get(&FakeHandler::closes) == 1; }));
        CPPUNIT_ASSERT_EQUAL(close_reason::kPeer, b.handler.get(&FakeHandler::reason));
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), leaving.read());
        DtlsClient staying(b.port, kDevice);
        CPPUNIT_ASSERT(staying.connect());
        b.f.engine->close("a");
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8\n"), staying.read());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), staying.read());
    }

    // RFC 6347 4.2.8: from the same port, and nobody else can do it for the device.
    void letsADeviceStartAgain() {
        Bench b(pskOnly());
        DtlsClient before(b.port, kDevice);
        CPPUNIT_ASSERT(before.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), before.ask("x"));
        DtlsClient forged(before.sharedSocket(), kDevice);
        forged.step(); // a hello without cookie: answered, and nothing else
        CPPUNIT_ASSERT_EQUAL(char{3}, before.socket().read().at(13));
        CPPUNIT_ASSERT_EQUAL(std::string("y"), before.ask("y"));
        // Its own hello once more, cookie and all, ends nothing either.
        before.socket().write(before.sent.at(1));
        CPPUNIT_ASSERT_EQUAL(std::string("z"), before.ask("z"));
        CPPUNIT_ASSERT_EQUAL(1, b.handler.get(&FakeHandler::opens));
        DtlsClient after(before.sharedSocket(), kDevice);
        CPPUNIT_ASSERT(after.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), after.ask("x"));
        CPPUNIT_ASSERT_EQUAL(2, b.handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(1, b.handler.get(&FakeHandler::closes));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.engine->counters("a").connections);
    }

    void forgetsTheSilent() {
        FakeHandler handler;
        handler.keys["d1"] = "secret";
        EngineFixture f;
        auto spec = gramSpec(f);
        spec.tls = pskOnly();
        spec.idle_ms = 300;
        const std::uint16_t port = f.open(spec, &handler);
        DtlsClient client(port, kDevice);
        CPPUNIT_ASSERT(client.connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 5\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.read());
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
        // Garbage in its name is no sign of life.
        DtlsClient forged(port, kDevice);
        CPPUNIT_ASSERT(forged.connect());
        CPPUNIT_ASSERT(f.wait([&] {
            forged.socket().write("x");
            return handler.get(&FakeHandler::closes) == 2;
        }));
    }

    void limitsRecords() {
        Bench b(pskOnly());
        DtlsClient client(b.port, kDevice);
        CPPUNIT_ASSERT(client.connect());
        client.write("send 1999\nsend 2000\nend\n");
        CPPUNIT_ASSERT_EQUAL(std::size_t{2000}, client.read().size());
        CPPUNIT_ASSERT_EQUAL(std::string("end\n"), client.read());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.reported("a", "output_too_long"));
        client.socket().write(std::string(3000, 'x'));
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.reported("a", "datagram_too_long") == 1; }));
        const std::string largest(1990, 'y');
        CPPUNIT_ASSERT_EQUAL(largest, client.ask(largest));
    }

    void endsHandshakesWithTheComponent() {
        Bench b(pskOnly());
        DtlsClient client(b.port, kDevice);
        client.step();
        client.take(client.socket().read());
        client.step();
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.engine->counters("a").connections == 1; }));
        b.f.engine->close("a", 0);
        CPPUNIT_ASSERT(!b.f.engine->isOpen("a"));
        CPPUNIT_ASSERT_EQUAL(0, b.handler.get(&FakeHandler::opens));
    }

    void spreadsAFloodOfHandshakes() {
        EngineOptions options;
        options.handshake_steps_per_round = 1;
        Bench b(pskOnly(), options, 1);
        std::vector<std::unique_ptr<DtlsClient>> clients;
        for (int i = 0; i < 60; ++i) {
            clients.push_back(std::make_unique<DtlsClient>(b.port, kDevice));
            clients.back()->step();
        }
        for (const auto& client : clients) {
            CPPUNIT_ASSERT(client->connect());
        }
        for (const auto& client : clients) {
            CPPUNIT_ASSERT_EQUAL(std::string("x"), client->ask("x"));
        }
        CPPUNIT_ASSERT_EQUAL(60, b.handler.get(&FakeHandler::opens));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, b.f.reported("a", "refused_handshake_flood"));
    }

    void givesUpTheOldestHandshake() {
        EngineOptions options;
        options.dtls_handshakes_max = 2;
        Bench b(pskOnly(), options, 1);
        std::vector<std::unique_ptr<DtlsClient>> clients;
        for (int i = 0; i < 3; ++i) { // as far as the server's first flight
            clients.push_back(std::make_unique<DtlsClient>(b.port, kDevice));
            clients.back()->step();
            clients.back()->take(clients.back()->socket().read());
            clients.back()->step();
            clients.back()->take(clients.back()->socket().read());
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, b.f.reported("a", "evicted_handshake"));
        CPPUNIT_ASSERT(b.f.wait([&] { return b.f.engine->counters("a").connections == 2; }));
        CPPUNIT_ASSERT(clients[1]->connect() && clients[2]->connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), clients[2]->ask("x"));
        CPPUNIT_ASSERT_EQUAL(2, b.handler.get(&FakeHandler::opens));
    }

    void refusesTlsForTypesWithout() {
        EngineFixture f;
        auto spec = f.spec("a");
        spec.type = f.types->find("dialer");
        spec.tls = pskOnly();
        CPPUNIT_ASSERT_EQUAL(std::string("network.type_unsupported"),
                             f.engine->open(spec).error().code());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(DtlsTest);

} // namespace
