// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"

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

/// Records waiting to be written. Above it a record is dropped, counted and reported.
inline constexpr std::size_t kAuditQueueMax = 4096;
/// Bytes kept of a request's body and headers.
inline constexpr std::size_t kAuditTextBytesMax = 4096;
/// Longest page of a cursor query.
inline constexpr std::size_t kLogPageMax = 500;

/// One admin request (L1). Secrets are masked by whoever fills it.
struct AccessRecord {
    std::int64_t id = 0;
    base::UtcMs time = 0;
    std::string user; ///< user name, empty before login
    std::string address;
    std::string method;
    std::string path;
    std::string action; ///< "gateways.enable"
    std::string target; ///< id of what it was done to
    int status = 0;
    std::int64_t milliseconds = 0;
    std::string request_id;
    std::string request_headers; ///< JSON; only from get()
    std::string request;         ///< masked body; only from get()
    std::string response;        ///< problem of a failed request; only from get()

    bool success() const noexcept { return status < 400; }
};

struct AccessQuery {
    std::optional<base::UtcMs> from; ///< inclusive
    std::optional<base::UtcMs> to;   ///< exclusive
    std::string user;
    std::string method;
    std::string action;
    std::optional<bool> success;
    std::string q;                     ///< part of the path or target
    std::optional<std::int64_t> after; ///< cursor: the last id seen
    std::size_t limit = 50;
};

struct AccessPage {
    std::vector<AccessRecord> items;  ///< newest first
    std::optional<std::int64_t> next; ///< cursor of the next page
};

/// The access log: filled in batches, read by cursor, kept for a time.
/// Lifecycle: start, stop (writes what is queued). Thread: any.
class AccessLog {
public:
    explicit AccessLog(storage::Database& database);
    ~AccessLog(); ///< asserts that it was stopped

    void start();
    void stop();

    /// Blocks: no. Written within a second.
    void record(AccessRecord record);
    /// Called on the writer thread after a record has its id. Before start only.
    void onRecord(std::function<void(const AccessRecord&)> listener);

    base::Result<AccessPage> query(const AccessQuery& query);
    base::Result<AccessRecord> get(std::int64_t id);

    /// Waits until all records given so far are written.
    void flush();
    /// Deletes what is older, in slices. Number deleted.
    base::Result<std::int64_t> purge(base::UtcMs older_than);
    std::uint64_t dropped() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::security
