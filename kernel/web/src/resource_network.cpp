// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/network/components.hpp"
#include "fairlead/web/mask.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using network::NetworkComponent;

constexpr std::size_t kNodesMax = 64;

Schema typeSchema() {
    return Schema::object(
               {required("id", text()), required("name", Schema::texts()),
                required("description", Schema::texts()), required("transport", text()),
                required("supports", Schema::object({required("tls", Schema::boolean()),
                                                     required("dtls", Schema::boolean())})),
                required("shareable", Schema::boolean()), required("schema", freeObject()),
                required("pluginId", text()), required("pluginVersion", text())})
        .named("NetworkType");
}

Schema nodesSchema() {
    return Schema::array(Schema::object({required("nodeId", Schema::string(1, 64)),
                                         required("configuration", freeObject())}),
                         kNodesMax);
}

Schema countersSchema() {
    const Schema count = Schema::integer(0, INT64_MAX);
    return Schema::object({required("connections", count), required("bytesIn", count),
                           required("bytesOut", count), required("messagesIn", count),
                           required("messagesOut", count), required("refused", count)})
        .named("NetworkCounters");
}

Schema targetsSchema() {
    return Schema::array(Schema::object({required("address", text()), required("state", text()),
                                         required("since", Schema::time()),
                                         required("nextAttemptAt", Schema::time().nullable()),
                                         required("failures", Schema::integer(0, INT64_MAX)),
                                         required("lastError", text().nullable())})
                             .named("NetworkTarget"),
                         network::kTargetsMax);
}

Schema componentSchema() {
    return entity({required("type", text()), required("cluster", text()),
                   required("configuration", freeObject()), required("nodes", nodesSchema()),
                   required("state", text()), required("runState", text()),
                   required("lastError", text().nullable()), required("address", text()),
                   required("targets", targetsSchema()), required("counters", countersSchema()),
                   required("usedBy", usedBySchema())})
        .named("NetworkComponent");
}

Schema componentInput() {
    return Schema::object(
        {required("name", Schema::name()), optional("description", Schema::description()),
         required("type", Schema::string(1, 64)),
         optional("cluster", Schema::oneOf({"shared", "independent"})),
         optional("configuration", freeObject()), optional("nodes", nodesSchema())});
}

void writeCounters(JsonOut& out, const network::ComponentCounters& counters) {
    out.object("counters").field("connections", counters.connections);
    out.field("bytesIn", counters.bytes_in).field("bytesOut", counters.bytes_out);
    out.field("messagesIn", counters.messages_in).field("messagesOut", counters.messages_out);
    out.field("refused", counters.refused).end();
}

/// Of client types: whom they dial and how that goes.
void writeTargets(JsonOut& out, const std::vector<network::TargetStatus>& targets) {
    out.array("targets");
    for (const network::TargetStatus& target : targets) {
        out.object().field("address", target.address);
        out.field("state", network::toText(target.state)).time("since", target.since);
        out.time("nextAttemptAt", target.next_attempt).field("failures", target.failures);
        out.textOrNull("lastError", target.last_error).end();
    }
    out.end();
}

void writeComponent(JsonOut& out, Site& site, const Context& context,
                    const NetworkComponent& component) {
    const network::ComponentStatus status = site.services.components.status(component.id);
    const auto users = site.services.components.usedBy(component.id);
    out.object();
    writeEntity(out, component);
    out.field("type", component.type).field("cluster", network::toText(component.cluster));
    out.rawField("configuration", objectOrEmpty(component.configuration)).array("nodes");
    for (const network::NodeConfiguration& node : component.nodes) {
        out.object().field("nodeId", node.node_id);
        out.rawField("configuration", objectOrEmpty(node.configuration)).end();
    }
    out.end().field("state", component.enabled ? "enabled" : "disabled");
    out.field("runState", network::toText(status.run_state));
    out.textOrNull("lastError", status.last_error).field("address", status.address);
    writeTargets(out, status.targets);
    writeCounters(out, status.counters);
    writeUsedBy(out, users);
    const char* remove = component.enabled ? "NETWORK_ENABLED" : users.empty() ? nullptr : "IN_USE";
    Actions(context)
        .add("edit", "network-components:write")
        .add("enable", "network-components:operate", when(component.enabled, "ALREADY"),
             "It is enabled already")
        .add("disable", "network-components:operate", when(!component.enabled, "ALREADY"),
             "It is disabled already")
        .add("delete", "network-components:write", remove,
             component.enabled ? "Disable this component first, then delete"
                               : "A gateway uses it; it cannot be deleted")
        .write(out);
    out.end();
}

Response answer(Site& site, const Context& context, const NetworkComponent& component) {
    JsonOut out;
    writeComponent(out, site, context, component);
    return okay(std::move(out).text(), component.version);
}

Result<Response> types(Site& site, const Context& context) {
    const auto all = site.services.components.types();
    return okay(pageText(context, all, static_cast<std::int64_t>(all.size()),
                         [](JsonOut& out, const network::ComponentType& one) {
                             const network::TypeDescription& type = one.type;
                             out.object().field("id", type.id);
                             out.rawField("name", objectOrEmpty(type.name));
                             out.rawField("description", objectOrEmpty(type.description));
                             out.field("transport", type.transport).object("supports");
                             out.field("tls", type.tls).field("dtls", type.dtls).end();
                             out.field("shareable", type.shareable);
                             out.rawField("schema", objectOrEmpty(one.schema));
                             out.field("pluginId", type.plugin_id);
                             out.field("pluginVersion", type.plugin_version).end();
                         }));
}

