// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::runtime {

enum class LogLevel : std::uint8_t { Debug, Information, Warning, Error, Fatal };

/// "debug", "information", "warning", "error", "fatal".
const char* toText(LogLevel level) noexcept;
std::optional<LogLevel> parseLogLevel(std::string_view text) noexcept;

/// Records waiting for the writer thread; 8192 records of about 300 bytes are 2.4 MB.
inline constexpr std::size_t kLogQueueMax = 8192;
/// Longest message and context in bytes; what is longer is cut and marked with "…".
inline constexpr std::size_t kLogMessageBytesMax = 8192;
/// Sources that have a level of their own.
inline constexpr std::size_t kLogSourceLevelsMax = 256;

struct LogRecord {
    base::UtcMs time = 0;
    LogLevel level = LogLevel::Information;
    std::string source;  ///< kernel module or "plugin.<id>"
    std::string message; ///< one sentence for a person, without secrets
    std::string context; ///< JSON object text, or empty
    std::string thread;  ///< name of the thread that logged
};

/// Builds the JSON object of a record's context: `LogContext().add("device", id).text()`.
class LogContext {
public:
    LogContext& add(std::string_view key, std::string_view value);
    LogContext& add(std::string_view key, std::int64_t value);
    std::string text() const { return text_.empty() ? std::string{} : text_ + "}"; }

private:
    std::string text_;
};

/// Where records go. Called by the log's writer thread only; may block for as long as a disk does.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual void write(const LogRecord& record) = 0;
    virtual void flush() {}
};

/// Human-readable or JSON lines on standard error.
std::shared_ptr<LogSink> stderrSink(bool json);

struct FileSinkOptions {
    std::string path;
    bool json = false;
    std::uint64_t bytes_max = 10U << 20; ///< a file is closed and renamed above this size
    int files = 5;                       ///< rotated files kept
};
std::shared_ptr<LogSink> fileSink(const FileSinkOptions& options);

/// The line that sinks write, without the line feed.
std::string formatHuman(const LogRecord& record);
std::string formatJson(const LogRecord& record);

/// The logging facade: a bounded queue in front of one writer thread.
///
/// Lifecycle: usable at once; what is logged before start waits in the queue. start, then stop,
/// which writes what is queued. Thread: any function from any thread. log never blocks: above
/// kLogQueueMax a record is dropped, counted, and reported with the next that gets through.
class Log {
public:
    using Listener = std::function<void(const LogRecord&)>;

    Log();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// The log of the process, which the free functions below use.
    static Log& global();

    void start();
    void stop();

    void log(LogLevel level, std::string_view source, std::string message,
             std::string context = {});
    bool enabled(LogLevel level, std::string_view source) const;

    void setLevel(LogLevel level);
    /// A level for one source and, for "network", also for "network.tcp". At most
    /// kLogSourceLevelsMax; further ones are ignored with a warning.
    void setLevel(const std::string& source, LogLevel level);
    void clearLevel(const std::string& source);
    LogLevel level() const noexcept { return level_.load(std::memory_order_relaxed); }

    void addSink(std::shared_ptr<LogSink> sink);
    /// Called on the writer thread for every record; must not log and must not block for long.
    std::uint64_t listen(Listener listener);
    /// The listener does not run any more when this returns. Not from within a listener.
    void unlisten(std::uint64_t id);

    /// Calls `tick` about once a second on the writer thread while started.
    std::uint64_t onTick(std::function<void()> tick);
    void removeTick(std::uint64_t id);

    /// Waits until everything logged before the call is written; false after `limit`.
    bool flush(std::chrono::milliseconds limit);

    /// Records dropped since the start of the process.
    std::uint64_t dropped() const noexcept;

private:
    struct Impl;
    std::atomic<LogLevel> level_{LogLevel::Information};
    std::unique_ptr<Impl> impl_;
};

class Configuration;

/// Levels and sinks as the section "log" says; before start. Invalid for a wrong log.levels entry.
base::Status configureLog(Log& log, const Configuration& configuration);

void logDebug(std::string_view source, std::string message, std::string context = {});
void logInformation(std::string_view source, std::string message, std::string context = {});
void logWarning(std::string_view source, std::string message, std::string context = {});
void logError(std::string_view source, std::string message, std::string context = {});

/// For what strangers can cause: at most `count` lines per key and interval, then one line that
/// says how many more there were. Keys are bounded (kRateKeysMax); further keys share one. Thread:
/// any. Owner: must die before its Log.
class RateLimitedLog {
public:
    struct Options {
        std::size_t count = 5;
        std::chrono::milliseconds interval{60'000};
    };
    static constexpr std::size_t kRateKeysMax = 1024;

    RateLimitedLog(Log& log, std::string source, Options options);
    RateLimitedLog(Log& log, std::string source);
    ~RateLimitedLog();
    RateLimitedLog(const RateLimitedLog&) = delete;
    RateLimitedLog& operator=(const RateLimitedLog&) = delete;

    void log(LogLevel level, std::string_view key, std::string message, std::string context = {});

    /// Writes the summary of intervals that are over; the log's tick calls it, tests may.
    void sweep();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::runtime
