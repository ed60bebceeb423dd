// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::web {

/// Where the figures of the dashboard come from; the app fills it. Called from any thread; may read
/// the database.
struct SystemProbe {
    std::string version;
    std::string node_id;
    std::string database_driver;
    std::string database_version;
    base::UtcMs started_at = 0;
    std::filesystem::path data_directory; ///< whose disk is shown

    struct Journal {
        std::uint64_t bytes = 0;
        std::uint64_t lag_messages = 0;
        double lag_seconds = 0;
    };
    struct Totals {
        std::uint64_t uplink = 0;   ///< messages since the start
        std::uint64_t downlink = 0; ///< the same
        std::uint64_t connections = 0;
    };
    struct Failed {
        std::string kind; ///< "gateway", "networkComponent", "plugin", "protocol"
        std::string id;
        std::string name;
        std::string reason;
    };
    struct Devices {
        std::int64_t total = 0;
        std::int64_t online = 0;
    };
    std::function<Journal()> journal;
    std::function<Totals()> totals;
    std::function<Devices()> devices;
    std::function<std::vector<Failed>()> failed;
};

struct Counters {
    double messages_per_second = 0;
    std::int64_t devices_total = 0;
    std::int64_t devices_online = 0;
    std::int64_t gateways_failed = 0;
    std::int64_t plugins_failed = 0;
    std::uint64_t connections = 0;
    std::uint64_t messages_today = 0; ///< since midnight UTC, or the start when that was later
};

struct TrafficPoint {
    base::UtcMs time = 0;
    double uplink_per_second = 0;
    double downlink_per_second = 0;
};

struct ProcessFigures {
    double cpu_percent = 0; ///< of one core, since the sample before
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_files = 0;
};

struct DiskFigures {
    std::uint64_t free_bytes = 0;
    std::uint64_t total_bytes = 0;
};

inline constexpr std::size_t kTrafficMinutes = 60;

/// Samples rates; keeps the last hour, one point per minute. Memory: fixed.
/// Thread: `sample` by one thread about every 2 s; the rest by any.
class SystemMonitor {
public:
    explicit SystemMonitor(SystemProbe probe);
    ~SystemMonitor();

    void sample(base::UtcMs now, std::uint64_t monotonic_ns);

    Counters counters() const;
    ProcessFigures process() const;
    DiskFigures disk() const;
    std::vector<TrafficPoint> traffic() const; ///< oldest first
    std::vector<SystemProbe::Failed> failed() const;
    const SystemProbe& probe() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::web