Result<Response> list(Site& site, Context& context) {
    network::ComponentQuery query;
    query.q = context.query("q");
    query.type = context.query("type");
    query.enabled = queryEnabled(context);
    query.sort = context.query("sort", query.sort);
    query.page = context.page();
    query.page_size = context.pageSize();
    FL_ASSIGN(const network::ComponentPage page, site.services.components.list(query));
    return okay(
        pageText(context, page.items, page.total, [&](JsonOut& out, const NetworkComponent& one) {
            writeComponent(out, site, context, one);
        }));
}

std::vector<network::NodeConfiguration> nodesOf(const base::JsonValue& body) {
    std::vector<network::NodeConfiguration> nodes;
    if (const auto* list = base::member(body, "nodes"); list != nullptr && list->IsArray()) {
        for (const auto& node : list->GetArray()) {
            nodes.push_back({bodyText(node, "nodeId"), bodyJson(node, "configuration", "{}")});
        }
    }
    return nodes;
}

void maskByType(Site& site, Context& context, const std::string& type) {
    for (const network::ComponentType& one : site.services.components.types()) {
        if (one.type.id == type) {
            context.addSecrets(secretNames(one.schema));
        }
    }
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    network::NewComponent input;
    input.name = bodyText(body, "name");
    input.description = bodyText(body, "description");
    input.type = bodyText(body, "type");
    input.cluster = network::parseClusterMode(base::textOr(body, "cluster", "shared"))
                        .value_or(network::ClusterMode::Shared);
    input.configuration = bodyJson(body, "configuration", "{}");
    input.nodes = nodesOf(body);
    maskByType(site, context, input.type);
    FL_ASSIGN(const NetworkComponent component, site.services.components.create(input));
    context.setTarget(component.id);
    JsonOut out;
    writeComponent(out, site, context, component);
    return created(std::move(out).text(), "/network-components/" + component.id, component.version);
}

Result<Response> change(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    const std::string& id = context.param("id");
    network::ComponentChange change;
    take(body, "name", change.name);
    take(body, "description", change.description);
    take(body, "type", change.type);
    if (base::member(body, "cluster") != nullptr) {
        change.cluster = network::parseClusterMode(base::textOr(body, "cluster", ""));
    }
    if (base::member(body, "configuration") != nullptr) {
        change.configuration = bodyJson(body, "configuration", "{}");
        if (const auto before = site.services.components.get(id); before) {
            maskByType(site, context, before->type);
        }
    }
    if (base::member(body, "nodes") != nullptr) {
        change.nodes = nodesOf(body);
    }
    FL_ASSIGN(const NetworkComponent component,
              site.services.components.change(id, change, context.expectedVersion()));
    return answer(site, context, component);
}

Result<Response> remove(Site& site, Context& context) {
    const std::string& id = context.param("id");
    const auto removed = site.services.components.remove(id, context.expectedVersion());
    if (!removed && saysInUse(removed.error())) {
        return inUse(context, removed.error(), site.services.components.usedBy(id));
    }
    FL_TRY(removed);
    return noContent();
}

using Act = Result<NetworkComponent> (network::Components::*)(const std::string&);

Route item(Route route, Act act, Site& site) {
    return std::move(route)
        .returns(componentSchema())
        .runs([&site, act](Context& context) -> Result<Response> {
            const auto component = (site.services.components.*act)(context.param("id"));
            if (!component) {
                return cannotStart(component.error());
            }
            return answer(site, context, *component);
        });
}

} // namespace

std::vector<Route> networkRoutes(Site& site) {
    using network::Components;
    constexpr const char* kRead = "network-components:read";
    constexpr const char* kWrite = "network-components:write";
    constexpr const char* kOperate = "network-components:operate";
    std::vector<Route> routes;
    routes.push_back(Route::get("/network-types", kRead, "Types of network components.")
                         .paged(typeSchema())
                         .runs([&site](Context& context) { return types(site, context); }));
    routes.push_back(Route::get("/network-components", kRead, "Network components.")
                         .with({searchParameter(),
                                {"type", Schema::string(1, 64), "Of this type."},
                                {"state", Schema::oneOf({"enabled", "disabled"}), "State."},
                                sortParameter({"name", "type", "createdAt", "updatedAt"})})
                         .paged(componentSchema())
                         .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(Route::post("/network-components", kWrite, "Creates a component, disabled.")
                         .takes(componentInput())
                         .creates(componentSchema())
                         .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(item(Route::get("/network-components/{id}", kRead, "One component."),
                          &Components::get, site));
    routes.push_back(Route::patch("/network-components/{id}", kWrite,
                                  "Changes a component; an enabled one restarts with it.")
                         .takes(componentInput().partial())
                         .returns(componentSchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(Route::remove("/network-components/{id}", kWrite,
                                   "Deletes a disabled component that no gateway uses.")
                         .runs([&site](Context& context) { return remove(site, context); }));
    routes.push_back(
        item(Route::post("/network-components/{id}/enable", kOperate,
                         "Binds its port, or begins to dial; stays disabled when that fails."),
             &Components::enable, site));
    routes.push_back(item(Route::post("/network-components/{id}/disable", kOperate,
                                      "Closes its connections and its port, or dials no more."),
                          &Components::disable, site));
    return routes;
}

std::string networkStateText(Site& site, const std::string& id) {
    const network::ComponentStatus status = site.services.components.status(id);
    JsonOut out;
    out.object().field("id", id).field("runState", network::toText(status.run_state));
    out.textOrNull("lastError", status.last_error);
    writeTargets(out, status.targets);
    writeCounters(out, status.counters);
    out.end();
    return std::move(out).text();
}

} // namespace fairlead::web
