// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/log.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/runtime/thread.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>
#include <vector>

// Design notes. Callers push under one short lock; the writer swaps the whole queue out and writes
// without it. Sinks, listeners and ticks are called by the writer only, under sinks_mutex, so that
// removing one waits for its running call. Lock order: sinks_mutex before queue_mutex.

namespace fairlead::runtime {

namespace {

constexpr std::chrono::milliseconds kTick{1000};
constexpr std::array<const char*, 5> kLevelNames{"debug", "information", "warning", "error",
                                                 "fatal"};

// Cuts at a character's border, so that the text stays valid UTF-8.
void cut(std::string& text) {
    if (text.size() <= kLogMessageBytesMax) {
        return;
    }
    std::size_t end = kLogMessageBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        --end;
    }
    text.resize(end);
    text += "…";
}

} // namespace

const char* toText(LogLevel level) noexcept {
    return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parseLogLevel(std::string_view text) noexcept {
    for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
        if (text == kLevelNames[i]) {
            return static_cast<LogLevel>(i);
        }
    }
    return std::nullopt;
}

struct Log::Impl {
    struct Call {
        std::uint64_t id;
        Listener listener;
        std::function<void()> tick;
    };

    void write(const LogRecord& record);
    void runTicks();
    void reportDrops();
    void run();

    mutable std::shared_mutex level_mutex;
    std::map<std::string, LogLevel, std::less<>> levels; // guarded by level_mutex
    std::atomic<LogLevel> lowest{LogLevel::Information};

    std::mutex queue_mutex;
    std::condition_variable ready;
    std::condition_variable written_changed;
    std::vector<LogRecord> queue; // guarded by queue_mutex, as the next four
    std::uint64_t pushed = 0;
    std::uint64_t written = 0;
    bool stopping = false;
    bool running = false;

    std::atomic<std::uint64_t> dropped{0};
    std::uint64_t reported = 0; // writer only

    std::mutex sinks_mutex;
    std::vector<std::shared_ptr<LogSink>> sinks; // guarded by sinks_mutex, as the next two
    std::vector<Call> calls;
    std::uint64_t next_id = 1;

    std::thread thread;
};

void Log::Impl::write(const LogRecord& record) {
    const std::lock_guard lock(sinks_mutex);
    for (const auto& sink : sinks) {
        sink->write(record);
    }
    for (const auto& call : calls) {
        if (call.listener) {
            call.listener(record);
        }
    }
}

void Log::Impl::runTicks() {
    const std::lock_guard lock(sinks_mutex);
    for (const auto& call : calls) {
        if (call.tick) {
            call.tick();
        }
    }
}

void Log::Impl::reportDrops() {
    const std::uint64_t now = dropped.load(std::memory_order_relaxed);
    if (now == reported) {
        return;
    }
    LogRecord record;
    record.time = base::utcNow();
    record.level = LogLevel::Warning;
    record.source = "log";
    record.message = std::to_string(now - reported) +
                     " log records were dropped because they came faster than they can be written";
    record.thread = threadName();
    reported = now;
    write(record);
}

void Log::Impl::run() {
    setThreadName("log");
    std::vector<LogRecord> batch;
    auto next_tick = std::chrono::steady_clock::now() + kTick;
    for (;;) {
        bool end = false;
        {
            std::unique_lock lock(queue_mutex);
            ready.wait_until(lock, next_tick, [&] { return stopping || !queue.empty(); });
            batch.swap(queue);
            end = stopping && batch.empty();
        }
        for (const auto& record : batch) {
            write(record);
        }
        reportDrops();
        if (!batch.empty() || end) {
            const std::lock_guard lock(sinks_mutex);
            for (const auto& sink : sinks) {
                sink->flush();
            }
        }
        {
            const std::lock_guard lock(queue_mutex);
            written += batch.size();
        }
        written_changed.notify_all();
        batch.clear();
        if (end) {
            return;
        }
        if (std::chrono::steady_clock::now() >= next_tick) {
            runTicks();
            next_tick = std::chrono::steady_clock::now() + kTick;
        }
    }
}

Log::Log() : impl_(std::make_unique<Impl>()) {}

Log::~Log() {
    stop();
}

Log& Log::global() {
    // Never destroyed: threads that outlive main may still log.
    static Log* const log = new Log;
    return *log;
}

void Log::start() {
    const std::lock_guard lock(impl_->queue_mutex);
    FL_ASSERT(!impl_->running);
    impl_->running = true;
    impl_->stopping = false;
    impl_->thread = std::thread([this] { impl_->run(); });
}

