// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"
#include "statement_cache.hpp"

#include <sqlite3.h>

#include <memory>
#include <string>

namespace Poco::Data {
class Session;
}

namespace fairlead::storage {

/// One SQLite connection. Poco::Data opens, configures and closes it; statements go to the handle
/// under it, because Poco's bindings cannot tell NULL from a value of the type they are given, copy
/// every BLOB twice, and cost about four times as much per row.
class SqliteSession : public Session {
public:
    enum class Mode { Write, BulkWrite, Read };

    static base::Result<std::unique_ptr<SqliteSession>> open(const std::string& path, Mode mode);
    ~SqliteSession() override;

    Dialect dialect() const noexcept override { return Dialect::Sqlite; }

    using Session::execute;
    using Session::insert;
    using Session::query;
    base::Result<std::vector<Row>> query(std::string_view sql,
                                         std::span<const Value> parameters = {},
                                         std::size_t limit = 100'000) override;
    base::Status stream(std::string_view sql, std::span<const Value> parameters,
                        const std::function<bool(const Row&)>& each) override;
    base::Result<std::int64_t> execute(std::string_view sql,
                                       std::span<const Value> parameters = {}) override;
    base::Result<std::int64_t> insert(std::string_view sql,
                                      std::span<const Value> parameters) override;
    base::Status executeMany(std::string_view sql,
                             std::span<const std::vector<Value>> rows) override;

    /// True while a transaction is open. SQLite ends one by itself on some errors.
    bool inTransaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

    SqliteSession(std::unique_ptr<Poco::Data::Session> session, sqlite3* handle);

    base::Result<sqlite3_stmt*> prepare(std::string_view sql);
    base::Status bind(sqlite3_stmt* statement, std::span<const Value> parameters);
    base::Status run(sqlite3_stmt* statement, std::span<const Value> parameters,
                     const std::function<bool(const Row&)>& each);
    base::Error error(std::string_view sql) const;

    std::unique_ptr<Poco::Data::Session> session_;
    sqlite3* handle_;
    StatementCache<Statement> statements_;
};

} // namespace fairlead::storage
