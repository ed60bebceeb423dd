// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/gateway/protocols.hpp"

#include <algorithm>
#include <iterator>

namespace fairlead::web {

namespace {

using base::Result;
using gateway::Protocol;

constexpr std::size_t kTrialBytesMax = 256 * 1024;
constexpr std::int64_t kSortedPagesMax = 10;

Schema protocolSchema() {
    return entity({required("type", text()), required("location", text().nullable()),
                   required("fileId", text().nullable()), required("pluginId", text()),
                   required("protocol", text()), required("state", text()),
                   required("runState", text()), required("lastError", text().nullable()),
                   required("pluginVersion", text()), required("sha256", text()),
                   required("generation", Schema::integer(0, INT64_MAX)),
                   required("transports", Schema::array(Schema::any(), 100)),
                   required("features", Schema::array(text(), 100)),
                   required("usedBy", usedBySchema()), required("builtin", Schema::boolean())})
        .named("Protocol");
}

Schema protocolInput() {
    return Schema::object({required("name", Schema::name()),
                           optional("description", Schema::description()),
                           required("type", Schema::oneOf({"package", "local"})),
                           optional("location", Schema::string(0, 1024).nullable()),
                           optional("fileId", Schema::string(0, 64).nullable())});
}

// Routes of all transports with a short name each; the schemas and documents have own requests.
void writeTransports(JsonOut& out, const std::string& json) {
    out.array("transports");
    const auto transports = base::parseJson(arrayOrEmpty(json));
    if (transports && transports->IsArray()) {
        for (const auto& transport : transports->GetArray()) {
            out.object().field("id", base::textOr(transport, "id", ""));
            const base::JsonValue* routes = base::member(transport, "routes");
            out.rawField("routes", routes == nullptr ? "[]" : base::toText(*routes)).end();
        }
    }
    out.end();
}

void writeActions(JsonOut& out, const Context& context, const Protocol& protocol, bool used) {
    const bool builtin = protocol.source == gateway::ProtocolSource::Builtin;
    constexpr const char* kWrite = "protocols:write";
    constexpr const char* kOperate = "protocols:operate";
    const char* disable = !protocol.enabled ? "ALREADY" : used ? "PROTOCOL_IN_USE" : nullptr;
    const char* remove = protocol.enabled ? "PROTOCOL_ENABLED"
                         : used           ? "IN_USE"
                         : builtin        ? "BUILTIN"
                                          : nullptr;
    Actions(context)
        .add("edit", kWrite)
        .add("enable", kOperate, when(protocol.enabled, "ALREADY"), "It is enabled already")
        .add("disable", kOperate, disable,
             protocol.enabled ? "Used by a gateway; cannot be disabled" : "It is not enabled")
        .add("upload", kWrite, when(builtin, "BUILTIN"), "It is part of the server")
        .add("delete", kWrite, remove,
             protocol.enabled ? "A protocol in normal state cannot be deleted"
             : used           ? "A gateway or product uses it"
                              : "It is part of the server")
        .write(out);
}

void writeProtocol(JsonOut& out, Site& site, const Context& context, const Protocol& protocol) {
    const gateway::ProtocolStatus status = site.services.protocols.status(protocol);
    const auto users = site.services.protocols.usedBy(protocol.id);
    out.object();
    writeEntity(out, protocol);
    out.field("type", gateway::toText(protocol.source));
    out.textOrNull("location", protocol.location).textOrNull("fileId", protocol.file_id);
    out.field("pluginId", protocol.plugin_id).field("protocol", protocol.protocol);
    out.field("state", protocol.enabled ? "enabled" : "disabled");
    out.field("runState", status.run_state).textOrNull("lastError", status.last_error);
    out.field("pluginVersion", status.plugin_version).field("sha256", status.sha256);
    out.field("generation", status.generation);
    writeTransports(out, status.transports);
    out.rawField("features", arrayOrEmpty(status.features));
    writeUsedBy(out, users);
    out.field("builtin", protocol.source == gateway::ProtocolSource::Builtin);
    writeActions(out, context, protocol, !users.empty());
    out.end();
}

Response answer(Site& site, const Context& context, const Protocol& protocol) {
    JsonOut out;
    writeProtocol(out, site, context, protocol);
    return okay(std::move(out).text(), protocol.version);
}

// The service's order is newest first. By name all of them are read, for there are few.
Result<gateway::ProtocolPage> byName(Site& site, const Context& context,
                                     gateway::ProtocolQuery query) {
    gateway::ProtocolPage all;
    query.page_size = kPageSizeMax;
    for (query.page = 1; query.page <= kSortedPagesMax; ++query.page) {
        FL_ASSIGN(gateway::ProtocolPage page, site.services.protocols.list(query));
        all.total = page.total;
        std::move(page.items.begin(), page.items.end(), std::back_inserter(all.items));
        if (static_cast<std::int64_t>(all.items.size()) >= all.total) {
            break;
        }
    }
    const bool down = context.query("sort").starts_with('-');
    std::stable_sort(all.items.begin(), all.items.end(),
                     [down](const Protocol& a, const Protocol& b) {
                         return down ? b.name < a.name : a.name < b.name;
                     });
    const auto count = static_cast<std::int64_t>(all.items.size());
    const auto begin = std::min(count, (context.page() - 1) * context.pageSize());
    const auto end = std::min(count, begin + context.pageSize());
    all.items.erase(all.items.begin() + end, all.items.end());
    all.items.erase(all.items.begin(), all.items.begin() + begin);
    return all;
}

Result<Response> list(Site& site, Context& context) {
    gateway::ProtocolQuery query;
    query.q = context.query("q");
    query.enabled = queryEnabled(context);
    query.source = gateway::parseProtocolSource(context.query("type"));
    query.page = context.page();
    query.page_size = context.pageSize();
    FL_ASSIGN(const gateway::ProtocolPage page, context.query("sort").ends_with("name")
                                                    ? byName(site, context, query)
                                                    : site.services.protocols.list(query));
    return okay(pageText(context, page.items, page.total, [&](JsonOut& out, const Protocol& one) {
        writeProtocol(out, site, context, one);
    }));
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    gateway::NewProtocol input;
    input.name = bodyText(body, "name");
    input.description = bodyText(body, "description");
    input.source = gateway::parseProtocolSource(base::textOr(body, "type", ""))
                       .value_or(gateway::ProtocolSource::Package);
    input.location = bodyText(body, "location");
    input.file_id = bodyText(body, "fileId");
    FL_ASSIGN(const Protocol protocol, site.services.protocols.create(input));
    context.setTarget(protocol.id);
    JsonOut out;
    writeProtocol(out, site, context, protocol);
    return created(std::move(out).text(), "/protocols/" + protocol.id, protocol.version);
}

Result<Response> change(Site& site, Context& context) {
    const std::string& id = context.param("id");
    gateway::ProtocolChange change;
    take(context.body(), "name", change.name);
    take(context.body(), "description", change.description);
    take(context.body(), "location", change.location);
    take(context.body(), "fileId", change.file_id);
    if (const std::string type = bodyText(context.body(), "type"); !type.empty()) {
        FL_ASSIGN(const Protocol before, site.services.protocols.get(id));
        if (type != gateway::toText(before.source)) {
            return base::Error{base::Errc::Conflict, "protocol.type_fixed",
                               "the type of a protocol cannot be changed"};
        }
    }
    const auto protocol = site.services.protocols.change(id, change, context.expectedVersion());
    if (!protocol) {
        return cannotStart(protocol.error());
    }
    return answer(site, context, *protocol);
}

// Refusals that say who uses it: removing and disabling.
Result<Response> refuse(Site& site, const Context& context, const base::Error& error) {
    if (saysInUse(error)) {
        return inUse(context, error, site.services.protocols.usedBy(context.param("id")));
    }
    return cannotStart(error);
}

using Act = Result<Protocol> (gateway::Protocols::*)(const std::string&);

Route item(Route route, Act act, Site& site) {
    return std::move(route)
        .returns(protocolSchema())
        .runs([&site, act](Context& context) -> Result<Response> {
            const auto protocol = (site.services.protocols.*act)(context.param("id"));
            return protocol ? Result<Response>{answer(site, context, *protocol)}
                            : refuse(site, context, protocol.error());
        });
}

Schema trialInput() {
    return Schema::object(
        {required("transport", Schema::string(1, 32)), optional("topic", Schema::string(0, 1024)),
         optional("path", Schema::string(0, 1024)), optional("method", Schema::string(0, 16)),
         optional("deviceId", Schema::string(0, 64)),
         optional("payloadText", Schema::string(0, kTrialBytesMax)),
         optional("payloadHex", Schema::string(0, 2 * kTrialBytesMax))});
}

Response trialAnswer(const std::string& messages) {
    JsonOut out;
    out.object().rawField("messages", messages).end();
    return okay(std::move(out).text());
}

Result<Response> decode(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    gateway::DecodeTrial trial;
    trial.transport = bodyText(body, "transport");
    trial.address = bodyText(body, "topic", base::textOr(body, "path", ""));
    trial.method = bodyText(body, "method");
    trial.device_id = bodyText(body, "deviceId");
    trial.payload = bodyText(body, "payloadText");
    if (const std::string hex = bodyText(body, "payloadHex"); !hex.empty()) {
        const auto bytes = base::fromHex(hex);
        if (!bytes) {
            return base::Error::invalid("payloadHex is no hexadecimal text")
                .with({{"payloadHex", "pattern", "must be hexadecimal"}});
        }
        trial.payload.assign(bytes->begin(), bytes->end());
    }
    FL_ASSIGN(const std::string messages,
              site.services.protocols.tryDecode(context.param("id"), trial));
    return trialAnswer(messages);
}

Result<Response> encode(Site& site, Context& context) {
    FL_ASSIGN(const std::string messages,
              site.services.protocols.tryEncode(context.param("id"),
                                                bodyText(context.body(), "transport"),
                                                bodyJson(context.body(), "message", "{}")));
    return trialAnswer(messages);
}

void addTrials(std::vector<Route>& routes, Site& site) {
    const Schema messages =
        Schema::object({required("messages", Schema::array(Schema::any(), 1000))});
    routes.push_back(Route::post("/protocols/{id}/decode", "protocols:read",
                                 "What the protocol makes of a payload; nothing is stored.")
                         .takes(trialInput())
                         .returns(messages)
                         .runs([&site](Context& context) { return decode(site, context); }));
    routes.push_back(Route::post("/protocols/{id}/encode", "protocols:read",
                                 "What the protocol sends for a device message.")
                         .takes(Schema::object({required("transport", Schema::string(1, 32)),
                                                required("message", freeObject())}))
                         .returns(messages)
                         .runs([&site](Context& context) { return encode(site, context); }));
}

} // namespace

std::vector<Route> protocolRoutes(Site& site) {
    using gateway::Protocols;
    constexpr const char* kRead = "protocols:read";
    constexpr const char* kWrite = "protocols:write";
    constexpr const char* kOperate = "protocols:operate";
    std::vector<Route> routes;
    routes.push_back(
        Route::get("/protocols", kRead, "Protocols.")
            .with({searchParameter(),
                   {"type", Schema::oneOf({"builtin", "package", "local"}), "Of this type."},
                   {"state", Schema::oneOf({"enabled", "disabled"}), "State."},
                   {"sort", Schema::oneOf({"-createdAt", "name", "-name"}),
                    "Newest first unless given."}})
            .paged(protocolSchema())
            .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(Route::post("/protocols", kWrite, "Adds a protocol, disabled.")
                         .takes(protocolInput())
                         .creates(protocolSchema())
                         .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(
        item(Route::get("/protocols/{id}", kRead, "One protocol."), &Protocols::get, site));
    routes.push_back(
        Route::patch("/protocols/{id}", kWrite, "Changes it; a new fileId is a hot reload.")
            .takes(protocolInput().partial())
            .returns(protocolSchema())
            .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(Route::remove("/protocols/{id}", kWrite, "Deletes a disabled protocol.")
                         .runs([&site](Context& context) -> Result<Response> {
                             const auto removed = site.services.protocols.remove(
                                 context.param("id"), context.expectedVersion());
                             return removed ? Result<Response>{noContent()}
                                            : refuse(site, context, removed.error());
                         }));
    routes.push_back(item(Route::post("/protocols/{id}/enable", kOperate,
                                      "Loads it; stays disabled when that fails."),
                          &Protocols::enable, site));
    routes.push_back(item(Route::post("/protocols/{id}/disable", kOperate,
                                      "Ends it; refused while a gateway uses it."),
                          &Protocols::disable, site));
    addTrials(routes, site);
    return routes;
}

} // namespace fairlead::web
