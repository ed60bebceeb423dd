// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/log.hpp"

#include "fairlead/base/text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

namespace fairlead::runtime {

namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// JSON text must be UTF-8; bytes of strangers that are not are shown as '?'.
std::string printable(std::string_view text) {
    if (base::countCharacters(text)) {
        return std::string(text);
    }
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) >= 0x80) {
            c = '?';
        }
    }
    return out;
}

void putText(Writer& writer, std::string_view text) {
    const std::string safe = printable(text);
    writer.String(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
}

void putMember(Writer& writer, const char* key, std::string_view value) {
    writer.Key(key);
    putText(writer, value);
}

std::string quoted(std::string_view text) {
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    putText(writer, text);
    return {buffer.GetString(), buffer.GetSize()};
}

// A stranger's line feed must not look like a line of ours.
std::string oneLine(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '\n') {
            out += "\n    ";
        } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
            out += '?';
        } else {
            out += c;
        }
    }
    return out;
}

} // namespace

LogContext& LogContext::add(std::string_view key, std::string_view value) {
    text_ += text_.empty() ? "{" : ",";
    text_ += quoted(key);
    text_ += ':';
    text_ += quoted(value);
    return *this;
}

LogContext& LogContext::add(std::string_view key, std::int64_t value) {
    text_ += text_.empty() ? "{" : ",";
    text_ += quoted(key);
    text_ += ':';
    text_ += std::to_string(value);
    return *this;
}

std::string formatHuman(const LogRecord& record) {
    std::string level = toText(record.level);
    level.resize(11, ' ');
    std::string out = base::toRfc3339(record.time) + " " + level + " [" + oneLine(record.source) +
                      "] " + oneLine(record.message);
    if (!record.context.empty()) {
        out += " " + oneLine(record.context);
    }
    return out;
}

std::string formatJson(const LogRecord& record) {
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    putMember(writer, "time", base::toRfc3339(record.time));
    putMember(writer, "level", toText(record.level));
    putMember(writer, "source", record.source);
    putMember(writer, "thread", record.thread);
    putMember(writer, "message", record.message);
    if (!record.context.empty()) {
        const std::string context = printable(record.context);
        writer.Key("context");
        writer.RawValue(context.data(), context.size(), rapidjson::kObjectType);
    }
    writer.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

} // namespace fairlead::runtime
