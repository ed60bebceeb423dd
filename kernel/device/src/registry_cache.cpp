// SPDX-License-Identifier: Apache-2.0
#include "registry_cache.hpp"

#include "configuration.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/device/products.hpp"
#include "fairlead/device/thing_model.hpp"
#include "fairlead/runtime/log.hpp"
#include "latest.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

/// Devices looked at for eviction with one insert.
constexpr int kEvictScan = 8;
constexpr std::size_t kProductsCachedMax = 10'000;

base::Error unknownDevice(std::string_view id) {
    return base::Error{base::Errc::NotFound, "device.unknown",
                       "there is no device \"" + std::string{id} + "\""};
}

} // namespace

RegistryCache::RegistryCache(Options options) : options_(std::move(options)) {}

DevicePtr RegistryCache::find(std::string_view device_id) {
    Shard& shard = shardOf(device_id);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.index.find(device_id);
    if (found == shard.index.end()) {
        return nullptr;
    }
    found->second->used_at = base::utcNow();
    shard.devices.splice(shard.devices.begin(), shard.devices, found->second);
    return found->second->device;
}

bool RegistryCache::isUnknown(std::string_view id) {
    if (!base::isUserId(id)) {
        return true;
    }
    Shard& shard = shardOf(id);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.unknown.find(std::string{id});
    return found != shard.unknown.end() && found->second > base::utcNow();
}

void RegistryCache::rememberUnknown(const std::string& id) {
    Shard& shard = shardOf(id);
    const std::lock_guard guard(shard.mutex);
    if (shard.unknown.size() >= kUnknownMax / kShards) {
        shard.unknown.clear();
    }
    shard.unknown[id] = base::utcNow() + kUnknownMs;
}

void RegistryCache::load(std::string device_id, Loaded done) {
    if (DevicePtr device = find(device_id)) {
        done(std::move(device));
        return;
    }
    if (isUnknown(device_id)) {
        done(unknownDevice(device_id));
        return;
    }
    {
        const std::lock_guard guard(loading_mutex_);
        std::vector<Loaded>& waiting = loading_[device_id];
        waiting.push_back(std::move(done));
        if (waiting.size() > 1) {
            return;
        }
    }
    const base::Status submitted =
        options_.executor->submit([this, device_id] { finish(device_id, read(device_id)); });
    if (!submitted) {
        finish(device_id, base::Error{submitted.error()});
    }
}

void RegistryCache::finish(const std::string& device_id, const base::Result<DevicePtr>& result) {
    std::vector<Loaded> waiting;
    {
        const std::lock_guard guard(loading_mutex_);
        const auto found = loading_.find(device_id);
        waiting = std::move(found->second);
        loading_.erase(found);
    }
    for (const Loaded& done : waiting) {
        done(result);
    }
}

base::Result<DevicePtr> RegistryCache::get(std::string_view device_id) {
    if (DevicePtr device = find(device_id)) {
        return device;
    }
    if (isUnknown(device_id)) {
        return unknownDevice(device_id);
    }
    return read(std::string{device_id});
}

base::Result<DevicePtr> RegistryCache::read(const std::string& device_id) {
    auto facts = readFacts(device_id);
    if (!facts) {
        if (facts.error().kind() == base::Errc::NotFound) {
            rememberUnknown(device_id);
        }
        return std::move(facts).error();
    }
    auto device = std::make_shared<DeviceEntry>(*facts);
    const auto work = [&device](DbSession& session) -> base::Status {
        FL_ASSIGN(const auto rows, session.query("SELECT data FROM device_latest WHERE "
                                                 "device_key = ?",
                                                 {DbValue{device->key()}}));
        if (!rows.empty() && !device->latest().load(rows.front().text(0))) {
            runtime::logWarning("device", "latest values of " + device->id() + " cannot be read");
        }
        return {};
    };
    FL_TRY(options_.history->read(work));
    return insert(std::move(device));
}

/// Puts it in, unless somebody was faster: then that one.
DevicePtr RegistryCache::insert(DevicePtr device) {
    Shard& shard = shardOf(device->id());
    const std::lock_guard guard(shard.mutex);
    if (const auto found = shard.index.find(device->id()); found != shard.index.end()) {
        return found->second->device;
    }
    shard.unknown.erase(device->id());
    evict(shard);
    shard.devices.push_front(Cached{device, base::utcNow()});
    shard.index.emplace(device->id(), shard.devices.begin());
    size_ += 1;
    return device;
}

void RegistryCache::evict(Shard& shard) {
    const base::UtcMs now = base::utcNow();
    if (shard.devices.size() < options_.devices_max / kShards ||
        (options_.may_evict && !options_.may_evict())) {
        return;
    }
    for (int i = 0; i < kEvictScan && !shard.devices.empty(); ++i) {
        const auto oldest = std::prev(shard.devices.end());
        bool idle = oldest->device.use_count() == 1 && now - oldest->used_at > kEvictIdleMs;
        if (idle) {
            LatestValues& latest = oldest->device->latest();
            const auto lock = latest.lock();
            idle = now - latest.changedAt() > kEvictIdleMs;
        }
        if (idle) {
            shard.index.erase(oldest->device->id());
            shard.devices.erase(oldest);
            size_ -= 1;
        } else {
            shard.devices.splice(shard.devices.begin(), shard.devices, oldest);
        }
    }
}

