// SPDX-License-Identifier: Apache-2.0
#include "uplink.hpp"

#include "fairlead/base/text.hpp"
#include "slice.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

/// Longest reason kept with a message.
constexpr std::size_t kProblemBytesMax = 512;
constexpr std::size_t kMessageTextBytesMax = 4'096;
constexpr std::size_t kNameBytesMax = 128;
/// The end of the year 9999: no device's clock means anything beyond.
constexpr base::UtcMs kTimeMax = 253'402'300'799'999;

base::UtcMs timeOr(std::int64_t time, base::UtcMs other) {
    return time > 0 && time <= kTimeMax ? time : other;
}

std::string_view cutText(fl_str text, std::size_t most) {
    return textOf(text).substr(0, most);
}

Quality qualityOf(std::string_view state) {
    if (state.empty() || state == "good" || state == "ok" || state == "normal") {
        return Quality::Good;
    }
    return state == "bad" ? Quality::Bad : Quality::Uncertain;
}

bool isText(const fl_value& value) {
    return value.kind == FL_VALUE_STRING || value.kind == FL_VALUE_JSON;
}

bool isKept(const fl_value& value) {
    return value.kind <= FL_VALUE_JSON &&
           (value.kind < FL_VALUE_STRING || value.s.n <= kValueBytesMax) &&
           (!isText(value) || base::countCharacters(textOf(value.s)).has_value());
}

bool isReply(std::uint32_t kind) {
    return kind == FL_DEVICE_READ_PROPERTY_REPLY || kind == FL_DEVICE_WRITE_PROPERTY_REPLY ||
           kind == FL_DEVICE_INVOKE_FUNCTION_REPLY;
}

bool hasValues(const fl_device_message& message) {
    return (message.kind == FL_DEVICE_REPORT_PROPERTY ||
            message.kind == FL_DEVICE_READ_PROPERTY_REPLY ||
            message.kind == FL_DEVICE_WRITE_PROPERTY_REPLY) &&
           (message.flags & FL_DEVICE_FAILED) == 0;
}

/// The model of a device; without a product, one that declares nothing.
const ThingModel& modelOf(const DeviceEntry::Facts& facts) {
    if (facts.product != nullptr && facts.product->model != nullptr) {
        return *facts.product->model;
    }
    static const std::shared_ptr<const ThingModel> kNone = ThingModel::empty();
    return *kNone;
}

const DevicePtr& deviceOf(const Uplink& uplink, std::size_t n) {
    return uplink.devices.empty() ? *uplink.device : uplink.devices[n];
}

} // namespace

UplinkContext::UplinkContext() {
    auto& metrics = runtime::Metrics::global();
    messages_total = metrics.counter("fairlead_device_messages_total", "Device messages taken up");
    invalid_total = metrics.counter("fairlead_device_messages_invalid_total",
                                    "Device messages with content that their model refuses");
}

std::size_t UplinkApplier::bytesAtMost(const Uplink& uplink) noexcept {
    std::size_t bytes = 0;
    for (const fl_device_message& message : uplink.messages) {
        bytes +=
            256 + kProblemBytesMax + message.message_id.n + message.name.n + message.code.n +
            std::min(message.text.n, kMessageTextBytesMax) +
            std::min(message.data.kind >= FL_VALUE_STRING ? message.data.s.n : 0, kValueBytesMax);
        for (std::uint32_t i = 0; i < message.property_count; ++i) {
            const fl_property& property = message.properties[i];
            bytes += 40 + property.id.n +
                     (property.value.kind >= FL_VALUE_STRING ? property.value.s.n : 0);
        }
    }
    return bytes;
}

DataValue& UplinkApplier::scratch() {
    if (values_used_ == values_.size()) {
        values_.push_back(std::make_unique<DataValue>());
    }
    return *values_[values_used_++];
}

void UplinkApplier::reject(std::string_view id, const std::string& why) {
    if (problem_.size() < kProblemBytesMax) {
        problem_ += problem_.empty() ? "" : "; ";
        problem_ += why.empty() ? std::string{id} : why;
        problem_.resize(std::min(problem_.size(), kProblemBytesMax));
        // The cut may have split a character.
        while (!problem_.empty() && !base::countCharacters(problem_)) {
            problem_.pop_back();
        }
    }
}

