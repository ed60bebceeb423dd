// SPDX-License-Identifier: Apache-2.0
#include "dial_fixture.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/network/tls_context.hpp"
#include "fairlead/storage/database.hpp"
#include "fairlead/test/temp_dir.hpp"
#include "tls_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

namespace {

using namespace fairlead;
using namespace fairlead::test;
using namespace fairlead::network;

class OneCertificate final : public CertificateSource {
public:
    base::Result<CertificateMaterial> load(const std::string& id) override {
        const std::lock_guard lock(mutex);
        if (id != "cert") {
            return base::Error::notFound("There is no certificate " + id);
        }
        return content;
    }
    void set(CertificateMaterial given) {
        const std::lock_guard lock(mutex);
        content = std::move(given);
    }
    std::mutex mutex;
    CertificateMaterial content;
};

/// Components that dial: rules, states, certificates.
class ClientComponentsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ClientComponentsTest);
    CPPUNIT_TEST(runsThoughItsTargetIsAway);
    CPPUNIT_TEST(takesUpChangesAtOnce);
    CPPUNIT_TEST(tellsOfTheTargetsThatAreAway);
    CPPUNIT_TEST(namesEveryWrongField);
    CPPUNIT_TEST(trustsByItsCertificate);
    CPPUNIT_TEST_SUITE_END();

    TempDir dir_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<DialFixture> engine_;
    OneCertificate certificates_;
    std::unique_ptr<Components> components_;
    std::atomic<int> changes_{0};
    FakeHandler handler_;

    template <typename T>
    static T good(base::Result<T> result) {
        CPPUNIT_ASSERT_MESSAGE(result ? "" : result.error().message(), result.hasValue());
        return std::move(*result);
    }
    NetworkComponent create(const std::string& type, const std::string& configuration) {
        NewComponent n;
        n.name = "client " + std::to_string(++changes_);
        n.type = type;
        n.configuration = configuration;
        const auto made = good(components_->create(n));
        components_->setHandler(made.id, &handler_);
        return made;
    }
    static std::string remote(std::uint16_t port, const std::string& more = {}) {
        return R"({"remoteHost":"127.0.0.1","remotePort":)" + std::to_string(port) + more + "}";
    }
    static std::uint16_t unused() { return Equipment().port(); }
    bool connected(const std::string& id) {
        return DialFixture::wait([&] {
            const auto targets = components_->status(id).targets;
            return !targets.empty() && targets[0].state == DialState::Connected;
        });
    }
    bool failed(const std::string& id) {
        return DialFixture::wait([&] { return !components_->status(id).last_error.empty(); });
    }

