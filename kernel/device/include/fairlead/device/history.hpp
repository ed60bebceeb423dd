// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/device/data_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::device {

inline constexpr std::size_t kHistoryPageMax = 1'000;
inline constexpr std::int64_t kIntervalsMax = 2'000; ///< of one aggregation
/// How long a query waits for what was committed before it to reach the history; then it answers
/// with what is there.
inline constexpr std::int64_t kHistoryBarrierMs = 5'000;
/// Points that one aggregation reads: about 10 s of one core; above: Error Limit.
inline constexpr std::int64_t kAggregatePointsMax = 20'000'000;

struct HistoryQuery {
    std::string device_id;
    std::string property;
    base::UtcMs from = 0;    ///< inclusive
    base::UtcMs to = 0;      ///< exclusive; 0: now and everything that claims to be later
    std::size_t limit = 100; ///< at most kHistoryPageMax
    std::string after;       ///< `next` of the page before
    bool descending = true;
};

struct HistoryPoint {
    base::UtcMs time = 0;
    DataValue value;
    Quality quality = Quality::Good;
};

struct HistoryPage {
    std::vector<HistoryPoint> items;
    std::string next; ///< empty at the end
};

struct AggregateQuery {
    std::string device_id;
    std::string property;
    base::UtcMs from = 0;         ///< inclusive
    base::UtcMs to = 0;           ///< exclusive
    std::int64_t interval_ms = 0; ///< intervals are aligned to multiples of it since 1970 (UTC)
};

struct AggregateRow {
    base::UtcMs time = 0; ///< begin of the interval
    std::int64_t count = 0;
    std::optional<double> minimum; ///< of numbers and booleans; nothing for texts
    std::optional<double> maximum;
    std::optional<double> average;
    DataValue first;
    DataValue last;
};

/// Property values over time. Thread: any. Blocks: on the database, and up to kHistoryBarrierMs.
/// Errors: Invalid (code "history.invalid"), NotFound ("device.unknown"), Limit.
class History {
public:
    virtual ~History() = default;
    virtual base::Result<HistoryPage> property(const HistoryQuery& query) = 0;
    /// Intervals without a value are left out.
    virtual base::Result<std::vector<AggregateRow>> aggregate(const AggregateQuery& query) = 0;
};

} // namespace fairlead::device
