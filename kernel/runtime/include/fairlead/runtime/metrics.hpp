// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::runtime {

/// Label names and values of one series, in the order in which they are shown.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// Series over all names. A label whose values come from outside must not fill the memory: above
/// this a shared series outside the registry is handed out and
/// `fairlead_metrics_series_refused_total` counts.
inline constexpr std::size_t kMetricSeriesMax = 20'000;

/// Only grows. add is one relaxed add on a cache line that a thread shares with few others.
class Counter {
public:
    void add(std::uint64_t n = 1) noexcept;
    std::uint64_t value() const noexcept;

private:
    static constexpr std::size_t kShards = 8;
    struct alignas(64) Shard {
        std::atomic<std::uint64_t> value{0};
    };
    std::array<Shard, kShards> shards_;
};

/// A value that goes up and down.
class Gauge {
public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// Counts of observations at or below each of a few fixed bounds.
class Histogram {
public:
    explicit Histogram(std::vector<double> bounds); ///< ascending, at most 32

    void observe(double value) noexcept;

    const std::vector<double>& bounds() const noexcept { return bounds_; }
    std::uint64_t count() const noexcept;
    double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
    /// Observations at or below bound `i`; `i` == bounds().size() is the total.
    std::uint64_t cumulative(std::size_t i) const noexcept;
    /// Upper bound of the bucket that holds quantile `q` (0 to 1); 0 without observations.
    double quantile(double q) const noexcept;

private:
    std::vector<double> bounds_;
    std::vector<std::atomic<std::uint64_t>> buckets_;
    std::atomic<double> sum_{0};
};

/// 100 us to 10 s in steps of about 2.5, in seconds: for latencies.
std::vector<double> latencyBuckets();

/// All series of the process. Names follow Prometheus: `fairlead_<module>_<what>_<unit>[_total]`.
/// Asking again for the same name and labels gives the same series. A handle stays valid after
/// remove. A name has one type for ever: asking for another one is a bug of ours (FL_ASSERT).
/// Thread: any. Blocks: shortly on a lock; keep handles, do not look up per message.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    static Metrics& global();

    std::shared_ptr<Counter> counter(const std::string& name, const std::string& help,
                                     MetricLabels labels = {});
    std::shared_ptr<Gauge> gauge(const std::string& name, const std::string& help,
                                 MetricLabels labels = {});
    std::shared_ptr<Histogram> histogram(const std::string& name, const std::string& help,
                                         std::vector<double> bounds, MetricLabels labels = {});

    /// A gauge whose value is asked for at each exposition; `read` runs on the asking thread. The
    /// later registration of the same name and labels replaces the earlier.
    void gaugeFunction(const std::string& name, const std::string& help,
                       std::function<double()> read, MetricLabels labels = {});

    /// Takes a series out of the exposition (its component was deleted). `read` of a gauge function
    /// does not run any more when this returns.
    void remove(const std::string& name, const MetricLabels& labels = {});

    /// Prometheus text format 0.0.4.
    std::string expose() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::runtime
