// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "db.hpp"
#include "fairlead/device/registry.hpp"
#include "fairlead/runtime/executor.hpp"
#include "fairlead/security/secrets.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace fairlead::device {

/// Ids that do not exist and are remembered; about 120 bytes each.
inline constexpr std::size_t kUnknownMax = 65'536;
inline constexpr std::int64_t kUnknownMs = 10'000;
/// A device that nobody uses stays at least so long: its latest values are in the database then.
inline constexpr std::int64_t kEvictIdleMs = 60'000;

/// Devices and products in memory.
class RegistryCache final : public Registry {
public:
    struct Options {
        storage::Database* database = nullptr;
        storage::Database* history = nullptr;
        const security::Secrets* secrets = nullptr;
        runtime::Executor* executor = nullptr;
        std::size_t devices_max = 200'000;
        /// False while the history lags so far behind that evicted values could be missed.
        std::function<bool()> may_evict;
    };

    explicit RegistryCache(Options options);

    DevicePtr find(std::string_view device_id) override;
    void load(std::string device_id, Loaded done) override;
    base::Result<DevicePtr> get(std::string_view device_id) override;

    /// The row of the device changed, appeared or went: what is cached follows. Blocks.
    base::Status deviceChanged(const std::string& device_id);
    /// The product changed: its devices in memory get the new snapshot. Blocks.
    base::Status productChanged(const std::string& product_id);

    std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
    using Facts = std::shared_ptr<const DeviceEntry::Facts>;
    using Product = std::shared_ptr<const ProductSnapshot>;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Cached {
        DevicePtr device;
        base::UtcMs used_at = 0;
    };
    static constexpr std::size_t kShards = 16;
    struct Shard {
        std::mutex mutex;
        std::list<Cached> devices; ///< most recently used first
        std::unordered_map<std::string, std::list<Cached>::iterator, Hash, std::equal_to<>> index;
        std::unordered_map<std::string, base::UtcMs> unknown; ///< id to when it is forgotten
    };

    Shard& shardOf(std::string_view id) { return shards_[Hash{}(id) % kShards]; }
    bool isUnknown(std::string_view id);
    void rememberUnknown(const std::string& id);
    DevicePtr insert(DevicePtr device);
    void evict(Shard& shard);
    base::Result<DevicePtr> read(const std::string& device_id);
    base::Result<Facts> readFacts(const std::string& device_id);
    base::Result<Product> product(const std::string& product_id);
    base::Result<Product> readProduct(const std::string& product_id);
    void finish(const std::string& device_id, const base::Result<DevicePtr>& result);

    const Options options_;
    std::array<Shard, kShards> shards_;
    std::atomic<std::size_t> size_{0};

    std::mutex products_mutex_;
    std::unordered_map<std::string, Product> products_;

    std::mutex loading_mutex_;
    std::unordered_map<std::string, std::vector<Loaded>> loading_;
};

} // namespace fairlead::device
