// SPDX-License-Identifier: Apache-2.0
#include "feed_hub.hpp"

#include "fairlead/base/text.hpp"
#include "json_text.hpp"
#include "record.hpp"

#include <mutex>

namespace fairlead::device {

namespace {

constexpr const char* kStatesTopic = "devices.state";
constexpr std::size_t kSummaryBytesMax = 160;

std::string topicOf(std::string_view device_id) {
    return "device." + std::string{device_id};
}

/// Cuts at a character's border.
void shorten(std::string& text) {
    if (text.size() <= kSummaryBytesMax) {
        return;
    }
    std::size_t end = kSummaryBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    text.resize(end);
    text += "…";
}

std::string plainText(const fl_value& value) {
    const DataValue owned{value};
    return value.kind == FL_VALUE_STRING ? owned.s : owned.toJson();
}

} // namespace

std::string summaryOf(const StoredMessage& message) {
    std::string out{message.name};
    for (const StoredProperty& property : message.properties) {
        out += out.empty() ? "" : ", ";
        out += property.id;
        if (property.value.kind != FL_VALUE_NULL) {
            out += "=" + plainText(property.value);
        }
        if (out.size() > kSummaryBytesMax) {
            break;
        }
    }
    if (message.data.kind != FL_VALUE_NULL) {
        out += (out.empty() ? "" : " ") + plainText(message.data);
    }
    if (!message.text.empty()) {
        out += (out.empty() ? "" : " ") + std::string{message.text};
    }
    shorten(out);
    return out;
}

base::Result<std::uint64_t> FeedHub::watch(const std::string& topic, Handler handler) {
    const std::unique_lock lock(mutex_);
    if (watches_.size() >= kWatchesMax) {
        return base::Error::limit("too many pages watch devices at once; close some");
    }
    FL_ASSIGN(const std::uint64_t id,
              cluster_.subscribe(topic, [handler = std::move(handler)](const cluster::Event& e) {
                  handler(e.payload);
              }));
    interest_[topic] += 1;
    watches_.emplace(id, topic);
    (topic == kStatesTopic ? states_watched_ : devices_watched_) += 1;
    return id;
}

base::Result<std::uint64_t> FeedHub::watchDevice(const std::string& device_id, Handler handler) {
    return watch(topicOf(device_id), std::move(handler));
}

base::Result<std::uint64_t> FeedHub::watchStates(Handler handler) {
    return watch(kStatesTopic, std::move(handler));
}

void FeedHub::unwatch(std::uint64_t id) {
    {
        const std::unique_lock lock(mutex_);
        const auto found = watches_.find(id);
        if (found == watches_.end()) {
            return;
        }
        (found->second == kStatesTopic ? states_watched_ : devices_watched_) -= 1;
        if (--interest_[found->second] == 0) {
            interest_.erase(found->second);
        }
        watches_.erase(found);
    }
    cluster_.unsubscribe(id); // waits for the handler, so not under the lock
}

bool FeedHub::isWatched(std::string_view device_id) const {
    const std::shared_lock lock(mutex_);
    return interest_.find(topicOf(device_id)) != interest_.end();
}

void FeedHub::publish(std::string topic, std::string json) {
    // A page that misses an event reads the state again; nothing else can be done here.
    static_cast<void>(cluster_.publish(std::move(topic), std::move(json)));
}

void FeedHub::property(const std::string& device_id, std::string_view id, const fl_value& value,
                       const ValueType* type, Quality quality, base::UtcMs time) {
    publish(topicOf(device_id),
            JsonObject{}
                .text("kind", "property")
                .text("id", id)
                .json("value", DataValue{value}.toJson())
                .text("text", type != nullptr ? type->toText(value) : plainText(value))
                .time("time", time)
                .text("quality", toText(quality))
                .take());
}

void FeedHub::event(const std::string& device_id, std::string_view id, const EventModel* model,
                    const fl_value& data, base::UtcMs time) {
    publish(topicOf(device_id),
            JsonObject{}
                .text("kind", "event")
                .text("event", id)
                .text("name", model != nullptr ? std::string_view{model->name} : id)
                .text("level", model != nullptr ? std::string_view{model->level} : "ordinary")
                .json("data", DataValue{data}.toJson())
                .time("time", time)
                .take());
}

void FeedHub::message(const std::string& device_id, const LoggedMessage& message) {
    publish(topicOf(device_id),
            JsonObject{}.text("kind", "message").json("message", toJson(message)).take());
}

void FeedHub::state(const std::string& device_id, DeviceState state, base::UtcMs time) {
    if (watched(device_id)) {
        publish(topicOf(device_id), JsonObject{}
                                        .text("kind", "state")
                                        .text("state", toText(state))
                                        .time("time", time)
                                        .take());
    }
    if (states_watched_.load(std::memory_order_relaxed) > 0) {
        publish(kStatesTopic, JsonObject{}
                                  .text("id", device_id)
                                  .text("state", toText(state))
                                  .time("time", time)
                                  .take());
    }
}

std::string toJson(const LoggedMessage& message) {
    const bool is_text = base::countCharacters(message.payload).has_value();
    const std::span<const std::uint8_t> bytes{
        reinterpret_cast<const std::uint8_t*>(message.payload.data()), message.payload.size()};
    JsonObject out;
    out.text("id", message.id)
        .time("time", message.time)
        .text("direction", toText(message.direction))
        .text("kind", messageKindText(message.kind))
        .text("messageId", message.message_id)
        .text("summary", message.summary)
        .json("payloadText", is_text ? DataValue::text(message.payload).toJson() : "")
        .json("payloadHex", is_text ? "" : "\"" + base::toHex(bytes) + "\"")
        .boolean("truncated", message.truncated)
        .text("transport", message.transport)
        .text("address", message.address)
        .text("result", message.result);
    return out.take();
}

} // namespace fairlead::device
