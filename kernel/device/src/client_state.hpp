// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::device {

/// Held exactly-once keys in all: about 300 bytes each. Above it the oldest durable ones go, which
/// belong to clients that never came back.
inline constexpr std::size_t kOnceKeysMax = 1'000'000;
inline constexpr std::size_t kScopeBytesMax = 512;
inline constexpr std::size_t kClientKeyBytesMax = 160;
inline constexpr std::size_t kClientStateBytesMax = 64U * 1024;  ///< one value
inline constexpr std::size_t kClientStatesBytesMax = 256U << 20; ///< all values
inline constexpr std::size_t kClientStatesMax = 2'000'000;

/// One held key. `durable` is set by the writer after the commit of its message.
struct OnceEntry {
    std::uint64_t generation = 0;
    std::atomic<bool> durable{false};
};
using OncePtr = std::shared_ptr<OnceEntry>;

/// What clients left behind: exactly-once keys and small states. In memory; made durable by journal
/// records, and rebuilt from the database and the journal's tail. Thread: any; locks are per shard.
class ClientState {
public:
    struct Hold {
        OncePtr entry;
        bool fresh = false; ///< was not held: the message is to be stored
    };
    /// Takes the key, or finds who holds it.
    Hold hold(std::string_view scope, std::string_view key);
    /// Undoes a fresh hold whose message was not taken after all.
    void unhold(std::string_view scope, std::string_view key, const OncePtr& entry);
    /// Gives the key up; its generation, or 0 when it was not held.
    std::uint64_t release(std::string_view scope, std::string_view key);

    /// Errors: Limit.
    base::Status put(std::string_view scope, std::string_view key, std::string_view value);
    void remove(std::string_view scope, std::string_view key);
    std::shared_ptr<const std::string> get(std::string_view scope, std::string_view key) const;

    /// For rebuilding: a durable key of that generation.
    void restoreHold(std::string_view scope, std::string_view key, std::uint64_t generation);
    void restoreRelease(std::string_view scope, std::string_view key, std::uint64_t generation);

    std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }
    std::size_t stateBytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

    /// Keys dropped for want of room since the last call: (scope, key) to be deleted at rest.
    std::vector<std::pair<std::string, std::string>> takeEvicted();

    /// scope and key in one text, as the database's key is made from.
    static std::string joined(std::string_view scope, std::string_view key);

private:
    static constexpr std::size_t kShards = 16;
    struct Held {
        OncePtr entry;
        std::list<std::string>::iterator age;
    };
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, Held> once;
        std::list<std::string> ages; ///< oldest first
        std::unordered_map<std::string, std::shared_ptr<const std::string>> states;
    };

    Shard& shardOf(const std::string& joined_key) {
        return shards_[std::hash<std::string>{}(joined_key) % kShards];
    }
    const Shard& shardOf(const std::string& joined_key) const {
        return shards_[std::hash<std::string>{}(joined_key) % kShards];
    }
    OncePtr insert(Shard& shard, const std::string& joined_key, std::uint64_t generation);
    void evict(Shard& shard);
    void drop(Shard& shard, std::unordered_map<std::string, Held>::iterator found);

    std::array<Shard, kShards> shards_;
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::size_t> held_{0};
    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::size_t> states_{0};
    std::mutex evicted_mutex_;
    std::vector<std::pair<std::string, std::string>> evicted_;
};

} // namespace fairlead::device
