// SPDX-License-Identifier: Apache-2.0
#include "database_contract.hpp"

#include "fairlead/storage/listing.hpp"
#include "fairlead/storage/sql.hpp"

#include <atomic>
#include <future>
#include <limits>
#include <stdexcept>
#include <thread>

using namespace fairlead::storage;
using fairlead::base::Errc;
using fairlead::base::Error;
using fairlead::base::Status;

namespace {

constexpr int kThreads = 8;

std::string messageOf(const Status& status) {
    return status ? "" : status.error().message();
}

void onThreads(const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&body, t] { body(t); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

const ListSpec& deviceSpec() {
    static const ListSpec spec{.select = "id, name, state",
                               .from = "devices",
                               .where = "product=?",
                               .where_values = {std::string("p")},
                               .key = "id",
                               .default_sort = "-createdAt",
                               .sortable = {{"createdAt", "created_at"}, {"id", "id"}},
                               .filterable = {{"state", "state"}, {"note", "note"}},
                               .searched = {"id", "name"}};
    return spec;
}

} // namespace

void DatabaseContract::setUp() {
    options_ = makeOptions();
    auto opened = openDatabase(options_);
    CPPUNIT_ASSERT_MESSAGE(opened ? "" : opened.error().message(), opened);
    database_ = std::move(opened).value();
    created_ = 0;
}

void DatabaseContract::tearDown() {
    database_.reset();
}

void DatabaseContract::create(const std::string& statement) {
    const std::vector<Migration> migrations{{1, "test", {statement}}};
    const Status status = database_->migrate("test" + std::to_string(++created_), migrations);
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::write(const std::function<Status(Session&)>& work) {
    const Status status = database_->write(work);
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

std::int64_t DatabaseContract::count(const std::string& table) {
    std::int64_t rows = -1;
    const Status status = database_->read([&](Session& s) -> Status {
        FL_ASSIGN(const auto found, s.query("SELECT COUNT(*) FROM " + table));
        rows = found.at(0).integer(0);
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
    return rows;
}

void DatabaseContract::storesEveryType() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, i {int}, r {real}, t {text}, j {json}, b {blob}, "
           "y {bool}, n {name}, d {description})");
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    const std::string text = "阀门 \xF0\x9F\x98\x80 'quoted\" \\ \n";
    const std::vector<Value> full{std::string("full"),
                                  std::numeric_limits<std::int64_t>::min(),
                                  -1.0 / 3,
                                  text,
                                  text,
                                  Blob{bytes},
                                  std::int64_t{1},
                                  text,
                                  text};
    const std::vector<Value> none{std::string("none"), {}, {}, {}, {}, {}, {}, {}, {}};
    const std::vector<Value> empty{std::string("zero"),
                                   std::numeric_limits<std::int64_t>::max(),
                                   0.0,
                                   std::string(),
                                   std::string(),
                                   Blob{},
                                   std::int64_t{0},
                                   std::string(),
                                   std::string()};
    for (const auto& row : {full, none, empty}) {
        write([&](Session& s) -> Status {
            FL_TRY(s.execute("INSERT INTO t VALUES " + placeholders(row.size()), row));
            return {};
        });
    }
    const Status status = database_->read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT * FROM t ORDER BY id"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, rows.size());
        for (std::size_t i = 0; i < full.size(); ++i) {
            CPPUNIT_ASSERT_MESSAGE(std::to_string(i), rows[0].at(i) == full[i]);
            CPPUNIT_ASSERT_MESSAGE(std::to_string(i), rows[1].at(i) == none[i]);
            CPPUNIT_ASSERT_MESSAGE(std::to_string(i), rows[2].at(i) == empty[i]);
        }
        CPPUNIT_ASSERT(rows[1].isNull(1) && rows[1].integer(1) == 0 && rows[1].text(3).empty());
        FL_ASSIGN(const auto sums,
                  s.query("SELECT SUM(y), AVG(r), MAX(i), COUNT(*), t || 'x' FROM t WHERE id=?",
                          {std::string("full")}));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, sums[0].integer(0));
        CPPUNIT_ASSERT_DOUBLES_EQUAL(-1.0 / 3, sums[0].number(1), 1e-9);
        CPPUNIT_ASSERT_EQUAL(std::numeric_limits<std::int64_t>::min(), sums[0].integer(2));
        CPPUNIT_ASSERT_EQUAL(text + "x", sums[0].text(4));
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::storesLargeValues() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, j {json}, b {blob})");
    std::string blob(3'000'000, '\0');
    for (std::size_t i = 0; i < blob.size(); ++i) {
        blob[i] = static_cast<char>(i * 31);
    }
    const std::string json(2'000'000, 'x');
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES (?,?,?)", {std::string("a"), json, Blob{blob}}));
        FL_TRY(s.execute("INSERT INTO t VALUES (?,?,?)",
                         {std::string("b"), std::string("y"), Blob{"z"}}));
        return {};
    });
    const Status status = database_->read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT j, b FROM t ORDER BY id"));
        CPPUNIT_ASSERT(rows.at(0).text(0) == json);
        CPPUNIT_ASSERT(rows.at(0).text(1) == blob);
        CPPUNIT_ASSERT(rows.at(1).text(1) == "z");
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::comparesTextByBytes() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, n {name} NOT NULL UNIQUE)");
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES ('a','Über')"));
        FL_TRY(s.execute("INSERT INTO t VALUES ('A','über')"));
        FL_TRY(s.execute("INSERT INTO t VALUES ('b','Uber')"));
        FL_ASSIGN(const auto rows, s.query("SELECT id FROM t WHERE n=?", {std::string("über")}));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, rows.size());
        CPPUNIT_ASSERT_EQUAL(std::string("A"), rows[0].text(0));
        FL_ASSIGN(const auto sorted, s.query("SELECT id FROM t ORDER BY n"));
        CPPUNIT_ASSERT_EQUAL(std::string("b"), sorted[0].text(0));
        CPPUNIT_ASSERT_EQUAL(std::string("a"), sorted[1].text(0));
        return {};
    });
}

