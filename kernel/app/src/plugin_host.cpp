// SPDX-License-Identifier: Apache-2.0
#include "plugin_host.hpp"

#include "fairlead/base/time.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/storage/sql.hpp"

#include <cmath>
#include <vector>

namespace fairlead::app {

namespace {

// Log levels of the plugin ABI (FL_LOG_…), which the app does not include.
runtime::LogLevel toLevel(std::uint32_t level) {
    switch (level) {
    case 1:
        return runtime::LogLevel::Debug;
    case 3:
        return runtime::LogLevel::Warning;
    case 4:
        return runtime::LogLevel::Error;
    default:
        return runtime::LogLevel::Information;
    }
}

} // namespace

std::span<const storage::Migration> PluginHost::migrations() {
    static const std::vector<storage::Migration> all = {
        {1,
         "state of plugins",
         {"CREATE TABLE IF NOT EXISTS plugin_state (plugin_id {id} NOT NULL, state_key "
          "{text} NOT NULL, value {blob} NOT NULL, updated_at {int} NOT NULL, PRIMARY KEY "
          "(plugin_id, state_key))"}},
    };
    return all;
}

void PluginHost::log(std::string_view plugin_id, std::uint32_t level, std::string_view component,
                     std::string_view text) noexcept {
    try {
        std::string source = "plugin." + std::string{plugin_id};
        if (!component.empty()) {
            source += "." + std::string{component};
        }
        runtime::Log::global().log(toLevel(level), source, std::string{text});
    } catch (...) {
        // A line lost for want of memory must not end the plugin's call.
        static_cast<void>(level);
    }
}

runtime::Gauge& PluginHost::gauge(std::string_view plugin_id, std::string_view name,
                                  const std::string& prefix) {
    const std::lock_guard lock{mutex_};
    const std::string metric = prefix + std::string{name};
    auto& slot = gauges_[std::string{plugin_id} + "/" + metric];
    if (!slot) {
        slot =
            metrics_.gauge(metric, "Reported by a plugin.", {{"plugin", std::string{plugin_id}}});
    }
    return *slot;
}

void PluginHost::addCounter(std::string_view plugin_id, std::string_view name,
                            double delta) noexcept {
    try {
        gauge(plugin_id, name, "fairlead_plugin_count_").add(std::llround(delta));
    } catch (...) {
        runtime::logWarning("plugin", "a plugin's counter was not recorded: out of memory");
    }
}

void PluginHost::setGauge(std::string_view plugin_id, std::string_view name,
                          double value) noexcept {
    try {
        gauge(plugin_id, name, "fairlead_plugin_").set(std::llround(value));
    } catch (...) {
        runtime::logWarning("plugin", "a plugin's gauge was not recorded: out of memory");
    }
}

bool PluginHost::execute(std::function<void()> work) noexcept {
    try {
        return executor_.submit(std::move(work)).hasValue();
    } catch (...) {
        return false;
    }
}

bool PluginHost::putState(std::string_view plugin_id, std::string_view key,
                          std::string_view value) noexcept {
    try {
        return database_
            .write([&](storage::Session& session) -> base::Status {
                FL_TRY(session.execute(storage::upsertSql(session.dialect(), "plugin_state",
                                                          {"plugin_id", "state_key"},
                                                          {"value", "updated_at"}),
                                       {std::string{plugin_id}, std::string{key},
                                        storage::Blob{std::string{value}}, base::utcNow()}));
                return {};
            })
            .hasValue();
    } catch (...) {
        return false;
    }
}

std::optional<std::string> PluginHost::getState(std::string_view plugin_id,
                                                std::string_view key) noexcept {
    try {
        std::optional<std::string> out;
        const base::Status read = database_.read([&](storage::Session& session) -> base::Status {
            FL_ASSIGN(const auto rows, session.query("SELECT value FROM plugin_state WHERE "
                                                     "plugin_id = ? AND state_key = ?",
                                                     {std::string{plugin_id}, std::string{key}}));
            if (!rows.empty()) {
                out = rows.front().text(0);
            }
            return {};
        });
        return read ? out : std::nullopt;
    } catch (...) {
        return std::nullopt;
    }
}

bool PluginHost::removeState(std::string_view plugin_id, std::string_view key) noexcept {
    try {
        return database_
            .write([&](storage::Session& session) -> base::Status {
                FL_TRY(session.execute(
                    "DELETE FROM plugin_state WHERE plugin_id = ? AND state_key = ?",
                    {std::string{plugin_id}, std::string{key}}));
                return {};
            })
            .hasValue();
    } catch (...) {
        return false;
    }
}

} // namespace fairlead::app
