// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::device {

class ThingModel;
class LatestValues;

enum class DeviceKind { Device, Gateway, Child };

/// A product as the data path sees it: immutable; a change makes a new snapshot.
struct ProductSnapshot {
    std::string id;
    std::string name;
    DeviceKind kind = DeviceKind::Device;
    std::string gateway_id;  ///< may be empty
    std::string protocol_id; ///< may be empty: the gateway's
    bool published = false;
    std::int64_t keep_alive_seconds = 0;                           ///< 0: the transport's own limit
    std::map<std::string, std::string, std::less<>> configuration; ///< secrets in clear
    std::shared_ptr<const ThingModel> model;
};

/// A device as the data path sees it. Shared by sessions, commands and caches; the immutable part
/// is replaced as a whole by the registry when the device or its product changes.
/// Thread: any; every member function is lock-free or takes the entry's own short lock.
class DeviceEntry {
public:
    struct Facts {
        std::string id;
        std::int64_t key = 0; ///< row id: stands for the device in the journal and history
        std::string name;
        std::string parent_id;
        bool active = false; ///< not "inactive"
        std::map<std::string, std::string, std::less<>> configuration;
        std::shared_ptr<const ProductSnapshot> product;
    };

    explicit DeviceEntry(std::shared_ptr<const Facts> facts);
    ~DeviceEntry();

    /// The present facts; hold the pointer while using what it points to.
    std::shared_ptr<const Facts> facts() const { return std::atomic_load(&facts_); }
    void replaceFacts(std::shared_ptr<const Facts> facts) {
        std::atomic_store(&facts_, std::move(facts));
        version_.fetch_add(1, std::memory_order_release);
    }
    /// Changes after the facts did: who read it before facts() may keep them until it is another.
    std::uint32_t version() const noexcept { return version_.load(std::memory_order_acquire); }

    const std::string& id() const noexcept { return id_; }
    std::int64_t key() const noexcept { return key_; }

    /// Latest property values; has its own lock.
    LatestValues& latest() noexcept { return *latest_; }

private:
    std::string id_;
    std::int64_t key_;
    std::atomic<std::uint32_t> version_{0};
    std::shared_ptr<const Facts> facts_;
    std::unique_ptr<LatestValues> latest_;
};

using DevicePtr = std::shared_ptr<DeviceEntry>;

/// Configuration value of the device, else of its product; empty when unset.
std::string_view configuration(const DeviceEntry::Facts& facts, std::string_view key);

} // namespace fairlead::device
