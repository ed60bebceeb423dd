// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/device/history.hpp"
#include "fairlead/device/message_log.hpp"

#include <charconv>

namespace fairlead::web {

namespace {

using base::Result;

constexpr base::UtcMs kDefaultSpanMs = 3'600'000;

Schema propertySchema() {
    return Schema::object(
               {required("id", text()), required("name", text()),
                required("valueType", freeObject().nullable()), required("value", Schema::any()),
                required("text", text().nullable()), required("quality", text().nullable()),
                required("time", timeOrNull()), required("receivedAt", timeOrNull()),
                required("canRead", Schema::boolean()), required("canWrite", Schema::boolean()),
                required("declared", Schema::boolean())})
        .named("PropertyValue");
}

Result<Response> properties(Site& site, Context& context) {
    FL_ASSIGN(const auto views, site.services.devices.properties(context.param("id")));
    JsonOut out;
    out.object().array("items");
    for (const device::PropertyView& view : views) {
        const bool known = view.received_at != 0 || view.time != 0;
        out.object().field("id", view.id).field("name", view.name);
        out.rawField("valueType", view.value_type).rawField("value", view.value.toJson());
        out.textOrNull("text", view.text);
        out.textOrNull("quality", known ? device::toText(view.quality) : "");
        out.time("time", view.time).time("receivedAt", view.received_at);
        out.field("canRead", view.readable).field("canWrite", view.writable);
        out.field("declared", view.declared).end();
    }
    out.end().end();
    return okay(std::move(out).text());
}

// "60s", "5m", "1h", "1d" in milliseconds.
std::optional<std::int64_t> parseInterval(const std::string& text) {
    std::int64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || end - at != 1 || count < 1 || count > 1'000'000) {
        return std::nullopt;
    }
    switch (*at) {
    case 's':
        return count * 1000;
    case 'm':
        return count * 60'000;
    case 'h':
        return count * 3'600'000;
    case 'd':
        return count * 86'400'000;
    default:
        return std::nullopt;
    }
}

void numberOrNull(JsonOut& out, const char* name, const std::optional<double>& number) {
    if (number) {
        out.field(name, *number);
    } else {
        out.name(name).null();
    }
}

Result<Response> aggregated(Site& site, const Context& context) {
    device::AggregateQuery query;
    query.device_id = context.param("id");
    query.property = context.param("property");
    query.to = context.queryTime("to").value_or(base::utcNow());
    query.from = context.queryTime("from").value_or(query.to - kDefaultSpanMs);
    const auto interval = parseInterval(context.query("interval", "1m"));
    if (!interval) {
        return invalidQuery("interval", "must be a number and s, m, h or d, such as 5m");
    }
    query.interval_ms = *interval;
    FL_ASSIGN(const auto rows, site.services.history.aggregate(query));
    JsonOut out;
    out.object().array("items");
    for (const device::AggregateRow& row : rows) {
        out.object().field("time", base::toRfc3339(row.time)).field("count", row.count);
        numberOrNull(out, "min", row.minimum);
        numberOrNull(out, "max", row.maximum);
        numberOrNull(out, "avg", row.average);
        out.rawField("first", row.first.toJson()).rawField("last", row.last.toJson()).end();
    }
    out.end().name("next").null().end();
    return okay(std::move(out).text());
}

Result<Response> history(Site& site, Context& context) {
    if (context.queryBoolean("aggregate").value_or(false)) {
        return aggregated(site, context);
    }
    device::HistoryQuery query;
    query.device_id = context.param("id");
    query.property = context.param("property");
    query.from = context.queryTime("from").value_or(0);
    query.to = context.queryTime("to").value_or(0);
    query.limit = static_cast<std::size_t>(context.queryInteger("limit", 100));
    query.after = context.query("after");
    query.descending = context.query("order", "desc") == "desc";
    FL_ASSIGN(const device::HistoryPage page, site.services.history.property(query));
    JsonOut out;
    out.object().array("items");
    for (const device::HistoryPoint& point : page.items) {
        out.object().field("time", base::toRfc3339(point.time));
        out.rawField("value", point.value.toJson());
        out.field("quality", device::toText(point.quality)).end();
    }
    out.end().textOrNull("next", page.next).end();
    return okay(std::move(out).text());
}

Schema historySchema() {
    return Schema::object({required("time", Schema::time()), optional("value", Schema::any()),
                           optional("quality", text()),
                           optional("count", Schema::integer(0, INT64_MAX)),
                           optional("min", Schema::number().nullable()),
                           optional("max", Schema::number().nullable()),
                           optional("avg", Schema::number().nullable()),
                           optional("first", Schema::any()), optional("last", Schema::any())})
        .named("HistoryPoint");
}

Schema messageSchema() {
    return Schema::object({required("id", text()), required("time", Schema::time()),
                           required("direction", text()), required("kind", text()),
                           required("messageId", text()), required("summary", text()),
                           required("payloadText", text().nullable()),
                           required("payloadHex", text().nullable()),
                           required("truncated", Schema::boolean()), required("transport", text()),
                           required("address", text().nullable()),
                           required("result", text().nullable())})
        .named("Message");
}

// Text when it is readable text, bytes as hex otherwise.
bool isText(const std::string& payload) {
    const auto control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20U && c != '\n' && c != '\r' && c != '\t';
    };
    return base::countCharacters(payload).has_value() &&
           std::none_of(payload.begin(), payload.end(), control);
}

