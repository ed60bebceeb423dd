// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/plugin/manager.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using plugin::PluginInfo;

Schema pluginSchema() {
    const Schema count = Schema::integer(0, INT64_MAX);
    const Schema generation = Schema::object(
        {required("generation", count), required("version", text()), required("sha256", text()),
         required("state", text()), required("since", timeOrNull()), required("instances", count),
         required("connections", count), required("reason", text().nullable())});
    const Schema event =
        Schema::object({required("time", timeOrNull()), required("generation", count),
                        required("from", text()), required("to", text()),
                        required("reason", text().nullable()), required("milliseconds", count)});
    return Schema::object(
               {required("id", text()), required("name", Schema::texts()),
                required("version", text()),
                required("abi",
                         Schema::object({required("major", count), required("minor", count)})),
                required("categories", Schema::array(text(), 32)), required("source", text()),
                required("trust", text()), required("enabled", Schema::boolean()),
                required("state", text()), required("health", text()),
                required("generations", Schema::array(generation, 1000)),
                required(
                    "provides",
                    Schema::array(Schema::object({required("factory", text()),
                                                  required("ids", Schema::array(text(), 100))}),
                                  32)),
                required("sha256", text()), required("lastError", text().nullable()),
                required("warnings", Schema::array(text(), 100)),
                required("events", Schema::array(event, plugin::kEventsMax)),
                optional("actions", Schema::array(actionSchema(), 32))})
        .named("Plugin");
}

// "protocol" of "fairlead.factory.protocol/1".
std::string categoryOf(const std::string& factory) {
    const std::size_t dot = factory.rfind('.');
    const std::string last = dot == std::string::npos ? factory : factory.substr(dot + 1);
    return last.substr(0, last.find('/'));
}

void writeGenerations(JsonOut& out, const PluginInfo& info) {
    out.array("generations");
    for (const plugin::GenerationInfo& one : info.generations) {
        out.object().field("generation", one.generation).field("version", one.version);
        out.field("sha256", one.sha256).field("state", plugin::toText(one.state));
        out.time("since", one.since).field("instances", one.instances);
        out.field("connections", one.connections).textOrNull("reason", one.reason).end();
    }
    out.end().array("events");
    for (const plugin::Event& event : info.events) {
        out.object().time("time", event.time).field("generation", event.generation);
        out.field("from", plugin::toText(event.from)).field("to", plugin::toText(event.to));
        out.textOrNull("reason", event.reason).field("milliseconds", event.milliseconds).end();
    }
    out.end();
}

void writeActions(JsonOut& out, const Context& context, const PluginInfo& info) {
    constexpr const char* kOperate = "plugins:operate";
    const bool draining = std::any_of(
        info.generations.begin(), info.generations.end(),
        [](const plugin::GenerationInfo& one) { return one.state == plugin::State::Draining; });
    const char* rollback = info.generations.size() < 2 ? "NO_EARLIER_GENERATION"
                           : draining                  ? "PLUGIN_DRAINING"
                                                       : nullptr;
    Actions(context)
        .add("reload", kOperate, when(!info.enabled, "PLUGIN_DISABLED"), "It is disabled")
        .add("rollback", kOperate, rollback,
             info.generations.size() < 2 ? "There is no earlier generation"
                                         : "The old version still drains")
        .add("enable", kOperate, when(info.enabled, "ALREADY"), "It is enabled already")
        .add("disable", kOperate, when(!info.enabled, "ALREADY"), "It is disabled already")
        .write(out);
}

void writePlugin(JsonOut& out, const Context& context, const PluginInfo& info) {
    out.object().field("id", info.id).rawField("name", objectOrEmpty(info.name));
    out.field("version", info.version).object("abi").field("major", info.abi_major);
    out.field("minor", info.abi_minor).end().array("categories");
    for (const plugin::Provided& provided : info.provides) {
        out.value(categoryOf(provided.factory));
    }
    out.end().field("source", plugin::toText(info.source)).field("trust", info.trust);
    out.field("enabled", info.enabled).field("state", plugin::toText(info.state));
    out.field("health", info.health);
    writeGenerations(out, info);
    out.array("provides");
    for (const plugin::Provided& provided : info.provides) {
        out.object().field("factory", provided.factory).texts("ids", provided.ids).end();
    }
    out.end().field("sha256", info.sha256).textOrNull("lastError", info.last_error);
    out.texts("warnings", info.warnings);
    writeActions(out, context, info);
    out.end();
}

