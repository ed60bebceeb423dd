// SPDX-License-Identifier: Apache-2.0
#include "database_contract.hpp"

#include "fairlead/test/mariadb.hpp"

#include <chrono>
#include <thread>

using namespace fairlead::storage;
using fairlead::base::Errc;
using fairlead::base::Status;
using fairlead::test::MariaDb;

namespace {

Status insertOne(Session& session) {
    FL_TRY(session.execute("INSERT INTO t (n) VALUES ('x')"));
    return {};
}

} // namespace

class MysqlContract : public DatabaseContract {
    CPPUNIT_TEST_SUB_SUITE(MysqlContract, DatabaseContract);
    CPPUNIT_TEST(survivesTheEndOfItsServer);
    CPPUNIT_TEST(noticesACrashWithinATransaction);
    CPPUNIT_TEST(refusesStatementsOfALostTransaction);
    CPPUNIT_TEST(refusesAWrongUser);
    CPPUNIT_TEST_SUITE_END();

public:
    void survivesTheEndOfItsServer() {
        create("CREATE TABLE t (id {auto}, n {name})");
        write(insertOne);
        MariaDb::shared().kill();
        const Status down = database_->write(insertOne);
        CPPUNIT_ASSERT(!down && down.error().kind() == Errc::Io);
        MariaDb::shared().start();
        untilWritten();
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, count("t"));
        CPPUNIT_ASSERT(database_->version().find("MariaDB") != std::string::npos);
    }

    void noticesACrashWithinATransaction() {
        create("CREATE TABLE t (id {auto}, n {name})");
        const Status lost = database_->write([](Session& session) -> Status {
            FL_TRY(insertOne(session));
            MariaDb::shared().kill();
            return insertOne(session);
        });
        CPPUNIT_ASSERT(!lost && lost.error().kind() == Errc::Io);
        const Status down = database_->read([](Session& s) -> Status {
            FL_TRY(s.query("SELECT 1"));
            return {};
        });
        CPPUNIT_ASSERT(!down && down.error().kind() == Errc::Io);
        MariaDb::shared().start();
        untilWritten();
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, count("t"));
    }

    void refusesStatementsOfALostTransaction() {
        create("CREATE TABLE t (id {auto}, n {name})");
        int runs = 0;
        // The connection is killed by its own work, which does not mind; nothing may be committed.
        const Status lost = database_->write([&](Session& session) -> Status {
            ++runs;
            FL_TRY(insertOne(session));
            const auto killed = session.execute("KILL CONNECTION_ID()");
            CPPUNIT_ASSERT(!killed);
            const Status after = insertOne(session);
            CPPUNIT_ASSERT(!after);
            return {};
        });
        CPPUNIT_ASSERT(!lost && lost.error().kind() == Errc::Io);
        CPPUNIT_ASSERT_EQUAL(1, runs);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, count("t"));
    }

    void refusesAWrongUser() {
        DatabaseOptions other = options_;
        other.user = "nobody";
        other.password = "secret-word";
        const auto opened = openDatabase(other);
        CPPUNIT_ASSERT(!opened && opened.error().kind() == Errc::Unauthorized);
        CPPUNIT_ASSERT(opened.error().message().find("secret-word") == std::string::npos);
        other.host = "/nowhere/sock";
        CPPUNIT_ASSERT(openDatabase(other).error().kind() == Errc::Io);
    }

protected:
    DatabaseOptions makeOptions() override {
        DatabaseOptions options;
        options.driver = "mysql";
        options.host = MariaDb::shared().socket();
        options.user = MariaDb::shared().user();
        options.schema = MariaDb::shared().createSchema();
        return options;
    }

private:
    // The pool waits a little before it connects again.
    void untilWritten() {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        Status status = database_->write(insertOne);
        while (!status && std::chrono::steady_clock::now() < limit) {
            CPPUNIT_ASSERT(status.error().kind() == Errc::Io);
            std::this_thread::yield();
            status = database_->write(insertOne);
        }
        CPPUNIT_ASSERT_MESSAGE(status ? "" : status.error().message(), status);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MysqlContract);
