// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "context.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

/// A flat JSON object, built member by member.
class Report {
public:
    Report& text(std::string_view key, std::string_view value);
    Report& number(std::string_view key, double value);
    Report& whole(std::string_view key, std::uint64_t value);
    Report& object(std::string_view key, const std::string& json);
    std::string json() const { return "{" + members_ + "}"; }

private:
    void key(std::string_view name);
    std::string members_;
};

/// p50, p90, p99, p99.9, max and mean in microseconds.
std::string latencyJson(const Histogram& histogram);

/// What every mode reports: settings, totals, errors.
Report commonReport(const Context& context, std::string_view mode);

/// CPU of the server over a window.
class CpuWindow {
public:
    explicit CpuWindow(int pid);
    void begin();
    void end();
    /// Adds cpuPercent and, for `messages` > 0, cpuUsPerMessage; nothing without a process.
    void addTo(Report& report, std::uint64_t messages) const;

private:
    int pid_;
    std::int64_t server_ns_ = 0;
    std::int64_t own_ns_ = 0;
    std::int64_t wall_ns_ = 0;
};

} // namespace fairlead::bench
