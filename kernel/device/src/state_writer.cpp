// SPDX-License-Identifier: Apache-2.0
#include "state_writer.hpp"

#include "device_rows.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/storage/sql.hpp"

#include <chrono>
#include <pthread.h>

namespace fairlead::device {

namespace {

constexpr std::chrono::milliseconds kWriteInterval{500};
constexpr std::size_t kWriteStep = 500;    ///< devices of one statement and transaction
constexpr std::int64_t kResetStep = 2'000; ///< devices set offline by one transaction at the start

constexpr auto kOfflineState = static_cast<std::int64_t>(DeviceState::Offline);
constexpr auto kOnlineState = static_cast<std::int64_t>(DeviceState::Online);
constexpr auto kInactiveState = static_cast<std::int64_t>(DeviceState::Inactive);

} // namespace

StateWriter::~StateWriter() {
    FL_ASSERT(!thread_.joinable());
}

base::Status StateWriter::resetOnline(base::UtcMs now) {
    for (bool more = true; more;) {
        const auto work = [&](DbSession& session) -> base::Status {
            FL_ASSIGN(
                const auto rows,
                session.query("SELECT device_key, product_id FROM devices WHERE state = ? "
                              "AND session_node = ? ORDER BY device_key LIMIT ?",
                              {DbValue{kOnlineState}, DbValue{node_id_}, DbValue{kResetStep}}));
            CountChanges counts;
            std::vector<std::vector<DbValue>> updates;
            for (const DbRow& row : rows) {
                counts.add(row.text(1), DeviceState::Online, -1);
                counts.add(row.text(1), DeviceState::Offline, 1);
                updates.push_back({DbValue{kOfflineState}, DbValue{now}, DbValue{row.integer(0)}});
            }
            more = static_cast<std::int64_t>(rows.size()) == kResetStep;
            if (!updates.empty()) {
                FL_TRY(session.executeMany("UPDATE devices SET state = ?, offline_at = ?, "
                                           "session_node = '', address = '' WHERE device_key = ?",
                                           updates));
            }
            return counts.store(session);
        };
        FL_TRY(database_.write(work));
    }
    return {};
}

void StateWriter::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "device-states");
        run();
    });
}

void StateWriter::stop() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    if (const base::Status written = flush(); !written) {
        runtime::logError("device", "online states could not be written at the end: " +
                                        written.error().message());
    }
}

void StateWriter::note(const Presence& presence) {
    const std::lock_guard guard(mutex_);
    Change& change = changes_[presence.device->key()];
    change.online = presence.online;
    change.last_seen = presence.last_seen;
    change.gateway_id = presence.info.gateway_id;
    if (presence.online) {
        change.online_at = presence.time;
        change.address = presence.info.address;
    } else {
        change.offline_at = presence.time;
        change.address.clear();
    }
}

void StateWriter::run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kWriteInterval, [this] { return stopping_; })) {
        lock.unlock();
        if (const base::Status written = flush(); !written) {
            runtime::logError("device",
                              "online states could not be written, will be tried again: " +
                                  written.error().message());
        }
        lock.lock();
    }
}

base::Status StateWriter::flush() {
    const std::lock_guard flushing(flush_mutex_);
    Changes changes;
    {
        const std::lock_guard guard(mutex_);
        changes.swap(changes_);
    }
    base::Status written = changes.empty() ? base::Status{} : write(changes);
    if (!written) {
        // What came meanwhile is newer and stays.
        const std::lock_guard guard(mutex_);
        changes_.merge(changes);
    }
    return written;
}

base::Status StateWriter::write(const Changes& changes) {
    std::vector<std::int64_t> keys;
    for (auto at = changes.begin(); at != changes.end();) {
        keys.clear();
        for (; at != changes.end() && keys.size() < kWriteStep; ++at) {
            keys.push_back(at->first);
        }
        const auto work = [&](DbSession& session) { return writeSome(session, changes, keys); };
        FL_TRY(database_.write(work));
    }
    return {};
}

base::Status StateWriter::writeSome(DbSession& session, const Changes& changes,
                                    const std::vector<std::int64_t>& keys) {
    const std::vector<DbValue> wanted(keys.begin(), keys.end());
    FL_ASSIGN(const auto rows, session.query("SELECT device_key, product_id, state, online_at, "
                                             "offline_at FROM devices WHERE device_key IN " +
                                                 storage::placeholders(keys.size()),
                                             wanted));
    CountChanges counts;
    std::vector<std::vector<DbValue>> updates;
    for (const DbRow& row : rows) {
        const Change& change = changes.at(row.integer(0));
        if (row.integer(2) == kInactiveState) {
            continue; // deactivated meanwhile: its session ends
        }
        const std::int64_t state = change.online ? kOnlineState : kOfflineState;
        counts.add(row.text(1), static_cast<DeviceState>(row.integer(2)), -1);
        counts.add(row.text(1), static_cast<DeviceState>(state), 1);
        updates.push_back(
            {DbValue{state}, DbValue{change.online_at != 0 ? change.online_at : row.integer(3)},
             DbValue{change.offline_at != 0 ? change.offline_at : row.integer(4)},
             DbValue{change.last_seen}, DbValue{change.address}, DbValue{change.gateway_id},
             DbValue{change.online ? node_id_ : std::string{}}, DbValue{row.integer(0)}});
    }
    if (!updates.empty()) {
        FL_TRY(session.executeMany("UPDATE devices SET state = ?, online_at = ?, offline_at = ?, "
                                   "last_seen_at = ?, address = ?, gateway_id = ?, session_node = "
                                   "? WHERE device_key = ?",
                                   updates));
    }
    return counts.store(session);
}

} // namespace fairlead::device
