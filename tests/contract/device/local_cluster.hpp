// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/cluster/cluster.hpp"

#include <map>
#include <mutex>

/// A cluster of one node whose bus delivers at once, so that a test sees an event when the call
/// that caused it returns.
class LocalCluster final : public fairlead::cluster::Cluster {
public:
    const std::string& nodeId() const noexcept override { return node_; }
    fairlead::base::Status start() override { return {}; }
    void stop() override {}

    fairlead::base::Status publish(std::string topic, std::string payload) override {
        std::vector<fairlead::cluster::EventHandler> handlers;
        {
            const std::lock_guard guard(mutex_);
            for (const auto& entry : handlers_) {
                if (entry.second.first == topic) {
                    handlers.push_back(entry.second.second);
                }
            }
        }
        for (const auto& handler : handlers) {
            handler({topic, payload, node_});
        }
        return {};
    }
    fairlead::base::Result<std::uint64_t>
    subscribe(const std::string& pattern, fairlead::cluster::EventHandler handler) override {
        const std::lock_guard guard(mutex_);
        handlers_[++last_] = {pattern, std::move(handler)};
        return last_;
    }
    void unsubscribe(std::uint64_t id) override {
        const std::lock_guard guard(mutex_);
        handlers_.erase(id);
    }

    fairlead::base::Status serve(const std::string&, fairlead::cluster::RequestHandler) override {
        return unused();
    }
    void unserve(const std::string&) override {}
    void request(const std::string&, const std::string&, std::string, std::int64_t,
                 fairlead::cluster::Reply reply) override {
        reply(unused());
    }
    fairlead::base::Result<std::uint64_t> put(const std::string&, std::string,
                                              std::optional<std::uint64_t>) override {
        return unused();
    }
    std::optional<fairlead::cluster::DirectoryEntry> get(const std::string&) override {
        return std::nullopt;
    }
    bool erase(const std::string&, std::optional<std::uint64_t>) override { return false; }
    fairlead::base::Result<fairlead::cluster::Lease> lease(const std::string&,
                                                           std::int64_t) override {
        return unused();
    }
    void release(const std::string&) override {}
    fairlead::base::Result<std::vector<fairlead::cluster::Node>> nodes() override {
        return unused();
    }

private:
    static fairlead::base::Error unused() {
        return fairlead::base::Error::failed("not used by these tests");
    }

    const std::string node_ = "node-1";
    std::mutex mutex_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, std::pair<std::string, fairlead::cluster::EventHandler>> handlers_;
};
