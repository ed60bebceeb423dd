// SPDX-License-Identifier: Apache-2.0
#include "node_table.hpp"

#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/thread.hpp"
#include "fairlead/storage/sql.hpp"

namespace fairlead::cluster {

using base::Status;
using storage::Row;
using storage::Session;

namespace {

/// Heartbeats that may be missing before a node counts as dead.
constexpr std::int64_t kMissedMax = 3;

} // namespace

std::span<const storage::Migration> migrations() {
    static const std::vector<storage::Migration> all{
        {1,
         "nodes",
         {"CREATE TABLE IF NOT EXISTS cluster_nodes (id {id} NOT NULL PRIMARY KEY, address {text} "
          "NOT "
          "NULL, version {id} NOT NULL, started_at {int} NOT NULL, seen_at {int} NOT NULL, stopped "
          "{bool} NOT NULL)"}}};
    return all;
}

NodeTable::NodeTable(storage::Database& database, ClusterOptions options)
    : database_(database), options_(std::move(options)), started_at_(base::utcNow()) {}

NodeTable::~NodeTable() {
    FL_ASSERT(!thread_.joinable());
}

Status NodeTable::beat(bool stopped) {
    return database_.write([&](Session& s) -> Status {
        FL_TRY(s.execute(
            storage::upsertSql(s.dialect(), "cluster_nodes", {"id"},
                               {"address", "version", "started_at", "seen_at", "stopped"}),
            {options_.node_id, options_.address, options_.version, started_at_, base::utcNow(),
             std::int64_t{stopped}}));
        return {};
    });
}

Status NodeTable::start() {
    FL_TRY(beat(false));
    thread_ = std::thread([this] { run(); });
    return {};
}

void NodeTable::stop() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    if (const Status status = beat(true); !status) {
        runtime::logWarning("cluster",
                            "Cannot note that this node stops: " + status.error().message());
    }
}

void NodeTable::run() {
    runtime::setThreadName("heartbeat");
    runtime::RateLimitedLog log(runtime::Log::global(), "cluster");
    std::unique_lock lock(mutex_);
    const std::chrono::milliseconds interval(options_.heartbeat_ms);
    while (!wake_.wait_for(lock, interval, [&] { return stopping_; })) {
        lock.unlock();
        if (const Status status = beat(false); !status) {
            log.log(runtime::LogLevel::Warning, "beat",
                    "The heartbeat of this node failed: " + status.error().message());
        }
        lock.lock();
    }
}

base::Result<std::vector<Node>> NodeTable::list() {
    std::vector<Node> nodes;
    FL_TRY(database_.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT id, address, version, started_at, seen_at, "
                                           "stopped FROM cluster_nodes ORDER BY id"));
        const base::UtcMs oldest = base::utcNow() - kMissedMax * options_.heartbeat_ms;
        for (const Row& row : rows) {
            nodes.push_back({row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4),
                             row.integer(5) == 0 && row.integer(4) > oldest});
        }
        return {};
    }));
    return nodes;
}

} // namespace fairlead::cluster
