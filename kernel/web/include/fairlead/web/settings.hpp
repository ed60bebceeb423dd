// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/storage/database.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fairlead::web {

inline constexpr std::int64_t kRetentionDaysMax = 3650;

/// What administrators set on the pages; what is never set there comes from the configuration.
struct SettingsValues {
    std::string site_name = "Fairlead";
    std::int64_t history_days = 90;
    std::int64_t message_days = 30;
    std::int64_t access_log_days = 180;
    std::int64_t system_log_days = 30;
    std::int64_t version = 1;
};

struct SettingsChange {
    std::optional<std::string> site_name;
    std::optional<std::int64_t> history_days;
    std::optional<std::int64_t> message_days;
    std::optional<std::int64_t> access_log_days;
    std::optional<std::int64_t> system_log_days;
};

/// Settings of the site, shared by all nodes. Thread: any. Blocks: on the database.
class SettingsStore {
public:
    /// `defaults` are the configuration's.
    SettingsStore(storage::Database& database, SettingsValues defaults)
        : database_(database), defaults_(std::move(defaults)) {}

    /// Component "web": apply before use.
    static std::span<const storage::Migration> migrations();

    base::Result<SettingsValues> get();
    /// `expected_version` 0: any; else Conflict "stale" when it differs.
    base::Result<SettingsValues> change(const SettingsChange& change,
                                        std::int64_t expected_version);

    /// Called after a change, on the thread that made it. Before first use only.
    void onChange(std::function<void(const SettingsValues&)> listener) {
        listeners_.push_back(std::move(listener));
    }

private:
    storage::Database& database_;
    SettingsValues defaults_;
    std::mutex change_mutex_; ///< one change at a time on this node
    std::vector<std::function<void(const SettingsValues&)>> listeners_;
};

} // namespace fairlead::web
