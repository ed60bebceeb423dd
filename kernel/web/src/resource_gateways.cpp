// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/gateway/gateways.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/web/mask.hpp"

#include <map>

namespace fairlead::web {

namespace {

using base::Result;
using gateway::Gateway;

Schema providerSchema() {
    return Schema::object(
               {required("id", text()), required("category", text()),
                required("name", Schema::texts()), required("description", Schema::texts()),
                required("networkType", text().nullable()), required("transport", text()),
                required("schema", freeObject()), required("available", Schema::boolean()),
                required("reason", text().nullable())})
        .named("GatewayProvider");
}

Schema gatewaySchema() {
    const Schema count = Schema::integer(0, INT64_MAX);
    return entity({required("provider", text()), required("providerName", Schema::texts()),
                   required("category", text()), required("networkComponentId", text().nullable()),
                   required("networkComponentName", text().nullable()),
                   required("protocolId", text().nullable()),
                   required("protocolName", text().nullable()), required("transport", text()),
                   required("configuration", freeObject()), required("state", text()),
                   required("runState", text()), required("lastError", text().nullable()),
                   required("address", text()),
                   required("routes", Schema::array(Schema::any(), 1000)),
                   required("sessions", count),
                   required(
                       "counters",
                       Schema::object({required("messagesUp", count),
                                       required("messagesDown", count), required("bytesUp", count),
                                       required("bytesDown", count), required("rejected", count)})),
                   required("usedBy", usedBySchema())})
        .named("Gateway");
}

Schema gatewayInput() {
    return Schema::object(
        {required("name", Schema::name()), optional("description", Schema::description()),
         required("provider", Schema::string(1, 64)),
         required("networkComponentId", Schema::string(1, 64)),
         required("protocolId", Schema::string(1, 64)), optional("configuration", freeObject())});
}

void writeCounters(JsonOut& out, const gateway::GatewayStatus& status) {
    out.field("sessions", status.sessions).object("counters");
    out.field("messagesUp", status.counters.messages_up);
    out.field("messagesDown", status.counters.messages_down);
    out.field("bytesUp", status.counters.bytes_up);
    out.field("bytesDown", status.counters.bytes_down);
    out.field("rejected", status.counters.rejected).end();
}

/// Names of what gateways refer to, each asked for once per answer.
class Names {
public:
    explicit Names(Site& site) : site_(site) {
        for (gateway::Provider& provider : site.services.gateways.providers()) {
            std::string id = provider.id;
            providers_.emplace(std::move(id), std::move(provider));
        }
    }
    const gateway::Provider* provider(const std::string& id) const {
        const auto found = providers_.find(id);
        return found == providers_.end() ? nullptr : &found->second;
    }
    std::string component(const std::string& id) {
        return remembered(components_, id, [&] { return site_.services.components.get(id); });
    }
    std::string protocol(const std::string& id) {
        return remembered(protocols_, id, [&] { return site_.services.protocols.get(id); });
    }

private:
    template <typename Get>
    static std::string remembered(std::map<std::string, std::string>& names, const std::string& id,
                                  Get get) {
        const auto known = names.find(id);
        if (known != names.end()) {
            return known->second;
        }
        const auto thing = get();
        return names[id] = thing ? thing->name : std::string{};
    }

