// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/device/data_value.hpp"
#include "fairlead/device/entry.hpp"
#include "fairlead/security/usage.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::device {

inline constexpr std::size_t kTagsMax = 32; ///< of one device
inline constexpr std::size_t kTagKeyCharsMax = 64;
inline constexpr std::size_t kTagValueCharsMax = 128;
/// Devices made by one createMany.
inline constexpr std::size_t kCreateManyMax = 1'000;
/// A list with a prefix search counts and sorts at most so many matches (of id and of name each).
inline constexpr std::size_t kSearchMatchesMax = 5'000;

enum class DeviceState { Inactive, Offline, Online };
const char* toText(DeviceState state) noexcept; ///< "inactive", "offline", "online"
std::optional<DeviceState> parseDeviceState(std::string_view text) noexcept;

using Tags = std::map<std::string, std::string>;

struct Device {
    std::string id;
    std::int64_t key = 0;
    std::string name;
    std::string description;
    std::string product_id;
    std::string product_name;
    DeviceKind kind = DeviceKind::Device; ///< its product's
    std::string parent_id;
    std::string configuration = "{}"; ///< JSON object, secrets masked; empty in lists
    DeviceState state = DeviceState::Inactive;
    std::string address;
    std::string gateway_id;
    std::string session_node;
    Tags tags;
    base::UtcMs online_at = 0; ///< 0: never
    base::UtcMs offline_at = 0;
    base::UtcMs last_seen_at = 0;
    std::int64_t version = 1;
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
};

struct NewDevice {
    std::string id; ///< the user's own, [0-9A-Za-z_-]{1,64}
    std::string name;
    std::string description;
    std::string product_id;
    std::string parent_id; ///< only for child products; a device of a gateway product
    std::string configuration = "{}";
    Tags tags;
    bool active = false; ///< activated at once
};

/// What is set is changed. The product cannot be (X3).
struct DeviceChange {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> parent_id;     ///< empty: none
    std::optional<std::string> configuration; ///< JSON merge patch: null removes, "***" leaves
    std::map<std::string, std::optional<std::string>> tags; ///< no value removes the tag
};

struct DeviceQuery {
    std::string q; ///< prefix of id or name
    std::string product_id;
    std::string parent_id;
    std::optional<DeviceState> state;
    std::optional<std::pair<std::string, std::string>> tag;
    std::string sort = "-createdAt"; ///< id, name, createdAt, with "-" in front for descending
    std::size_t page = 1;
    std::size_t page_size = 20;
};

struct DevicePage {
    std::vector<Device> items;
    std::int64_t total = 0;
    /// `total` is the least there are: a prefix search stopped counting at kSearchMatchesMax.
    bool total_is_least = false;
};

/// A property as a person sees it.
struct PropertyView {
    std::string id;
    std::string name;
    std::string value_type; ///< JSON of the model; empty when not declared
    bool declared = true;
    bool readable = false;
    bool writable = false;
    DataValue value;  ///< null when never reported
    std::string text; ///< with unit, enum text and so on
    Quality quality = Quality::Good;
    base::UtcMs time = 0; ///< the device's own; 0 when never reported
    base::UtcMs received_at = 0;
};

struct DeviceCounts {
    std::int64_t total = 0;
    std::int64_t online = 0;
    std::int64_t offline = 0;
    std::int64_t inactive = 0;
};

/// Devices. Thread: any. Blocks: on the database.
///
/// Errors: Invalid (code "device.invalid", fields() name what), NotFound ("device.unknown"),
/// Conflict ("device.exists", "device.in_use", "stale"), and the database's.
class Devices {
public:
    virtual ~Devices() = default;

    virtual base::Result<DevicePage> list(const DeviceQuery& query) = 0;
    virtual base::Result<Device> get(const std::string& id) = 0;
    virtual base::Result<Device> create(const NewDevice& input) = 0;
    /// All or none; one error names the first that is wrong ("3.name").
    virtual base::Status createMany(std::span<const NewDevice> inputs) = 0;
    /// `expected_version` 0: any.
    virtual base::Result<Device> change(const std::string& id, const DeviceChange& change,
                                        std::int64_t expected_version) = 0;
    /// Closes its session. Refused while it has children; usedBy names them.
    virtual base::Status remove(const std::string& id, std::int64_t expected_version) = 0;
    /// Repeatable. A deactivated device loses its session.
    virtual base::Result<Device> activate(const std::string& id) = 0;
    virtual base::Result<Device> deactivate(const std::string& id) = 0;
    /// Ends the session, if there is one; the device may connect again.
    virtual base::Status disconnect(const std::string& id) = 0;

    /// At most kUsersNamedMax children of the device.
    virtual base::Result<std::vector<security::Usage>> usedBy(const std::string& id) = 0;

    /// Latest values in the order of the model, then undeclared ones.
    virtual base::Result<std::vector<PropertyView>> properties(const std::string& id) = 0;

    /// From incremental counters: cheap at any number of devices.
    virtual base::Result<DeviceCounts> counts() = 0;
};

} // namespace fairlead::device
