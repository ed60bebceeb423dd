// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"
#include "db.hpp"
#include "device_rows.hpp"
#include "fairlead/device/devices.hpp"
#include "registry_cache.hpp"
#include "session_hub.hpp"
#include "slice.hpp"
#include "state_writer.hpp"

#include <functional>
#include <string>

namespace fairlead::device {

class DeviceService final : public Devices {
public:
    struct Options {
        storage::Database* database = nullptr;
        const security::Secrets* secrets = nullptr;
        RegistryCache* registry = nullptr;
        SessionHub* sessions = nullptr;
        StateWriter* states = nullptr;
        std::string node_id;
        IsSecret is_secret;
        std::function<void(const std::string& id)> changed;
    };
    explicit DeviceService(Options options) : options_(std::move(options)) {}

    base::Result<DevicePage> list(const DeviceQuery& query) override;
    base::Result<Device> get(const std::string& id) override;
    base::Result<Device> create(const NewDevice& input) override;
    base::Status createMany(std::span<const NewDevice> inputs) override;
    base::Result<Device> change(const std::string& id, const DeviceChange& change,
                                std::int64_t expected_version) override;
    base::Status remove(const std::string& id, std::int64_t expected_version) override;
    base::Result<Device> activate(const std::string& id) override;
    base::Result<Device> deactivate(const std::string& id) override;
    base::Status disconnect(const std::string& id) override;
    base::Result<std::vector<security::Usage>> usedBy(const std::string& id) override;
    base::Result<std::vector<PropertyView>> properties(const std::string& id) override;
    base::Result<DeviceCounts> counts() override;

    /// Tags that devices reported themselves; what breaks a limit is left out.
    base::Status storeReportedTags(const std::vector<TagUpdate>& tags);

private:
    struct ProductFacts {
        DeviceKind kind = DeviceKind::Device;
        std::string protocol_id;
    };

    base::Result<Device> readClear(DbSession& session, const std::string& id);
    base::Status complete(DbSession& session, std::vector<Device>& devices);
    base::Result<ProductFacts> productFacts(DbSession& session, const std::string& product_id);
    base::Status checkParent(DbSession& session, const std::string& id,
                             const std::string& parent_id, DeviceKind kind);
    base::Status insert(DbSession& session, const NewDevice& input, CountChanges& counts);
    base::Result<std::string> protocolOf(DbSession& session, const std::string& product_id);
    base::Result<Device> setActive(const std::string& id, bool active);
    void overlay(Device& device) const;
    void announce(const std::string& id);

    const Options options_;
};

/// One page of devices. See the index notes in the source.
base::Result<DevicePage> listDevices(DbSession& session, const DeviceQuery& query);

} // namespace fairlead::device
