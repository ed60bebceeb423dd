// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/passwords.hpp"
#include "fairlead/security/roles.hpp"
#include "fairlead/security/throttle.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <set>

using namespace fairlead::security;

class PasswordsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(PasswordsTest);
    CPPUNIT_TEST(verifiesPasswords);
    CPPUNIT_TEST(refusesBrokenHashes);
    CPPUNIT_TEST(asksForARehash);
    CPPUNIT_TEST(checksLengths);
    CPPUNIT_TEST(makesRandomPasswords);
    CPPUNIT_TEST(coversPermissions);
    CPPUNIT_TEST(boundsRoles);
    CPPUNIT_TEST(slowsGuessing);
    CPPUNIT_TEST(keepsTheThrottleBounded);
    CPPUNIT_TEST_SUITE_END();

public:
    void verifiesPasswords() {
        const std::string stored = hashPassword("correct horse");
        CPPUNIT_ASSERT(stored.starts_with("scrypt$15$8$1$"));
        CPPUNIT_ASSERT(stored != hashPassword("correct horse"));
        CPPUNIT_ASSERT(verifyPassword(stored, "correct horse"));
        CPPUNIT_ASSERT(!verifyPassword(stored, "correct horsE"));
        CPPUNIT_ASSERT(!verifyPassword(stored, ""));
    }

    void refusesBrokenHashes() {
        // RFC 7914 §12, second vector: password "password", salt "NaCl", N = 1024, r = 8, p = 16;
        // first 32 bytes.
        const std::string known =
            "scrypt$10$8$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8"
            "237830e77376634b373162";
        CPPUNIT_ASSERT(verifyPassword(known, "password"));
        for (const char* text : {"", "x", "scrypt$", "scrypt$10$8$16$4e61436c$00",
                                 "bcrypt$10$8$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
                                 "scrypt$99$8$16$4e61436c$fdba", "scrypt$10$8$16$zz$fdba",
                                 "scrypt$-1$8$1$4e61436c$fdba"}) {
            CPPUNIT_ASSERT_MESSAGE(text, !verifyPassword(text, "password"));
            CPPUNIT_ASSERT_MESSAGE(text, needsRehash(text));
        }
        CPPUNIT_ASSERT(!verifyPassword(known + "$", "password"));
    }

    void asksForARehash() {
        CPPUNIT_ASSERT(!needsRehash(hashPassword("correct horse")));
        CPPUNIT_ASSERT(needsRehash("scrypt$10$8$16$4e61436c$" + std::string(64, 'a')));
    }

    void checksLengths() {
        CPPUNIT_ASSERT(checkPassword("12345678", "admin"));
        CPPUNIT_ASSERT(checkPassword("密码密码密码密码", "admin"));
        CPPUNIT_ASSERT(!checkPassword("1234567", "admin"));
        CPPUNIT_ASSERT(!checkPassword(std::string(129, 'x'), "admin"));
        CPPUNIT_ASSERT(!checkPassword("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "admin"));
        CPPUNIT_ASSERT_EQUAL(std::string("user.password"),
                             checkPassword("administrator", "administrator").error().code());
    }

    void makesRandomPasswords() {
        std::set<std::string> seen;
        for (int i = 0; i < 100; ++i) {
            const std::string password = randomPassword();
            CPPUNIT_ASSERT_EQUAL(std::size_t{16}, password.size());
            CPPUNIT_ASSERT_EQUAL(std::string::npos, password.find_first_of("0O1Il"));
            seen.insert(password);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{100}, seen.size());
    }

    void coversPermissions() {
        CPPUNIT_ASSERT(covers("*", "users:write"));
        CPPUNIT_ASSERT(covers("devices:*", "devices:read"));
        CPPUNIT_ASSERT(covers("*:read", "devices:read"));
        CPPUNIT_ASSERT(covers("devices:read", "devices:read"));
        CPPUNIT_ASSERT(!covers("devices:read", "devices:write"));
        CPPUNIT_ASSERT(!covers("devices:*", "products:read"));
        CPPUNIT_ASSERT(!covers("device", "devices:read"));
        // A pattern never covers a wider one.
        CPPUNIT_ASSERT(!covers("devices:read", "devices:*"));
        CPPUNIT_ASSERT(!covers("devices:*", "*"));
    }

    void boundsRoles() {
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, allRoles().size());
        const std::vector<std::string> administrator =
            permissionsOf(std::vector<std::string>{"administrator"});
        const std::vector<std::string> operators =
            permissionsOf(std::vector<std::string>{"operator", "unknown"});
        const std::vector<std::string> viewer = permissionsOf(std::vector<std::string>{"viewer"});
        CPPUNIT_ASSERT(allows(administrator, "users:write"));
        CPPUNIT_ASSERT(allows(operators, "devices:operate"));
        CPPUNIT_ASSERT(!allows(operators, "users:read"));
        CPPUNIT_ASSERT(!allows(operators, "settings:write"));
        CPPUNIT_ASSERT(allows(viewer, "devices:read"));
        for (const char* change : {"devices:write", "devices:operate", "gateways:operate",
                                   "files:write", "plugins:operate"}) {
            CPPUNIT_ASSERT_MESSAGE(change, !allows(viewer, change));
        }
        for (const std::string& permission : viewer) {
            CPPUNIT_ASSERT_MESSAGE(permission, allows(operators, permission));
        }
        CPPUNIT_ASSERT(findRole("root") == nullptr);
    }

    void slowsGuessing() {
        LoginThrottle throttle;
        std::uint64_t now = 1'000'000;
        for (int i = 0; i < LoginThrottle::kFreeAttempts; ++i) {
            CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, throttle.waitMs("admin", "a", now));
            throttle.failed("admin", "a", now);
        }
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1000}, throttle.waitMs("ADMIN", "a", now));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{400}, throttle.waitMs("admin", "a", now + 600));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, throttle.waitMs("admin", "b", now));
        throttle.failed("admin", "a", now);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2000}, throttle.waitMs("admin", "a", now));
        for (int i = 0; i < 40; ++i) {
            throttle.failed("admin", "a", now);
        }
        CPPUNIT_ASSERT_EQUAL(LoginThrottle::kWaitMsMax, throttle.waitMs("admin", "a", now));
        // The address has to wait for any name now.
        CPPUNIT_ASSERT(throttle.waitMs("other", "a", now) > 0);
        throttle.succeeded("admin", "a");
        CPPUNIT_ASSERT(throttle.waitMs("other", "a", now) > 0);
        now += static_cast<std::uint64_t>(LoginThrottle::kForgetMs);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, throttle.waitMs("admin", "a", now));
        throttle.failed("admin", "a", now);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, throttle.waitMs("admin", "a", now));
        // Many addresses together.
        for (int i = 0; i < 100 * LoginThrottle::kFreeAttempts; ++i) {
            throttle.failed("victim", std::to_string(i), now);
        }
        CPPUNIT_ASSERT(throttle.waitMs("victim", "new", now) > 0);
    }

    void keepsTheThrottleBounded() {
        LoginThrottle throttle;
        for (std::size_t i = 0; i < 2 * LoginThrottle::kEntriesMax; ++i) {
            throttle.failed(std::string(1000, 'u') + std::to_string(i), std::to_string(i), 1);
        }
        CPPUNIT_ASSERT_EQUAL(LoginThrottle::kEntriesMax, throttle.entries());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(PasswordsTest);
