// SPDX-License-Identifier: Apache-2.0
#include "body.hpp"

#include "limits.hpp"
#include "text.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace fairlead::official {
namespace {

enum class Member : std::uint8_t {
    Other,
    All,
    ChildDeviceId,
    ChildDeviceMessage,
    Code,
    Data,
    DeviceId,
    Event,
    FunctionId,
    Headers,
    Log,
    Message,
    MessageId,
    MessageType,
    Metadata,
    Output,
    Properties,
    SourceTimes,
    State,
    States,
    Success,
    Tags,
    Timestamp,
};

struct MemberName {
    std::string_view text;
    Member member;
};

// In the order of their frequency in reports.
constexpr MemberName kMembers[] = {
    {"properties", Member::Properties},
    {"messageId", Member::MessageId},
    {"timestamp", Member::Timestamp},
    {"deviceId", Member::DeviceId},
    {"messageType", Member::MessageType},
    {"headers", Member::Headers},
    {"data", Member::Data},
    {"success", Member::Success},
    {"output", Member::Output},
    {"functionId", Member::FunctionId},
    {"code", Member::Code},
    {"message", Member::Message},
    {"propertySourceTimes", Member::SourceTimes},
    {"propertyStates", Member::States},
    {"tags", Member::Tags},
    {"event", Member::Event},
    {"log", Member::Log},
    {"state", Member::State},
    {"metadata", Member::Metadata},
    {"all", Member::All},
    {"childDeviceId", Member::ChildDeviceId},
    {"childDeviceMessage", Member::ChildDeviceMessage},
};

Member memberOf(std::string_view key) noexcept {
    for (const MemberName& name : kMembers) {
        if (name.text == key) {
            return name.member;
        }
    }
    return Member::Other;
}

std::int64_t timeOf(const fl_value& value) noexcept {
    std::int64_t ms = 0;
    if (value.kind == FL_VALUE_INTEGER) {
        ms = value.i;
    } else if (value.kind == FL_VALUE_STRING) {
        parseInteger(sdk::view(value.s), ms);
    } else if (value.kind == FL_VALUE_DOUBLE && value.d > 0 &&
               value.d <= static_cast<double>(kTimeMaxMs)) {
        ms = static_cast<std::int64_t>(value.d);
    }
    return ms > 0 && ms <= kTimeMaxMs ? ms : 0;
}

bool truth(const fl_value& value, bool otherwise) noexcept {
    switch (value.kind) {
    case FL_VALUE_BOOLEAN:
    case FL_VALUE_INTEGER:
        return value.i != 0;
    case FL_VALUE_STRING:
        return !equalsIgnoreCase(sdk::view(value.s), "false");
    default:
        return otherwise;
    }
}

using Stream = rapidjson::InsituStringStream;

} // namespace

// The SAX handler. Depth 1 is the body's object, depth 2 the members of `properties` and the like,
// depth 3 the fields of a record. Whatever nests deeper than its place allows is skipped until it
// ends and then taken as JSON text out of the untouched payload, by its offsets.
struct BodyReader::Impl {
    using Reader = rapidjson::Reader;

    bool Null() { return scalar(sdk::nullValue()); }
    bool Bool(bool v) { return scalar(sdk::boolean(v)); }
    // Numbers come as text (kParseNumbersAsStringsFlag).
    bool RawNumber(const char* p, rapidjson::SizeType n, bool) { return number({p, n}); }
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    bool String(const char* p, rapidjson::SizeType n, bool) {
        const std::string_view s = original(p, n);
        if (escapes_ && !isUtf8(s)) {
            return stop("a string has half of a surrogate pair");
        }
        if (s.size() > kValueBytesMax) {
            return stop("a string is longer than 256 KiB");
        }
        return scalar(sdk::string(s));
    }

