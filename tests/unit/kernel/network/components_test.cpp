// SPDX-License-Identifier: Apache-2.0
#include "dtls_fixture.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/storage/database.hpp"
#include "fairlead/test/temp_dir.hpp"
#include "tls_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using namespace fairlead::network;

class FakeCertificates final : public CertificateSource {
public:
    base::Result<CertificateMaterial> load(const std::string& id) override {
        const std::lock_guard lock(mutex);
        const auto found = all.find(id);
        if (found == all.end()) {
            return base::Error::notFound("There is no certificate " + id);
        }
        return material(found->second);
    }
    void put(const std::string& id, Pair pair) {
        const std::lock_guard lock(mutex);
        all[id] = std::move(pair);
    }

private:
    std::mutex mutex;
    std::map<std::string, Pair> all;
};

/// Types that can be taken away, as when a plugin fails.
class SwitchedTypes final : public NetworkTypes {
public:
    explicit SwitchedTypes(NetworkTypes& types) : types_(types) {}
    std::vector<std::shared_ptr<NetworkType>> list() override {
        return on ? types_.list() : std::vector<std::shared_ptr<NetworkType>>{};
    }
    std::shared_ptr<NetworkType> find(std::string_view id) override {
        return on ? types_.find(id) : nullptr;
    }
    std::atomic<bool> on{true};

private:
    NetworkTypes& types_;
};

std::uint16_t freePort() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof(at);
    bind(fd, reinterpret_cast<sockaddr*>(&at), size);
    getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    ::close(fd);
    return ntohs(at.sin_port);
}

/// A listener of somebody else.
class Occupier {
public:
    explicit Occupier(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
        const int one = 1;
        setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        CPPUNIT_ASSERT(bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0);
        CPPUNIT_ASSERT(listen(fd_, 4) == 0);
    }
    ~Occupier() { ::close(fd_); }
    Occupier(const Occupier&) = delete;

private:
    int fd_;
};

class ComponentsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ComponentsTest);
    CPPUNIT_TEST(createsDisabledWithDefaults);
    CPPUNIT_TEST(namesEveryWrongField);
    CPPUNIT_TEST(servesWhenEnabled);
    CPPUNIT_TEST(staysDisabledWhenThePortIsTaken);
    CPPUNIT_TEST(rebindsOnChange);
    CPPUNIT_TEST(keepsConnectionsWhenOnlyTheNameChanges);
    CPPUNIT_TEST(failedRestartIsVisibleAndTriedAgain);
    CPPUNIT_TEST(refusesStaleTakenAndFixed);
    CPPUNIT_TEST(refusesToDeleteWhatIsEnabledOrUsed);
    CPPUNIT_TEST(startsAgainWithTheServer);
    CPPUNIT_TEST(keepsSecrets);
    CPPUNIT_TEST(configuresEachNode);
    CPPUNIT_TEST(takesUpReplacedCertificates);
    CPPUNIT_TEST(servesDatagrams);
    CPPUNIT_TEST(servesDtlsByCertificateAndKey);
    CPPUNIT_TEST(comesBackWithItsPlugin);
    CPPUNIT_TEST(listsByPage);
    CPPUNIT_TEST(tellsWhatTypesThereAre);
    CPPUNIT_TEST_SUITE_END();

    /// Everything that a server has of it; can be made twice over one database.
    struct Server {
        explicit Server(storage::Database& database, const std::string& node = "node-1")
            : switched(*engine.types) {
            ComponentsParts parts;
            parts.database = &database;
            parts.engine = engine.engine.get();
            parts.types = &switched;
            parts.certificates = &certificates;
            parts.node_id = node;
            components = makeComponents(parts);
            components->onUsedBy([this](const std::string&) { return users; });
            components->onChange([this](const std::string&) { ++changes; });
        }
        ~Server() { components->stop(); }
        void start() { CPPUNIT_ASSERT(components->start()); }

        EngineFixture engine;
        SwitchedTypes switched;
        FakeCertificates certificates;
        std::vector<ComponentUse> users;
        std::atomic<int> changes{0};
        std::unique_ptr<Components> components;
    };

    static NewComponent input(const std::string& name, std::uint16_t port,
                              const std::string& more = {}) {
        NewComponent n;
        n.name = name;
        n.type = "line";
        const std::string p = std::to_string(port);
        n.configuration = R"({"host":"127.0.0.1","port":)" + p +
                          R"(,"publicHost":"devices.example","publicPort":)" + p + more + "}";
        return n;
    }
    template <typename T>
    static T good(base::Result<T> result) {
        CPPUNIT_ASSERT_MESSAGE(result ? "" : result.error().message(), result.hasValue());
        return std::move(*result);
    }
    static std::string codes(const base::Error& error) {
        std::string text = error.code();
        for (const base::FieldError& field : error.fields()) {
            text += " " + field.field + ":" + field.code;
        }
        return text;
    }

    TempDir dir_;
    std::unique_ptr<storage::Database> database_;

