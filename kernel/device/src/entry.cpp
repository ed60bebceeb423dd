// SPDX-License-Identifier: Apache-2.0
#include "fairlead/device/entry.hpp"

#include "latest.hpp"

namespace fairlead::device {

DeviceEntry::DeviceEntry(std::shared_ptr<const Facts> facts)
    : id_(facts->id), key_(facts->key), facts_(std::move(facts)),
      latest_(std::make_unique<LatestValues>()) {}

DeviceEntry::~DeviceEntry() = default;

std::string_view configuration(const DeviceEntry::Facts& facts, std::string_view key) {
    if (const auto own = facts.configuration.find(key); own != facts.configuration.end()) {
        return own->second;
    }
    if (facts.product != nullptr) {
        const auto shared = facts.product->configuration.find(key);
        if (shared != facts.product->configuration.end()) {
            return shared->second;
        }
    }
    return {};
}

} // namespace fairlead::device
