// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/runtime/log.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::storage {
class Database;
}

namespace fairlead::security {

inline constexpr std::size_t kSystemLogQueueMax = 4096;
/// Lines given before and after one that is opened.
inline constexpr std::size_t kSystemLogAround = 20;

struct SystemLogRecord {
    std::int64_t id = 0;
    base::UtcMs time = 0;
    runtime::LogLevel level = runtime::LogLevel::Information;
    std::string source;
    std::string node;
    std::string message;
    std::string context; ///< JSON object or empty; only from get()
    std::string thread;
};

struct SystemLogQuery {
    std::optional<base::UtcMs> from;
    std::optional<base::UtcMs> to;
    std::optional<runtime::LogLevel> level; ///< this and above
    std::string source;                     ///< this and below ("network" finds "network.tcp")
    std::string q;                          ///< part of the message
    std::optional<std::int64_t> after;
    std::size_t limit = 50;
};

struct SystemLogPage {
    std::vector<SystemLogRecord> items; ///< newest first
    std::optional<std::int64_t> next;
};

struct SystemLogDetail {
    SystemLogRecord record;
    std::vector<SystemLogRecord> before; ///< oldest first
    std::vector<SystemLogRecord> after;
};

/// The system log's store: listens to a Log, writes in batches, is read by cursor.
/// Lifecycle: start (listens), stop (writes what is queued). Thread: any.
/// What the store itself has to say about the database goes to the log's other sinks only.
class SystemLog {
public:
    SystemLog(storage::Database& database, runtime::Log& log, std::string node);
    ~SystemLog(); ///< asserts that it was stopped

    void start();
    void stop();

    /// Live tail: called on the writer thread after a record has its id. Before start only.
    void onRecord(std::function<void(const SystemLogRecord&)> listener);

    base::Result<SystemLogPage> query(const SystemLogQuery& query);
    base::Result<SystemLogDetail> get(std::int64_t id);

    void flush();
    /// Deletes what is older, and the oldest above `rows_max`, in slices. Number deleted.
    base::Result<std::int64_t> purge(base::UtcMs older_than, std::int64_t rows_max);
    std::uint64_t dropped() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::security
