// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/metrics.hpp"

#include "fairlead/base/assert.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <variant>

namespace fairlead::runtime {

namespace {

constexpr std::size_t kBucketsMax = 32;

using Series = std::variant<std::shared_ptr<Counter>, std::shared_ptr<Gauge>,
                            std::shared_ptr<Histogram>, std::function<double()>>;

struct Family {
    std::string help;
    const char* type = "";
    std::map<std::string, Series> series; ///< by label text
};

std::size_t shardOfThread() noexcept {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed);
    return own;
}

bool isMetricName(std::string_view name) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) {
        return false;
    }
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
    return out;
}

// `a="x",b="y"` without braces, so that a histogram can add its own.
std::string labelText(const MetricLabels& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        FL_ASSERT(isMetricName(name));
        out += (out.empty() ? "" : ",") + name + "=\"" + escaped(value, true) + "\"";
    }
    return out;
}

std::string number(double value) {
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    if (std::isnan(value)) {
        return "NaN";
    }
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.10g", value);
    return buffer;
}

void line(std::string& out, const std::string& name, const std::string& labels,
          const std::string& value) {
    out += name;
    if (!labels.empty()) {
        out += "{" + labels + "}";
    }
    out += " " + value + "\n";
}

void exposeHistogram(std::string& out, const std::string& name, const std::string& labels,
                     const Histogram& histogram) {
    const std::string separator = labels.empty() ? "" : ",";
    // Read once: the total must not be below a bucket that was read before it.
    std::uint64_t last = 0;
    for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
        const bool end = i == histogram.bounds().size();
        const std::string bound = end ? "+Inf" : number(histogram.bounds()[i]);
        last = std::max(last, histogram.cumulative(i));
        line(out, name + "_bucket", labels + separator + "le=\"" + bound + "\"",
             std::to_string(last));
    }
    line(out, name + "_sum", labels, number(histogram.sum()));
    line(out, name + "_count", labels, std::to_string(last));
}

} // namespace

void Counter::add(std::uint64_t n) noexcept {
    shards_[shardOfThread() % kShards].value.fetch_add(n, std::memory_order_relaxed);
}

std::uint64_t Counter::value() const noexcept {
    std::uint64_t sum = 0;
    for (const Shard& shard : shards_) {
        sum += shard.value.load(std::memory_order_relaxed);
    }
    return sum;
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), buckets_(bounds_.size() + 1) {
    FL_ASSERT(!bounds_.empty() && bounds_.size() <= kBucketsMax);
    FL_ASSERT(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::observe(double value) noexcept {
    const auto it = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    const auto index = static_cast<std::size_t>(it - bounds_.begin());
    buckets_[index].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::cumulative(std::size_t i) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k <= i && k < buckets_.size(); ++k) {
        sum += buckets_[k].load(std::memory_order_relaxed);
    }
    return sum;
}

std::uint64_t Histogram::count() const noexcept {
    return cumulative(bounds_.size());
}

double Histogram::quantile(double q) const noexcept {
    const std::uint64_t total = count();
    if (total == 0) {
        return 0;
    }
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
        if (cumulative(i) >= wanted) {
            return bounds_[i];
        }
    }
    return bounds_.back();
}

std::vector<double> latencyBuckets() {
    return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
            0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
}

struct Metrics::Impl {
    // The series of that name and labels, made by `make` when it is new; nullptr above the limit.
    template <typename Make>
    Series* find(const std::string& name, const std::string& help, const char* type,
                 const MetricLabels& labels, Make make) {
        FL_ASSERT(isMetricName(name));
        Family& family = families[name];
        if (family.series.empty() && family.type[0] == '\0') {
            family.help = help;
            family.type = type;
        }
        FL_ASSERT(std::string_view(family.type) == type);
        const std::string key = labelText(labels);
        const auto it = family.series.find(key);
        if (it != family.series.end()) {
            return &it->second;
        }
        if (count >= kMetricSeriesMax) {
            refused.add();
            return nullptr;
        }
        ++count;
        return &family.series.emplace(key, make()).first->second;
    }