public:
    void setUp() override {
        storage::DatabaseOptions options;
        options.path = (dir_.path() / "test.db").string();
        database_ = good(storage::openDatabase(options));
    }
    void tearDown() override { database_->close(); }

    void createsDisabledWithDefaults() {
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        const auto c = good(s.components->create(input("  Feld 1 ", port)));
        CPPUNIT_ASSERT_EQUAL(std::string("Feld 1"), c.name);
        CPPUNIT_ASSERT(!c.enabled && c.version == 1 && !c.id.empty());
        // Shared: the host is everybody's.
        CPPUNIT_ASSERT(c.configuration.find(R"("host":"0.0.0.0")") != std::string::npos);
        CPPUNIT_ASSERT(c.configuration.find(R"("greeting":"hello")") != std::string::npos);
        const auto read = good(s.components->get(c.id));
        CPPUNIT_ASSERT_EQUAL(c.configuration, read.configuration);
        const auto status = s.components->status(c.id);
        CPPUNIT_ASSERT(status.run_state == RunState::Stopped && status.last_error.empty());
        CPPUNIT_ASSERT_EQUAL(1, s.changes.load());
    }

    void namesEveryWrongField() {
        Server s(*database_);
        s.start();
        NewComponent bad = input(std::string(65, 'n'), 0, R"(,"mode":"loud","more":1)");
        bad.description = std::string(201, 'd');
        const auto result = s.components->create(bad);
        CPPUNIT_ASSERT(!result);
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid name:invalid description:invalid "
                                         "configuration/more:unknown configuration/port:range "
                                         "configuration/publicPort:range configuration/mode:enum"),
                             codes(result.error()));
        bad = input("a", 1);
        bad.type = "telepathy";
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid type:not_found"),
                             codes(s.components->create(bad).error()));
        bad = input("a", 1);
        bad.configuration = "[]";
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid configuration:type"),
                             codes(s.components->create(bad).error()));
        bad = input("a", 1, R"(,"secure":true,"certificateId":"gone")");
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid configuration/certificateId:not_found"),
                             codes(s.components->create(bad).error()));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, good(s.components->list({})).total);
        CPPUNIT_ASSERT_EQUAL(std::string("network.not_found"),
                             s.components->get("none").error().code());
    }

    void servesWhenEnabled() {
        FakeHandler handler;
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        const auto c = good(s.components->create(input("a", port)));
        CPPUNIT_ASSERT(good(s.components->enable(c.id)).enabled);
        auto status = s.components->status(c.id);
        CPPUNIT_ASSERT(status.run_state == RunState::Running);
        CPPUNIT_ASSERT_EQUAL("line://devices.example:" + std::to_string(port), status.address);
        CPPUNIT_ASSERT_EQUAL("0.0.0.0:" + std::to_string(port), status.local_address);
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), Client(port).line()); // no gateway yet
        s.components->setHandler(c.id, &handler);
        Client client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, s.components->status(c.id).counters.connections);
        CPPUNIT_ASSERT(good(s.components->enable(c.id)).enabled); // again: nothing happens
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.ask("y"));
        CPPUNIT_ASSERT(!good(s.components->disable(c.id)).enabled);
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), client.line());
        CPPUNIT_ASSERT_EQUAL(std::string("<end>"), client.line());
        CPPUNIT_ASSERT(s.components->status(c.id).run_state == RunState::Stopped);
        CPPUNIT_ASSERT(Client::dial(port) < 0);
    }

    void staysDisabledWhenThePortIsTaken() {
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        const auto c = good(s.components->create(input("a", port)));
        {
            const Occupier other(port);
            const auto result = s.components->enable(c.id);
            CPPUNIT_ASSERT(!result);
            CPPUNIT_ASSERT_EQUAL(std::string("network.port_in_use"), result.error().code());
            CPPUNIT_ASSERT(!good(s.components->get(c.id)).enabled);
            const auto status = s.components->status(c.id);
            CPPUNIT_ASSERT(status.run_state == RunState::Failed);
            CPPUNIT_ASSERT(status.last_error.find(std::to_string(port)) != std::string::npos);
        }
        CPPUNIT_ASSERT(good(s.components->enable(c.id)).enabled);
        CPPUNIT_ASSERT(s.components->status(c.id).last_error.empty());
    }

    void rebindsOnChange() {
        FakeHandler handler;
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        const auto c = good(s.components->create(input("a", port)));
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        Client client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        const std::uint16_t next = freePort();
        ComponentChange change;
        change.configuration = R"({"port":)" + std::to_string(next) + R"(,"greeting":"moin"})";
        const auto changed = good(s.components->change(c.id, change, 0));
        CPPUNIT_ASSERT(changed.configuration.find(R"("publicPort":)" + std::to_string(port)) !=
                       std::string::npos); // a merge patch leaves the rest
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 8"), client.line());
        CPPUNIT_ASSERT(Client::dial(port) < 0);
        CPPUNIT_ASSERT(Client(next).ask("config").find("moin") != std::string::npos);
    }

    void keepsConnectionsWhenOnlyTheNameChanges() {
        FakeHandler handler;
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        const auto c = good(s.components->create(input("a", port)));
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        Client client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        ComponentChange change;
        change.name = "b";
        CPPUNIT_ASSERT_EQUAL(std::string("b"), good(s.components->change(c.id, change, 0)).name);
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.ask("y"));
    }

    void failedRestartIsVisibleAndTriedAgain() {
        FakeHandler handler;
        Server s(*database_);
        s.start();
        const auto c = good(s.components->create(input("a", freePort())));
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        const std::uint16_t next = freePort();
        {
            const Occupier other(next);
            ComponentChange change;
            change.configuration = R"({"port":)" + std::to_string(next) + "}";
            CPPUNIT_ASSERT(good(s.components->change(c.id, change, 0)).enabled);
            const auto status = s.components->status(c.id);
            CPPUNIT_ASSERT(status.run_state == RunState::Failed && !status.last_error.empty());
        }
        CPPUNIT_ASSERT(lineFacts().events.wait(
            [&] { return s.components->status(c.id).run_state == RunState::Running; }));
        CPPUNIT_ASSERT_EQUAL(std::string("back"), Client(next).ask("back"));
    }

    void refusesStaleTakenAndFixed() {
        Server s(*database_);
        s.start();
        const auto a = good(s.components->create(input("a", freePort())));
        const auto taken = s.components->create(input("a", freePort()));
        CPPUNIT_ASSERT_EQUAL(std::string("network.name_taken"), taken.error().code());
        const auto b = good(s.components->create(input("b", freePort())));
        ComponentChange change;
        change.name = "a";
        CPPUNIT_ASSERT_EQUAL(std::string("network.name_taken"),
                             s.components->change(b.id, change, 0).error().code());
        change.name = "c";
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2},
                             good(s.components->change(b.id, change, b.version)).version);
        CPPUNIT_ASSERT_EQUAL(std::string("stale"),
                             s.components->change(b.id, change, b.version).error().code());
        CPPUNIT_ASSERT_EQUAL(std::string("stale"), s.components->remove(b.id, 1).error().code());
        change.type = "grams";
        CPPUNIT_ASSERT_EQUAL(std::string("network.type_fixed"),
                             s.components->change(b.id, change, 0).error().code());
        CPPUNIT_ASSERT(a.id != b.id);
    }

    void refusesToDeleteWhatIsEnabledOrUsed() {
        Server s(*database_);
        s.start();
        const auto c = good(s.components->create(input("a", freePort())));
        good(s.components->enable(c.id));
        CPPUNIT_ASSERT_EQUAL(std::string("network.enabled"),
                             s.components->remove(c.id, 0).error().code());
        good(s.components->disable(c.id));
        s.users = {{"gateway", "g1", "Tor"}};
        const auto refused = s.components->remove(c.id, 0);
        CPPUNIT_ASSERT_EQUAL(std::string("network.in_use"), refused.error().code());
        CPPUNIT_ASSERT(refused.error().message().find("Tor") != std::string::npos);
        s.users.clear();
        CPPUNIT_ASSERT(s.components->remove(c.id, 0));
        CPPUNIT_ASSERT_EQUAL(std::string("network.not_found"),
                             s.components->remove(c.id, 0).error().code());
    }

    void startsAgainWithTheServer() {
        const std::uint16_t port = freePort();
        const std::uint16_t taken = freePort();
        std::string a;
        std::string b;
        {
            Server s(*database_);
            s.start();
            a = good(s.components->create(input("a", port))).id;
            b = good(s.components->create(input("b", taken))).id;
            good(s.components->enable(a));
            good(s.components->enable(b));
        }
        auto other = std::make_unique<Occupier>(taken);
        FakeHandler handler;
        Server s(*database_);
        s.components->setHandler(a, &handler);
        s.start();
        CPPUNIT_ASSERT_EQUAL(std::string("x"), Client(port).ask("x"));
        CPPUNIT_ASSERT(s.components->status(b).run_state == RunState::Failed);
        CPPUNIT_ASSERT(good(s.components->get(b)).enabled);
        other.reset();
        CPPUNIT_ASSERT(lineFacts().events.wait(
            [&] { return s.components->status(b).run_state == RunState::Running; }));
    }

    void keepsSecrets() {
        FakeHandler handler;
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        const auto c = good(s.components->create(input("a", port, R"(,"password":"geheim")")));
        CPPUNIT_ASSERT(c.configuration.find("geheim") == std::string::npos);
        CPPUNIT_ASSERT(c.configuration.find(R"("password":"***")") != std::string::npos);
        ComponentChange change;
        change.configuration = c.configuration; // as a form sends it back
        change.name = "b";
        good(s.components->change(c.id, change, 0));
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        CPPUNIT_ASSERT(Client(port).ask("config").find("geheim") != std::string::npos);
        const auto page = good(s.components->list({}));
        CPPUNIT_ASSERT(page.items.at(0).configuration.find("geheim") == std::string::npos);
        s.switched.on = false; // without its plugin nothing may leak either
        CPPUNIT_ASSERT(good(s.components->get(c.id)).configuration.find("geheim") ==
                       std::string::npos);
        s.switched.on = true;
    }

    void configuresEachNode() {
        FakeHandler handler;
        Server s(*database_, "node-2");
        s.start();
        const std::uint16_t port = freePort();
        NewComponent n = input("a", port);
        n.cluster = ClusterMode::Independent;
        n.nodes = {{"node-1", input("", freePort()).configuration}, {"node-2", n.configuration}};
        const auto c = good(s.components->create(n));
        CPPUNIT_ASSERT_EQUAL(std::string("{}"), c.configuration);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, c.nodes.size());
        CPPUNIT_ASSERT(c.nodes[1].configuration.find("127.0.0.1") != std::string::npos);
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        CPPUNIT_ASSERT_EQUAL("127.0.0.1:" + std::to_string(port),
                             s.components->status(c.id).local_address);
        Client client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        // Another node's part does not concern this one.
        ComponentChange change;
        change.nodes = c.nodes;
        (*change.nodes)[0].configuration = input("", freePort()).configuration;
        good(s.components->change(c.id, change, 0));
        CPPUNIT_ASSERT_EQUAL(std::string("y"), client.ask("y"));
        n.name = "b";
        n.nodes[1].node_id = "node-1";
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid nodes/1/nodeId:duplicate"),
                             codes(s.components->create(n).error()));
        n.nodes.clear();
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid nodes:range"),
                             codes(s.components->create(n).error()));
        n.nodes = {{"node-9", n.configuration}};
        const auto elsewhere = good(s.components->create(n));
        CPPUNIT_ASSERT_EQUAL(std::string("network.no_node_configuration"),
                             s.components->enable(elsewhere.id).error().code());
    }

    void takesUpReplacedCertificates() {
        FakeHandler handler;
        Server s(*database_);
        s.certificates.put("c1", selfSigned("one"));
        s.start();
        const std::uint16_t port = freePort();
        const auto c =
            good(s.components->create(input("a", port, R"(,"secure":true,"certificateId":"c1")")));
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        CPPUNIT_ASSERT_EQUAL("lines://devices.example:" + std::to_string(port),
                             s.components->status(c.id).address);
        TlsClient old(port);
        CPPUNIT_ASSERT_EQUAL(std::string("one"), old.serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), old.ask("x"));
        s.certificates.put("c1", selfSigned("two"));
        s.components->certificateChanged("c1");
        CPPUNIT_ASSERT_EQUAL(std::string("two"), TlsClient(port).serverName());
        CPPUNIT_ASSERT_EQUAL(std::string("y"), old.ask("y"));
        s.certificates.put("c1", {"broken", "broken"});
        s.components->certificateChanged("c1");
        CPPUNIT_ASSERT_EQUAL(std::string("two"), TlsClient(port).serverName());
        const auto users = s.components->certificateUsedBy("c1");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, users.size());
        CPPUNIT_ASSERT_EQUAL(c.id, users[0].id);
        CPPUNIT_ASSERT(s.components->certificateUsedBy("c2").empty());
    }

    void servesDatagrams() {
        FakeHandler handler;
        Server s(*database_);
        s.start();
        const std::uint16_t port = freePort();
        NewComponent n = input("a", port, R"(,"idleTimeout":1000,"maxConnections":1)");
        n.type = "grams";
        const auto c = good(s.components->create(n));
        s.components->setHandler(c.id, &handler);
        good(s.components->enable(c.id));
        CPPUNIT_ASSERT_EQUAL("gram://devices.example:" + std::to_string(port),
                             s.components->status(c.id).address);
        const UdpClient client(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), client.ask("x"));
        UdpClient(port).write("one too many\n");
        CPPUNIT_ASSERT(s.engine.wait(
            [&] { return s.engine.reported(c.id, "refused_connection_limit") == 1; }));
        CPPUNIT_ASSERT_EQUAL(std::string("shutdown 5\n"), client.read()); // idle
        NewComponent stream = input("b", port);
        good(s.components->enable(good(s.components->create(stream)).id));
        n.name = "c";
        n.configuration =
            n.configuration.substr(0, n.configuration.find(",\"idle")) + R"(,"idleTimeout":10})";
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid configuration/idleTimeout:range"),
                             codes(s.components->create(n).error()));
    }

    void servesDtlsByCertificateAndKey() {
        FakeHandler handler;
        handler.keys["d1"] = "secret";
        Server s(*database_);
        s.certificates.put("c1", selfSigned("one"));
        s.start();
        const DtlsClientOptions key{"d1", "secret", nullptr, "PSK-AES128-CCM8"};
        const auto serve = [&](const std::string& name, const std::string& more) {
            const std::uint16_t port = freePort();
            NewComponent n = input(name, port, R"(,"secure":true)" + more);
            n.type = "grams";
            const auto c = good(s.components->create(n));
            s.components->setHandler(c.id, &handler);
            good(s.components->enable(c.id));
            return port;
        };
        const std::uint16_t by_key = serve("a", R"(,"dtlsMode":"psk","certificateId":"c1")");
        CPPUNIT_ASSERT(DtlsClient(by_key, key).connect());
        CPPUNIT_ASSERT(s.components->certificateUsedBy("c1").empty()); // hidden, so not kept
        const std::uint16_t both = serve("b", R"(,"dtlsMode":"both","certificateId":"c1")");
        CPPUNIT_ASSERT(DtlsClient(both, key).connect());
        DtlsClient before(both, {});
        CPPUNIT_ASSERT(before.connect());
        s.certificates.put("c1", selfSigned("two"));
        s.components->certificateChanged("c1");
        DtlsClient after(both, {});
        CPPUNIT_ASSERT(after.connect() && after.serverName() == "two");
        CPPUNIT_ASSERT(DtlsClient(both, key).connect());
        CPPUNIT_ASSERT_EQUAL(std::string("x"), before.ask("x"));
        NewComponent n = input("c", 1, R"(,"secure":true,"dtlsMode":"both")");
        n.type = "grams";
        CPPUNIT_ASSERT_EQUAL(std::string("network.invalid configuration/certificateId:required"),
                             codes(s.components->create(n).error()));
    }

    void comesBackWithItsPlugin() {
        Server s(*database_);
        s.start();
        const auto c = good(s.components->create(input("a", freePort())));
        s.switched.on = false;
        CPPUNIT_ASSERT_EQUAL(std::string("network.type_missing"),
                             s.components->enable(c.id).error().code());
        s.switched.on = true;
        good(s.components->enable(c.id));
        s.switched.on = false;
        ComponentChange change;
        change.configuration = R"({"port":)" + std::to_string(freePort()) + "}";
        good(s.components->change(c.id, change, 0));
        CPPUNIT_ASSERT(s.components->status(c.id).run_state == RunState::Failed);
        s.switched.on = true;
        s.components->typesChanged();
        CPPUNIT_ASSERT(lineFacts().events.wait(
            [&] { return s.components->status(c.id).run_state == RunState::Running; }));
    }

    void listsByPage() {
        Server s(*database_);
        s.start();
        for (const char* name : {"alpha", "beta", "gamma"}) {
            good(s.components->create(input(name, freePort())));
        }
        ComponentQuery query;
        query.sort = "name";
        query.page_size = 2;
        auto page = good(s.components->list(query));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{3}, page.total);
        CPPUNIT_ASSERT_EQUAL(std::string("alpha"), page.items.at(0).name);
        query.page = 2;
        CPPUNIT_ASSERT_EQUAL(std::string("gamma"),
                             good(s.components->list(query)).items.at(0).name);
        query = {};
        query.q = "be";
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, good(s.components->list(query)).total);
        query = {};
        query.enabled = true;
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, good(s.components->list(query)).total);
        query = {};
        query.type = "line";
        CPPUNIT_ASSERT_EQUAL(std::int64_t{3}, good(s.components->list(query)).total);
        query.sort = "configuration";
        CPPUNIT_ASSERT(!s.components->list(query));
    }

    void tellsWhatTypesThereAre() {
        Server s(*database_);
        const auto types = s.components->types();
        CPPUNIT_ASSERT_EQUAL(std::size_t{4}, types.size());
        CPPUNIT_ASSERT_EQUAL(std::string("line"), types[0].type.id);
        CPPUNIT_ASSERT(types[0].schema.find("certificateId") != std::string::npos);
        CPPUNIT_ASSERT(types[1].schema.find("DTLS") != std::string::npos);
        CPPUNIT_ASSERT(types[2].schema.find("certificateId") == std::string::npos);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ComponentsTest);

} // namespace