void DatabaseContract::limitsQueries() {
    create("CREATE TABLE t (i {int} NOT NULL)");
    write([&](Session& s) -> Status {
        std::vector<std::vector<Value>> rows;
        for (std::int64_t i = 0; i < 100; ++i) {
            rows.push_back({i});
        }
        FL_TRY(s.executeMany("INSERT INTO t (i) VALUES (?)", rows));
        return {};
    });
    const Status status = database_->read([&](Session& s) -> Status {
        CPPUNIT_ASSERT_EQUAL(std::size_t{100}, s.query("SELECT i FROM t", {}, 100)->size());
        const auto above = s.query("SELECT i FROM t", {}, 99);
        CPPUNIT_ASSERT(!above && above.error().kind() == Errc::Limit);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, s.query("SELECT i FROM t LIMIT 1")->size());
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::streamsAndStopsEarly() {
    create("CREATE TABLE t (i {int} NOT NULL)");
    write([&](Session& s) -> Status {
        std::vector<std::vector<Value>> rows;
        for (std::int64_t i = 0; i < 5000; ++i) {
            rows.push_back({i});
        }
        return s.executeMany("INSERT INTO t (i) VALUES (?)", rows);
    });
    const Status status = database_->read([&](Session& s) -> Status {
        std::int64_t sum = 0;
        FL_TRY(s.stream("SELECT i FROM t WHERE i>=?", std::vector<Value>{std::int64_t{1}},
                        [&](const Row& row) {
                            sum += row.integer(0);
                            return true;
                        }));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{5000 * 4999 / 2}, sum);
        for (int repeat = 0; repeat < 3; ++repeat) {
            int seen = 0;
            FL_TRY(s.stream("SELECT i FROM t", {}, [&](const Row&) { return ++seen < 10; }));
            CPPUNIT_ASSERT_EQUAL(10, seen);
        }
        FL_ASSIGN(const auto rows, s.query("SELECT COUNT(*) FROM t"));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{5000}, rows[0].integer(0));
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::countsChangedRows() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, i {int})");
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES ('a',1)"));
        FL_TRY(s.execute("INSERT INTO t VALUES ('b',2)"));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, *s.execute("UPDATE t SET i=?", {std::int64_t{7}}));
        // The same value again: found counts, not changed.
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, *s.execute("UPDATE t SET i=?", {std::int64_t{7}}));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0},
                             *s.execute("DELETE FROM t WHERE id=?", {std::string("c")}));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, *s.execute("DELETE FROM t"));
        return {};
    });
}

