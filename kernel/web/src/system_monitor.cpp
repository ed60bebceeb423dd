// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/system_monitor.hpp"

#include <algorithm>
#include <deque>
#include <fstream>
#include <mutex>

#include <unistd.h>

namespace fairlead::web {

namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 86'400'000;

// User and system time of this process in clock ticks; fields 14 and 15 of /proc/self/stat.
std::uint64_t cpuTicks() {
    std::ifstream file("/proc/self/stat");
    std::string text;
    std::getline(file, text);
    // The second field, the program's name, may hold blanks; what follows its bracket does not.
    std::size_t at = text.rfind(')');
    constexpr int kBlanksBeforeUserTime = 12;
    for (int i = 0; i < kBlanksBeforeUserTime && at != std::string::npos; ++i) {
        at = text.find(' ', at + 1);
    }
    if (at == std::string::npos) {
        return 0;
    }
    std::size_t used = 0;
    const std::string rest = text.substr(at + 1);
    const std::uint64_t user = std::stoull(rest, &used);
    return user + std::stoull(rest.substr(used + 1));
}

std::uint64_t residentBytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    file >> pages >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t openFiles() {
    std::error_code error;
    std::uint64_t count = 0;
    for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error);
         !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
        ++count;
    }
    return count;
}

struct Sample {
    std::uint64_t monotonic_ns = 0;
    std::uint64_t ticks = 0;
    SystemProbe::Totals totals;
};

double perSecond(std::uint64_t before, std::uint64_t after, double seconds) {
    return after < before ? 0.0 : static_cast<double>(after - before) / seconds;
}

} // namespace

struct SystemMonitor::Impl {
    void addTraffic(base::UtcMs now, const Sample& fresh) {
        const base::UtcMs minute = now - now % kMinuteMs;
        if (minute_start == 0) {
            minute_start = minute;
            minute_sample = fresh;
        }
        if (minute == minute_start) {
            return;
        }
        const double seconds =
            static_cast<double>(fresh.monotonic_ns - minute_sample.monotonic_ns) / 1e9;
        if (seconds > 0) {
            traffic.push_back(
                {minute_start, perSecond(minute_sample.totals.uplink, fresh.totals.uplink, seconds),
                 perSecond(minute_sample.totals.downlink, fresh.totals.downlink, seconds)});
        }
        if (traffic.size() > kTrafficMinutes) {
            traffic.pop_front();
        }
        minute_start = minute;
        minute_sample = fresh;
    }

    SystemProbe probe;
    mutable std::mutex mutex;
    Sample last;
    base::UtcMs minute_start = 0;
    Sample minute_sample;
    std::int64_t day = 0;
    std::uint64_t day_uplink = 0;
    std::deque<TrafficPoint> traffic;
    Counters counters;
    double cpu_percent = 0;
    std::vector<SystemProbe::Failed> failed;
};

SystemMonitor::SystemMonitor(SystemProbe probe) : impl_(std::make_unique<Impl>()) {
    impl_->probe = std::move(probe);
}
SystemMonitor::~SystemMonitor() = default;

const SystemProbe& SystemMonitor::probe() const noexcept {
    return impl_->probe;
}

void SystemMonitor::sample(base::UtcMs now, std::uint64_t monotonic_ns) {
    const SystemProbe& probe = impl_->probe;
    Sample fresh{monotonic_ns, cpuTicks(), probe.totals ? probe.totals() : SystemProbe::Totals{}};
    const auto devices = probe.devices ? probe.devices() : SystemProbe::Devices{};
    auto failed = probe.failed ? probe.failed() : std::vector<SystemProbe::Failed>{};
    const auto countKind = [&](std::string_view kind) {
        return std::count_if(failed.begin(), failed.end(),
                             [&](const auto& one) { return one.kind == kind; });
    };
    const std::lock_guard lock(impl_->mutex);
    if (impl_->last.monotonic_ns != 0 && monotonic_ns > impl_->last.monotonic_ns) {
        const double seconds = static_cast<double>(monotonic_ns - impl_->last.monotonic_ns) / 1e9;
        impl_->counters.messages_per_second =
            perSecond(impl_->last.totals.uplink, fresh.totals.uplink, seconds);
        impl_->cpu_percent = perSecond(impl_->last.ticks, fresh.ticks, seconds) * 100.0 /
                             static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    if (now / kDayMs != impl_->day) {
        // The process starts its counts at 0; a later day starts at what was counted until then.
        impl_->day_uplink = impl_->day == 0 ? 0 : fresh.totals.uplink;
        impl_->day = now / kDayMs;
    }
    impl_->counters.messages_today = fresh.totals.uplink - impl_->day_uplink;
    impl_->counters.devices_total = devices.total;
    impl_->counters.devices_online = devices.online;
    impl_->counters.connections = fresh.totals.connections;
    impl_->counters.gateways_failed = countKind("gateway");
    impl_->counters.plugins_failed = countKind("plugin");
    impl_->failed = std::move(failed);
    impl_->addTraffic(now, fresh);
    impl_->last = fresh;
}

Counters SystemMonitor::counters() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->counters;
}

ProcessFigures SystemMonitor::process() const {
    const std::lock_guard lock(impl_->mutex);
    return {impl_->cpu_percent, residentBytes(), openFiles()};
}

DiskFigures SystemMonitor::disk() const {
    std::error_code error;
    const auto space = std::filesystem::space(impl_->probe.data_directory, error);
    return error ? DiskFigures{} : DiskFigures{space.available, space.capacity};
}

std::vector<TrafficPoint> SystemMonitor::traffic() const {
    const std::lock_guard lock(impl_->mutex);
    return {impl_->traffic.begin(), impl_->traffic.end()};
}

std::vector<SystemProbe::Failed> SystemMonitor::failed() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->failed;
}

} // namespace fairlead::web
