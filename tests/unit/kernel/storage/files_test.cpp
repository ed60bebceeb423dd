// SPDX-License-Identifier: Apache-2.0
#include "fairlead/storage/files.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

using namespace fairlead::storage;
using fairlead::base::Errc;

namespace {

constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string contentOf(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

} // namespace

class FilesTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(FilesTest);
    CPPUNIT_TEST(storesAndHashes);
    CPPUNIT_TEST(keepsTheSameContentOnce);
    CPPUNIT_TEST(limitsSize);
    CPPUNIT_TEST(discardsWhatWasNotFinished);
    CPPUNIT_TEST(refusesStrangeNames);
    CPPUNIT_TEST(removes);
    CPPUNIT_TEST(lists);
    CPPUNIT_TEST(cleansOrphans);
    CPPUNIT_TEST(storesFromManyThreads);
    CPPUNIT_TEST(reportsAMissingFolder);
    CPPUNIT_TEST_SUITE_END();

    fairlead::test::TempDir dir_;
    std::unique_ptr<FileStore> store_;

    std::size_t incoming() const {
        std::size_t n = 0;
        for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "incoming")) {
            n += entry.is_regular_file() ? 1U : 0U;
        }
        return n;
    }

public:
    void setUp() override { store_ = std::move(FileStore::open(dir_.path())).value(); }

    void storesAndHashes() {
        auto writer = std::move(store_->create(100)).value();
        CPPUNIT_ASSERT(writer->write("a"));
        CPPUNIT_ASSERT(writer->write(""));
        CPPUNIT_ASSERT(writer->write("bc"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, writer->size());
        const auto file = writer->finish();
        CPPUNIT_ASSERT(file);
        CPPUNIT_ASSERT_EQUAL(std::string(kAbc), file->sha256);
        CPPUNIT_ASSERT_EQUAL(std::string("900150983cd24fb0d6963f7d28e17f72"), file->md5);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{3}, file->size);
        CPPUNIT_ASSERT_EQUAL(std::string("abc"), contentOf(*store_->path(kAbc)));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, incoming());
    }

    void keepsTheSameContentOnce() {
        CPPUNIT_ASSERT(store_->put("abc", 10));
        CPPUNIT_ASSERT(store_->put("abc", 10));
        int files = 0;
        CPPUNIT_ASSERT(store_->list([&](const StoredFile&) { return ++files > 0; }));
        CPPUNIT_ASSERT_EQUAL(1, files);
    }

    void limitsSize() {
        auto writer = std::move(store_->create(4)).value();
        CPPUNIT_ASSERT(writer->write("1234"));
        const auto status = writer->write("5");
        CPPUNIT_ASSERT(!status && status.error().kind() == Errc::Limit);
        CPPUNIT_ASSERT_EQUAL(std::string("file.too_large"), status.error().code());
        writer.reset();
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, incoming());
        CPPUNIT_ASSERT(!store_->put("12345", 4));
    }

    void discardsWhatWasNotFinished() {
        auto writer = std::move(store_->create(10)).value();
        CPPUNIT_ASSERT(writer->write("x"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, incoming());
        writer.reset();
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, incoming());
    }

    void refusesStrangeNames() {
        for (const std::string name : {"", "../../etc/passwd", "ABC", "xyz"}) {
            CPPUNIT_ASSERT(store_->path(name).error().kind() == Errc::Invalid);
            CPPUNIT_ASSERT(!store_->remove(name));
        }
        CPPUNIT_ASSERT(store_->path(std::string(64, 'a')).error().kind() == Errc::NotFound);
    }

    void removes() {
        CPPUNIT_ASSERT(store_->put("abc", 10));
        CPPUNIT_ASSERT(store_->remove(kAbc));
        CPPUNIT_ASSERT(!store_->path(kAbc));
        CPPUNIT_ASSERT(store_->remove(kAbc));
    }

    void lists() {
        std::set<std::string> expected;
        for (int i = 0; i < 30; ++i) {
            expected.insert(store_->put(std::to_string(i), 10)->sha256);
        }
        std::set<std::string> seen;
        CPPUNIT_ASSERT(store_->list([&](const StoredFile& file) {
            CPPUNIT_ASSERT(file.size == 1 || file.size == 2);
            return seen.insert(file.sha256).second;
        }));
        CPPUNIT_ASSERT(seen == expected);
        int first = 0;
        CPPUNIT_ASSERT(store_->list([&](const StoredFile&) { return ++first < 5; }));
        CPPUNIT_ASSERT_EQUAL(5, first);
    }

    void cleansOrphans() {
        const std::string kept = store_->put("kept", 10)->sha256;
        const std::string lost = store_->put("lost", 10)->sha256;
        std::ofstream(dir_.path() / "incoming" / "given-up") << "x";
        const auto isUsed = [&](const std::string& name) { return name == kept; };
        // Too young to be judged.
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, *store_->clean(isUsed, 3'600'000));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, *store_->clean(isUsed, -1000));
        CPPUNIT_ASSERT(store_->path(kept));
        CPPUNIT_ASSERT(!store_->path(lost));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, incoming());
    }

    void storesFromManyThreads() {
        std::vector<std::thread> threads;
        for (int t = 0; t < 6; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 20; ++i) {
                    CPPUNIT_ASSERT(store_->put("same " + std::to_string(i), 100));
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        int files = 0;
        CPPUNIT_ASSERT(store_->list([&](const StoredFile&) { return ++files > 0; }));
        CPPUNIT_ASSERT_EQUAL(20, files);
    }

    void reportsAMissingFolder() {
        const auto opened = FileStore::open("/proc/none");
        CPPUNIT_ASSERT(!opened && opened.error().kind() == Errc::Io);
        std::filesystem::remove_all(dir_.path() / "incoming");
        CPPUNIT_ASSERT(store_->create(1).error().kind() == Errc::Io);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(FilesTest);