Result<Response> one(Site& site, const Context& context) {
    const auto info = site.services.plugins.describe(context.param("id"));
    if (!info) {
        return base::Error{base::Errc::NotFound, "plugin.unknown",
                           "there is no plugin " + context.param("id")};
    }
    JsonOut out;
    writePlugin(out, context, *info);
    return okay(std::move(out).text());
}

bool matches(const PluginInfo& info, const Context& context) {
    const std::string q = context.query("q");
    const std::string state = context.query("state");
    const std::string category = context.query("category");
    const std::string source = context.query("source");
    const bool has_category =
        category.empty() || std::any_of(info.provides.begin(), info.provides.end(),
                                        [&](const plugin::Provided& provided) {
                                            return categoryOf(provided.factory) == category;
                                        });
    return has_category &&
           (q.empty() || info.id.find(q) != std::string::npos ||
            info.name.find(q) != std::string::npos) &&
           (state.empty() || state == plugin::toText(info.state)) &&
           (source.empty() || source == plugin::toText(info.source));
}

Result<Response> list(Site& site, const Context& context) {
    std::vector<PluginInfo> found;
    for (PluginInfo& info : site.services.plugins.list()) {
        if (matches(info, context)) {
            found.push_back(std::move(info));
        }
    }
    const auto total = static_cast<std::int64_t>(found.size());
    const auto skip = std::min(total, (context.page() - 1) * context.pageSize());
    const auto end = std::min(total, skip + context.pageSize());
    const std::vector<PluginInfo> page(std::make_move_iterator(found.begin() + skip),
                                       std::make_move_iterator(found.begin() + end));
    return okay(pageText(context, page, total, [&](JsonOut& out, const PluginInfo& info) {
        writePlugin(out, context, info);
    }));
}

template <typename Act>
Handler acting(Site& site, Act act) {
    return [&site, act](Context& context) -> Result<Response> {
        const auto done = act(site.services.plugins, context.param("id"));
        if (!done) {
            return cannotStart(done.error());
        }
        return one(site, context);
    };
}

} // namespace

std::vector<Route> pluginRoutes(Site& site) {
    using plugin::PluginManager;
    constexpr const char* kOperate = "plugins:operate";
    std::vector<Route> routes;
    routes.push_back(
        Route::get("/plugins", "plugins:read", "Plugins with their generations.")
            .with({searchParameter(),
                   {"state", Schema::string(1, 20), "State of the newest generation."},
                   {"category", Schema::string(1, 40), "protocol, network and so on."},
                   {"source", Schema::oneOf({"builtin", "package", "local"}), "Source."},
                   {"sort", Schema::string(0, 40), "Ignored: by id, always."}})
            .paged(pluginSchema())
            .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(Route::get("/plugins/{id}", "plugins:read", "One plugin.")
                         .returns(pluginSchema())
                         .runs([&site](Context& context) { return one(site, context); }));
    const auto add = [&](const char* verb, const char* summary, Handler handler) {
        routes.push_back(Route::post(std::string{"/plugins/{id}/"} + verb, kOperate, summary)
                             .returns(pluginSchema())
                             .runs(std::move(handler)));
    };
    add("reload", "Loads its file again; no connection drops.",
        acting(site,
               [](PluginManager& plugins, const std::string& id) { return plugins.reload(id); }));
    add("rollback", "Goes back to the version before.",
        acting(site,
               [](PluginManager& plugins, const std::string& id) { return plugins.rollback(id); }));
    add("enable", "Starts it.", acting(site, [](PluginManager& plugins, const std::string& id) {
            return plugins.enable(id);
        }));
    add("disable", "Ends it.", acting(site, [](PluginManager& plugins, const std::string& id) {
            return plugins.disable(id);
        }));
    return routes;
}

} // namespace fairlead::web
