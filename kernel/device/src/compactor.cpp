// SPDX-License-Identifier: Apache-2.0
#include "compactor.hpp"

#include "db.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/thread.hpp"
#include "fairlead/storage/sql.hpp"

#include <algorithm>
#include <chrono>

namespace fairlead::device {

namespace {

using base::Status;

/// Devices of one read of latest values.
constexpr std::size_t kLatestReadMax = 500;
constexpr std::chrono::seconds kDatabaseRetry{2};
constexpr std::int64_t kRetentionIntervalMs = 3'600'000;
constexpr std::int64_t kNodesMax = 1'024;

} // namespace

base::Result<Checkpoint> loadCheckpoint(storage::Database& database, const std::string& node_id) {
    Checkpoint out;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const auto rows,
                  session.query("SELECT node_number, segment, position, sequence FROM "
                                "journal_checkpoints WHERE node_id = ?",
                                {DbValue{node_id}}));
        if (!rows.empty()) {
            const DbRow& row = rows.front();
            out.node_number = row.integer(0);
            out.position = JournalPosition{static_cast<std::uint64_t>(row.integer(1)),
                                           static_cast<std::uint64_t>(row.integer(2))};
            out.sequence = row.integer(3);
            return {};
        }
        FL_ASSIGN(const auto last,
                  session.query("SELECT COALESCE(MAX(node_number), -1) FROM journal_checkpoints"));
        out = Checkpoint{};
        out.node_number = last.front().integer(0) + 1;
        if (out.node_number >= kNodesMax) {
            return base::Error::limit("the history knows 1024 nodes already; remove rows of nodes "
                                      "that are gone from journal_checkpoints");
        }
        FL_TRY(
            session.execute("INSERT INTO journal_checkpoints (node_id, node_number, segment, "
                            "position, sequence, updated_at) VALUES (?,?,0,0,0,?)",
                            {DbValue{node_id}, DbValue{out.node_number}, DbValue{base::utcNow()}}));
        return {};
    };
    FL_TRY(database.write(work));
    return out;
}

Status loadClients(storage::Database& database, const std::string& node_id, ClientState& clients) {
    return database.read([&](DbSession& session) -> Status {
        const std::vector<DbValue> node{DbValue{node_id}};
        FL_TRY(session.stream("SELECT scope, once_key, generation FROM once_keys WHERE node_id = ? "
                              "ORDER BY held_at",
                              node, [&clients](const DbRow& row) {
                                  clients.restoreHold(row.text(0), row.text(1),
                                                      static_cast<std::uint64_t>(row.integer(2)));
                                  return true;
                              }));
        return session.stream("SELECT scope, state_key, data FROM client_states WHERE node_id = ?",
                              node, [&clients](const DbRow& row) {
                                  const Status put =
                                      clients.put(row.text(0), row.text(1), row.text(2));
                                  return static_cast<bool>(put);
                              });
    });
}

Compactor::Compactor(Journal& journal, ClientState& clients, storage::Database& database,
                     CompactorOptions options, Checkpoint checkpoint)
    : journal_(journal), clients_(clients), database_(database), options_(std::move(options)),
      checkpoint_(checkpoint), position_(checkpoint.position), retention_(options_.retention) {}

Compactor::~Compactor() {
    FL_ASSERT(!thread_.joinable());
}

void Compactor::start() {
    compacted_ = 0; // counts against what is committed from now on
    thread_ = std::thread([this] {
        runtime::setThreadName("compaction");
        runtime::standBack(); // acknowledging goes before; a full journal gives it the processor
        run();
    });
}

void Compactor::stop() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

Status Compactor::catchUp() {
    for (;;) {
        FL_ASSIGN(const bool more, compactSlice());
        if (!more) {
            return {};
        }
    }
}