void DatabaseContract::givesAutomaticKeys() {
    create("CREATE TABLE t (id {auto}, n {name})");
    write([&](Session& s) -> Status {
        std::int64_t last = 0;
        for (int i = 0; i < 5; ++i) {
            FL_ASSIGN(const std::int64_t id,
                      s.insert("INSERT INTO t (n) VALUES (?)", {std::string("x")}));
            CPPUNIT_ASSERT(id > last);
            last = id;
        }
        FL_TRY(s.execute("DELETE FROM t WHERE id=?", {last}));
        FL_ASSIGN(const std::int64_t next,
                  s.insert("INSERT INTO t (n) VALUES (?)", {std::string("x")}));
        CPPUNIT_ASSERT(next > last);
        return {};
    });
}

void DatabaseContract::insertsManyRows() {
    create("CREATE TABLE t (i {int} PRIMARY KEY, t {text}, b {blob})");
    std::vector<std::vector<Value>> rows;
    for (std::int64_t i = 0; i < 10'000; ++i) {
        rows.push_back({i, "text " + std::to_string(i), i % 7 == 0 ? Value{} : Value{Blob{"b"}}});
    }
    write(
        [&](Session& s) { return s.executeMany("INSERT INTO t (i, t, b) VALUES (?,?,?)", rows); });
    CPPUNIT_ASSERT_EQUAL(std::int64_t{10'000}, count("t"));
    for (auto& row : rows) {
        row[1] = std::string("new");
    }
    write([&](Session& s) {
        return s.executeMany(upsertSql(s.dialect(), "t", {"i"}, {"t", "b"}), rows);
    });
    write([&](Session& s) -> Status {
        FL_ASSIGN(const auto found,
                  s.query("SELECT COUNT(*), SUM(CASE WHEN b IS NULL THEN 1 ELSE 0 END) FROM t "
                          "WHERE t=?",
                          {std::string("new")}));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{10'000}, found[0].integer(0));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1429}, found[0].integer(1));
        // No rows, and a statement that is no INSERT.
        FL_TRY(s.executeMany("INSERT INTO t (i) VALUES (?)", {}));
        const std::vector<std::vector<Value>> ids{{std::int64_t{1}}, {std::int64_t{2}}};
        return s.executeMany("DELETE FROM t WHERE i=?", ids);
    });
    CPPUNIT_ASSERT_EQUAL(std::int64_t{9'998}, count("t"));
}

void DatabaseContract::updatesOrInserts() {
    create("CREATE TABLE t (a {id} NOT NULL, b {id} NOT NULL, v {int}, PRIMARY KEY (a, b))");
    write([&](Session& s) -> Status {
        const std::string sql = upsertSql(s.dialect(), "t", {"a", "b"}, {"v"});
        FL_TRY(s.execute(sql, {std::string("x"), std::string("y"), std::int64_t{1}}));
        FL_TRY(s.execute(sql, {std::string("x"), std::string("y"), std::int64_t{2}}));
        FL_TRY(s.execute(sql, {std::string("x"), std::string("z"), std::int64_t{3}}));
        const std::string keep = upsertSql(s.dialect(), "t", {"a", "b"}, {});
        FL_TRY(s.execute(keep, {std::string("x"), std::string("y")}));
        FL_ASSIGN(const auto rows, s.query("SELECT v FROM t ORDER BY b"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, rows.size());
        CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, rows[0].integer(0));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{3}, rows[1].integer(0));
        return {};
    });
}

void DatabaseContract::refusesDoublesAndOrphans() {
    create("CREATE TABLE parents (id {id} PRIMARY KEY)");
    create("CREATE TABLE children (id {id} PRIMARY KEY, parent {id} NOT NULL, "
           "FOREIGN KEY (parent) REFERENCES parents(id))");
    const auto attempt = [&](const std::string& sql) {
        const Status status = database_->write([&](Session& s) -> Status {
            FL_TRY(s.execute(sql));
            return {};
        });
        return status                                    ? std::string("ok")
               : status.error().kind() == Errc::Conflict ? status.error().code()
                                                         : status.error().message();
    };
    CPPUNIT_ASSERT_EQUAL(std::string("ok"), attempt("INSERT INTO parents VALUES ('p')"));
    CPPUNIT_ASSERT_EQUAL(std::string("storage.unique"),
                         attempt("INSERT INTO parents VALUES ('p')"));
    CPPUNIT_ASSERT_EQUAL(std::string("storage.foreign_key"),
                         attempt("INSERT INTO children VALUES ('c','none')"));
    CPPUNIT_ASSERT_EQUAL(std::string("ok"), attempt("INSERT INTO children VALUES ('c','p')"));
    CPPUNIT_ASSERT_EQUAL(std::string("storage.foreign_key"),
                         attempt("DELETE FROM parents WHERE id='p'"));
}

void DatabaseContract::explainsWrongSql() {
    const Status status = database_->write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO nowhere VALUES (1)"));
        return {};
    });
    CPPUNIT_ASSERT(!status && status.error().kind() == Errc::Failed);
    CPPUNIT_ASSERT(status.error().message().find("nowhere") != std::string::npos);
}

void DatabaseContract::undoesFailedWork() {
    create("CREATE TABLE t (i {int} PRIMARY KEY)");
    const Status refused = database_->write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES (1)"));
        return Error(Errc::Forbidden, "not.today", "no");
    });
    CPPUNIT_ASSERT_EQUAL(std::string("not.today"), refused.error().code());
    const Status thrown = database_->write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES (2)"));
        throw std::runtime_error("broken");
    });
    CPPUNIT_ASSERT(thrown.error().kind() == Errc::Exception);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, count("t"));
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES (3)"));
        // A failed statement does not undo the work that goes on after it.
        const auto twice = s.execute("INSERT INTO t VALUES (3)");
        CPPUNIT_ASSERT(!twice);
        return {};
    });
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, count("t"));
}

