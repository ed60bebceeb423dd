// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/device/commands.hpp"

#include <atomic>

namespace fairlead::web {

namespace {

using base::Result;
using device::CommandReply;
using device::DataValue;

constexpr std::int64_t kTimeoutSecondsMax = device::kCommandTimeoutMsMax / 1000;
constexpr std::size_t kValuesMax = 100;

Schema timeout() {
    return Schema::integer(1, kTimeoutSecondsMax);
}

Schema replySchema() {
    return Schema::object({required("messageId", text()), required("success", Schema::boolean()),
                           required("code", text()), required("message", text()),
                           required("properties", freeObject()), required("output", Schema::any()),
                           required("milliseconds", Schema::integer(0, INT64_MAX))})
        .named("CommandReply");
}

DataValue valueOf(const base::JsonValue& value) {
    if (value.IsBool()) {
        return DataValue::boolean(value.GetBool());
    }
    if (value.IsInt64()) {
        return DataValue::integer(value.GetInt64());
    }
    if (value.IsNumber()) {
        return DataValue::number(value.GetDouble());
    }
    if (value.IsString()) {
        return DataValue::text({value.GetString(), value.GetStringLength()});
    }
    return value.IsNull() ? DataValue{} : DataValue::json(base::toText(value));
}

device::NamedValues namedValues(const base::JsonValue& body, const char* name) {
    device::NamedValues values;
    if (const base::JsonValue* object = base::member(body, name); object != nullptr) {
        for (const auto& entry : object->GetObject()) {
            values.emplace_back(entry.name.GetString(), valueOf(entry.value));
        }
    }
    return values;
}

device::CommandOptions optionsOf(const base::JsonValue& body) {
    device::CommandOptions options;
    const std::int64_t seconds = base::integerOr(body, "timeoutSeconds", 0);
    options.timeout_ms = seconds == 0 ? device::kCommandTimeoutMsDefault : seconds * 1000;
    options.asynchronous = base::booleanOr(body, "async", false);
    return options;
}

Response answer(const CommandReply& reply) {
    JsonOut out;
    out.object().field("messageId", reply.message_id).field("success", reply.success);
    out.field("code", reply.code).field("message", reply.message).object("properties");
    for (const auto& [id, value] : reply.properties) {
        out.rawField(id, value.toJson());
    }
    out.end().rawField("output", reply.output.toJson());
    out.field("milliseconds", reply.milliseconds).end();
    return okay(std::move(out).text());
}

// Refusals carry the code that people of devices know. A bad input is 422: the request itself was
// well formed, but not what this device's model wants.
Response refusal(const Context& context, const base::Error& error) {
    Problem problem = toProblem(error);
    if (error.code() == "command.invalid") {
        problem.status = 422;
    } else if (error.code() == "device.connection_lost") {
        problem.status = 409;
    }
    JsonOut extra;
    extra.object().field("deviceCode", device::deviceCode(error)).end();
    problem.extra = std::move(extra).text();
    return toResponse(problem, context.request().id);
}

/// A waiting command holds a thread of the admin port; three of eight stay free for the pages.
class Waiting {
public:
    explicit Waiting(int threads) : max_(std::max(1, threads * 5 / 8)) {}
    bool enter() noexcept {
        if (count_.fetch_add(1) < max_) {
            return true;
        }
        leave();
        return false;
    }
    void leave() noexcept { count_.fetch_sub(1); }

private:
    const int max_;
    std::atomic<int> count_{0};
};

struct Leave {
    Waiting& waiting;
    ~Leave() { waiting.leave(); }
};

template <typename Send>
Handler command(const std::shared_ptr<Waiting>& waiting, Send send) {
    return [waiting, send](Context& context) -> Result<Response> {
        if (!waiting->enter()) {
            return base::Error{base::Errc::Busy, "command.too_many",
                               "too many commands are waiting for their devices; try again"};
        }
        const Leave leave{*waiting};
        const Result<CommandReply> reply = send(context);
        return reply ? answer(*reply) : refusal(context, reply.error());
    };
}

Route post(const char* pattern, const char* summary, std::vector<Field> fields, Handler handler) {
    fields.push_back(optional("timeoutSeconds", timeout()));
    return Route::post(pattern, "devices:operate", summary)
        .takes(Schema::object(std::move(fields)))
        .returns(replySchema())
        .runs(std::move(handler));
}

} // namespace

std::vector<Route> commandRoutes(Site& site) {
    device::Commands& commands = site.services.commands;
    const Schema values = Schema::map(Schema::any(), kValuesMax);
    const auto waiting = std::make_shared<Waiting>(site.options.threads);
    std::vector<Route> routes;
    routes.push_back(
        post("/devices/{id}/properties/read", "Asks the device for values.",
             {required("properties", Schema::array(Schema::string(1, 64), kValuesMax))},
             command(waiting, [&commands](Context& context) {
                 return commands.readProperties(context.param("id"),
                                                bodyTexts(context.body(), "properties"),
                                                optionsOf(context.body()));
             })));
    routes.push_back(
        post("/devices/{id}/properties/write", "Sets values on the device.",
             {required("properties", values)}, command(waiting, [&commands](Context& context) {
                 return commands.writeProperties(context.param("id"),
                                                 namedValues(context.body(), "properties"),
                                                 optionsOf(context.body()));
             })));
    routes.push_back(post("/devices/{id}/functions/{function}/invoke",
                          "Calls a function of the device and waits for its reply.",
                          {optional("inputs", values), optional("async", Schema::boolean())},
                          command(waiting, [&commands](Context& context) {
                              return commands.invokeFunction(
                                  context.param("id"), context.param("function"),
                                  namedValues(context.body(), "inputs"), optionsOf(context.body()));
                          })));
    routes.back().body_optional = true;
    return routes;
}

} // namespace fairlead::web