void UplinkApplier::takeValue(const ThingModel& model, LatestValues& latest,
                              const fl_property& property, base::UtcMs received_at) {
    const std::string_view id = textOf(property.id);
    if (property.value.kind == FL_VALUE_NULL) {
        return;
    }
    const PropertyModel* declared = model.property(id, property_hint_);
    if (declared == nullptr &&
        (id.empty() || id.size() > kNameBytesMax || !base::countCharacters(id))) {
        reject("", "a property's name is empty, longer than 128 bytes or not UTF-8");
        return;
    }
    DataValue& value = scratch();
    if (declared != nullptr) {
        if (const base::Status valid = declared->type.convert(property.value, id, value); !valid) {
            reject(id, valid.error().message());
            return;
        }
    } else if (isKept(property.value)) {
        value.assign(property.value);
    } else {
        reject(id, std::string{id} + " is longer than 64 KiB or not UTF-8");
        return;
    }
    const Quality quality = qualityOf(textOf(property.state));
    const base::UtcMs time = timeOr(property.time_ms, stored_.time);
    if (!latest.apply(id, value.view(), quality, declared != nullptr, time, received_at)) {
        reject(id, std::string{id} + " is not in the thing model, and 64 such properties exist");
        return;
    }
    stored_.properties.push_back(
        StoredProperty{id, value.view(), quality, declared != nullptr, time});
}

void UplinkApplier::takeValues(const DevicePtr& device, const ThingModel& model,
                               const fl_device_message& message, base::UtcMs received_at) {
    LatestValues& latest = device->latest();
    const auto lock = latest.lock();
    property_hint_ = 0;
    const std::uint32_t count = std::min<std::uint32_t>(
        message.property_count, static_cast<std::uint32_t>(kMessagePropertiesMax));
    for (std::uint32_t i = 0; i < count; ++i) {
        takeValue(model, latest, message.properties[i], received_at);
    }
    if (count < message.property_count) {
        reject("", "more than 564 properties in one message");
    }
}

void UplinkApplier::takeTags(const fl_device_message& message) {
    for (std::uint32_t i = 0; i < message.property_count; ++i) {
        const fl_property& tag = message.properties[i];
        const std::string_view id = textOf(tag.id);
        DataValue& value = scratch();
        value.assign(tag.value);
        const auto id_size = base::countCharacters(id);
        const auto size =
            base::countCharacters(value.kind == FL_VALUE_STRING ? value.s : value.toJson());
        if (i >= kTagsMax || !id_size || *id_size == 0 || *id_size > kTagKeyCharsMax || !size ||
            *size > kTagValueCharsMax) {
            reject(id, "a tag is longer than 64 or its value than 128 characters, or there are "
                       "more than 32");
            continue;
        }
        stored_.properties.push_back(
            StoredProperty{id, value.view(), Quality::Good, true, stored_.time});
    }
}

void UplinkApplier::takeEvent(const ThingModel& model, const fl_device_message& message) {
    const EventModel* declared = model.event(textOf(message.name));
    DataValue& value = scratch();
    if (declared != nullptr && declared->type != nullptr && message.data.kind != FL_VALUE_NULL) {
        const base::Status valid = declared->type->convert(message.data, "data", value);
        if (valid) {
            stored_.data = value.view();
            return;
        }
        reject("data", valid.error().message());
    }
}