void DatabaseContract::failedWorkKeepsItsNeighbours() {
    create("CREATE TABLE t (i {int} PRIMARY KEY)");
    constexpr std::int64_t kEach = 60;
    std::atomic<int> wrong{0};
    onThreads([&](int t) {
        for (std::int64_t i = 0; i < kEach; ++i) {
            const std::int64_t id = t * kEach + i;
            const Status status = database_->write([&](Session& s) -> Status {
                FL_TRY(s.execute("INSERT INTO t VALUES (?)", {id}));
                if (i % 3 == 0) {
                    return Error::failed("undo me");
                }
                return {};
            });
            wrong += status.hasValue() == (i % 3 == 0) ? 1 : 0;
        }
    });
    CPPUNIT_ASSERT_EQUAL(0, wrong.load());
    CPPUNIT_ASSERT_EQUAL(kThreads * kEach * 2 / 3, count("t"));
    const Status status = database_->read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows,
                  s.query("SELECT COUNT(*) FROM t WHERE (i % ?) % 3 = 0", {kEach}));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, rows[0].integer(0));
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::writesFromManyThreads() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, n {int} NOT NULL)");
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES ('counter', 0)"));
        return {};
    });
    std::atomic<int> failed{0};
    onThreads([&](int) {
        for (int i = 0; i < 50; ++i) {
            const Status status = database_->write([&](Session& s) -> Status {
                FL_TRY(s.execute("UPDATE t SET n=n+1 WHERE id=?", {std::string("counter")}));
                return {};
            });
            failed += status ? 0 : 1;
        }
    });
    CPPUNIT_ASSERT_EQUAL(0, failed.load());
    write([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT n FROM t"));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{kThreads * 50}, rows[0].integer(0));
        return {};
    });
}

void DatabaseContract::repeatsAfterDeadlocks() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, n {int} NOT NULL)");
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES ('a', 0)"));
        FL_TRY(s.execute("INSERT INTO t VALUES ('b', 0)"));
        return {};
    });
    std::atomic<int> done{0};
    std::atomic<int> other{0};
    onThreads([&](int t) {
        for (int i = 0; i < 25; ++i) {
            const Status status = database_->write([&](Session& s) -> Status {
                // Half of the threads lock the rows in the other order.
                for (const char* id : {t % 2 == 0 ? "a" : "b", t % 2 == 0 ? "b" : "a"}) {
                    FL_TRY(s.execute("UPDATE t SET n=n+1 WHERE id=?", {std::string(id)}));
                }
                return {};
            });
            done += status ? 1 : 0;
            other += !status && status.error().kind() != Errc::Busy ? 1 : 0;
        }
    });
    CPPUNIT_ASSERT_EQUAL(0, other.load());
    CPPUNIT_ASSERT(done > kThreads * 25 * 9 / 10);
    write([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT n FROM t"));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{done.load()}, rows[0].integer(0));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{done.load()}, rows[1].integer(0));
        return {};
    });
}

