// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/cluster/cluster.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace fairlead::cluster {

/// This node's row in the database, kept fresh by a thread of its own.
class NodeTable {
public:
    NodeTable(storage::Database& database, ClusterOptions options);
    ~NodeTable();

    base::Status start();
    void stop();
    base::Result<std::vector<Node>> list();

private:
    void run();
    base::Status beat(bool stopped);

    storage::Database& database_;
    const ClusterOptions options_;
    const base::UtcMs started_at_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false; // guarded by mutex_
};

} // namespace fairlead::cluster
