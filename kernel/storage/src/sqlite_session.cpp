// SPDX-License-Identifier: Apache-2.0
#include "sqlite_session.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Session.h>
#include <Poco/Exception.h>

#include <array>
#include <mutex>

namespace fairlead::storage {

using base::Errc;
using base::Error;

namespace {

/// Waiting for a lock of another process (a backup, a second program); our own threads do not
/// collide.
constexpr int kBusyTimeoutMs = 5000;
/// Poco tries again for that long; its default of a minute would only delay a plain "no such
/// folder".
constexpr std::size_t kOpenTimeoutS = 1;
/// Statement text shown in errors.
constexpr std::size_t kSqlShownMax = 120;

constexpr std::array kPragmas{
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000", // 16 MB; measured best for bursts of commits
    "PRAGMA journal_size_limit=67108864",
};
/// For rows of kilobytes: pages that hold them without overflow pages (they have to be chosen
/// before the file has content), as much in the log as above, and a cache for a whole transaction.
constexpr std::array kBulkPragmas{
    "PRAGMA page_size=16384",
    "PRAGMA cache_size=-65536",
};
constexpr const char* kBulkCheckpoint = "PRAGMA wal_autocheckpoint=1000";

struct Kind {
    Errc errc;
    const char* code;
};

Kind kindOf(int extended) noexcept {
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return {Errc::Conflict, "storage.unique"};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return {Errc::Conflict, "storage.foreign_key"};
    default:
        break;
    }
    switch (extended & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {Errc::Busy, "storage.busy"};
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {Errc::Io, "storage.io"};
    case SQLITE_NOMEM:
        return {Errc::Memory, "storage.memory"};
    default:
        return {Errc::Failed, "storage.failed"};
    }
}

int bindOne(sqlite3_stmt* statement, int index, const Value& value) {
    // SQLITE_STATIC: the parameters outlive the run of the statement.
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return sqlite3_bind_int64(statement, index, *integer);
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return sqlite3_bind_double(statement, index, *number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    }
    if (const auto* blob = std::get_if<Blob>(&value)) {
        return sqlite3_bind_blob64(statement, index, blob->bytes.data(), blob->bytes.size(),
                                   SQLITE_STATIC);
    }
    return sqlite3_bind_null(statement, index);
}

std::string bytesOf(const void* data, int size) {
    return data == nullptr
               ? std::string{}
               : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

Value columnOf(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
        const void* data = sqlite3_column_text(statement, column);
        return bytesOf(data, sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB: {
        const void* data = sqlite3_column_blob(statement, column);
        return Blob{bytesOf(data, sqlite3_column_bytes(statement, column))};
    }
    default:
        return std::monostate{};
    }
}

// Lets the statement go at the end of its run, so that it holds no lock and no parameter.
struct Reset {
    sqlite3_stmt* statement;
    ~Reset() {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
};

} // namespace

SqliteSession::SqliteSession(std::unique_ptr<Poco::Data::Session> session, sqlite3* handle)
    : session_(std::move(session)), handle_(handle) {}

SqliteSession::~SqliteSession() {
    statements_.clear();
    try {
        session_->close();
    } catch (const Poco::Exception&) {
        // Nothing is left to be done: what was committed is on disk.
    }
}

base::Result<std::unique_ptr<SqliteSession>> SqliteSession::open(const std::string& path,
                                                                 Mode mode) {
    static std::once_flag registered;
    std::call_once(registered, [] { Poco::Data::SQLite::Connector::registerConnector(); });
    try {
        auto poco = std::make_unique<Poco::Data::Session>("SQLite", path, kOpenTimeoutS);
        sqlite3* handle = Poco::Data::SQLite::Utility::dbHandle(*poco);
        sqlite3_extended_result_codes(handle, 1);
        sqlite3_busy_timeout(handle, kBusyTimeoutMs);
        std::unique_ptr<SqliteSession> session(new SqliteSession(std::move(poco), handle));
        for (const char* pragma : kBulkPragmas) {
            if (mode == Mode::BulkWrite) {
                FL_TRY(session->query(pragma));
            }
        }
        for (const char* pragma : kPragmas) {
            FL_TRY(session->query(pragma));
        }
        if (mode == Mode::BulkWrite) {
            FL_TRY(session->query(kBulkCheckpoint));
        }
        if (mode == Mode::Read) {
            FL_TRY(session->query("PRAGMA query_only=ON"));
        }
        return session;
    } catch (const Poco::Exception& e) {
        return Error(Errc::Io, "storage.io",
                     "Cannot open the database " + path + ": " + e.displayText());
    }
}

Error SqliteSession::error(std::string_view sql) const {
    const Kind kind = kindOf(sqlite3_extended_errcode(handle_));
    return {kind.errc, kind.code,
            std::string("SQLite: ") + sqlite3_errmsg(handle_) + " in \"" +
                std::string(sql.substr(0, kSqlShownMax)) + "\""};
}

base::Result<sqlite3_stmt*> SqliteSession::prepare(std::string_view sql) {
    if (Statement* cached = statements_.find(sql)) {
        return cached->get();
    }
    sqlite3_stmt* raw = nullptr;
    const int rc = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (rc != SQLITE_OK) {
        return error(sql);
    }
    if (raw == nullptr) {
        return Error::invalid("An empty SQL statement");
    }
    return statements_.put(sql, Statement(raw)).get();
}

base::Status SqliteSession::bind(sqlite3_stmt* statement, std::span<const Value> parameters) {
    FL_ASSERT(static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) ==
              parameters.size());
    int index = 0;
    for (const Value& value : parameters) {
        if (bindOne(statement, ++index, value) != SQLITE_OK) {
            return error(sqlite3_sql(statement));
        }
    }
    return {};
}

base::Status SqliteSession::run(sqlite3_stmt* statement, std::span<const Value> parameters,
                                const std::function<bool(const Row&)>& each) {
    const Reset reset{statement};
    FL_TRY(bind(statement, parameters));
    const int columns = sqlite3_column_count(statement);
    for (;;) {
        const int rc = sqlite3_step(statement);
        if (rc == SQLITE_DONE) {
            return {};
        }
        if (rc != SQLITE_ROW) {
            return error(sqlite3_sql(statement));
        }
        if (!each) {
            continue;
        }
        std::vector<Value> values;
        values.reserve(static_cast<std::size_t>(columns));
        for (int i = 0; i < columns; ++i) {
            values.push_back(columnOf(statement, i));
        }
        if (!each(Row(std::move(values)))) {
            return {};
        }
    }
}

base::Result<std::vector<Row>>
SqliteSession::query(std::string_view sql, std::span<const Value> parameters, std::size_t limit) {
    std::vector<Row> rows;
    bool above = false;
    FL_TRY(stream(sql, parameters, [&](const Row& row) {
        above = rows.size() >= limit;
        if (!above) {
            rows.push_back(row);
        }
        return !above;
    }));
    if (above) {
        return Error(Errc::Limit, "storage.rows",
                     "A query gave more than " + std::to_string(limit) + " rows: \"" +
                         std::string(sql.substr(0, kSqlShownMax)) + "\"");
    }
    return rows;
}

base::Status SqliteSession::stream(std::string_view sql, std::span<const Value> parameters,
                                   const std::function<bool(const Row&)>& each) {
    FL_ASSIGN(sqlite3_stmt * statement, prepare(sql));
    return run(statement, parameters, each);
}

base::Result<std::int64_t> SqliteSession::execute(std::string_view sql,
                                                  std::span<const Value> parameters) {
    FL_ASSIGN(sqlite3_stmt * statement, prepare(sql));
    const int before = sqlite3_total_changes(handle_);
    FL_TRY(run(statement, parameters, nullptr));
    // sqlite3_changes keeps the number of the last INSERT, UPDATE or DELETE over other statements.
    return sqlite3_total_changes(handle_) == before ? 0 : std::int64_t{sqlite3_changes(handle_)};
}

base::Result<std::int64_t> SqliteSession::insert(std::string_view sql,
                                                 std::span<const Value> parameters) {
    FL_TRY(execute(sql, parameters));
    return std::int64_t{sqlite3_last_insert_rowid(handle_)};
}

base::Status SqliteSession::executeMany(std::string_view sql,
                                        std::span<const std::vector<Value>> rows) {
    FL_ASSIGN(sqlite3_stmt * statement, prepare(sql));
    for (const auto& row : rows) {
        FL_TRY(run(statement, row, nullptr));
    }
    return {};
}

} // namespace fairlead::storage