    bool Key(const char* p, rapidjson::SizeType n, bool) {
        if (capture_depth_ != 0) {
            return true;
        }
        const std::string_view key = original(p, n);
        if (escapes_ && !isUtf8(key)) {
            return stop("a key has half of a surrogate pair");
        }
        if (depth_ == 1) {
            member_ = memberOf(key);
            return true;
        }
        key_ = key;
        return key.size() <= kNameBytesMax || stop("a property id is longer than 256 bytes");
    }

    bool StartObject() { return start(true); }
    bool EndObject(rapidjson::SizeType) { return end(); }
    bool StartArray() { return start(false); }
    bool EndArray(rapidjson::SizeType) { return end(); }

    bool start(bool object);
    bool end();
    bool scalar(const fl_value& value);
    bool number(std::string_view text);
    bool expands(bool object) const noexcept;
    bool setMember(const fl_value& value);
    void setText(std::string_view s);
    bool setElement(const fl_value& value);
    bool setField(const fl_value& value);
    std::string_view textOf(const fl_value& value);
    void mergeTimesAndStates();
    void reset(std::string_view payload, bool collector, Body& out);
    sdk::Status parse();

    // Without escapes a text stands unchanged in the payload, which outlives the buffer and which
    // the host need not copy.
    std::string_view original(const char* p, std::size_t n) const noexcept {
        return {escapes_ ? p : payload_.data() + (p - buffer.data()), n};
    }

    bool stop(const char* why) noexcept {
        why_ = why;
        return false;
    }

    Reader reader;
    std::vector<char> buffer;
    std::vector<fl_property> times;  // id and value of propertySourceTimes
    std::vector<fl_property> states; // and of propertyStates
    std::string_view payload_;
    Body* out_ = nullptr;
    Stream* stream_ = nullptr;
    const char* why_ = nullptr;
    std::string_view key_;
    std::size_t body_start_ = 0;
    std::size_t capture_start_ = 0;
    unsigned depth_ = 0;
    unsigned capture_depth_ = 0;
    Member member_ = Member::Other;
    bool collector_ = false;
    bool escapes_ = false;
    fl_property record_{};
    char code_[24] = {};
    char message_id_[24] = {};
};

// Is the container that starts at this depth taken apart rather than captured?
bool BodyReader::Impl::expands(bool object) const noexcept {
    if (depth_ == 1) {
        return true;
    }
    const bool records = collector_ && member_ == Member::Data;
    if (depth_ == 2) {
        const bool map = member_ == Member::Properties || member_ == Member::Tags ||
                         member_ == Member::SourceTimes || member_ == Member::States;
        return object ? map && !collector_ : records;
    }
    return depth_ == 3 && object && records;
}

bool BodyReader::Impl::start(bool object) {
    ++depth_;
    if (depth_ > kDepthMax) {
        return stop("arrays and objects are nested deeper than 32");
    }
    if (capture_depth_ != 0) {
        return true;
    }
    if (depth_ == 1 && !object) {
        return stop("the body is not a JSON object");
    }
    if (!expands(object)) {
        capture_depth_ = depth_;
        capture_start_ = stream_->Tell() - 1;
        return true;
    }
    if (depth_ == 1) {
        body_start_ = stream_->Tell() - 1;
    } else if (depth_ == 3) {
        record_ = {};
    } else if (member_ == Member::Properties || member_ == Member::Tags) {
        out_->has_properties = true;
        out_->has_tags = member_ == Member::Tags;
    } else if (member_ == Member::Data) {
        out_->has_records = true;
    }
    return true;
}

bool BodyReader::Impl::end() {
    const unsigned ended = depth_--;
    if (capture_depth_ == ended) {
        capture_depth_ = 0;
        const auto text = payload_.substr(capture_start_, stream_->Tell() - capture_start_);
        if (text.size() > kValueBytesMax) {
            return stop("an array or object is longer than 256 KiB");
        }
        return scalar(sdk::json(text));
    }
    if (capture_depth_ == 0 && ended == 3) {
        if (record_.id.n == 0) {
            return stop("a record of data has no address");
        }
        out_->properties.push_back(record_);
        return out_->properties.size() <= kPropertiesMax || stop("more than 1024 values");
    }
    return true;
}