void Log::stop() {
    {
        const std::lock_guard lock(impl_->queue_mutex);
        if (!impl_->running) {
            return;
        }
        impl_->stopping = true;
    }
    impl_->ready.notify_all();
    impl_->thread.join();
    const std::lock_guard lock(impl_->queue_mutex);
    impl_->running = false;
}

void Log::log(LogLevel level, std::string_view source, std::string message, std::string context) {
    if (!enabled(level, source)) {
        return;
    }
    cut(message);
    if (context.size() > kLogMessageBytesMax) {
        context = LogContext().add("omitted", static_cast<std::int64_t>(context.size())).text();
    }
    LogRecord record{base::utcNow(),     level,       std::string(source), std::move(message),
                     std::move(context), threadName()};
    bool wake = false;
    {
        const std::lock_guard lock(impl_->queue_mutex);
        if (impl_->queue.size() >= kLogQueueMax) {
            impl_->dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        wake = impl_->queue.empty();
        impl_->queue.push_back(std::move(record));
        ++impl_->pushed;
    }
    if (wake) {
        impl_->ready.notify_one();
    }
}

bool Log::enabled(LogLevel level, std::string_view source) const {
    if (level < impl_->lowest.load(std::memory_order_relaxed)) {
        return false;
    }
    const std::shared_lock lock(impl_->level_mutex);
    if (!impl_->levels.empty()) {
        for (std::string_view name = source; !name.empty();) {
            if (const auto it = impl_->levels.find(name); it != impl_->levels.end()) {
                return level >= it->second;
            }
            const std::size_t dot = name.rfind('.');
            name = dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
        }
    }
    return level >= level_.load(std::memory_order_relaxed);
}

void Log::setLevel(LogLevel level) {
    const std::unique_lock lock(impl_->level_mutex);
    level_.store(level, std::memory_order_relaxed);
    LogLevel lowest = level;
    for (const auto& [name, own] : impl_->levels) {
        lowest = std::min(lowest, own);
    }
    impl_->lowest.store(lowest, std::memory_order_relaxed);
}

void Log::setLevel(const std::string& source, LogLevel level) {
    bool full = false;
    {
        const std::unique_lock lock(impl_->level_mutex);
        full = impl_->levels.size() >= kLogSourceLevelsMax && !impl_->levels.contains(source);
        if (!full) {
            impl_->levels[source] = level;
        }
    }
    setLevel(level_.load(std::memory_order_relaxed));
    if (full) {
        log(LogLevel::Warning, "log",
            "The level of " + source + " was not set: at most " +
                std::to_string(kLogSourceLevelsMax) + " sources can have their own");
    }
}

void Log::clearLevel(const std::string& source) {
    {
        const std::unique_lock lock(impl_->level_mutex);
        impl_->levels.erase(source);
    }
    setLevel(level_.load(std::memory_order_relaxed));
}

void Log::addSink(std::shared_ptr<LogSink> sink) {
    const std::lock_guard lock(impl_->sinks_mutex);
    impl_->sinks.push_back(std::move(sink));
}

std::uint64_t Log::listen(Listener listener) {
    const std::lock_guard lock(impl_->sinks_mutex);
    impl_->calls.push_back({impl_->next_id, std::move(listener), nullptr});
    return impl_->next_id++;
}

void Log::unlisten(std::uint64_t id) {
    const std::lock_guard lock(impl_->sinks_mutex);
    std::erase_if(impl_->calls, [&](const Impl::Call& call) { return call.id == id; });
}

std::uint64_t Log::onTick(std::function<void()> tick) {
    const std::lock_guard lock(impl_->sinks_mutex);
    impl_->calls.push_back({impl_->next_id, nullptr, std::move(tick)});
    return impl_->next_id++;
}

void Log::removeTick(std::uint64_t id) {
    unlisten(id);
}

bool Log::flush(std::chrono::milliseconds limit) {
    std::unique_lock lock(impl_->queue_mutex);
    const std::uint64_t target = impl_->pushed;
    return impl_->written_changed.wait_for(lock, limit, [&] { return impl_->written >= target; });
}

std::uint64_t Log::dropped() const noexcept {
    return impl_->dropped.load(std::memory_order_relaxed);
}

void logDebug(std::string_view source, std::string message, std::string context) {
    Log::global().log(LogLevel::Debug, source, std::move(message), std::move(context));
}

void logInformation(std::string_view source, std::string message, std::string context) {
    Log::global().log(LogLevel::Information, source, std::move(message), std::move(context));
}

void logWarning(std::string_view source, std::string message, std::string context) {
    Log::global().log(LogLevel::Warning, source, std::move(message), std::move(context));
}

void logError(std::string_view source, std::string message, std::string context) {
    Log::global().log(LogLevel::Error, source, std::move(message), std::move(context));
}

} // namespace fairlead::runtime