void DatabaseContract::readsWhileWriting() {
    create("CREATE TABLE t (i {int} PRIMARY KEY)");
    std::promise<void> inside;
    std::promise<void> release;
    std::thread writer([&] {
        (void)database_->write([&](Session& s) -> Status {
            FL_TRY(s.execute("INSERT INTO t VALUES (1)"));
            inside.set_value();
            release.get_future().wait();
            return {};
        });
    });
    inside.get_future().wait();
    const std::int64_t during = count("t");
    release.set_value();
    writer.join();
    CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, during);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, count("t"));
}

void DatabaseContract::migratesOnce() {
    std::vector<Migration> steps{{1, "tables", {"CREATE TABLE t (i {int})"}}};
    CPPUNIT_ASSERT(database_->migrate("m", steps));
    CPPUNIT_ASSERT(database_->migrate("m", steps));
    steps.push_back({2, "rows", {"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"}});
    CPPUNIT_ASSERT(database_->migrate("m", steps));
    CPPUNIT_ASSERT(database_->migrate("m", steps));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, count("t"));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, count("schema_migrations"));
    // Versions count per component.
    CPPUNIT_ASSERT(database_->migrate("other", std::vector<Migration>{{1, "x", {}}}));
}

void DatabaseContract::migratesFromTwoProcesses() {
    auto second = openDatabase(options_);
    CPPUNIT_ASSERT(second);
    const std::vector<Migration> steps{
        {1, "table", {"CREATE TABLE t (i {int})"}},
        {2, "index", {"CREATE INDEX t_i ON t (i)", "INSERT INTO t VALUES (1)"}}};
    std::atomic<int> failed{0};
    onThreads([&](int t) {
        Database& database = t % 2 == 0 ? *database_ : **second;
        failed += database.migrate("m", steps) ? 0 : 1;
    });
    CPPUNIT_ASSERT_EQUAL(0, failed.load());
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, count("t"));
}

void DatabaseContract::refusesANewerSchema() {
    const std::vector<Migration> newer{{1, "a", {}}, {7, "b", {}}};
    CPPUNIT_ASSERT(database_->migrate("m", newer));
    const Status status = database_->migrate("m", std::vector<Migration>{{1, "a", {}}});
    CPPUNIT_ASSERT(!status && status.error().kind() == Errc::Version);
}

void DatabaseContract::namesTheFailedMigration() {
    const std::vector<Migration> steps{{1, "good", {"CREATE TABLE t (i {int})"}},
                                       {2, "bad", {"CREATE TABLE"}}};
    const Status status = database_->migrate("m", steps);
    CPPUNIT_ASSERT(!status);
    CPPUNIT_ASSERT(status.error().message().starts_with("Migration 2 of m (bad): "));
    const std::vector<Migration> mended{steps[0], {2, "bad", {"INSERT INTO t VALUES (1)"}}};
    const Status repeated = database_->migrate("m", mended);
    CPPUNIT_ASSERT_MESSAGE(messageOf(repeated), repeated);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, count("t"));
}

void DatabaseContract::locksOptimistically() {
    create("CREATE TABLE t (id {id} PRIMARY KEY, version {int} NOT NULL)");
    write([&](Session& s) -> Status {
        FL_TRY(s.execute("INSERT INTO t VALUES ('a', 1)"));
        return {};
    });
    const auto change = [&](const std::string& id, std::int64_t version) {
        return database_->write([&](Session& s) -> Status {
            FL_ASSIGN(const std::int64_t changed,
                      s.execute("UPDATE t SET version=version+1 WHERE id=? AND version=?",
                                {id, version}));
            return checkVersioned(s, changed, "t", id, "thing " + id);
        });
    };
    CPPUNIT_ASSERT(change("a", 1));
    const Status stale = change("a", 1);
    CPPUNIT_ASSERT(stale.error().kind() == Errc::Conflict);
    CPPUNIT_ASSERT_EQUAL(std::string("stale"), stale.error().code());
    CPPUNIT_ASSERT(change("b", 1).error().kind() == Errc::NotFound);
}