void writePayload(JsonOut& out, const device::LoggedMessage& message) {
    std::string payload = message.payload;
    // A cut may have gone through a character; that does not make it binary.
    for (int i = 0; message.truncated && i < 3 && !isText(payload) && !payload.empty(); ++i) {
        payload.pop_back();
    }
    if (message.payload.empty()) {
        out.name("payloadText").null().name("payloadHex").null();
    } else if (isText(payload)) {
        out.field("payloadText", payload).name("payloadHex").null();
    } else {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.payload.data());
        out.name("payloadText").null();
        out.field("payloadHex", base::toHex({bytes, message.payload.size()}));
    }
}

Result<Response> messages(Site& site, Context& context) {
    device::MessageQuery query;
    query.device_id = context.param("id");
    if (const std::string kind = context.query("kind"); !kind.empty()) {
        query.kind = device::parseMessageKind(kind);
        if (!query.kind) {
            return invalidQuery("kind", "is no kind of message");
        }
    }
    if (const std::string direction = context.query("direction"); !direction.empty()) {
        query.direction = direction == "up" ? device::Direction::Up : device::Direction::Down;
    }
    query.from = context.queryTime("from").value_or(0);
    query.to = context.queryTime("to").value_or(0);
    query.after = context.query("after");
    query.limit = static_cast<std::size_t>(std::min<std::int64_t>(
        context.queryInteger("limit", 50), static_cast<std::int64_t>(device::kMessagePageMax)));
    FL_ASSIGN(const device::MessagePage page, site.services.message_log.messages(query));
    JsonOut out;
    out.object().array("items");
    for (const device::LoggedMessage& message : page.items) {
        out.object().field("id", message.id).field("time", base::toRfc3339(message.time));
        out.field("direction", device::toText(message.direction));
        out.field("kind", device::messageKindText(message.kind));
        out.field("messageId", message.message_id).field("summary", message.summary);
        writePayload(out, message);
        out.field("truncated", message.truncated).field("transport", message.transport);
        out.textOrNull("address", message.address).textOrNull("result", message.result).end();
    }
    out.end().textOrNull("next", page.next).end();
    return okay(std::move(out).text());
}

Result<Response> events(Site& site, Context& context) {
    device::EventQuery query;
    query.device_id = context.param("id");
    query.event = context.query("event");
    query.from = context.queryTime("from").value_or(0);
    query.to = context.queryTime("to").value_or(0);
    query.after = context.query("after");
    query.limit = static_cast<std::size_t>(std::min<std::int64_t>(
        context.queryInteger("limit", 50), static_cast<std::int64_t>(device::kMessagePageMax)));
    FL_ASSIGN(const device::EventPage page, site.services.message_log.events(query));
    JsonOut out;
    out.object().array("items");
    for (const device::DeviceEvent& event : page.items) {
        out.object().field("time", base::toRfc3339(event.time)).field("event", event.event);
        out.field("name", event.name).field("level", event.level);
        out.rawField("data", event.data.toJson()).end();
    }
    out.end().textOrNull("next", page.next).end();
    return okay(std::move(out).text());
}

} // namespace

std::vector<Route> deviceDataRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(
        Route::get("/devices/{id}/properties", "devices:read", "Latest values.")
            .returns(Schema::object({required("items", Schema::array(propertySchema(), 10'000))}))
            .runs([&site](Context& context) { return properties(site, context); }));
    routes.push_back(
        Route::get("/devices/{id}/properties/{property}/history", "devices:read",
                   "Values over time, or with aggregate=1 count, min, max and avg per interval.")
            .with(timeRange())
            .with({{"order", Schema::oneOf({"asc", "desc"}), "By time; desc unless given."},
                   {"aggregate", Schema::boolean(), "Per interval; at most 2000 of them."},
                   {"interval", Schema::string(2, 8), "60s, 5m, 1h, 1d; 1m unless given."}})
            .cursored(historySchema())
            .runs([&site](Context& context) { return history(site, context); }));
    routes.push_back(
        Route::get("/devices/{id}/messages", "devices:read", "What was said, newest first.")
            .with(timeRange())
            .with({{"kind", Schema::string(1, 40), "reportProperty and so on."},
                   {"direction", Schema::oneOf({"up", "down"}), "Direction."}})
            .cursored(messageSchema())
            .runs([&site](Context& context) { return messages(site, context); }));
    routes.push_back(
        Route::get("/devices/{id}/events", "devices:read", "Its events, newest first.")
            .with(timeRange())
            .with({{"event", Schema::string(1, 64), "Of this id."}})
            .cursored(Schema::object({required("time", Schema::time()), required("event", text()),
                                      required("name", text()), required("level", text()),
                                      required("data", Schema::any())})
                          .named("DeviceEvent"))
            .runs([&site](Context& context) { return events(site, context); }));
    return routes;
}

} // namespace fairlead::web
