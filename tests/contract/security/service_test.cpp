// SPDX-License-Identifier: Apache-2.0
// The services of security on both databases.
#include "fairlead/base/time.hpp"
#include "fairlead/security/audit_log.hpp"
#include "fairlead/security/certificates.hpp"
#include "fairlead/security/passwords.hpp"
#include "fairlead/security/schema.hpp"
#include "fairlead/security/secrets.hpp"
#include "fairlead/security/system_log.hpp"
#include "fairlead/security/tokens.hpp"
#include "fairlead/security/users.hpp"
#include "fairlead/storage/database.hpp"
#include "fairlead/test/mariadb.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace fairlead::security;
using namespace fairlead::storage;
using fairlead::base::Errc;
using fairlead::base::Error;
using fairlead::base::Result;
using fairlead::base::Status;
using fairlead::base::utcNow;
using fairlead::runtime::Log;
using fairlead::runtime::LogLevel;

namespace {

constexpr const char* kPassword = "correct horse";

template <typename T>
std::string codeOf(const Result<T>& result) {
    if (result) {
        return "ok";
    }
    return result.error().code().empty() ? result.error().message() : result.error().code();
}

class OneUser : public UsageProvider {
public:
    Result<std::vector<Usage>> usedBy(const std::string& id) override {
        return id == used ? std::vector<Usage>{{"networkComponent", "n1", "MQTT server"}}
                          : std::vector<Usage>{};
    }
    std::string used;
};

} // namespace

class SecurityContract : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SecurityContract);
    CPPUNIT_TEST(makesTheFirstAdministrator);
    CPPUNIT_TEST(managesUsers);
    CPPUNIT_TEST(checksUsers);
    CPPUNIT_TEST(keepsAnAdministrator);
    CPPUNIT_TEST(keepsAnAdministratorUnderConcurrency);
    CPPUNIT_TEST(verifiesAndChangesPasswords);
    CPPUNIT_TEST(opensSessions);
    CPPUNIT_TEST(limitsSessions);
    CPPUNIT_TEST(endsSessionsOfDisabledUsers);
    CPPUNIT_TEST(managesApiTokens);
    CPPUNIT_TEST(tokensNeverHoldMoreThanTheirUser);
    CPPUNIT_TEST(managesCertificates);
    CPPUNIT_TEST(checksCertificates);
    CPPUNIT_TEST(refusesCertificatesInUse);
    CPPUNIT_TEST(recordsAccess);
    CPPUNIT_TEST(recordsTheSystemLog);
    CPPUNIT_TEST(purgesLogs);
    CPPUNIT_TEST(countsLostRecords);
    CPPUNIT_TEST_SUITE_END_ABSTRACT();

