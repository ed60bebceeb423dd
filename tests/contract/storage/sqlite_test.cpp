// SPDX-License-Identifier: Apache-2.0
#include "database_contract.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

using namespace fairlead::storage;
using fairlead::base::Errc;
using fairlead::base::Status;

class SqliteContract : public DatabaseContract {
    CPPUNIT_TEST_SUB_SUITE(SqliteContract, DatabaseContract);
    CPPUNIT_TEST(readersCannotWrite);
    CPPUNIT_TEST(keepsItsDataOverARestart);
    CPPUNIT_TEST(limitsTheQueue);
    CPPUNIT_TEST(refusesWhatIsNoDatabase);
    CPPUNIT_TEST(refusesBadOptions);
    CPPUNIT_TEST_SUITE_END();

public:
    void readersCannotWrite() {
        create("CREATE TABLE t (i {int})");
        const Status status = database_->read([](Session& s) -> Status {
            FL_TRY(s.execute("INSERT INTO t VALUES (1)"));
            return {};
        });
        CPPUNIT_ASSERT(!status);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, count("t"));
    }

    void keepsItsDataOverARestart() {
        create("CREATE TABLE t (i {int})");
        write([](Session& s) -> Status {
            FL_TRY(s.execute("INSERT INTO t VALUES (1)"));
            return {};
        });
        database_.reset();
        database_ = std::move(openDatabase(options_)).value();
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, count("t"));
        CPPUNIT_ASSERT(database_->version().starts_with("SQLite 3."));
    }

    void limitsTheQueue() {
        std::promise<void> inside;
        std::promise<void> release;
        std::thread first([&] {
            (void)database_->write([&](Session&) -> Status {
                inside.set_value();
                release.get_future().wait();
                return {};
            });
        });
        inside.get_future().wait();
        std::atomic<std::size_t> busy{0};
        std::atomic<std::size_t> done{0};
        std::promise<void> refused;
        std::vector<std::thread> waiting;
        for (std::size_t i = 0; i < kWriteQueueMax + 5; ++i) {
            waiting.emplace_back([&] {
                const Status status = database_->write([](Session&) -> Status { return {}; });
                if (status) {
                    ++done;
                } else if (status.error().kind() == Errc::Busy && ++busy == 5) {
                    refused.set_value();
                }
            });
        }
        refused.get_future().wait();
        release.set_value();
        for (auto& thread : waiting) {
            thread.join();
        }
        first.join();
        CPPUNIT_ASSERT_EQUAL(std::size_t{5}, busy.load());
        CPPUNIT_ASSERT_EQUAL(kWriteQueueMax, done.load());
    }

    void refusesWhatIsNoDatabase() {
        DatabaseOptions other = options_;
        other.path = (dir_.path() / "text.db").string();
        std::ofstream(other.path) << std::string(4096, 'x');
        const auto opened = openDatabase(other);
        CPPUNIT_ASSERT(!opened && opened.error().kind() == Errc::Io);
        other.path = "/proc/none/x.db";
        CPPUNIT_ASSERT(openDatabase(other).error().kind() == Errc::Io);
    }

    void refusesBadOptions() {
        DatabaseOptions other;
        CPPUNIT_ASSERT(openDatabase(other).error().kind() == Errc::Invalid);
        other = options_;
        other.readers = 0;
        CPPUNIT_ASSERT(openDatabase(other).error().kind() == Errc::Invalid);
        other = options_;
        other.driver = "oracle";
        CPPUNIT_ASSERT(openDatabase(other).error().kind() == Errc::Invalid);
    }

protected:
    DatabaseOptions makeOptions() override {
        DatabaseOptions options;
        options.path = (dir_.path() / "sub" / "test.db").string();
        return options;
    }

private:
    fairlead::test::TempDir dir_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(SqliteContract);
