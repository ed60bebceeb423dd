// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/plugin/host_services.hpp"
#include "fairlead/runtime/executor.hpp"
#include "fairlead/runtime/metrics.hpp"
#include "fairlead/storage/database.hpp"

#include <map>
#include <mutex>
#include <span>
#include <string>

namespace fairlead::app {

/// What plugins get from the server: its log, metrics, workers and a small durable state.
class PluginHost final : public plugin::HostServices {
public:
    PluginHost(storage::Database& database, runtime::Executor& executor, runtime::Metrics& metrics)
        : database_(database), executor_(executor), metrics_(metrics) {}

    static std::span<const storage::Migration> migrations();

    void log(std::string_view plugin_id, std::uint32_t level, std::string_view component,
             std::string_view text) noexcept override;
    void addCounter(std::string_view plugin_id, std::string_view name,
                    double delta) noexcept override;
    void setGauge(std::string_view plugin_id, std::string_view name,
                  double value) noexcept override;
    bool execute(std::function<void()> work) noexcept override;
    bool putState(std::string_view plugin_id, std::string_view key,
                  std::string_view value) noexcept override;
    std::optional<std::string> getState(std::string_view plugin_id,
                                        std::string_view key) noexcept override;
    bool removeState(std::string_view plugin_id, std::string_view key) noexcept override;

private:
    runtime::Gauge& gauge(std::string_view plugin_id, std::string_view name,
                          const std::string& prefix);

    storage::Database& database_;
    runtime::Executor& executor_;
    runtime::Metrics& metrics_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<runtime::Gauge>> gauges_;
};

} // namespace fairlead::app
