// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/log.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/runtime/configuration.hpp"
#include "fairlead/runtime/thread.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <fstream>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

using namespace fairlead::runtime;
using namespace std::chrono_literals;

namespace {

class MemorySink : public LogSink {
public:
    void write(const LogRecord& record) override {
        const std::lock_guard lock(mutex_);
        records_.push_back(record);
    }
    std::vector<LogRecord> records() {
        const std::lock_guard lock(mutex_);
        return records_;
    }

private:
    std::mutex mutex_;
    std::vector<LogRecord> records_;
};

} // namespace

class LogTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(LogTest);
    CPPUNIT_TEST(writesInOrder);
    CPPUNIT_TEST(filtersByLevelAndSource);
    CPPUNIT_TEST(countsWhatItDrops);
    CPPUNIT_TEST(neverBlocksTheCaller);
    CPPUNIT_TEST(listensAndStops);
    CPPUNIT_TEST(cutsLongMessages);
    CPPUNIT_TEST(formatsLines);
    CPPUNIT_TEST(rotatesFiles);
    CPPUNIT_TEST(limitsRates);
    CPPUNIT_TEST(readsItsConfiguration);
    CPPUNIT_TEST_SUITE_END();

    Log log_;
    std::shared_ptr<MemorySink> sink_;

public:
    void setUp() override {
        sink_ = std::make_shared<MemorySink>();
        log_.addSink(sink_);
    }
    void tearDown() override { log_.stop(); }

    void writesInOrder() {
        log_.log(LogLevel::Information, "a", "before start");
        log_.start();
        for (int i = 0; i < 100; ++i) {
            log_.log(LogLevel::Warning, "b", std::to_string(i),
                     LogContext().add("device", "d\"1").add("n", i).text());
        }
        CPPUNIT_ASSERT(log_.flush(5s));
        const auto records = sink_->records();
        CPPUNIT_ASSERT_EQUAL(std::size_t{101}, records.size());
        CPPUNIT_ASSERT_EQUAL(std::string("before start"), records[0].message);
        CPPUNIT_ASSERT_EQUAL(std::string("99"), records[100].message);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"device":"d\"1","n":99})"), records[100].context);
        CPPUNIT_ASSERT_EQUAL(threadName(), records[100].thread);
    }

    void filtersByLevelAndSource() {
        log_.setLevel(LogLevel::Warning);
        log_.setLevel("network", LogLevel::Debug);
        log_.setLevel("network.tls", LogLevel::Error);
        CPPUNIT_ASSERT(log_.enabled(LogLevel::Debug, "network"));
        CPPUNIT_ASSERT(log_.enabled(LogLevel::Debug, "network.tcp"));
        CPPUNIT_ASSERT(!log_.enabled(LogLevel::Warning, "network.tls.x"));
        CPPUNIT_ASSERT(!log_.enabled(LogLevel::Information, "networking"));
        CPPUNIT_ASSERT(log_.enabled(LogLevel::Warning, "web"));
        log_.clearLevel("network");
        CPPUNIT_ASSERT(!log_.enabled(LogLevel::Information, "network"));
        CPPUNIT_ASSERT(log_.enabled(LogLevel::Error, "network.tls"));
        CPPUNIT_ASSERT(!parseLogLevel("loud").has_value());
        CPPUNIT_ASSERT(parseLogLevel("fatal") == LogLevel::Fatal);
    }

    void countsWhatItDrops() {
        for (std::size_t i = 0; i < kLogQueueMax + 7; ++i) {
            log_.log(LogLevel::Error, "a", "x");
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{7}, log_.dropped());
        log_.start();
        log_.stop();
        const auto records = sink_->records();
        CPPUNIT_ASSERT_EQUAL(kLogQueueMax + 1, records.size());
        CPPUNIT_ASSERT(records.back().message.starts_with("7 log records were dropped"));
    }

    void neverBlocksTheCaller() {
        std::promise<void> blocked;
        std::promise<void> release;
        std::atomic<bool> first{true};
        log_.listen([&](const LogRecord&) {
            if (first.exchange(false)) {
                blocked.set_value();
                release.get_future().wait();
            }
        });
        log_.start();
        log_.log(LogLevel::Error, "a", "first");
        blocked.get_future().wait();
        for (std::size_t i = 0; i < 3 * kLogQueueMax; ++i) {
            log_.log(LogLevel::Error, "a", "x");
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2 * kLogQueueMax}, log_.dropped());
        CPPUNIT_ASSERT(!log_.flush(1ms));
        release.set_value();
        CPPUNIT_ASSERT(log_.flush(10s));
    }

    void listensAndStops() {
        std::atomic<int> heard{0};
        const std::uint64_t id = log_.listen([&](const LogRecord&) { ++heard; });
        log_.start();
        log_.log(LogLevel::Error, "a", "1");
        CPPUNIT_ASSERT(log_.flush(5s));
        log_.unlisten(id);
        log_.log(LogLevel::Error, "a", "2");
        CPPUNIT_ASSERT(log_.flush(5s));
        CPPUNIT_ASSERT_EQUAL(1, heard.load());
    }

    void cutsLongMessages() {
        log_.start();
        std::string text = "x";
        while (text.size() < 2 * kLogMessageBytesMax) {
            text += "阀";
        }
        log_.log(LogLevel::Error, "a", text, std::string(2 * kLogMessageBytesMax, ' '));
        CPPUNIT_ASSERT(log_.flush(5s));
        const LogRecord record = sink_->records().at(0);
        CPPUNIT_ASSERT(record.message.size() <= kLogMessageBytesMax + 3);
        CPPUNIT_ASSERT(record.message.ends_with("阀…"));
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"omitted":16384})"), record.context);
    }

    void formatsLines() {
        LogRecord record;
        record.time = 1769846400123;
        record.level = LogLevel::Warning;
        record.source = "network";
        record.message = "a\nforged \x1B[1m\xFF";
        record.context = R"({"peer":"192.0.2.1"})";
        record.thread = "io.0";
        CPPUNIT_ASSERT_EQUAL(std::string("2026-01-31T08:00:00.123Z warning     [network] "
                                         "a\n    forged ?[1m\xFF {\"peer\":\"192.0.2.1\"}"),
                             formatHuman(record));
        const auto json = fairlead::base::parseJson(formatJson(record));
        CPPUNIT_ASSERT(json);
        CPPUNIT_ASSERT_EQUAL(std::string_view("a\nforged \x1B[1m?"),
                             fairlead::base::textOr(*json, "message", ""));
        CPPUNIT_ASSERT((*json)["context"]["peer"] == "192.0.2.1");
        CPPUNIT_ASSERT_EQUAL(std::string::npos, formatJson(record).find('\n'));
    }

    void rotatesFiles() {
        const fairlead::test::TempDir dir;
        const auto path = dir.path() / "fairlead.log";
        log_.addSink(fileSink({path.string(), true, 4096, 2}));
        log_.start();
        for (int i = 0; i < 200; ++i) {
            log_.log(LogLevel::Error, "a", "a line to fill the file with " + std::to_string(i));
        }
        CPPUNIT_ASSERT(log_.flush(10s));
        log_.stop();
        std::size_t files = 0;
        for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
            ++files;
            CPPUNIT_ASSERT(entry.file_size() < 8192);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, files);
        std::ifstream in(path);
        std::string line;
        std::string last;
        while (std::getline(in, line)) {
            last = line;
        }
        CPPUNIT_ASSERT(last.find("with 199") != std::string::npos);
    }

    void limitsRates() {
        RateLimitedLog limited(log_, "net", {2, std::chrono::milliseconds(0)});
        for (int i = 0; i < 10; ++i) {
            limited.log(LogLevel::Warning, "peer1", "bad frame " + std::to_string(i));
        }
        limited.log(LogLevel::Warning, "peer2", "other");
        limited.sweep();
        limited.log(LogLevel::Warning, "peer1", "again");
        for (std::size_t i = 0; i < RateLimitedLog::kRateKeysMax * 2; ++i) {
            limited.log(LogLevel::Debug, std::to_string(i), "below the level");
        }
        log_.start();
        log_.stop();
        const auto records = sink_->records();
        CPPUNIT_ASSERT_EQUAL(std::size_t{5}, records.size());
        CPPUNIT_ASSERT_EQUAL(std::string("bad frame 1"), records[1].message);
        CPPUNIT_ASSERT(records[3].message.starts_with("8 more like this"));
        CPPUNIT_ASSERT(records[3].message.ends_with("bad frame 9"));
        CPPUNIT_ASSERT_EQUAL(std::string("again"), records[4].message);
    }

    void readsItsConfiguration() {
        const fairlead::test::TempDir dir;
        auto configuration = Configuration::parse("log: {level: warning, levels: [web=debug], "
                                                  "format: json, file: l.log}\ndata: {directory: " +
                                                  dir.path().string() + "}");
        CPPUNIT_ASSERT(configuration);
        Log log;
        CPPUNIT_ASSERT(configureLog(log, *configuration));
        CPPUNIT_ASSERT(log.enabled(LogLevel::Debug, "web"));
        CPPUNIT_ASSERT(!log.enabled(LogLevel::Information, "network"));
        CPPUNIT_ASSERT(configuration->set("log.levels", "web"));
        CPPUNIT_ASSERT(!configureLog(log, *configuration));
        CPPUNIT_ASSERT(configuration->set("log.levels", "web=loud"));
        CPPUNIT_ASSERT(!configureLog(log, *configuration));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(LogTest);
