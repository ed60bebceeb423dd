// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "db.hpp"
#include "session_hub.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace fairlead::device {

/// Writes who is online to the database, in batches: a storm of connections costs a few
/// transactions a second. Holds at most one change per device.
class StateWriter {
public:
    StateWriter(storage::Database& database, std::string node_id)
        : database_(database), node_id_(std::move(node_id)) {}
    ~StateWriter();

    /// Whoever this node had online when it ended is offline now. Blocks.
    base::Status resetOnline(base::UtcMs now);

    void start();
    /// Writes what waits. Blocks.
    void stop();

    void note(const Presence& presence);
    /// Writes what waits now. Blocks.
    base::Status flush();

private:
    struct Change {
        bool online = false;
        base::UtcMs online_at = 0; ///< 0: not in this change
        base::UtcMs offline_at = 0;
        base::UtcMs last_seen = 0;
        std::string address;
        std::string gateway_id;
    };
    using Changes = std::unordered_map<std::int64_t, Change>;

    void run();
    base::Status write(const Changes& changes);
    base::Status writeSome(DbSession& session, const Changes& changes,
                           const std::vector<std::int64_t>& keys);

    storage::Database& database_;
    const std::string node_id_;
    std::mutex flush_mutex_; ///< one flush at a time; taken before mutex_
    std::mutex mutex_;
    std::condition_variable changed_;
    Changes changes_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace fairlead::device