    template <typename T, typename Make>
    std::shared_ptr<T> handle(const std::string& name, const std::string& help, const char* type,
                              const MetricLabels& labels, Make make) {
        const std::lock_guard lock(mutex);
        Series* series = find(name, help, type, labels, [&] { return Series(make()); });
        if (series == nullptr) {
            return make();
        }
        auto* found = std::get_if<std::shared_ptr<T>>(series);
        FL_ASSERT(found != nullptr);
        return *found;
    }

    void exposeSeries(std::string& out, const std::string& name, const std::string& labels,
                      const Series& series) const {
        if (const auto* counter = std::get_if<std::shared_ptr<Counter>>(&series)) {
            line(out, name, labels, std::to_string((*counter)->value()));
        } else if (const auto* gauge = std::get_if<std::shared_ptr<Gauge>>(&series)) {
            line(out, name, labels, std::to_string((*gauge)->value()));
        } else if (const auto* histogram = std::get_if<std::shared_ptr<Histogram>>(&series)) {
            exposeHistogram(out, name, labels, **histogram);
        } else {
            line(out, name, labels, number(std::get<std::function<double()>>(series)()));
        }
    }

    // Held while gauge functions run, so that remove waits for them.
    mutable std::mutex mutex;
    std::map<std::string, Family> families; // guarded by mutex
    std::size_t count = 0;                  // guarded by mutex
    Counter refused;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics& Metrics::global() {
    static Metrics* const metrics = new Metrics;
    return *metrics;
}

std::shared_ptr<Counter> Metrics::counter(const std::string& name, const std::string& help,
                                          MetricLabels labels) {
    return impl_->handle<Counter>(name, help, "counter", labels,
                                  [] { return std::make_shared<Counter>(); });
}

std::shared_ptr<Gauge> Metrics::gauge(const std::string& name, const std::string& help,
                                      MetricLabels labels) {
    return impl_->handle<Gauge>(name, help, "gauge", labels,
                                [] { return std::make_shared<Gauge>(); });
}

std::shared_ptr<Histogram> Metrics::histogram(const std::string& name, const std::string& help,
                                              std::vector<double> bounds, MetricLabels labels) {
    return impl_->handle<Histogram>(name, help, "histogram", labels,
                                    [&] { return std::make_shared<Histogram>(bounds); });
}

void Metrics::gaugeFunction(const std::string& name, const std::string& help,
                            std::function<double()> read, MetricLabels labels) {
    const std::lock_guard lock(impl_->mutex);
    Series* series = impl_->find(name, help, "gauge", labels, [&] { return Series(read); });
    if (series != nullptr) {
        *series = std::move(read);
    }
}

void Metrics::remove(const std::string& name, const MetricLabels& labels) {
    const std::lock_guard lock(impl_->mutex);
    const auto family = impl_->families.find(name);
    if (family != impl_->families.end()) {
        impl_->count -= family->second.series.erase(labelText(labels));
    }
}

std::string Metrics::expose() const {
    const std::lock_guard lock(impl_->mutex);
    std::string out;
    for (const auto& [name, family] : impl_->families) {
        if (family.series.empty()) {
            continue;
        }
        out += "# HELP " + name + " " + escaped(family.help, false) + "\n";
        out += "# TYPE " + name + " " + family.type + "\n";
        for (const auto& [labels, series] : family.series) {
            impl_->exposeSeries(out, name, labels, series);
        }
    }
    out += "# HELP fairlead_metrics_series_refused_total Series refused above the limit\n"
           "# TYPE fairlead_metrics_series_refused_total counter\n";
    line(out, "fairlead_metrics_series_refused_total", "", std::to_string(impl_->refused.value()));
    return out;
}

} // namespace fairlead::runtime
