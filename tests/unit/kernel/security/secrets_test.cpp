// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/secrets.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <vector>

using namespace fairlead::security;
using fairlead::base::Errc;

class SecretsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SecretsTest);
    CPPUNIT_TEST(makesAPrivateKeyFile);
    CPPUNIT_TEST(opensWhatItSealed);
    CPPUNIT_TEST(noticesEveryChange);
    CPPUNIT_TEST(refusesAnotherKeyAndContext);
    CPPUNIT_TEST(refusesStrangeText);
    CPPUNIT_TEST(refusesAnOpenOrBrokenKeyFile);
    CPPUNIT_TEST(makesOneKeyFromManyThreads);
    CPPUNIT_TEST_SUITE_END();

    fairlead::test::TempDir dir_;
    std::filesystem::path path_;
    std::unique_ptr<Secrets> secrets_;

public:
    void setUp() override {
        path_ = dir_.path() / "sub" / "secret.key";
        secrets_ = std::move(Secrets::open(path_)).value();
    }

    void makesAPrivateKeyFile() {
        struct stat facts {};
        CPPUNIT_ASSERT_EQUAL(0, stat(path_.c_str(), &facts));
        CPPUNIT_ASSERT_EQUAL(mode_t{0600}, facts.st_mode & 0777);
        CPPUNIT_ASSERT_EQUAL(off_t{65}, facts.st_size);
    }

    void opensWhatItSealed() {
        for (const std::string& plain :
             {std::string(), std::string("x"), std::string(100'000, 'y'), std::string("a\0b", 3)}) {
            const std::string sealed = secrets_->seal(plain, "row/1");
            CPPUNIT_ASSERT(sealed.starts_with("v1:"));
            CPPUNIT_ASSERT(sealed != secrets_->seal(plain, "row/1"));
            CPPUNIT_ASSERT(*secrets_->unseal(sealed, "row/1") == plain);
            const auto again = Secrets::open(path_);
            CPPUNIT_ASSERT(*(*again)->unseal(sealed, "row/1") == plain);
        }
    }

    void noticesEveryChange() {
        const std::string sealed = secrets_->seal("secret", "row/1");
        for (std::size_t i = 3; i < sealed.size(); ++i) {
            std::string changed = sealed;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            const auto opened = secrets_->unseal(changed, "row/1");
            // The last characters before padding may hold unused bits.
            CPPUNIT_ASSERT(!opened || (*opened == "secret" && i + 4 >= sealed.size()));
        }
    }

    void refusesAnotherKeyAndContext() {
        const std::string sealed = secrets_->seal("secret", "row/1");
        CPPUNIT_ASSERT(secrets_->unseal(sealed, "row/2").error().kind() == Errc::Malformed);
        const auto other = Secrets::open(dir_.path() / "other.key");
        CPPUNIT_ASSERT((*other)->unseal(sealed, "row/1").error().kind() == Errc::Malformed);
    }

    void refusesStrangeText() {
        for (const char* text : {"", "secret", "v1:", "v1:AAAA", "v1:====", "v1:%%%%", "x1:AAAA"}) {
            CPPUNIT_ASSERT_MESSAGE(text, !secrets_->unseal(text, ""));
        }
        CPPUNIT_ASSERT(secrets_->unseal("v2:AAAA", "").error().kind() == Errc::Version);
    }

    void refusesAnOpenOrBrokenKeyFile() {
        CPPUNIT_ASSERT_EQUAL(0, chmod(path_.c_str(), 0644));
        CPPUNIT_ASSERT(Secrets::open(path_).error().kind() == Errc::Forbidden);
        CPPUNIT_ASSERT_EQUAL(0, chmod(path_.c_str(), 0600));
        std::ofstream(path_) << "no key";
        CPPUNIT_ASSERT(Secrets::open(path_).error().kind() == Errc::Malformed);
        std::ofstream(path_, std::ios::trunc).flush();
        CPPUNIT_ASSERT(Secrets::open(path_).error().kind() == Errc::Malformed);
        CPPUNIT_ASSERT(Secrets::open("/proc/none/key").error().kind() == Errc::Io);
    }

    void makesOneKeyFromManyThreads() {
        const auto path = dir_.path() / "race.key";
        std::vector<std::string> sealed(6);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < sealed.size(); ++i) {
            threads.emplace_back([&, i] { sealed[i] = (*Secrets::open(path))->seal("x", ""); });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        const auto secrets = Secrets::open(path);
        for (const std::string& one : sealed) {
            CPPUNIT_ASSERT((*secrets)->unseal(one, ""));
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SecretsTest);