base::Result<RegistryCache::Facts> RegistryCache::readFacts(const std::string& device_id) {
    auto facts = std::make_shared<DeviceEntry::Facts>();
    std::string product_id;
    std::string stored;
    const auto work = [&](DbSession& session) -> base::Status {
        FL_ASSIGN(const auto rows,
                  session.query("SELECT device_key, name, parent_id, state, configuration, "
                                "product_id FROM devices WHERE id = ?",
                                {DbValue{device_id}}));
        if (rows.empty()) {
            return unknownDevice(device_id);
        }
        const DbRow& row = rows.front();
        facts->id = device_id;
        facts->key = row.integer(0);
        facts->name = row.text(1);
        facts->parent_id = row.text(2);
        facts->active = row.integer(3) != static_cast<std::int64_t>(DeviceState::Inactive);
        stored = row.text(4);
        product_id = row.text(5);
        return {};
    };
    FL_TRY(options_.database->read(work));
    FL_ASSIGN(const std::string json,
              unsealConfiguration(options_.secrets, stored, "device/" + device_id));
    facts->configuration = configurationMap(json);
    FL_ASSIGN(facts->product, product(product_id));
    return Facts{facts};
}

base::Result<RegistryCache::Product> RegistryCache::product(const std::string& product_id) {
    {
        const std::lock_guard guard(products_mutex_);
        if (const auto found = products_.find(product_id); found != products_.end()) {
            return found->second;
        }
    }
    FL_ASSIGN(Product loaded, readProduct(product_id));
    const std::lock_guard guard(products_mutex_);
    if (products_.size() >= kProductsCachedMax) {
        products_.clear();
    }
    return products_.try_emplace(product_id, std::move(loaded)).first->second;
}

base::Result<RegistryCache::Product> RegistryCache::readProduct(const std::string& product_id) {
    auto out = std::make_shared<ProductSnapshot>();
    std::string stored;
    std::string model;
    const auto work = [&](DbSession& session) -> base::Status {
        FL_ASSIGN(const auto rows,
                  session.query("SELECT name, kind, gateway_id, protocol_id, published, "
                                "keep_alive_seconds, configuration, thing_model FROM products "
                                "WHERE id = ?",
                                {DbValue{product_id}}));
        if (rows.empty()) {
            return base::Error{base::Errc::NotFound, "product.unknown",
                               "there is no product \"" + product_id + "\""};
        }
        const DbRow& row = rows.front();
        out->id = product_id;
        out->name = row.text(0);
        out->kind = parseDeviceKind(row.text(1)).value_or(DeviceKind::Device);
        out->gateway_id = row.text(2);
        out->protocol_id = row.text(3);
        out->published = row.integer(4) != 0;
        out->keep_alive_seconds = row.integer(5);
        stored = row.text(6);
        model = row.text(7);
        return {};
    };
    FL_TRY(options_.database->read(work));
    FL_ASSIGN(const std::string json,
              unsealConfiguration(options_.secrets, stored, "product/" + product_id));
    out->configuration = configurationMap(json);
    FL_ASSIGN(out->model, ThingModel::parse(model));
    return Product{out};
}

base::Status RegistryCache::deviceChanged(const std::string& device_id) {
    Shard& shard = shardOf(device_id);
    {
        const std::lock_guard guard(shard.mutex);
        shard.unknown.erase(device_id);
    }
    const DevicePtr device = find(device_id);
    if (device == nullptr) {
        return {};
    }
    auto facts = readFacts(device_id);
    if (facts && (*facts)->key == device->key()) {
        device->replaceFacts(std::move(*facts));
        return {};
    }
    // Gone, or made anew under the same id: sessions end by themselves, nobody new finds it.
    auto gone = std::make_shared<DeviceEntry::Facts>(*device->facts());
    gone->active = false;
    device->replaceFacts(std::move(gone));
    {
        const std::lock_guard guard(shard.mutex);
        if (const auto found = shard.index.find(device_id); found != shard.index.end()) {
            shard.devices.erase(found->second);
            shard.index.erase(found);
            size_ -= 1;
        }
    }
    if (!facts && facts.error().kind() != base::Errc::NotFound) {
        return std::move(facts).error();
    }
    return {};
}

base::Status RegistryCache::productChanged(const std::string& product_id) {
    {
        const std::lock_guard guard(products_mutex_);
        products_.erase(product_id);
    }
    auto snapshot = product(product_id);
    if (!snapshot) {
        return snapshot.error().kind() == base::Errc::NotFound ? base::Status{}
                                                               : std::move(snapshot).error();
    }
    for (Shard& shard : shards_) {
        const std::lock_guard guard(shard.mutex);
        for (const Cached& cached : shard.devices) {
            const auto facts = cached.device->facts();
            if (facts->product != nullptr && facts->product->id == product_id) {
                auto changed = std::make_shared<DeviceEntry::Facts>(*facts);
                changed->product = *snapshot;
                cached.device->replaceFacts(std::move(changed));
            }
        }
    }
    return {};
}

} // namespace fairlead::device
