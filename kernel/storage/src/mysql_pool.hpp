// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mysql_session.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace fairlead::storage {

/// A bounded pool of connections, opened when needed. After a failure to connect the pool refuses
/// for a while (100 ms, doubling to 5 s), so that a dead server is not stormed. Thread: any.
class MysqlPool {
public:
    MysqlPool(DatabaseOptions options, std::size_t most);

    /// Waits for a free connection. With `fresh`, idle ones are closed first: they are likely as
    /// dead as the one that just failed. Errors: Io, Closed.
    base::Result<std::unique_ptr<MysqlSession>> acquire(bool fresh = false);
    void release(std::unique_ptr<MysqlSession> session);
    /// Waits until every connection is back, and closes them.
    void close();

private:
    base::Result<std::unique_ptr<MysqlSession>> connect();
    void giveUpPlace();

    const DatabaseOptions options_;
    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<MysqlSession>> idle_; // guarded by mutex_, as the rest
    std::size_t open_ = 0;                            ///< idle, in use and connecting
    bool closing_ = false;
    std::chrono::milliseconds delay_{0};
    std::chrono::steady_clock::time_point retry_at_;
    base::Error last_error_{base::Errc::Io, "", ""};
};

} // namespace fairlead::storage
