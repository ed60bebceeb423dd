// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"
#include "statement_cache.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace sql {
class Connection;
class PreparedStatement;
class ResultSet;
class SQLException;
} // namespace sql

namespace fairlead::storage {

/// One connection to a MySQL-compatible server through MySQL Connector/C++.
class MysqlSession : public Session {
public:
    static base::Result<std::unique_ptr<MysqlSession>> open(const DatabaseOptions& options);
    ~MysqlSession() override;

    Dialect dialect() const noexcept override { return Dialect::Mysql; }

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

    base::Status begin();
    base::Status commit();
    void rollback();

    /// The connection is lost: throw it away.
    bool broken() const noexcept { return broken_; }
    /// The server rolled the transaction back (deadlock, lost connection): what follows in it would
    /// be committed by itself, so every statement is refused until rollback.
    bool doomed() const noexcept { return doom_.has_value(); }
    const base::Error& doom() const { return *doom_; }

    /// Asks the server when the connection was idle for longer than `idle`.
    bool alive(std::chrono::milliseconds idle);
    void noteUse() { used_at_ = std::chrono::steady_clock::now(); }

private:
    struct Close {
        void operator()(sql::PreparedStatement* statement) const noexcept;
    };
    using Statement = std::unique_ptr<sql::PreparedStatement, Close>;

    explicit MysqlSession(std::unique_ptr<sql::Connection> connection);

    sql::PreparedStatement& prepare(std::string_view sql);
    template <typename Body>
    base::Status guarded(std::string_view sql, Body&& body);
    base::Error toError(const sql::SQLException& e, std::string_view sql);
    base::Status plain(const char* sql);

    std::unique_ptr<sql::Connection> connection_;
    StatementCache<Statement> statements_;
    std::optional<base::Error> doom_;
    bool broken_ = false;
    std::chrono::steady_clock::time_point used_at_ = std::chrono::steady_clock::now();
};

} // namespace fairlead::storage
