// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/log.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/FileChannel.h>
#include <Poco/Message.h>

#include <cstdio>

namespace fairlead::runtime {

namespace {

class StderrSink : public LogSink {
public:
    explicit StderrSink(bool json) : json_(json) {}

    void write(const LogRecord& record) override {
        std::string line = json_ ? formatJson(record) : formatHuman(record);
        line += '\n';
        std::fwrite(line.data(), 1, line.size(), stderr);
    }

    void flush() override { std::fflush(stderr); }

private:
    bool json_;
};

class FileSink : public LogSink {
public:
    explicit FileSink(const FileSinkOptions& options)
        : json_(options.json), path_(options.path), channel_(new Poco::FileChannel(options.path)) {
        channel_->setProperty(Poco::FileChannel::PROP_ROTATION, std::to_string(options.bytes_max));
        channel_->setProperty(Poco::FileChannel::PROP_ARCHIVE, "number");
        channel_->setProperty(Poco::FileChannel::PROP_PURGECOUNT, std::to_string(options.files));
    }

    void write(const LogRecord& record) override {
        const std::string line = json_ ? formatJson(record) : formatHuman(record);
        try {
            channel_->log(Poco::Message(record.source, line, Poco::Message::PRIO_INFORMATION));
            failed_ = false;
        } catch (const Poco::Exception& e) {
            report(e);
        }
    }

private:
    // Once per row of failures: a full disk must not fill the other log.
    void report(const Poco::Exception& e) {
        if (!failed_) {
            std::fprintf(stderr, "Cannot write the log file %s: %s\n", path_.c_str(),
                         e.displayText().c_str());
        }
        failed_ = true;
    }

    bool json_;
    std::string path_;
    Poco::AutoPtr<Poco::FileChannel> channel_;
    bool failed_ = false;
};

} // namespace

std::shared_ptr<LogSink> stderrSink(bool json) {
    return std::make_shared<StderrSink>(json);
}

std::shared_ptr<LogSink> fileSink(const FileSinkOptions& options) {
    return std::make_shared<FileSink>(options);
}

} // namespace fairlead::runtime
