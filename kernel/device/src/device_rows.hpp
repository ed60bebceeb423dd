// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "db.hpp"
#include "fairlead/base/result.hpp"
#include "fairlead/device/devices.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::device {

/// Changes of the number of devices by product and state, gathered within one transaction.
class CountChanges {
public:
    void add(const std::string& product_id, DeviceState state, std::int64_t by) {
        changes_[{product_id, static_cast<std::int64_t>(state)}] += by;
    }
    /// In the order of the primary key, so that two transactions never wait for each other.
    base::Status store(DbSession& session) const;

private:
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> changes_;
};

/// Adds to `errors` what is wrong with a status of base::checkName and the like.
void addProblem(std::vector<base::FieldError>& errors, const std::string& field,
                const base::Status& status);

/// Checks tags against their limits.
void checkTag(const std::string& key, const std::string& value,
              std::vector<base::FieldError>& errors);

/// "Invalid" with all of `errors`, or OK when there are none; `code` is "device.invalid" and such.
base::Status invalidUnless(std::vector<base::FieldError> errors, const std::string& code);

/// Columns of readDevice, for SELECT … FROM devices.
extern const char* const kDeviceColumns;
Device readDevice(const DbRow& row);

/// Tags of some devices.
base::Result<std::map<std::int64_t, Tags>> readTags(DbSession& session,
                                                    const std::vector<std::int64_t>& keys);

/// Sets what has a value and removes what has none; the device must not have more than kTagsMax.
base::Status storeTags(DbSession& session, std::int64_t device_key,
                       const std::map<std::string, std::optional<std::string>>& tags);

/// The first text after all that begin with `prefix`.
std::string afterPrefix(std::string prefix);

} // namespace fairlead::device
