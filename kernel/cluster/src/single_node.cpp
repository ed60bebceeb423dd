// SPDX-License-Identifier: Apache-2.0
#include "fairlead/cluster/cluster.hpp"

#include "local_bus.hpp"
#include "node_table.hpp"

#include <algorithm>
#include <shared_mutex>
#include <unordered_map>

namespace fairlead::cluster {

using base::Error;

namespace {

class SingleNode : public Cluster {
public:
    SingleNode(storage::Database& database, const ClusterOptions& options)
        : node_id_(options.node_id), bus_(options.node_id), table_(database, options) {}

    const std::string& nodeId() const noexcept override { return node_id_; }

    base::Status start() override {
        FL_TRY(table_.start());
        bus_.start();
        return {};
    }
    void stop() override {
        bus_.stop();
        table_.stop();
    }

    base::Status publish(std::string topic, std::string payload) override {
        return bus_.publish(std::move(topic), std::move(payload));
    }
    base::Result<std::uint64_t> subscribe(const std::string& pattern,
                                          EventHandler handler) override {
        return bus_.subscribe(pattern, std::move(handler));
    }
    void unsubscribe(std::uint64_t id) override { bus_.unsubscribe(id); }

    base::Status serve(const std::string& subject, RequestHandler handler) override {
        return bus_.serve(subject, std::move(handler));
    }
    void unserve(const std::string& subject) override { bus_.unserve(subject); }
    void request(const std::string& node, const std::string& subject, std::string payload,
                 std::int64_t timeout_ms, Reply reply) override;

    base::Result<std::uint64_t> put(const std::string& key, std::string value,
                                    std::optional<std::uint64_t> expected) override;
    std::optional<DirectoryEntry> get(const std::string& key) override;
    bool erase(const std::string& key, std::optional<std::uint64_t> expected) override;

    base::Result<Lease> lease(const std::string& name, std::int64_t duration_ms) override;
    void release(const std::string& name) override;

    base::Result<std::vector<Node>> nodes() override { return table_.list(); }

private:
    const std::string node_id_;
    LocalBus bus_;
    NodeTable table_;
    std::shared_mutex directory_mutex_;
    std::unordered_map<std::string, DirectoryEntry> directory_; // guarded by directory_mutex_
    std::uint64_t revision_ = 0;                                // guarded by directory_mutex_
    std::mutex lease_mutex_;
    std::map<std::string, Lease> leases_; // guarded by lease_mutex_
    std::int64_t fence_ = 0;              // guarded by lease_mutex_
};

void SingleNode::request(const std::string& node, const std::string& subject, std::string payload,
                         std::int64_t timeout_ms, Reply reply) {
    if (!node.empty() && node != node_id_) {
        reply(Error::notFound("There is no node " + node));
        return;
    }
    bus_.request(subject, std::move(payload), timeout_ms, std::move(reply));
}

base::Result<std::uint64_t> SingleNode::put(const std::string& key, std::string value,
                                            std::optional<std::uint64_t> expected) {
    const std::unique_lock lock(directory_mutex_);
    const auto it = directory_.find(key);
    const std::uint64_t present = it == directory_.end() ? 0 : it->second.revision;
    if (expected && *expected != present) {
        return Error::conflict("The directory entry " + key + " was changed meanwhile");
    }
    if (present == 0 && directory_.size() >= kDirectoryEntriesMax) {
        return Error::limit("The directory holds " + std::to_string(directory_.size()) +
                            " entries, the most it may");
    }
    directory_[key] = {std::move(value), ++revision_};
    return revision_;
}

std::optional<DirectoryEntry> SingleNode::get(const std::string& key) {
    const std::shared_lock lock(directory_mutex_);
    const auto it = directory_.find(key);
    return it == directory_.end() ? std::nullopt : std::optional(it->second);
}

bool SingleNode::erase(const std::string& key, std::optional<std::uint64_t> expected) {
    const std::unique_lock lock(directory_mutex_);
    const auto it = directory_.find(key);
    if (it == directory_.end() || (expected && *expected != it->second.revision)) {
        return false;
    }
    directory_.erase(it);
    return true;
}

base::Result<Lease> SingleNode::lease(const std::string& name, std::int64_t duration_ms) {
    const std::lock_guard lock(lease_mutex_);
    const base::UtcMs now = base::utcNow();
    Lease& lease = leases_[name];
    if (lease.expires_at <= now) {
        // Counted from the clock, so that it grows over restarts too.
        fence_ = std::max(fence_ + 1, now);
        lease = {name, node_id_, fence_, 0};
    }
    lease.expires_at = now + duration_ms;
    return lease;
}

void SingleNode::release(const std::string& name) {
    const std::lock_guard lock(lease_mutex_);
    leases_.erase(name);
}

} // namespace

std::unique_ptr<Cluster> makeSingleNode(storage::Database& database, ClusterOptions options) {
    return std::make_unique<SingleNode>(database, options);
}

} // namespace fairlead::cluster