void UplinkApplier::section(const Uplink& uplink, std::size_t n, base::UtcMs received_at,
                            std::string& out) {
    const DevicePtr& device = deviceOf(uplink, n);
    const fl_device_message& message = uplink.messages[n];
    const bool known = uplink.facts != nullptr && device == *uplink.device;
    const std::shared_ptr<const DeviceEntry::Facts> held = known ? nullptr : device->facts();
    const ThingModel& model = modelOf(known ? *uplink.facts : *held);
    values_used_ = 0;
    problem_.clear();
    stored_.properties.clear();
    stored_.kind = message.kind;
    stored_.flags = (message.flags & FL_DEVICE_FAILED) != 0 ? StoredMessage::kFailed : 0;
    stored_.device_key = device->key();
    stored_.time = timeOr(message.time_ms, received_at);
    stored_.message_id = cutText(message.message_id, kNameBytesMax);
    stored_.name = cutText(message.name, kNameBytesMax);
    stored_.code = cutText(message.code, kNameBytesMax);
    stored_.text = cutText(message.text, kMessageTextBytesMax);
    stored_.data = message.data;
    if (!isKept(message.data)) {
        stored_.data = fl_value{};
        reject("data", "the data is longer than 64 KiB or not UTF-8");
    }
    if (hasValues(message)) {
        takeValues(device, model, message, received_at);
    } else if (message.kind == FL_DEVICE_UPDATE_TAG) {
        takeTags(message);
    } else if (message.kind == FL_DEVICE_EVENT) {
        takeEvent(model, message);
    }
    if (!problem_.empty()) {
        stored_.flags |= StoredMessage::kProblem;
        context_.invalid_total->add();
    }
    out.clear();
    MessageWriter writer(out);
    writer.begin(stored_, received_at, stored_.properties.size());
    for (const StoredProperty& property : stored_.properties) {
        writer.property(property);
    }
    writer.end(problem_);
}

std::size_t UplinkApplier::apply(const Uplink& uplink, base::UtcMs received_at,
                                 std::vector<std::string>& sections) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < uplink.messages.size(); ++i) {
        if (uplink.messages[i].kind == FL_DEVICE_KEEPALIVE) {
            continue;
        }
        if (count == sections.size()) {
            sections.emplace_back();
        }
        section(uplink, i, received_at, sections[count]);
        ++count;
    }
    context_.messages_total->add(uplink.messages.size());
    return count;
}

namespace {

void announceToFeed(FeedHub& feed, const DevicePtr& device, const Uplink& uplink,
                    const StoredMessage& stored, base::UtcMs received_at) {
    const auto facts = device->facts();
    const ThingModel& model = modelOf(*facts);
    if (carriesValues(stored)) {
        for (const StoredProperty& property : stored.properties) {
            const PropertyModel* declared = model.property(property.id);
            feed.property(device->id(), property.id, property.value,
                          declared == nullptr ? nullptr : &declared->type, property.quality,
                          property.time);
        }
    } else if (stored.kind == FL_DEVICE_EVENT) {
        feed.event(device->id(), stored.name, model.event(stored.name), stored.data, stored.time);
    }
    LoggedMessage line;
    line.time = received_at;
    line.kind = stored.kind;
    line.message_id = stored.message_id;
    line.summary = summaryOf(stored);
    line.payload = textOf(uplink.raw->payload).substr(0, kLoggedPayloadBytesMax);
    line.truncated = uplink.raw->payload.n > kLoggedPayloadBytesMax;
    line.transport = uplink.transport;
    line.address = textOf(uplink.raw->address);
    line.result = stored.problem.empty() ? stored.code : stored.problem;
    feed.message(device->id(), line);
}

} // namespace

void UplinkApplier::announce(const Uplink& uplink, base::UtcMs received_at,
                             const std::vector<std::string>& sections, std::size_t count) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < uplink.messages.size(); ++i) {
        const fl_device_message& message = uplink.messages[i];
        if (message.kind == FL_DEVICE_KEEPALIVE) {
            continue;
        }
        const std::size_t section_index = at++;
        const DevicePtr& device = deviceOf(uplink, i);
        if (isReply(message.kind)) {
            context_.commands->reply(device, message);
        }
        if (section_index < count && context_.feed->watched(device->id()) &&
            readMessage(sections[section_index], received_at, stored_)) {
            announceToFeed(*context_.feed, device, uplink, stored_, received_at);
        }
        if (message.kind < UplinkContext::kKinds && !context_.observers[message.kind].empty()) {
            const OwnedMessage owned(message);
            for (const Module::Observer& observer : context_.observers[message.kind]) {
                observer(device, owned);
            }
        }
    }
}

} // namespace fairlead::device
