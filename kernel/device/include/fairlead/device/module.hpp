// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/device/commands.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/device/feed.hpp"
#include "fairlead/device/history.hpp"
#include "fairlead/device/ingest.hpp"
#include "fairlead/device/message_log.hpp"
#include "fairlead/device/owned_message.hpp"
#include "fairlead/device/products.hpp"
#include "fairlead/device/registry.hpp"
#include "fairlead/device/session.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace fairlead::storage {
class Database;
}
namespace fairlead::security {
class Secrets;
}
namespace fairlead::cluster {
class Cluster;
}
namespace fairlead::runtime {
class Executor;
}

namespace fairlead::device {

struct IngestOptions {
    std::filesystem::path directory;              ///< journal segments
    std::uint64_t segment_bytes = 64U << 20;      ///< 256 KiB to 1 GiB
    std::uint64_t journal_bytes_max = 4ULL << 30; ///< at least three segments
    std::size_t uncommitted_messages_max = 4'096; ///< per server
    std::size_t uncommitted_bytes_max = 4U << 20; ///< per server
    std::size_t commit_messages = 256;            ///< so many waiting end the spacing
    std::int64_t commit_spacing_us = 1'000;       ///< from start to start of commits
    std::int64_t compaction_interval_seconds = 30;
    std::size_t compaction_slice_messages = 200'000; ///< of one database transaction
    std::uint64_t compaction_slice_bytes = 64U << 20;
};

struct RetentionOptions {
    std::int64_t history_days = 90;
    std::int64_t message_days = 30;
};

struct ModuleOptions {
    storage::Database* database = nullptr; ///< products, devices
    /// History, message log, latest values. With SQLite a file of its own, so that its long
    /// transactions do not hold up the configuration's; with MySQL the same database.
    storage::Database* history = nullptr;
    security::Secrets* secrets = nullptr;
    cluster::Cluster* cluster = nullptr;   ///< started
    runtime::Executor* executor = nullptr; ///< started
    IngestOptions ingest;
    RetentionOptions retention;
    std::size_t devices_cached_max = 200'000; ///< about 1 KB each without their values

    /// True when a configuration key of products and devices of `protocol_id` holds a secret. When
    /// not set: keys that contain "key", "secret", "password" or "token", without case.
    std::function<bool(const std::string& protocol_id, const std::string& key)> is_secret;
    /// Checks that a "gateway" or "protocol" exists; OK when not set.
    std::function<base::Status(const std::string& kind, const std::string& id)> check_reference;
};

/// What is going on in the journal, for status pages and tests.
struct JournalStatus {
    bool failed = false;
    std::string error;
    std::uint64_t bytes = 0;            ///< on disk, not yet in the history
    std::uint64_t messages_waiting = 0; ///< committed, not yet in the history
    std::int64_t lag_ms = 0;            ///< age of the oldest of them
    std::uint64_t committed_messages = 0;
    std::uint64_t commits = 0;
};

/// The device module: everything that it offers, wired. Owner: app.
/// Lifecycle: open, start, stop; gateways are started after start and stopped before stop, and
/// their lanes are gone before the module is.
class Module {
public:
    using Observer = std::function<void(const DevicePtr&, const OwnedMessage&)>;

    /// Applies the migrations of both databases. Blocks.
    static base::Result<std::unique_ptr<Module>> open(ModuleOptions options);
    virtual ~Module() = default;

    /// Recovers the journal, brings what was left of it into the history, sets devices offline that
    /// this node had online. Blocks for as long as that takes.
    virtual base::Status start() = 0;
    /// Commits what was submitted, brings it into the history as far as `limit_ms` allows.
    virtual void stop(std::int64_t limit_ms) = 0;
    void stop() { stop(10'000); }

    virtual Registry& registry() = 0;
    virtual Sessions& sessions() = 0;
    virtual Ingest& ingest() = 0;
    virtual Commands& commands() = 0;
    virtual Products& products() = 0;
    virtual Devices& devices() = 0;
    virtual History& history() = 0;
    virtual MessageLog& messageLog() = 0;
    virtual Feed& feed() = 0;

    virtual JournalStatus journal() const = 0;
    virtual void setRetention(const RetentionOptions& retention) = 0;
    /// Brings everything committed so far into the history; Timeout when it takes longer.
    virtual base::Status compactNow(std::int64_t limit_ms) = 0;

    /// Calls `observer` for uplink messages of `kind`, on the I/O thread, after they were taken
    /// into the journal's batch: must be short. Before start only.
    virtual void observe(std::uint32_t kind, Observer observer) = 0;
};

} // namespace fairlead::device
