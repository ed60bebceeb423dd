// SPDX-License-Identifier: Apache-2.0
#include "mysql_session.hpp"

#include "mysql_values.hpp"

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>

#include <algorithm>
#include <array>

namespace fairlead::storage {

using base::Errc;
using base::Error;
using base::Status;

namespace {

constexpr int kConnectTimeoutS = 5;
/// Longest that a statement may keep its caller waiting for a word of the server.
constexpr int kReadTimeoutS = 60;
constexpr std::size_t kSqlShownMax = 120;
/// Places in one statement; the protocol allows 65535.
constexpr std::size_t kPlacesMax = 16'384;
/// Bytes of one multi-row INSERT; the server's default for one packet is 16 MiB.
constexpr std::size_t kInsertBytesMax = 4U << 20;

constexpr std::array kSetup{
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,"
    "ANSI_QUOTES,PIPES_AS_CONCAT'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    "SET SESSION innodb_lock_wait_timeout=10",
    "SET SESSION time_zone='+00:00'",
};

// Codes of the server and of the client library that say that the connection is gone.
bool isLost(int code) noexcept {
    constexpr std::array kLost{1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161,
                               1184, 1203, 1927, 2001, 2002, 2003, 2004, 2005, 2006,
                               2011, 2012, 2013, 2026, 2027, 2048, 2055};
    return std::find(kLost.begin(), kLost.end(), code) != kLost.end();
}

struct Kind {
    Errc errc;
    const char* code;
};

Kind kindOf(int code) noexcept {
    switch (code) {
    case 1062: // duplicate entry
    case 1586:
        return {Errc::Conflict, "storage.unique"};
    case 1216: // foreign keys
    case 1217:
    case 1451:
    case 1452:
        return {Errc::Conflict, "storage.foreign_key"};
    case 1205: // lock wait timeout
    case 1213: // deadlock
    case 1020: // snapshot conflict of a cluster
        return {Errc::Busy, "storage.busy"};
    case 1050: // table, column, key exist
    case 1060:
    case 1061:
    case 1091: // nothing there to drop
        return {Errc::Failed, "storage.exists"};
    case 1021: // disk full
    case 1114:
    case 1290: // read only
        return {Errc::Io, "storage.io"};
    case 1044: // not allowed
    case 1045:
        return {Errc::Unauthorized, "storage.login"};
    default:
        return {isLost(code) ? Errc::Io : Errc::Failed,
                isLost(code) ? "storage.io" : "storage.failed"};
    }
}

// The client library keeps state per thread.
sql::mysql::MySQL_Driver& driverOfThread() {
    struct Registered {
        sql::mysql::MySQL_Driver* driver = sql::mysql::get_mysql_driver_instance();
        Registered() { driver->threadInit(); }
        ~Registered() { driver->threadEnd(); }
    };
    thread_local const Registered registered;
    return *registered.driver;
}

sql::ConnectOptionsMap connectOptions(const DatabaseOptions& options) {
    sql::ConnectOptionsMap map;
    const bool socket = !options.host.empty() && options.host[0] == '/';
    map["hostName"] = sql::SQLString(socket ? "unix://" + options.host : options.host);
    if (!socket) {
        map["port"] = static_cast<int>(options.port);
    }
    map["userName"] = sql::SQLString(options.user);
    map["password"] = sql::SQLString(options.password);
    map["schema"] = sql::SQLString(options.schema);
    map["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
    map["OPT_CONNECT_TIMEOUT"] = kConnectTimeoutS;
    map["OPT_READ_TIMEOUT"] = kReadTimeoutS;
    map["OPT_WRITE_TIMEOUT"] = kReadTimeoutS;
    map["CLIENT_FOUND_ROWS"] = true;
    return map;
}

std::size_t bytesOf(std::span<const Value> row) {
    std::size_t sum = 0;
    for (const Value& value : row) {
        const auto* text = std::get_if<std::string>(&value);
        const auto* blob = std::get_if<Blob>(&value);
        sum +=
            8 + (text != nullptr ? text->size() : 0) + (blob != nullptr ? blob->bytes.size() : 0);
    }
    return sum;
}

std::string repeated(const InsertParts& parts, std::size_t count) {
    std::string sql(parts.head);
    for (std::size_t i = 0; i < count; ++i) {
        sql += i == 0 ? "" : ",";
        sql += parts.tuple;
    }
    return sql.append(parts.tail);
}

// Rows of the next statement: a power of two, so that only a few statements need preparing.
std::size_t rowsOfNext(std::span<const std::vector<Value>> rows) {
    const std::size_t width = std::max<std::size_t>(rows[0].size(), 1);
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < rows.size() && (count + 1) * width <= kPlacesMax) {
        bytes += bytesOf(rows[count]);
        if (count > 0 && bytes > kInsertBytesMax) {
            break;
        }
        ++count;
    }
    count = std::max<std::size_t>(count, 1);
    std::size_t power = 1;
    while (power * 2 <= count) {
        power *= 2;
    }
    return power;
}

} // namespace

void MysqlSession::Close::operator()(sql::PreparedStatement* statement) const noexcept {
    try {
        delete statement;
    } catch (const sql::SQLException&) {
        // The connection is gone, and the statement with it.
    }
}

MysqlSession::MysqlSession(std::unique_ptr<sql::Connection> connection)
    : connection_(std::move(connection)) {}

MysqlSession::~MysqlSession() {
    driverOfThread();
    statements_.clear();
    try {
        connection_->close();
    } catch (const sql::SQLException&) {
        // It was broken already.
    }
}

base::Result<std::unique_ptr<MysqlSession>> MysqlSession::open(const DatabaseOptions& options) {
    const std::string where = "the MySQL server at " + options.host;
    try {
        sql::ConnectOptionsMap map = connectOptions(options);
        std::unique_ptr<sql::Connection> connection(driverOfThread().connect(map));
        std::unique_ptr<MysqlSession> session(new MysqlSession(std::move(connection)));
        for (const char* statement : kSetup) {
            FL_TRY(session->plain(statement));
        }
        return session;
    } catch (const sql::SQLException& e) {
        const Kind kind = kindOf(e.getErrorCode());
        const bool login = kind.errc == Errc::Unauthorized;
        return Error(login ? Errc::Unauthorized : Errc::Io, login ? kind.code : "storage.io",
                     "Cannot connect to " + where + ": " + e.what());
    }
}

Error MysqlSession::toError(const sql::SQLException& e, std::string_view sql) {
    const int code = e.getErrorCode();
    Kind kind = kindOf(code);
    // The connector's own errors have no number; a closed connection is among them.
    if (isLost(code) || (code == 0 && connection_->isClosed())) {
        broken_ = true;
        kind = {Errc::Io, "storage.io"};
    }
    Error error(kind.errc, kind.code,
                "MySQL " + std::to_string(code) + ": " + e.what() + " in \"" +
                    std::string(sql.substr(0, kSqlShownMax)) + "\"");
    if (broken_ || kind.errc == Errc::Busy) {
        doom_ = error;
    }
    return error;
}

template <typename Body>
Status MysqlSession::guarded(std::string_view sql, Body&& body) {
    if (doom_) {
        return *doom_;
    }
    driverOfThread();
    try {
        body();
        return {};
    } catch (const sql::SQLException& e) {
        return toError(e, sql);
    }
}

sql::PreparedStatement& MysqlSession::prepare(std::string_view sql) {
    if (Statement* cached = statements_.find(sql)) {
        return **cached;
    }
    const sql::SQLString text{std::string(sql)};
    return *statements_.put(sql, Statement(connection_->prepareStatement(text)));
}

Status MysqlSession::plain(const char* sql) {
    return guarded(sql, [&] {
        const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
        statement->execute(sql);
    });
}

Status MysqlSession::begin() {
    return plain("START TRANSACTION");
}

Status MysqlSession::commit() {
    return plain("COMMIT");
}

void MysqlSession::rollback() {
    doom_.reset();
    if (!broken_) {
        const Status status = plain("ROLLBACK");
        broken_ = broken_ || !status;
    }
}

bool MysqlSession::alive(std::chrono::milliseconds idle) {
    if (std::chrono::steady_clock::now() - used_at_ < idle) {
        return true;
    }
    return plain("DO 1").hasValue();
}

base::Result<std::vector<Row>>
MysqlSession::query(std::string_view sql, std::span<const Value> parameters, std::size_t limit) {
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

Status MysqlSession::stream(std::string_view sql, std::span<const Value> parameters,
                            const std::function<bool(const Row&)>& each) {
    return guarded(sql, [&] {
        sql::PreparedStatement& statement = prepare(sql);
        BoundStreams streams;
        bindValues(statement, parameters, 1, streams);
        const std::unique_ptr<sql::ResultSet> rows(statement.executeQuery());
        sql::ResultSetMetaData& facts = *rows->getMetaData();
        while (rows->next() && each(readRow(*rows, facts))) {
        }
        rows->close();
    });
}

base::Result<std::int64_t> MysqlSession::execute(std::string_view sql,
                                                 std::span<const Value> parameters) {
    std::int64_t changed = 0;
    FL_TRY(guarded(sql, [&] {
        if (parameters.empty()) {
            const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
            changed = statement->executeUpdate(std::string(sql));
            return;
        }
        sql::PreparedStatement& statement = prepare(sql);
        BoundStreams streams;
        bindValues(statement, parameters, 1, streams);
        changed = statement.executeUpdate();
    }));
    return changed;
}

base::Result<std::int64_t> MysqlSession::insert(std::string_view sql,
                                                std::span<const Value> parameters) {
    FL_TRY(execute(sql, parameters));
    FL_ASSIGN(const auto rows, query("SELECT LAST_INSERT_ID()"));
    return rows.at(0).integer(0);
}

Status MysqlSession::executeMany(std::string_view sql, std::span<const std::vector<Value>> rows) {
    const InsertParts parts = splitInsert(sql);
    if (!parts.found) {
        for (const auto& row : rows) {
            FL_TRY(execute(sql, row));
        }
        return {};
    }
    while (!rows.empty()) {
        const std::size_t count = rowsOfNext(rows);
        const std::string text = repeated(parts, count);
        FL_TRY(guarded(sql, [&] {
            sql::PreparedStatement& statement = prepare(text);
            BoundStreams streams;
            unsigned first = 1;
            for (const auto& row : rows.first(count)) {
                FL_ASSERT(row.size() == rows[0].size());
                bindValues(statement, row, first, streams);
                first += static_cast<unsigned>(row.size());
            }
            statement.executeUpdate();
        }));
        rows = rows.subspan(count);
    }
    return {};
}

} // namespace fairlead::storage