    Site& site_;
    std::map<std::string, gateway::Provider> providers_;
    std::map<std::string, std::string> components_;
    std::map<std::string, std::string> protocols_;
};

void writeActions(JsonOut& out, const Context& context, const Gateway& gateway, bool used) {
    const char* remove = gateway.enabled ? "GATEWAY_ENABLED" : used ? "IN_USE" : nullptr;
    Actions(context)
        .add("edit", "gateways:write")
        .add("changeProtocol", "gateways:write", when(used, "GATEWAY_IN_USE"),
             "In use by products; the protocol cannot be changed")
        .add("enable", "gateways:operate", when(gateway.enabled, "ALREADY"),
             "It is enabled already")
        .add("disable", "gateways:operate", when(!gateway.enabled, "ALREADY"),
             "It is disabled already")
        .add("delete", "gateways:write", remove,
             gateway.enabled ? "Disable it first, then delete" : "Products use it")
        .write(out);
}

void writeGateway(JsonOut& out, Site& site, const Context& context, Names& names,
                  const Gateway& gateway) {
    const gateway::GatewayStatus status = site.services.gateways.status(gateway);
    const auto users = site.services.gateways.usedBy(gateway.id);
    const gateway::Provider* provider = names.provider(gateway.provider);
    out.object();
    writeEntity(out, gateway);
    out.field("provider", gateway.provider);
    out.rawField("providerName", provider == nullptr ? "{}" : objectOrEmpty(provider->name));
    out.field("category", provider == nullptr ? "custom" : provider->category);
    out.textOrNull("networkComponentId", gateway.network_component_id);
    out.textOrNull("networkComponentName", names.component(gateway.network_component_id));
    out.textOrNull("protocolId", gateway.protocol_id);
    out.textOrNull("protocolName", names.protocol(gateway.protocol_id));
    out.field("transport", status.transport);
    out.rawField("configuration", objectOrEmpty(gateway.configuration));
    out.field("state", gateway.enabled ? "enabled" : "disabled");
    out.field("runState", status.run_state).textOrNull("lastError", status.last_error);
    out.field("address", status.address).rawField("routes", arrayOrEmpty(status.routes));
    writeCounters(out, status);
    writeUsedBy(out, users);
    writeActions(out, context, gateway, !users.empty());
    out.end();
}

Response answer(Site& site, const Context& context, const Gateway& gateway) {
    JsonOut out;
    Names names(site);
    writeGateway(out, site, context, names, gateway);
    return okay(std::move(out).text(), gateway.version);
}

Result<Response> providers(Site& site, const Context& context) {
    const auto all = site.services.gateways.providers();
    return okay(pageText(context, all, static_cast<std::int64_t>(all.size()),
                         [](JsonOut& out, const gateway::Provider& one) {
                             out.object().field("id", one.id).field("category", one.category);
                             out.rawField("name", objectOrEmpty(one.name));
                             out.rawField("description", objectOrEmpty(one.description));
                             out.textOrNull("networkType", one.network_type);
                             out.field("transport", one.transport);
                             out.rawField("schema", objectOrEmpty(one.schema));
                             out.field("available", one.available);
                             out.textOrNull("reason", one.reason).end();
                         }));
}

Result<Response> list(Site& site, Context& context) {
    gateway::GatewayQuery query;
    query.q = context.query("q");
    query.provider = context.query("provider");
    query.enabled = queryEnabled(context);
    query.page = context.page();
    query.page_size = context.pageSize();
    FL_ASSIGN(const gateway::GatewayPage page, site.services.gateways.list(query));
    Names names(site);
    return okay(pageText(context, page.items, page.total, [&](JsonOut& out, const Gateway& one) {
        writeGateway(out, site, context, names, one);
    }));
}

void maskByProvider(Site& site, Context& context, const std::string& id) {
    Names names(site); // Owns the provider that it gives.
    if (const gateway::Provider* provider = names.provider(id); provider != nullptr) {
        context.addSecrets(secretNames(provider->schema));
    }
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    gateway::NewGateway input;
    input.name = bodyText(body, "name");
    input.description = bodyText(body, "description");
    input.provider = bodyText(body, "provider");
    input.network_component_id = bodyText(body, "networkComponentId");
    input.protocol_id = bodyText(body, "protocolId");
    input.configuration = bodyJson(body, "configuration", "{}");
    maskByProvider(site, context, input.provider);
    FL_ASSIGN(const Gateway gateway, site.services.gateways.create(input));
    context.setTarget(gateway.id);
    JsonOut out;
    Names names(site);
    writeGateway(out, site, context, names, gateway);
    return created(std::move(out).text(), "/gateways/" + gateway.id, gateway.version);
}

// Refusals that say who uses it.
Result<Response> refuse(Site& site, const Context& context, const base::Error& error) {
    if (saysInUse(error)) {
        return inUse(context, error, site.services.gateways.usedBy(context.param("id")));
    }
    return cannotStart(error);
}

Result<Response> change(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    const std::string& id = context.param("id");
    gateway::GatewayChange change;
    take(body, "name", change.name);
    take(body, "description", change.description);
    take(body, "networkComponentId", change.network_component_id);
    take(body, "protocolId", change.protocol_id);
    FL_ASSIGN(const Gateway before, site.services.gateways.get(id));
    if (const std::string provider = bodyText(body, "provider", before.provider);
        provider != before.provider) {
        return base::Error{base::Errc::Conflict, "gateway.type_fixed",
                           "the chosen gateway type cannot be edited"};
    }
    if (base::member(body, "configuration") != nullptr) {
        change.configuration = bodyJson(body, "configuration", "{}");
        maskByProvider(site, context, before.provider);
    }
    const auto gateway = site.services.gateways.change(id, change, context.expectedVersion());
    return gateway ? Result<Response>{answer(site, context, *gateway)}
                   : refuse(site, context, gateway.error());
}

Result<Response> sessions(Site& site, Context& context) {
    const std::string& id = context.param("id");
    FL_ASSIGN(const Gateway gateway, site.services.gateways.get(id));
    const auto size = static_cast<std::size_t>(context.pageSize());
    const std::size_t skip = static_cast<std::size_t>(context.page() - 1) * size;
    const auto page = site.services.gateways.sessions(id, skip, size);
    const auto total = site.services.gateways.status(gateway).sessions;
    return okay(pageText(context, page, static_cast<std::int64_t>(total),
                         [](JsonOut& out, const gateway::GatewaySession& one) {
                             out.object().field("deviceId", one.device_id);
                             out.field("deviceName", one.device_name);
                             out.field("productId", one.product_id).field("address", one.address);
                             out.time("connectedAt", one.connected_at);
                             out.time("lastSeenAt", one.last_seen_at).end();
                         }));
}

using Act = Result<Gateway> (gateway::Gateways::*)(const std::string&);

Route item(Route route, Act act, Site& site) {
    return std::move(route)
        .returns(gatewaySchema())
        .runs([&site, act](Context& context) -> Result<Response> {
            const auto gateway = (site.services.gateways.*act)(context.param("id"));
            return gateway ? Result<Response>{answer(site, context, *gateway)}
                           : refuse(site, context, gateway.error());
        });
}

void addReading(std::vector<Route>& routes, Site& site) {
    constexpr const char* kRead = "gateways:read";
    routes.push_back(Route::get("/gateway-providers", kRead, "Kinds of gateways.")
                         .paged(providerSchema())
                         .runs([&site](Context& context) { return providers(site, context); }));
    routes.push_back(Route::get("/gateways", kRead, "Device access gateways.")
                         .with({searchParameter(),
                                {"provider", Schema::string(1, 64), "Of this provider."},
                                {"state", Schema::oneOf({"enabled", "disabled"}), "State."},
                                {"sort", Schema::oneOf({"-createdAt"}), "Newest first, always."}})
                         .paged(gatewaySchema())
                         .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(
        item(Route::get("/gateways/{id}", kRead, "One gateway."), &gateway::Gateways::get, site));
    routes.push_back(
        Route::get("/gateways/{id}/sessions", kRead, "Devices connected through it.")
            .paged(Schema::object({required("deviceId", text()), required("deviceName", text()),
                                   required("productId", text()), required("address", text()),
                                   required("connectedAt", timeOrNull()),
                                   required("lastSeenAt", timeOrNull())})
                       .named("GatewaySession"))
            .runs([&site](Context& context) { return sessions(site, context); }));
}

} // namespace

std::vector<Route> gatewayRoutes(Site& site) {
    using gateway::Gateways;
    std::vector<Route> routes;
    addReading(routes, site);
    routes.push_back(Route::post("/gateways", "gateways:write", "Creates a gateway, disabled.")
                         .takes(gatewayInput())
                         .creates(gatewaySchema())
                         .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(Route::patch("/gateways/{id}", "gateways:write", "Changes a gateway.")
                         .takes(gatewayInput().partial())
                         .returns(gatewaySchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(Route::remove("/gateways/{id}", "gateways:write",
                                   "Deletes a disabled gateway that no product names.")
                         .runs([&site](Context& context) -> Result<Response> {
                             const auto removed = site.services.gateways.remove(
                                 context.param("id"), context.expectedVersion());
                             return removed ? Result<Response>{noContent()}
                                            : refuse(site, context, removed.error());
                         }));
    routes.push_back(item(Route::post("/gateways/{id}/enable", "gateways:operate",
                                      "Starts it; stays disabled when that fails."),
                          &Gateways::enable, site));
    routes.push_back(item(Route::post("/gateways/{id}/disable", "gateways:operate",
                                      "Closes its sessions and stops its traffic."),
                          &Gateways::disable, site));
    return routes;
}

std::string gatewayStateText(Site& site, const std::string& id) {
    JsonOut out;
    const auto gateway = site.services.gateways.get(id);
    if (!gateway) {
        out.object().field("id", id).field("deleted", true).end();
        return std::move(out).text();
    }
    const gateway::GatewayStatus status = site.services.gateways.status(*gateway);
    out.object().field("id", id).field("state", gateway->enabled ? "enabled" : "disabled");
    out.field("runState", status.run_state).textOrNull("lastError", status.last_error);
    writeCounters(out, status);
    out.end();
    return std::move(out).text();
}

} // namespace fairlead::web