public:
    void setUp() override {
        auto opened = openDatabase(makeOptions());
        CPPUNIT_ASSERT_MESSAGE(opened ? "" : opened.error().message(), opened);
        database_ = std::move(opened).value();
        const Status migrated = database_->migrate("security", migrations());
        CPPUNIT_ASSERT_MESSAGE(migrated ? "" : migrated.error().message(), migrated);
        secrets_ = std::move(Secrets::open(dir_.path() / "secret.key")).value();
        users_ = std::make_unique<UserService>(*database_);
        tokens_ = std::make_unique<TokenService>(*database_, *users_);
        certificates_ = std::make_unique<CertificateService>(*database_, *secrets_);
    }

    void makesTheFirstAdministrator() {
        const auto password = users_->ensureAdministrator();
        CPPUNIT_ASSERT(password && password->has_value());
        const auto admin = users_->verify("admin", **password);
        CPPUNIT_ASSERT(admin);
        CPPUNIT_ASSERT(admin->roles == std::vector<std::string>{"administrator"});
        CPPUNIT_ASSERT(admin->must_change_password);
        CPPUNIT_ASSERT(!users_->ensureAdministrator()->has_value());
    }

    void managesUsers() {
        const User alice = add("Alice", {"operator"});
        CPPUNIT_ASSERT_EQUAL(std::string("Alice"), alice.display_name);
        CPPUNIT_ASSERT_EQUAL(alice.id, users_->findByName("aLICE")->id);
        UserChange change;
        change.display_name = "爱丽丝";
        change.email = std::optional<std::string>("a@example.com");
        const auto changed = users_->update(alice.id, change, 1);
        CPPUNIT_ASSERT(changed);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, changed->version);
        const auto read = users_->get(alice.id);
        CPPUNIT_ASSERT_EQUAL(std::string("爱丽丝"), read->display_name);
        CPPUNIT_ASSERT_EQUAL(std::string("a@example.com"), *read->email);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, read->version);
        CPPUNIT_ASSERT_EQUAL(std::string("stale"), codeOf(users_->update(alice.id, change, 1)));
        UserChange clear;
        clear.email = std::optional<std::string>();
        CPPUNIT_ASSERT(!users_->update(alice.id, clear, std::nullopt)->email.has_value());
        CPPUNIT_ASSERT(users_->noteLogin(alice.id, 5));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{5}, *users_->get(alice.id)->last_login_at);

        add("bob", {"viewer"});
        ListRequest request;
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, users_->list(request)->total);
        request.q = "LIC";
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, users_->list(request)->items.size());
        request.sort = "lastLoginAt";
        CPPUNIT_ASSERT(users_->list(request));

        CPPUNIT_ASSERT_EQUAL(std::string("user.self"),
                             codeOf(users_->remove(alice.id, alice.id, std::nullopt)));
        CPPUNIT_ASSERT_EQUAL(std::string("stale"), codeOf(users_->remove(alice.id, "x", 1)));
        CPPUNIT_ASSERT(users_->remove(alice.id, "x", std::nullopt));
        CPPUNIT_ASSERT(users_->get(alice.id).error().kind() == Errc::NotFound);
        CPPUNIT_ASSERT(users_->remove(alice.id, "x", std::nullopt).error().kind() ==
                       Errc::NotFound);
    }

    void checksUsers() {
        const auto code = [&](const std::function<void(NewUser&)>& change) {
            NewUser user;
            user.username = "carol";
            user.password = kPassword;
            user.roles = {"viewer"};
            change(user);
            return codeOf(users_->create(user));
        };
        CPPUNIT_ASSERT_EQUAL(std::string("user.username"),
                             code([](NewUser& u) { u.username = "a b"; }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.username"),
                             code([](NewUser& u) { u.username = std::string(65, 'a'); }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.password"),
                             code([](NewUser& u) { u.password = "short"; }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.roles"), code([](NewUser& u) { u.roles = {}; }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.roles"),
                             code([](NewUser& u) { u.roles = {"root"}; }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.roles"), code([](NewUser& u) {
                                 u.roles = {"viewer", "viewer"};
                             }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.email"), code([](NewUser& u) { u.email = "@"; }));
        CPPUNIT_ASSERT_EQUAL(std::string("user.display_name"),
                             code([](NewUser& u) { u.display_name = std::string(65, 'x'); }));
        CPPUNIT_ASSERT_EQUAL(std::string("ok"), code([](NewUser&) {}));
        CPPUNIT_ASSERT_EQUAL(std::string("user.exists"),
                             code([](NewUser& u) { u.username = "CAROL"; }));
    }

    void keepsAnAdministrator() {
        const User admin = add("admin", {"administrator"});
        UserChange disable;
        disable.enabled = false;
        CPPUNIT_ASSERT_EQUAL(std::string("user.last_administrator"),
                             codeOf(users_->update(admin.id, disable, std::nullopt)));
        UserChange demote;
        demote.roles = std::vector<std::string>{"viewer"};
        CPPUNIT_ASSERT_EQUAL(std::string("user.last_administrator"),
                             codeOf(users_->update(admin.id, demote, std::nullopt)));
        CPPUNIT_ASSERT_EQUAL(std::string("user.last_administrator"),
                             codeOf(users_->remove(admin.id, "x", std::nullopt)));
        const User second = add("second", {"viewer", "administrator"});
        CPPUNIT_ASSERT(users_->update(admin.id, disable, std::nullopt));
        CPPUNIT_ASSERT_EQUAL(std::string("user.last_administrator"),
                             codeOf(users_->remove(second.id, "x", std::nullopt)));
        CPPUNIT_ASSERT(users_->remove(admin.id, "x", std::nullopt));
    }

    void keepsAnAdministratorUnderConcurrency() {
        std::vector<User> admins;
        for (int i = 0; i < 4; ++i) {
            admins.push_back(add("admin" + std::to_string(i), {"administrator"}));
        }
        std::atomic<int> done{0};
        std::vector<std::thread> threads;
        for (const User& admin : admins) {
            threads.emplace_back([&] {
                UserChange disable;
                disable.enabled = false;
                done += users_->update(admin.id, disable, std::nullopt) ? 1 : 0;
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        CPPUNIT_ASSERT_EQUAL(3, done.load());
    }

    void verifiesAndChangesPasswords() {
        const User alice = add("alice", {"viewer"});
        CPPUNIT_ASSERT(users_->verify("Alice", kPassword));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.invalid"), codeOf(users_->verify("alice", "x")));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.invalid"),
                             codeOf(users_->verify("nobody", kPassword)));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.invalid"),
                             codeOf(users_->verify("alice' OR '1'='1", kPassword)));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.invalid"),
                             codeOf(users_->verify("阀", std::string(100'000, 'x'))));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.invalid"),
                             codeOf(users_->changePassword(alice.id, "wrong", "new password")));
        CPPUNIT_ASSERT_EQUAL(std::string("user.password"),
                             codeOf(users_->changePassword(alice.id, kPassword, kPassword)));
        CPPUNIT_ASSERT(users_->changePassword(alice.id, kPassword, "new password"));
        CPPUNIT_ASSERT(!users_->verify("alice", kPassword));
        CPPUNIT_ASSERT(users_->resetPassword(alice.id, "given password"));
        CPPUNIT_ASSERT(users_->verify("alice", "given password")->must_change_password);
        UserChange disable;
        disable.enabled = false;
        CPPUNIT_ASSERT(users_->update(alice.id, disable, std::nullopt));
        CPPUNIT_ASSERT(!users_->verify("alice", "given password"));
    }

    void opensSessions() {
        const User alice = add("alice", {"operator"});
        const auto login = tokens_->openSession(alice, 60'000);
        CPPUNIT_ASSERT(login);
        CPPUNIT_ASSERT_EQUAL(csrfTokenOf(login->token), login->csrf_token);
        const auto principal = tokens_->resolve(login->token);
        CPPUNIT_ASSERT(principal);
        CPPUNIT_ASSERT_EQUAL(std::string("alice"), principal->username);
        CPPUNIT_ASSERT(principal->kind == TokenKind::Session);
        CPPUNIT_ASSERT(!principal->permissions.empty());
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, countWhere("login_sessions WHERE token_hash LIKE "
                                                         "'fls%'"));
        for (const std::string& bad :
             {std::string(), std::string("fls_"), login->token + "x", std::string(5000, 'f')}) {
            CPPUNIT_ASSERT_EQUAL(std::string("auth.required"), codeOf(tokens_->resolve(bad)));
        }
        CPPUNIT_ASSERT(tokens_->closeSession(login->token));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.required"), codeOf(tokens_->resolve(login->token)));
        const auto ended = tokens_->openSession(alice, -1);
        CPPUNIT_ASSERT_EQUAL(std::string("auth.expired"), codeOf(tokens_->resolve(ended->token)));
        CPPUNIT_ASSERT(tokens_->maintain());
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, countWhere("login_sessions"));
    }

    void limitsSessions() {
        const User alice = add("alice", {"operator"});
        const auto first = tokens_->openSession(alice, 60'000);
        for (std::size_t i = 0; i < kSessionsPerUserMax + 2; ++i) {
            CPPUNIT_ASSERT(tokens_->openSession(alice, 60'000));
        }
        CPPUNIT_ASSERT_EQUAL(static_cast<std::int64_t>(kSessionsPerUserMax),
                             countWhere("login_sessions"));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.required"), codeOf(tokens_->resolve(first->token)));
    }

    void endsSessionsOfDisabledUsers() {
        const User alice = add("alice", {"operator"});
        const auto one = tokens_->openSession(alice, 60'000);
        const auto two = tokens_->openSession(alice, 60'000);
        const std::string id = tokens_->resolve(one->token)->token_id;
        CPPUNIT_ASSERT(tokens_->resolve(two->token));
        CPPUNIT_ASSERT(tokens_->closeSessions(alice.id, id));
        CPPUNIT_ASSERT(tokens_->resolve(one->token));
        CPPUNIT_ASSERT(!tokens_->resolve(two->token));
        UserChange change;
        change.roles = std::vector<std::string>{"viewer"};
        CPPUNIT_ASSERT(users_->update(alice.id, change, std::nullopt));
        CPPUNIT_ASSERT(tokens_->resolve(one->token)->roles == std::vector<std::string>{"viewer"});
        change.enabled = false;
        CPPUNIT_ASSERT(users_->update(alice.id, change, std::nullopt));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.required"), codeOf(tokens_->resolve(one->token)));
        change.enabled = true;
        CPPUNIT_ASSERT(users_->update(alice.id, change, std::nullopt));
        CPPUNIT_ASSERT(tokens_->resolve(one->token));
        CPPUNIT_ASSERT(users_->resetPassword(alice.id, "given password"));
        CPPUNIT_ASSERT(!tokens_->resolve(one->token));
    }

    void managesApiTokens() {
        const User alice = add("alice", {"operator"});
        const auto made = tokens_->create(alice.id, {"script", {"viewer"}, std::nullopt});
        CPPUNIT_ASSERT_MESSAGE(codeOf(made), made);
        CPPUNIT_ASSERT(made->secret.starts_with(made->token.prefix));
        for (int i = 0; i < 2; ++i) {
            const auto principal = tokens_->resolve(made->secret);
            CPPUNIT_ASSERT(principal->kind == TokenKind::Api);
            CPPUNIT_ASSERT(principal->roles == std::vector<std::string>{"viewer"});
        }
        CPPUNIT_ASSERT(!tokens_->get(made->token.id)->last_used_at.has_value());
        CPPUNIT_ASSERT(tokens_->maintain());
        CPPUNIT_ASSERT(tokens_->get(made->token.id)->last_used_at.has_value());
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, tokens_->list(alice.id, {})->total);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, tokens_->list("", {})->total);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, tokens_->list("other", {})->total);
        CPPUNIT_ASSERT(tokens_->remove(made->token.id));
        CPPUNIT_ASSERT_EQUAL(std::string("auth.required"), codeOf(tokens_->resolve(made->secret)));
        CPPUNIT_ASSERT(tokens_->remove(made->token.id).error().kind() == Errc::NotFound);
        for (std::size_t i = 0; i < kApiTokensPerUserMax; ++i) {
            CPPUNIT_ASSERT(tokens_->create(alice.id, {"t", {"viewer"}, utcNow() + 60'000}));
        }
        CPPUNIT_ASSERT(tokens_->create(alice.id, {"t", {"viewer"}, std::nullopt}).error().kind() ==
                       Errc::Limit);
        CPPUNIT_ASSERT(users_->remove(alice.id, "x", std::nullopt));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, countWhere("api_tokens"));
    }

    void tokensNeverHoldMoreThanTheirUser() {
        const User alice = add("alice", {"operator"});
        CPPUNIT_ASSERT_EQUAL(std::string("token.roles"),
                             codeOf(tokens_->create(alice.id, {"t", {"administrator"}, {}})));
        CPPUNIT_ASSERT_EQUAL(std::string("token.roles"),
                             codeOf(tokens_->create(alice.id, {"t", {"root"}, {}})));
        CPPUNIT_ASSERT_EQUAL(std::string("token.expires_at"),
                             codeOf(tokens_->create(alice.id, {"t", {"viewer"}, 1})));
        CPPUNIT_ASSERT(!tokens_->create(alice.id, {"", {"viewer"}, {}}));
        const auto made = tokens_->create(alice.id, {"t", {"operator", "viewer"}, {}});
        CPPUNIT_ASSERT(made);
        UserChange demote;
        demote.roles = std::vector<std::string>{"viewer"};
        CPPUNIT_ASSERT(users_->update(alice.id, demote, std::nullopt));
        CPPUNIT_ASSERT(tokens_->resolve(made->secret)->roles == std::vector<std::string>{"viewer"});
    }

    void managesCertificates() {
        const auto made = certificates_->createDevelopment("dev", {"localhost", "127.0.0.1"});
        CPPUNIT_ASSERT_MESSAGE(codeOf(made), made);
        CPPUNIT_ASSERT_EQUAL(std::string("CN=localhost"), made->facts.subject);
        const auto material = certificates_->material(made->id);
        CPPUNIT_ASSERT(checkKey(material->chain, material->key));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0},
                             countWhere("certificates WHERE private_key LIKE '%PRIVATE KEY%'"));
        std::vector<std::string> replaced;
        const auto watch =
            certificates_->watch([&](const std::string& id) { replaced.push_back(id); });
        CertificateChange rename;
        rename.name = "server";
        CPPUNIT_ASSERT(certificates_->update(made->id, rename, 1));
        CPPUNIT_ASSERT(replaced.empty());
        const auto other = makeSelfSigned(std::vector<std::string>{"b"}, 10);
        CertificateChange replace;
        replace.chain = other->chain;
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.key_mismatch"),
                             codeOf(certificates_->update(made->id, replace, std::nullopt)));
        replace.key = other->key;
        CPPUNIT_ASSERT_EQUAL(std::string("stale"),
                             codeOf(certificates_->update(made->id, replace, 1)));
        const auto updated = certificates_->update(made->id, replace, 2);
        CPPUNIT_ASSERT_MESSAGE(codeOf(updated), updated);
        CPPUNIT_ASSERT(replaced == std::vector<std::string>{made->id});
        CPPUNIT_ASSERT_EQUAL(std::int64_t{3}, certificates_->material(made->id)->version);
        CPPUNIT_ASSERT_EQUAL(std::string("server"), certificates_->get(made->id)->name);
        certificates_->unwatch(watch);
        CPPUNIT_ASSERT(certificates_->remove(made->id, 3));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, certificates_->list({})->total);
    }

    void checksCertificates() {
        const auto pair = makeSelfSigned(std::vector<std::string>{"a"}, 10);
        NewCertificate input;
        input.name = "a";
        input.chain = pair->chain;
        input.key = "no key";
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.key_parse"),
                             codeOf(certificates_->create(input)));
        input.key = pair->key;
        input.trust = "no certificate";
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.trust_parse"),
                             codeOf(certificates_->create(input)));
        input.trust = pair->chain;
        CPPUNIT_ASSERT(certificates_->create(input));
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.exists"),
                             codeOf(certificates_->create(input)));
        input.name = "";
        CPPUNIT_ASSERT_EQUAL(std::string("text.required"), codeOf(certificates_->create(input)));
        const auto page = certificates_->list({});
        CPPUNIT_ASSERT_EQUAL(pair->chain, *page->items.at(0).trust);
        CPPUNIT_ASSERT(certificates_->material("none").error().kind() == Errc::NotFound);
    }

    void refusesCertificatesInUse() {
        OneUser provider;
        certificates_->addUsageProvider(provider);
        const auto made = certificates_->createDevelopment("dev", {"localhost"});
        provider.used = made->id;
        CPPUNIT_ASSERT_EQUAL(std::string("n1"), certificates_->usedBy(made->id)->at(0).id);
        const Status refused = certificates_->remove(made->id, std::nullopt);
        CPPUNIT_ASSERT_EQUAL(std::string("certificate.in_use"), codeOf(refused));
        CPPUNIT_ASSERT(refused.error().message().find("MQTT server") != std::string::npos);
        provider.used.clear();
        CPPUNIT_ASSERT(certificates_->remove(made->id, std::nullopt));
    }

    void recordsAccess() {
        AccessLog log(*database_);
        std::atomic<int> heard{0};
        log.onRecord([&](const AccessRecord& record) { heard += record.id > 0 ? 1 : 0; });
        log.start();
        for (int i = 0; i < 60; ++i) {
            AccessRecord record;
            record.time = 1000 + i;
            record.user = i % 2 == 0 ? "alice" : "bob";
            record.address = "192.0.2.1";
            record.method = i % 3 == 0 ? "POST" : "GET";
            record.path = "/api/v1/devices/阀" + std::to_string(i);
            record.action = "devices.read";
            record.status = i % 10 == 0 ? 404 : 200;
            record.request = std::string(2 * kAuditTextBytesMax, 'x');
            record.target = std::string(5000, 't');
            log.record(record);
        }
        log.flush();
        CPPUNIT_ASSERT_EQUAL(60, heard.load());
        AccessQuery query;
        query.limit = 25;
        std::vector<std::int64_t> times;
        for (;;) {
            const auto page = log.query(query);
            CPPUNIT_ASSERT(page);
            for (const AccessRecord& record : page->items) {
                times.push_back(record.time);
                CPPUNIT_ASSERT(record.request.empty());
            }
            if (!page->next) {
                break;
            }
            query.after = page->next;
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{60}, times.size());
        CPPUNIT_ASSERT(std::is_sorted(times.rbegin(), times.rend()));
        const auto total = [&](const std::function<void(AccessQuery&)>& change) {
            AccessQuery one;
            one.limit = 500;
            change(one);
            return log.query(one)->items.size();
        };
        CPPUNIT_ASSERT_EQUAL(std::size_t{30}, total([](auto& q) { q.user = "alice"; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{20}, total([](auto& q) { q.method = "POST"; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{6}, total([](auto& q) { q.success = false; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{54}, total([](auto& q) { q.success = true; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{11}, total([](auto& q) { q.q = "DEVICES/阀5"; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, total([](auto& q) { q.action = "x"; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{10}, total([](auto& q) {
                                 q.from = 1010;
                                 q.to = 1020;
                             }));
        const auto newest = log.query({});
        const auto one = log.get(newest->items.at(0).id);
        CPPUNIT_ASSERT_EQUAL(kAuditTextBytesMax, one->request.size());
        CPPUNIT_ASSERT(log.get(1'000'000).error().kind() == Errc::NotFound);
        log.stop();
    }

    void recordsTheSystemLog() {
        Log source;
        source.setLevel(LogLevel::Debug);
        source.start();
        SystemLog log(*database_, source, "node1");
        log.start();
        for (int i = 0; i < 60; ++i) {
            source.log(i % 10 == 0 ? LogLevel::Error : LogLevel::Debug,
                       i % 2 == 0 ? "network.tcp" : "networking", "Line " + std::to_string(i),
                       i == 30 ? R"({"k":1})" : "");
        }
        log.flush();
        const auto total = [&](const std::function<void(SystemLogQuery&)>& change) {
            SystemLogQuery query;
            query.limit = 500;
            change(query);
            return log.query(query)->items.size();
        };
        CPPUNIT_ASSERT_EQUAL(std::size_t{60}, total([](auto&) {}));
        CPPUNIT_ASSERT_EQUAL(std::size_t{6}, total([](auto& q) { q.level = LogLevel::Warning; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{30}, total([](auto& q) { q.source = "network"; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{30}, total([](auto& q) { q.source = "networking"; }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{11}, total([](auto& q) { q.q = "lINE 3"; }));
        SystemLogQuery query;
        query.q = "Line 30";
        const auto found = log.query(query);
        const auto detail = log.get(found->items.at(0).id);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"k":1})"), detail->record.context);
        CPPUNIT_ASSERT_EQUAL(std::string("node1"), detail->record.node);
        CPPUNIT_ASSERT_EQUAL(kSystemLogAround, detail->before.size());
        CPPUNIT_ASSERT_EQUAL(std::string("Line 29"), detail->before.back().message);
        CPPUNIT_ASSERT_EQUAL(std::string("Line 31"), detail->after.front().message);
        log.stop();
        source.stop();
    }

    void purgesLogs() {
        Log source;
        SystemLog log(*database_, source, "n");
        const Status filled = database_->write([](Session& s) -> Status {
            std::vector<std::vector<Value>> rows;
            for (std::int64_t i = 0; i < 5000; ++i) {
                rows.push_back({i, std::int64_t{1}, std::string("s"), std::string("n"),
                                std::string("m"), std::string(), std::string("t")});
            }
            return s.executeMany("INSERT INTO system_log (logged_at, level, source, node, message, "
                                 "context, thread) VALUES (?,?,?,?,?,?,?)",
                                 rows);
        });
        CPPUNIT_ASSERT(filled);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{4500}, *log.purge(4500, 100'000));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{400}, *log.purge(0, 100));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, *log.purge(0, 100));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{100}, countWhere("system_log WHERE logged_at>=4900"));
        AccessLog access(*database_);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, *access.purge(utcNow()));
    }

    void countsLostRecords() {
        AccessLog log(*database_);
        for (std::size_t i = 0; i < kAuditQueueMax + 3; ++i) {
            log.record({});
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, log.dropped());
        database_->close();
        log.start();
        log.stop();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{kAuditQueueMax + 3}, log.dropped());
    }

protected:
    virtual DatabaseOptions makeOptions() = 0;

    User add(const std::string& name, const std::vector<std::string>& roles) {
        NewUser user;
        user.username = name;
        user.password = kPassword;
        user.roles = roles;
        const auto made = users_->create(user);
        CPPUNIT_ASSERT_MESSAGE(codeOf(made), made);
        return *made;
    }

    std::int64_t countWhere(const std::string& from) {
        std::int64_t n = -1;
        const Status status = database_->read([&](Session& s) -> Status {
            FL_ASSIGN(const auto rows, s.query("SELECT COUNT(*) FROM " + from));
            n = rows.at(0).integer(0);
            return {};
        });
        CPPUNIT_ASSERT(status);
        return n;
    }

    fairlead::test::TempDir dir_;
    std::unique_ptr<Database> database_;
    std::unique_ptr<Secrets> secrets_;
    std::unique_ptr<UserService> users_;
    std::unique_ptr<TokenService> tokens_;
    std::unique_ptr<CertificateService> certificates_;
};

class SqliteSecurity : public SecurityContract {
    CPPUNIT_TEST_SUB_SUITE(SqliteSecurity, SecurityContract);
    CPPUNIT_TEST_SUITE_END();

protected:
    DatabaseOptions makeOptions() override {
        DatabaseOptions options;
        options.path = (dir_.path() / "test.db").string();
        return options;
    }
};

class MysqlSecurity : public SecurityContract {
    CPPUNIT_TEST_SUB_SUITE(MysqlSecurity, SecurityContract);
    CPPUNIT_TEST_SUITE_END();

protected:
    DatabaseOptions makeOptions() override {
        auto& server = fairlead::test::MariaDb::shared();
        DatabaseOptions options;
        options.driver = "mysql";
        options.host = server.socket();
        options.user = server.user();
        options.schema = server.createSchema();
        return options;
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SqliteSecurity);
CPPUNIT_TEST_SUITE_REGISTRATION(MysqlSecurity);
