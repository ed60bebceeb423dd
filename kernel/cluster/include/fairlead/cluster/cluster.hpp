// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/storage/database.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cluster {

/// Bytes of one event, request or reply (NATS' own default is 1 MiB).
inline constexpr std::size_t kPayloadBytesMax = 1U << 20;
/// Events that wait for one subscriber; above it the oldest of that subscriber are dropped and
/// counted.
inline constexpr std::size_t kSubscriberQueueMax = 4096;
inline constexpr std::size_t kSubscriptionsMax = 10'000;
/// Directory entries of one node; a session is about 200 bytes.
inline constexpr std::size_t kDirectoryEntriesMax = 2'000'000;

struct Node {
    std::string id;
    std::string address;
    std::string version;
    base::UtcMs started_at = 0;
    base::UtcMs seen_at = 0; ///< last heartbeat
    bool alive = false;
};

struct Event {
    std::string topic;
    std::string payload;
    std::string node; ///< who published it
};

/// A lease on a name: at most one node has it. `fence` grows with every new holder.
struct Lease {
    std::string name;
    std::string node;
    std::int64_t fence = 0;
    base::UtcMs expires_at = 0;
};

struct DirectoryEntry {
    std::string value;
    std::uint64_t revision = 0;
};

using EventHandler = std::function<void(const Event&)>;
using Reply = std::function<void(base::Result<std::string>)>;
/// Answers by calling `reply` once, at once or later, from any thread.
using RequestHandler = std::function<void(const std::string& payload, Reply reply)>;

/// What nodes say to each other; in a single node it all stays in the process.
/// Topics and subjects: words of [0-9A-Za-z_-] joined by '.'; a subscription may end in ".>", which
/// stands for one or more words, and hold "*" for one word. Thread: any. Blocks: as said.
class Cluster {
public:
    virtual ~Cluster() = default;

    virtual const std::string& nodeId() const noexcept = 0;

    virtual base::Status start() = 0;
    virtual void stop() = 0;

    /// 1. Event bus. Delivery is in order per publisher and subscriber, at most once, on a thread
    /// of the cluster; handlers must be short. publish blocks: no.
    virtual base::Status publish(std::string topic, std::string payload) = 0;
    /// Id is never 0. Error Limit above kSubscriptionsMax, Invalid for a bad pattern.
    virtual base::Result<std::uint64_t> subscribe(const std::string& pattern,
                                                  EventHandler handler) = 0;
    /// The handler does not run any more when this returns, unless it is the caller itself.
    virtual void unsubscribe(std::uint64_t id) = 0;

    /// 2. Command routing. One handler per subject and node; `node` empty: any node that serves it.
    /// `reply` is called once: NotFound when nobody serves it, Timeout after `timeout_ms`. The
    /// handler runs on the calling thread in a single node.
    virtual base::Status serve(const std::string& subject, RequestHandler handler) = 0;
    virtual void unserve(const std::string& subject) = 0;
    virtual void request(const std::string& node, const std::string& subject, std::string payload,
                         std::int64_t timeout_ms, Reply reply) = 0;

    /// 3. Session directory: small values by key, gone with the node that put them. put with
    /// `expected` replaces only that revision (0: only when absent), else Conflict.
    virtual base::Result<std::uint64_t>
    put(const std::string& key, std::string value,
        std::optional<std::uint64_t> expected = std::nullopt) = 0;
    virtual std::optional<DirectoryEntry> get(const std::string& key) = 0;
    /// With `expected`: only that revision. True when something was removed.
    virtual bool erase(const std::string& key,
                       std::optional<std::uint64_t> expected = std::nullopt) = 0;

    /// 4. Lease: takes or renews. Conflict when another node has it.
    virtual base::Result<Lease> lease(const std::string& name, std::int64_t duration_ms) = 0;
    virtual void release(const std::string& name) = 0;

    /// 5. Nodes, this one included; reads the database.
    virtual base::Result<std::vector<Node>> nodes() = 0;
};

struct ClusterOptions {
    std::string node_id;
    std::string address;
    std::string version;
    std::int64_t heartbeat_ms = 5'000; ///< a node is dead after three
};

/// Tables of this module, component "cluster": apply before start.
std::span<const storage::Migration> migrations();

/// The cluster of one node: everything in the process, the node row in the database.
std::unique_ptr<Cluster> makeSingleNode(storage::Database& database, ClusterOptions options);

} // namespace fairlead::cluster