void Compactor::committed(std::uint64_t total) {
    committed_.store(total, std::memory_order_relaxed);
    base::UtcMs none = 0;
    if (waiting_since_.load(std::memory_order_relaxed) == 0) {
        waiting_since_.compare_exchange_strong(none, base::utcNow());
    }
    if (total - compacted() >= options_.slice_messages || journal_.isGettingFull()) {
        const std::lock_guard guard(mutex_);
        if (!urgent_) {
            urgent_ = true;
            changed_.notify_all();
        }
    }
}

std::int64_t Compactor::lagMs() const noexcept {
    const base::UtcMs since = waiting_since_.load(std::memory_order_relaxed);
    return since == 0 ? 0 : std::max<std::int64_t>(0, base::utcNow() - since);
}

Status Compactor::waitFor(std::int64_t limit_ms) {
    const JournalPosition target = journal_.committed();
    std::unique_lock lock(mutex_);
    if (position_ >= target) {
        return {};
    }
    urgent_ = true;
    changed_.notify_all();
    const bool done = changed_.wait_for(lock, std::chrono::milliseconds{limit_ms},
                                        [&] { return position_ >= target || stopping_; });
    if (!done || position_ < target) {
        return base::Error{base::Errc::Timeout, "history.lag", "the history is not up to date yet"};
    }
    return {};
}

void Compactor::setRetention(const RetentionOptions& retention) {
    const std::lock_guard guard(mutex_);
    retention_ = retention;
}