public:
    void setUp() override {
        storage::DatabaseOptions options;
        options.path = (dir_.path() / "test.db").string();
        database_ = good(storage::openDatabase(options));
        engine_ = std::make_unique<DialFixture>();
        ComponentsParts parts;
        parts.database = database_.get();
        parts.engine = engine_->engine.get();
        parts.types = engine_->dial_types.get();
        parts.certificates = &certificates_;
        parts.node_id = "node-1";
        components_ = makeComponents(parts);
        components_->onChange([this](const std::string&) { ++changes_; });
        CPPUNIT_ASSERT(components_->start());
    }
    void tearDown() override {
        components_->stop();
        engine_->engine->stop(200);
        components_.reset();
        engine_.reset();
        database_->close();
    }

    void runsThoughItsTargetIsAway() {
        const std::uint16_t port = unused();
        const auto c = create("line-client", remote(port));
        CPPUNIT_ASSERT(c.configuration.find(R"("reconnectLongest":60)") != std::string::npos);
        good(components_->enable(c.id));
        CPPUNIT_ASSERT(failed(c.id));
        const auto status = components_->status(c.id);
        CPPUNIT_ASSERT(status.run_state == RunState::Running);
        CPPUNIT_ASSERT(status.last_error.find("Connection refused") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL("line://127.0.0.1:" + std::to_string(port), status.address);
        CPPUNIT_ASSERT_EQUAL(std::string(), status.local_address);
        CPPUNIT_ASSERT(good(components_->get(c.id)).enabled);
        const int before = changes_;
        Equipment equipment(port);
        CPPUNIT_ASSERT_EQUAL(std::string("x"), equipment.accept().ask("x"));
        CPPUNIT_ASSERT(DialFixture::wait([&] { return changes_ > before; }));
        good(components_->disable(c.id));
        CPPUNIT_ASSERT(components_->status(c.id).targets.empty());
        CPPUNIT_ASSERT_EQUAL(std::string(), components_->status(c.id).last_error);
    }

    void takesUpChangesAtOnce() {
        const auto c = create("line-client", remote(unused(), R"(,"reconnectFirst":3600,
            "reconnectLongest":3600)"));
        good(components_->enable(c.id));
        CPPUNIT_ASSERT(failed(c.id));
        Equipment equipment;
        ComponentChange change;
        change.configuration = remote(equipment.port());
        good(components_->change(c.id, change, 0));
        // Held: a connection that has ended is not connected.
        auto line = equipment.accept();
        CPPUNIT_ASSERT_EQUAL(std::string("x"), line.ask("x"));
        CPPUNIT_ASSERT(connected(c.id));
        CPPUNIT_ASSERT_EQUAL(std::string(), components_->status(c.id).last_error);
    }

    void tellsOfTheTargetsThatAreAway() {
        const Equipment equipment;
        const std::uint16_t away = unused();
        const auto c =
            create("line-targets",
                   R"({"targets":[{"host":"127.0.0.1","port":)" + std::to_string(equipment.port()) +
                       R"(},{"host":"localhost","port":)" + std::to_string(away) + "}]}");
        good(components_->enable(c.id));
        CPPUNIT_ASSERT(failed(c.id));
        CPPUNIT_ASSERT(connected(c.id));
        const auto status = components_->status(c.id);
        CPPUNIT_ASSERT_MESSAGE(
            status.last_error,
            status.last_error.rfind("1 of 2 targets are not connected; localhost:", 0) == 0);
        CPPUNIT_ASSERT_EQUAL("line://127.0.0.1:" + std::to_string(equipment.port()) + " +1",
                             status.address);
    }

    void namesEveryWrongField() {
        const auto codes = [this](const std::string& type, const std::string& configuration) {
            NewComponent n;
            n.name = "x";
            n.type = type;
            n.configuration = configuration;
            const auto made = components_->create(n);
            std::string text = made ? "made" : "";
            for (const base::FieldError& field :
                 made ? std::vector<base::FieldError>{} : made.error().fields()) {
                text += field.field + ":" + field.code + " ";
            }
            return text;
        };
        CPPUNIT_ASSERT_EQUAL(
            std::string("configuration/remoteHost:required configuration/remotePort:required "),
            codes("line-client", "{}"));
        CPPUNIT_ASSERT_EQUAL(std::string("configuration/reconnectLongest:range "),
                             codes("line-client", remote(1, R"(,"reconnectFirst":9,
                                 "reconnectLongest":8)")));
        CPPUNIT_ASSERT_EQUAL(std::string("configuration/targets:range "),
                             codes("line-targets", R"({"targets":[]})"));
        CPPUNIT_ASSERT_EQUAL(std::string("configuration/targets/1/host:duplicate "),
                             codes("line-targets", R"({"targets":[{"host":"a","port":1},
                                 {"host":"a","port":1}]})"));
        CPPUNIT_ASSERT_EQUAL(
            std::string("configuration/certificateId:not_found "),
            codes("line-client", remote(1, R"(,"secure":true,"certificateId":"none")")));
    }

    void trustsByItsCertificate() {
        const Pair server = selfSigned("devices.example");
        FakeHandler served;
        auto spec = engine_->spec("a");
        spec.tls = *TlsContext::make(material(server), ClientCertificate::No);
        const std::uint16_t port = engine_->open(spec, &served);
        certificates_.set(material(selfSigned("own"), selfSigned("somebody else").chain));
        const auto c = create("line-client", remote(port, R"(,"secure":true,"certificateId":"cert",
            "serverName":"devices.example","reconnectFirst":3600,"reconnectLongest":3600)"));
        good(components_->enable(c.id));
        CPPUNIT_ASSERT(failed(c.id));
        CPPUNIT_ASSERT_EQUAL("lines://127.0.0.1:" + std::to_string(port),
                             components_->status(c.id).address);
        certificates_.set(material(selfSigned("own"), server.chain));
        components_->certificateChanged("cert");
        CPPUNIT_ASSERT(connected(c.id));
        components_->setHandler(c.id, nullptr);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ClientComponentsTest);

} // namespace
