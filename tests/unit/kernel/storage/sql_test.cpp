// SPDX-License-Identifier: Apache-2.0
#include "fairlead/storage/sql.hpp"

#include "../../../../kernel/storage/src/mysql_values.hpp"
#include "../../../../kernel/storage/src/statement_cache.hpp"
#include "fairlead/runtime/configuration.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <fstream>

using namespace fairlead::storage;

class SqlTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SqlTest);
    CPPUNIT_TEST(writesUpserts);
    CPPUNIT_TEST(escapesPatterns);
    CPPUNIT_TEST(expandsTypes);
    CPPUNIT_TEST(takesInsertsApart);
    CPPUNIT_TEST(convertsColumns);
    CPPUNIT_TEST(boundsTheStatementCache);
    CPPUNIT_TEST(readsItsConfiguration);
    CPPUNIT_TEST_SUITE_END();

public:
    void writesUpserts() {
        CPPUNIT_ASSERT_EQUAL(
            std::string("INSERT INTO t (a,b,c) VALUES (?,?,?) ON CONFLICT(a,b) DO UPDATE SET "
                        "c=excluded.c"),
            upsertSql(Dialect::Sqlite, "t", {"a", "b"}, {"c"}));
        CPPUNIT_ASSERT_EQUAL(
            std::string("INSERT INTO t (a,b,c) VALUES (?,?,?) ON DUPLICATE KEY UPDATE "
                        "b=VALUES(b),c=VALUES(c)"),
            upsertSql(Dialect::Mysql, "t", {"a"}, {"b", "c"}));
        CPPUNIT_ASSERT_EQUAL(std::string("INSERT INTO t (a) VALUES (?) ON CONFLICT(a) DO NOTHING"),
                             upsertSql(Dialect::Sqlite, "t", {"a"}, {}));
    }

    void escapesPatterns() {
        CPPUNIT_ASSERT_EQUAL(std::string("100!%!_!!a"), escapeLike("100%_!a"));
    }

    void expandsTypes() {
        CPPUNIT_ASSERT_EQUAL(std::string("a TEXT, b INTEGER, c TEXT, d {unknown}"),
                             expandTypes(Dialect::Sqlite, "a {id}, b {int}, c {id}, d {unknown}"));
        CPPUNIT_ASSERT_EQUAL(std::string("a BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"),
                             expandTypes(Dialect::Mysql, "a {auto}"));
    }

    void takesInsertsApart() {
        const auto simple = splitInsert("insert into t (a) values (?)");
        CPPUNIT_ASSERT(simple.found && simple.tuple == "(?)" && simple.tail.empty());
        const auto nested = splitInsert(
            "INSERT INTO t VALUES \n (?, LOWER(?)) ON DUPLICATE KEY UPDATE a=VALUES(a)");
        CPPUNIT_ASSERT(nested.tuple == "(?, LOWER(?))");
        CPPUNIT_ASSERT(nested.tail == " ON DUPLICATE KEY UPDATE a=VALUES(a)");
        CPPUNIT_ASSERT(!splitInsert("INSERT INTO t SELECT 1").found);
        CPPUNIT_ASSERT(!splitInsert("UPDATE t SET a=?").found);
        CPPUNIT_ASSERT(!splitInsert("INSERT INTO t VALUES (").found);
        CPPUNIT_ASSERT(!splitInsert("").found);
    }

    void convertsColumns() {
        const Row row({Value{}, std::int64_t{5}, 2.5, std::string("t"), Blob{"b"}, 1e300});
        CPPUNIT_ASSERT_EQUAL(std::size_t{6}, row.size());
        CPPUNIT_ASSERT(row.isNull(0) && row.integer(0) == 0 && row.text(0).empty());
        CPPUNIT_ASSERT(row.integer(1) == 5 && row.number(1) == 5.0 && row.text(1).empty());
        CPPUNIT_ASSERT(row.integer(2) == 3 && row.number(2) == 2.5);
        CPPUNIT_ASSERT(row.text(3) == "t" && row.integer(3) == 0 && row.text(4) == "b");
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, row.integer(5));
    }

    void boundsTheStatementCache() {
        using Cache = StatementCache<std::unique_ptr<int>>;
        Cache cache;
        for (std::size_t i = 0; i < Cache::kMax; ++i) {
            cache.put(std::to_string(i), std::make_unique<int>(static_cast<int>(i)));
        }
        CPPUNIT_ASSERT_EQUAL(0, **cache.find("0"));
        cache.put("new", std::make_unique<int>(-1));
        CPPUNIT_ASSERT(cache.find("1") == nullptr);
        CPPUNIT_ASSERT(cache.find("0") != nullptr && cache.find("new") != nullptr);
        cache.clear();
        CPPUNIT_ASSERT(cache.find("0") == nullptr);
    }

    void readsItsConfiguration() {
        const fairlead::test::TempDir dir;
        std::ofstream(dir.path() / "password") << "hunter2\n";
        auto configuration = fairlead::runtime::Configuration::parse(
            "data: {directory: " + dir.path().string() +
            "}\ndatabase: {driver: mysql, host: db, port: 3307, passwordFile: password}");
        CPPUNIT_ASSERT(configuration);
        const auto options = databaseOptions(*configuration);
        CPPUNIT_ASSERT(options);
        CPPUNIT_ASSERT_EQUAL(std::string("hunter2"), options->password);
        CPPUNIT_ASSERT_EQUAL(std::uint16_t{3307}, options->port);
        CPPUNIT_ASSERT_EQUAL((dir.path() / "fairlead.db").string(), options->path);
        CPPUNIT_ASSERT(configuration->set("database.passwordFile", "none"));
        CPPUNIT_ASSERT(!databaseOptions(*configuration));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SqlTest);