bool BodyReader::Impl::scalar(const fl_value& value) {
    if (capture_depth_ != 0) {
        return true;
    }
    switch (depth_) {
    case 0:
        return stop("the body is not a JSON object");
    case 1:
        return setMember(value);
    case 2:
        return setElement(value);
    default:
        return setField(value);
    }
}

// The parser has checked the grammar. Its own conversion either loses digits or, in full precision,
// runs into undefined behaviour (0e66), so the standard library converts.
bool BodyReader::Impl::number(std::string_view text) {
    if (capture_depth_ != 0) {
        return true;
    }
    const char* last = text.data() + text.size();
    if (text.find_first_of(".eE") == std::string_view::npos) {
        std::int64_t integer = 0;
        if (std::from_chars(text.data(), last, integer).ec == std::errc()) {
            return scalar(sdk::integer(integer));
        }
    }
    double real = 0;
    if (std::from_chars(text.data(), last, real).ec != std::errc()) {
        const bool tiny = text.find("e-") != std::string_view::npos ||
                          text.find("E-") != std::string_view::npos || text.find("0.") < 2;
        if (!tiny) {
            return stop("a number is too large");
        }
        real = 0;
    }
    return scalar(sdk::real(real));
}

// Ids and codes are texts, but devices send them as numbers too.
std::string_view BodyReader::Impl::textOf(const fl_value& value) {
    if (value.kind == FL_VALUE_STRING) {
        return sdk::view(value.s);
    }
    if (value.kind != FL_VALUE_INTEGER) {
        return {};
    }
    char* room = member_ == Member::Code ? code_ : message_id_;
    const int n = std::snprintf(room, sizeof code_, "%lld", static_cast<long long>(value.i));
    return {room, static_cast<std::size_t>(n)};
}

bool BodyReader::Impl::setMember(const fl_value& value) {
    switch (member_) {
    case Member::MessageId:
        out_->message_id = textOf(value);
        return out_->message_id.size() <= kMessageIdBytesMax ||
               stop("messageId is longer than 128 bytes");
    case Member::Code:
        out_->code = textOf(value);
        return true;
    case Member::Timestamp:
        out_->time_ms = timeOf(value);
        return true;
    case Member::Success:
        out_->success = truth(value, true);
        return true;
    case Member::All:
        out_->all = truth(value, false);
        return true;
    case Member::Data:
        out_->data = value;
        return true;
    case Member::Output:
        out_->output = value;
        return true;
    case Member::State:
        out_->state = value;
        return true;
    case Member::Log:
        out_->log = value;
        return true;
    case Member::Metadata:
        out_->metadata = value;
        return true;
    case Member::Headers:
        if (value.kind == FL_VALUE_JSON && value.s.p[0] == '{') {
            out_->headers = sdk::view(value.s);
        }
        return true;
    case Member::ChildDeviceMessage:
        if (value.kind == FL_VALUE_JSON) {
            out_->child_message = sdk::view(value.s);
        }
        return true;
    default:
        break;
    }
    if (value.kind == FL_VALUE_STRING) {
        setText(sdk::view(value.s));
    }
    return true;
}

void BodyReader::Impl::setText(std::string_view s) {
    switch (member_) {
    case Member::DeviceId:
        out_->device_id = s;
        break;
    case Member::MessageType:
        out_->message_type = s;
        break;
    case Member::ChildDeviceId:
        out_->child_device_id = s;
        break;
    case Member::FunctionId:
        out_->function_id = s;
        break;
    case Member::Event:
        out_->event = s;
        break;
    case Member::Message:
        out_->message = s;
        break;
    default:
        break;
    }
}

bool BodyReader::Impl::setElement(const fl_value& value) {
    const fl_property property = {sdk::str(key_), value, 0, {nullptr, 0}};
    if (member_ == Member::SourceTimes || member_ == Member::States) {
        auto& list = member_ == Member::SourceTimes ? times : states;
        list.push_back(property);
        return list.size() <= kPropertiesMax || stop("more than 1024 source times or states");
    }
    if (member_ == Member::Data) {
        return stop("data is not an array of objects");
    }
    if (key_.empty()) {
        return stop("a property has an empty id");
    }
    out_->properties.push_back(property);
    return out_->properties.size() <= kPropertiesMax || stop("more than 1024 properties");
}

