// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/log.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace fairlead::runtime {

struct RateLimitedLog::Impl {
    struct Entry {
        std::chrono::steady_clock::time_point begin;
        std::size_t written = 0;
        std::uint64_t withheld = 0;
        LogLevel level = LogLevel::Debug; ///< highest of those withheld
        std::string last;                 ///< message of the last one withheld
    };

    Impl(Log& target, std::string name, Options o)
        : log(target), source(std::move(name)), options(o) {}

    std::string summary(const Entry& entry) const {
        return std::to_string(entry.withheld) + " more like this within " +
               std::to_string(options.interval.count() / 1000) + " s, the last: " + entry.last;
    }

    Log& log;
    const std::string source;
    const Options options;
    std::uint64_t tick = 0;
    std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries; // guarded by mutex
};

RateLimitedLog::RateLimitedLog(Log& log, std::string source, Options options)
    : impl_(std::make_unique<Impl>(log, std::move(source), options)) {
    impl_->tick = log.onTick([this] { sweep(); });
}

RateLimitedLog::RateLimitedLog(Log& log, std::string source)
    : RateLimitedLog(log, std::move(source), Options()) {}

RateLimitedLog::~RateLimitedLog() {
    impl_->log.removeTick(impl_->tick);
}

void RateLimitedLog::log(LogLevel level, std::string_view key, std::string message,
                         std::string context) {
    if (!impl_->log.enabled(level, impl_->source)) {
        return;
    }
    {
        const std::lock_guard lock(impl_->mutex);
        auto it = impl_->entries.find(key);
        if (it == impl_->entries.end()) {
            const bool full = impl_->entries.size() >= kRateKeysMax;
            it = impl_->entries.try_emplace(full ? std::string{} : std::string(key)).first;
            if (it->second.written == 0) {
                it->second.begin = std::chrono::steady_clock::now();
            }
        }
        Impl::Entry& entry = it->second;
        if (entry.written >= impl_->options.count) {
            ++entry.withheld;
            entry.level = std::max(entry.level, level);
            entry.last = std::move(message);
            return;
        }
        ++entry.written;
    }
    impl_->log.log(level, impl_->source, std::move(message), std::move(context));
}

void RateLimitedLog::sweep() {
    std::vector<Impl::Entry> over;
    {
        const std::lock_guard lock(impl_->mutex);
        const auto now = std::chrono::steady_clock::now();
        std::erase_if(impl_->entries, [&](auto& item) {
            if (now - item.second.begin < impl_->options.interval) {
                return false;
            }
            if (item.second.withheld > 0) {
                over.push_back(std::move(item.second));
            }
            return true;
        });
    }
    for (const Impl::Entry& entry : over) {
        impl_->log.log(entry.level, impl_->source, impl_->summary(entry));
    }
}

} // namespace fairlead::runtime