void DatabaseContract::listsPages() {
    create("CREATE TABLE devices (id {id} PRIMARY KEY, product {id}, name {name}, state {id}, "
           "note {text}, created_at {int})");
    write([&](Session& s) -> Status {
        std::vector<std::vector<Value>> rows;
        for (std::int64_t i = 0; i < 95; ++i) {
            rows.push_back({"d" + std::to_string(100 + i), std::string(i < 90 ? "p" : "q"),
                            "Pump " + std::to_string(i), std::string(i % 2 == 0 ? "on" : "off"),
                            i % 9 == 0 ? Value{} : Value{std::string("n")}, i / 10});
        }
        return s.executeMany("INSERT INTO devices (id,product,name,state,note,created_at) VALUES "
                             "(?,?,?,?,?,?)",
                             rows);
    });
    const Status status = database_->read([&](Session& s) -> Status {
        ListRequest request;
        FL_ASSIGN(const ListPage first, listPage(s, deviceSpec(), request));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{90}, first.total);
        CPPUNIT_ASSERT(!first.total_capped);
        CPPUNIT_ASSERT_EQUAL(std::size_t{20}, first.rows.size());
        CPPUNIT_ASSERT_EQUAL(std::string("d189"), first.rows[0].text(0));
        request.page = 5;
        request.sort = "id";
        FL_ASSIGN(const ListPage last, listPage(s, deviceSpec(), request));
        CPPUNIT_ASSERT_EQUAL(std::size_t{10}, last.rows.size());
        CPPUNIT_ASSERT_EQUAL(std::string("d180"), last.rows[0].text(0));
        request.page = 1;
        request.filters = {{"state", std::string("on")}, {"note", Value{}}};
        FL_ASSIGN(const ListPage filtered, listPage(s, deviceSpec(), request));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{5}, filtered.total);
        request.page = 2;
        FL_ASSIGN(const ListPage none, listPage(s, deviceSpec(), request));
        CPPUNIT_ASSERT(none.rows.empty() && none.total == 5);
        return {};
    });
    CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
}

void DatabaseContract::searchesLists() {
    create("CREATE TABLE devices (id {id} PRIMARY KEY, product {id}, name {name}, state {id}, "
           "note {text}, created_at {int})");
    write([&](Session& s) -> Status {
        for (const char* name : {"Pump 1", "pump 2", "阀门一", "阀门二", "100%_!", "Zz"}) {
            FL_TRY(s.execute(
                "INSERT INTO devices VALUES (?,'p',?,'on',NULL,1)",
                {"id" + std::to_string(std::hash<std::string>()(name)), std::string(name)}));
        }
        return {};
    });
    const auto found = [&](const std::string& q, ListSpec::Search search) {
        std::int64_t total = -1;
        const Status status = database_->read([&](Session& s) -> Status {
            ListSpec spec = deviceSpec();
            spec.search = search;
            FL_ASSIGN(const ListPage page, listPage(s, spec, {.q = q}));
            total = page.total;
            return {};
        });
        CPPUNIT_ASSERT_MESSAGE(messageOf(status), status);
        return total;
    };
    using Search = ListSpec::Search;
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, found("Pump", Search::Prefix));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, found("阀门", Search::Prefix));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, found(" 阀门二 ", Search::Prefix));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{6}, found("id", Search::Prefix));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, found("100%_!", Search::Prefix));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, found("ump", Search::Prefix));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, found("UMP", Search::Contains));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, found("门", Search::Contains));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, found("%_", Search::Contains));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, found("!", Search::Contains));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{6}, found("  ", Search::Contains));
}

void DatabaseContract::refusesBadListRequests() {
    const auto code = [](const ListRequest& request) {
        const Status status = checkList(deviceSpec(), request);
        return status ? std::string("ok") : status.error().code();
    };
    CPPUNIT_ASSERT_EQUAL(std::string("ok"), code({}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.page"), code({.page = 0}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.page_size"), code({.page_size = 0}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.page_size"), code({.page_size = 201}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.offset"), code({.page = 5002}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.offset"),
                         code({.page = std::numeric_limits<std::size_t>::max()}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.sort"), code({.sort = "name"}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.sort"), code({.sort = "id; DROP TABLE devices"}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.filter"), code({.filters = {{"x", Value{}}}}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.q"), code({.q = std::string(200, 'x')}));
    CPPUNIT_ASSERT_EQUAL(std::string("list.q"), code({.q = "\xFF"}));
}

void DatabaseContract::refusesAfterClose() {
    database_->close();
    database_->close();
    const auto nothing = [](Session&) -> Status { return {}; };
    CPPUNIT_ASSERT(database_->read(nothing).error().kind() == Errc::Closed);
    CPPUNIT_ASSERT(database_->write(nothing).error().kind() == Errc::Closed);
}