bool BodyReader::Impl::setField(const fl_value& value) {
    if (key_ == "address" && value.kind == FL_VALUE_STRING) {
        record_.id = value.s;
        return value.s.n <= kNameBytesMax || stop("an address is longer than 256 bytes");
    }
    if (key_ == "value") {
        record_.value = value;
    } else if (key_ == "timestamp") {
        record_.time_ms = timeOf(value);
    } else if (key_ == "state" && value.kind == FL_VALUE_STRING) {
        record_.state = value.s;
    }
    return true;
}

// Both maps mostly list the same ids in the same order as `properties`, so the search goes on where
// the last one ended.
void BodyReader::Impl::mergeTimesAndStates() {
    auto& properties = out_->properties;
    const auto merge = [&](const std::vector<fl_property>& from, auto&& set) {
        std::size_t at = 0;
        for (const fl_property& entry : from) {
            for (std::size_t i = 0; i < properties.size(); ++i) {
                fl_property& property = properties[(at + i) % properties.size()];
                if (sdk::view(property.id) == sdk::view(entry.id)) {
                    set(property, entry.value);
                    at = (at + i + 1) % properties.size();
                    break;
                }
            }
        }
    };
    merge(times, [](fl_property& p, const fl_value& v) { p.time_ms = timeOf(v); });
    merge(states, [](fl_property& p, const fl_value& v) {
        if (v.kind == FL_VALUE_STRING) {
            p.state = v.s;
        }
    });
}

void BodyReader::Impl::reset(std::string_view payload, bool collector, Body& out) {
    payload_ = payload;
    out_ = &out;
    collector_ = collector;
    escapes_ = std::memchr(payload.data(), '\\', payload.size()) != nullptr;
    why_ = nullptr;
    depth_ = 0;
    capture_depth_ = 0;
    times.clear();
    states.clear();
    if (buffer.capacity() > kBufferKeepBytes && payload.size() < kBufferKeepBytes) {
        std::vector<char>().swap(buffer);
    }
    // The parser looks at whole aligned blocks of 16 bytes.
    buffer.resize((payload.size() / 16 + 2) * 16);
    std::memcpy(buffer.data(), payload.data(), payload.size());
    buffer[payload.size()] = '\0';
}

sdk::Status BodyReader::Impl::parse() {
    Stream stream(buffer.data());
    stream_ = &stream;
    constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, *this);
    if (result.IsError()) {
        if (why_ != nullptr) {
            return sdk::Status::malformed(why_);
        }
        return sdk::Status::malformed("bad JSON at byte " + std::to_string(result.Offset()) + ": " +
                                      rapidjson::GetParseError_En(result.Code()));
    }
    if (stream.Tell() != payload_.size()) {
        return sdk::Status::malformed("bad JSON: a NUL byte in the body");
    }
    out_->text = payload_.substr(body_start_);
    out_->text.remove_suffix(out_->text.size() - out_->text.rfind('}') - 1);
    mergeTimesAndStates();
    return {};
}

BodyReader::BodyReader() : impl_(std::make_unique<Impl>()) {}
BodyReader::~BodyReader() = default;

sdk::Status BodyReader::read(std::string_view payload, bool collector, Body& out) {
    auto properties = std::move(out.properties);
    properties.clear();
    out = Body{};
    out.properties = std::move(properties);
    if (payload.empty()) {
        out.text = "{}";
        return {};
    }
    if (payload.size() > kBodyBytesMax) {
        return sdk::Status::limit("the body is longer than 1 MiB");
    }
    if (!isUtf8(payload)) {
        return sdk::Status::malformed("the body is not UTF-8");
    }
    impl_->reset(payload, collector, out);
    return impl_->parse();
}

} // namespace fairlead::official