bool Compactor::waitForWork(bool failed) {
    std::unique_lock lock(mutex_);
    const auto pause = failed
                           ? std::chrono::duration_cast<std::chrono::milliseconds>(kDatabaseRetry)
                           : std::chrono::milliseconds{options_.interval_seconds * 1'000};
    changed_.wait_for(lock, pause, [&] { return stopping_ || (urgent_ && !failed); });
    urgent_ = false;
    return !stopping_;
}

void Compactor::run() {
    bool failed = false;
    while (waitForWork(failed)) {
        if (const Status prepared = journal_.prepare(); !prepared) {
            runtime::logError("device", prepared.error().message());
        }
        const Status done = catchUp();
        failed = !done;
        if (failed) {
            runtime::logError("device", "bringing messages into the history failed, will be tried "
                                        "again: " +
                                            done.error().message());
            continue;
        }
        const base::UtcMs now = base::utcNow();
        if (now >= next_retention_) {
            next_retention_ = now + kRetentionIntervalMs;
            if (const Status applied = applyRetention(now); !applied) {
                runtime::logError("device", "deleting old history failed, will be tried again: " +
                                                applied.error().message());
            }
        }
    }
}

base::Result<bool> Compactor::compactSlice() {
    const base::UtcMs began = base::utcNow();
    std::vector<std::unique_ptr<JournalBlock>> blocks;
    Slice slice(options_.node_id, checkpoint_.node_number, checkpoint_.sequence);
    JournalReader reader(journal_, checkpoint_.position);
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    while (records < options_.slice_messages && bytes < options_.slice_bytes) {
        auto block = std::make_unique<JournalBlock>();
        FL_ASSIGN(const bool found, reader.next(*block));
        if (!found) {
            break;
        }
        records += block->count;
        bytes += block->records.size();
        slice.add(*block);
        blocks.push_back(std::move(block));
    }
    if (blocks.empty()) {
        waiting_since_.store(0, std::memory_order_relaxed);
        reached(reader.position());
        return false;
    }
    FL_TRY(loadLatest(slice.devicesWithValues()));
    const SliceRows rows =
        slice.build([this](std::int64_t key) -> LatestValues& { return cachedLatest(key); });
    if (rows.unreadable > 0) {
        runtime::logError("device", std::to_string(rows.unreadable) +
                                        " journal records could not be read and were skipped");
    }
    if (!rows.tags.empty() && tag_sink_) {
        FL_TRY(tag_sink_(rows.tags));
    }
    FL_TRY(store(rows, latestRows(rows), reader.position()));
    compacted_.fetch_add(rows.records, std::memory_order_relaxed);
    waiting_since_.store(began, std::memory_order_relaxed);
    journal_.release(checkpoint_.position);
    if (released_) {
        released_();
    }
    return true;
}

Status Compactor::store(const SliceRows& rows, const SqlRows& latest, JournalPosition end) {
    FL_TRY(
        database_.write([&](DbSession& session) { return writeRows(session, rows, latest, end); }));
    checkpoint_.position = end;
    checkpoint_.sequence = rows.sequence;
    reached(end);
    return {};
}

/// For those who wait. Without blocks in between, the begin of a new segment is reached too.
void Compactor::reached(JournalPosition position) {
    {
        const std::lock_guard guard(mutex_);
        position_ = std::max(position_, position);
    }
    changed_.notify_all();
}

Status Compactor::writeRows(DbSession& session, const SliceRows& rows, const SqlRows& latest,
                            JournalPosition end) {
    const auto many = [&session](const std::string& sql, const SqlRows& values) -> Status {
        return values.empty() ? Status{} : session.executeMany(sql, values);
    };
    const storage::Dialect dialect = session.dialect();
    const std::string chunk =
        " (day, device_key, t0, sequence, t1, entries, data) VALUES (?,?,?,?,?,?,?)";
    FL_TRY(many(storage::upsertSql(dialect, "history_days", {"kind", "day"}, {}), rows.days));
    FL_TRY(many("INSERT INTO property_chunks" + chunk, rows.property_chunks));
    FL_TRY(many("INSERT INTO message_chunks" + chunk, rows.message_chunks));
    FL_TRY(many("INSERT INTO device_events (day, device_key, event_at, sequence, event, data) "
                "VALUES (?,?,?,?,?,?)",
                rows.events));
    FL_TRY(many(storage::upsertSql(dialect, "device_latest", {"device_key"}, {"data"}), latest));
    FL_TRY(many("DELETE FROM once_keys WHERE hash = ?", rows.releases));
    FL_TRY(many(storage::upsertSql(dialect, "once_keys", {"hash"},
                                   {"node_id", "scope", "once_key", "generation", "held_at"}),
                rows.holds));
    FL_TRY(many("DELETE FROM client_states WHERE hash = ?", rows.removed_states));
    FL_TRY(many(storage::upsertSql(dialect, "client_states", {"hash"},
                                   {"node_id", "scope", "state_key", "data"}),
                rows.states));
    FL_ASSIGN(
        const std::int64_t changed,
        session.execute("UPDATE journal_checkpoints SET segment = ?, position = ?, sequence "
                        "= ?, updated_at = ? WHERE node_id = ?",
                        {DbValue{static_cast<std::int64_t>(end.segment)},
                         DbValue{static_cast<std::int64_t>(end.offset)}, DbValue{rows.sequence},
                         DbValue{base::utcNow()}, DbValue{options_.node_id}}));
    if (changed != 1) {
        return base::Error::failed("the journal's checkpoint row of this node is gone");
    }
    return {};
}

LatestValues& Compactor::cachedLatest(std::int64_t device_key) {
    const auto found = cached_index_.find(device_key);
    if (found != cached_index_.end()) {
        cached_.splice(cached_.begin(), cached_, found->second);
        return *found->second->values;
    }
    cached_.push_front(Cached{device_key, std::make_unique<LatestValues>()});
    cached_index_.emplace(device_key, cached_.begin());
    return *cached_.front().values;
}

void Compactor::trimLatest() {
    while (cached_.size() > kLatestCachedMax) {
        cached_index_.erase(cached_.back().device_key);
        cached_.pop_back();
    }
}

Status Compactor::loadLatest(const std::vector<std::int64_t>& devices) {
    std::vector<DbValue> missing;
    for (const std::int64_t device : devices) {
        if (cached_index_.count(device) == 0) {
            missing.emplace_back(device);
        }
    }
    for (std::size_t at = 0; at < missing.size(); at += kLatestReadMax) {
        const std::size_t count = std::min(kLatestReadMax, missing.size() - at);
        const std::string sql = "SELECT device_key, data FROM device_latest WHERE device_key IN " +
                                storage::placeholders(count);
        FL_TRY(database_.read([&](DbSession& session) {
            return session.stream(
                sql, std::span{missing}.subspan(at, count), [this](const DbRow& row) {
                    if (!cachedLatest(row.integer(0)).load(row.text(1))) {
                        runtime::logError("device", "latest values of a device could not "
                                                    "be read and start anew");
                    }
                    return true;
                });
        }));
    }
    return {};
}

SqlRows Compactor::latestRows(const SliceRows& rows) {
    SqlRows out;
    out.reserve(rows.devices.size());
    for (const std::int64_t device : rows.devices) {
        std::vector<DbValue>& row = out.emplace_back();
        row.reserve(2);
        row.emplace_back(device);
        row.emplace_back(DbBlob{cachedLatest(device).save()});
    }
    trimLatest();
    return out;
}

namespace {

constexpr std::int64_t kRetentionStep = 2'000; ///< rows of one delete

/// Deletes the rows of one day in steps of bounded size, each a transaction of its own.
Status deleteDay(storage::Database& database, const std::string& table, std::int64_t day) {
    for (bool more = true; more;) {
        const auto work = [&](DbSession& session) -> Status {
            FL_ASSIGN(const auto last,
                      session.query("SELECT device_key FROM " + table +
                                        " WHERE day = ? ORDER BY device_key LIMIT 1 OFFSET ?",
                                    {DbValue{day}, DbValue{kRetentionStep}}));
            more = !last.empty();
            if (!more) {
                FL_TRY(session.execute("DELETE FROM " + table + " WHERE day = ?", {DbValue{day}}));
                return {};
            }
            FL_TRY(session.execute("DELETE FROM " + table + " WHERE day = ? AND device_key <= ?",
                                   {DbValue{day}, DbValue{last.front().integer(0)}}));
            return {};
        };
        FL_TRY(database.write(work));
    }
    return {};
}

} // namespace

Status Compactor::applyRetention(base::UtcMs now) {
    RetentionOptions retention;
    {
        const std::lock_guard guard(mutex_);
        retention = retention_;
    }
    struct Rule {
        HistoryKind kind;
        const char* table;
        std::int64_t days;
    };
    const Rule rules[] = {{kPropertyDays, "property_chunks", retention.history_days},
                          {kMessageDays, "message_chunks", retention.message_days},
                          {kEventDays, "device_events", retention.history_days}};
    for (const Rule& rule : rules) {
        std::vector<std::int64_t> days;
        const auto work = [&](DbSession& session) -> Status {
            FL_ASSIGN(const auto rows,
                      session.query("SELECT day FROM history_days WHERE kind = ? AND day < ?",
                                    {DbValue{static_cast<std::int64_t>(rule.kind)},
                                     DbValue{dayOf(now) - rule.days}}));
            for (const DbRow& row : rows) {
                days.push_back(row.integer(0));
            }
            return {};
        };
        FL_TRY(database_.read(work));
        for (const std::int64_t day : days) {
            FL_TRY(deleteDay(database_, rule.table, day));
            const auto forget = [&](DbSession& session) -> Status {
                FL_TRY(
                    session.execute("DELETE FROM history_days WHERE kind = ? AND day = ?",
                                    {DbValue{static_cast<std::int64_t>(rule.kind)}, DbValue{day}}));
                return {};
            };
            FL_TRY(database_.write(forget));
        }
    }
    for (const auto& evicted : clients_.takeEvicted()) {
        const auto work = [&](DbSession& session) -> Status {
            FL_TRY(session.execute(
                "DELETE FROM once_keys WHERE hash = ?",
                {DbValue{clientHash(options_.node_id, evicted.first, evicted.second)}}));
            return {};
        };
        FL_TRY(database_.write(work));
    }
    return {};
}

} // namespace fairlead::device
