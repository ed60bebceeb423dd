// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::runtime {
class Configuration;
}

namespace fairlead::storage {

struct Blob {
    std::string bytes;
    bool operator==(const Blob&) const = default;
};

/// A column value or parameter. Booleans are integers 0/1; times are integers (UtcMs).
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

/// One result row; columns by position. The accessors convert NULL to the type's empty value.
class Row {
public:
    explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

    std::size_t size() const noexcept { return values_.size(); }
    const Value& at(std::size_t column) const { return values_.at(column); }
    bool isNull(std::size_t column) const;
    std::int64_t integer(std::size_t column) const;
    double number(std::size_t column) const;
    const std::string& text(std::size_t column) const; ///< text or blob bytes

private:
    std::vector<Value> values_;
};

/// What differs between the databases, for the few statements that cannot be written once.
enum class Dialect { Sqlite, Mysql };

/// One database connection, used by one thread at a time. Prepared statements are cached by text.
/// Parameters are `?`. SQL is written in the common subset; see storage/README.md.
///
/// Errors: Conflict for a violation of a unique key (code "storage.unique") or foreign key
/// ("storage.foreign_key"), Busy when the database is locked or a
/// deadlock was found (safe to repeat), Io when it cannot be reached, Failed otherwise.
class Session {
public:
    virtual ~Session() = default;

    virtual Dialect dialect() const noexcept = 0;

    /// All rows; at most `limit` (Error Limit above it, so that no query grows without bound).
    virtual base::Result<std::vector<Row>> query(std::string_view sql,
                                                 std::span<const Value> parameters = {},
                                                 std::size_t limit = 100'000) = 0;

    /// Calls `each` for every row until it returns false; rows are not collected.
    virtual base::Status stream(std::string_view sql, std::span<const Value> parameters,
                                const std::function<bool(const Row&)>& each) = 0;

    /// Number of rows changed.
    virtual base::Result<std::int64_t> execute(std::string_view sql,
                                               std::span<const Value> parameters = {}) = 0;

    /// Runs an INSERT of one row and gives the value of its {auto} key.
    virtual base::Result<std::int64_t> insert(std::string_view sql,
                                              std::span<const Value> parameters) = 0;

    /// The same statement for many parameter rows, in the fastest way the database has.
    virtual base::Status executeMany(std::string_view sql,
                                     std::span<const std::vector<Value>> rows) = 0;

    base::Result<std::vector<Row>> query(std::string_view sql,
                                         std::initializer_list<Value> parameters,
                                         std::size_t limit = 100'000) {
        return query(sql, std::span<const Value>{parameters.begin(), parameters.size()}, limit);
    }
    base::Result<std::int64_t> execute(std::string_view sql,
                                       std::initializer_list<Value> parameters) {
        return execute(sql, std::span<const Value>{parameters.begin(), parameters.size()});
    }
    base::Result<std::int64_t> insert(std::string_view sql,
                                      std::initializer_list<Value> parameters) {
        return insert(sql, std::span<const Value>{parameters.begin(), parameters.size()});
    }
};

/// A step of the schema. Applied once, in order of version, each in a transaction of its own where
/// the database can (MySQL commits DDL by itself, so a step must be repeatable there).
struct Migration {
    std::int64_t version;
    std::string name;
    /// Statements for both dialects; `{id}`, `{text}`, `{blob}`, `{json}`, `{auto}` are replaced by
    /// the dialect's types (see storage/README.md).
    std::vector<std::string> statements;
};

/// The port. Owner: app. All functions may be called from any thread and block; never call them
/// from an I/O loop.
class Database {
public:
    virtual ~Database() = default;

    virtual Dialect dialect() const noexcept = 0;
    virtual std::string version() const = 0;

    /// Runs `work` on a reading session (SQLite: one snapshot for all of it). Waits while all of
    /// them are in use; so no read within a read.
    virtual base::Status read(const std::function<base::Status(Session&)>& work) = 0;

    /// Runs `work` in a write transaction and returns after it is durable. Concurrent calls share
    /// one commit (group commit), each behind its own savepoint, so that one failing piece of work
    /// does not undo its neighbours. `work` may run twice after a deadlock: it must not have side
    /// effects outside of the session. At most kWriteQueueMax wait; above: Error Busy.
    virtual base::Status write(const std::function<base::Status(Session&)>& work) = 0;

    /// Applies what is missing of `migrations`, under a lock that other nodes respect.
    virtual base::Status migrate(std::string_view component,
                                 std::span<const Migration> migrations) = 0;

    virtual void close() = 0;
};

inline constexpr std::size_t kWriteQueueMax = 1024;

struct DatabaseOptions {
    std::string driver = "sqlite"; ///< "sqlite" or "mysql"
    std::string path;              ///< SQLite file
    std::string host;              ///< MySQL: host, or a path to a socket
    std::uint16_t port = 3306;
    std::string user;
    std::string password;
    std::string schema;
    std::size_t readers = 4; ///< reading sessions, 1 to 64
    /// SQLite: for large rows that are written in the background. Larger pages and cache, and the
    /// writer's thread stands back for others.
    bool bulk = false;
};

/// Errors: Io when the file or server cannot be reached, Invalid for options that make no sense.
base::Result<std::unique_ptr<Database>> openDatabase(const DatabaseOptions& options);

/// The section "database" of the configuration; reads the password file.
base::Result<DatabaseOptions> databaseOptions(const runtime::Configuration& configuration);

} // namespace fairlead::storage
