// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/base/time.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/security/roles.hpp"

#include <cmath>

namespace fairlead::web {

namespace {

using base::Result;

constexpr std::size_t kRecentDevices = 8;

Schema count() {
    return Schema::integer(0, INT64_MAX);
}

Schema countersSchema() {
    return Schema::object({required("messagesPerSecond", Schema::number()),
                           required("devicesTotal", count()), required("devicesOnline", count()),
                           required("gatewaysFailed", count()), required("pluginsFailed", count()),
                           required("connections", count()), required("messagesToday", count())})
        .named("Counters");
}

Schema systemSchema() {
    return Schema::object(
               {required("version", text()), required("startedAt", timeOrNull()),
                required("uptimeSeconds", count()), required("nodeId", text()),
                required("database",
                         Schema::object({required("driver", text()), required("version", text())})),
                required("journal", Schema::object({required("bytes", count()),
                                                    required("lagMessages", count()),
                                                    required("lagSeconds", Schema::number())})),
                required("process", Schema::object({required("cpuPercent", Schema::number()),
                                                    required("residentBytes", count()),
                                                    required("openFiles", count())})),
                required("disk", Schema::object({required("freeBytes", count()),
                                                 required("totalBytes", count())})),
                required("counters", countersSchema())})
        .named("System");
}

Schema dashboardSchema() {
    return Schema::object(
               {required("counters", countersSchema()),
                required(
                    "traffic",
                    Schema::array(Schema::object({required("time", Schema::time()),
                                                  required("uplinkPerSecond", Schema::number()),
                                                  required("downlinkPerSecond", Schema::number())}),
                                  kTrafficMinutes)),
                required("failed",
                         Schema::array(
                             Schema::object({required("kind", text()), required("id", text()),
                                             required("name", text()), required("reason", text())}),
                             1000)),
                required(
                    "recentDevices",
                    Schema::array(
                        Schema::object({required("id", text()), required("name", text()),
                                        required("productId", text()), required("state", text()),
                                        required("onlineAt", timeOrNull())}),
                        kRecentDevices))})
        .named("Dashboard");
}

double rounded(double value) {
    return std::round(value * 100) / 100;
}

Result<Response> system(Site& site) {
    const SystemProbe& probe = site.monitor.probe();
    const SystemProbe::Journal journal = probe.journal ? probe.journal() : SystemProbe::Journal{};
    const ProcessFigures process = site.monitor.process();
    const DiskFigures disk = site.monitor.disk();
    JsonOut out;
    out.object().field("version", probe.version).time("startedAt", probe.started_at);
    out.field("uptimeSeconds", (base::utcNow() - probe.started_at) / 1000);
    out.field("nodeId", probe.node_id);
    out.object("database").field("driver", probe.database_driver);
    out.field("version", probe.database_version).end();
    out.object("journal").field("bytes", journal.bytes);
    out.field("lagMessages", journal.lag_messages).field("lagSeconds", journal.lag_seconds).end();
    out.object("process").field("cpuPercent", rounded(process.cpu_percent));
    out.field("residentBytes", process.resident_bytes);
    out.field("openFiles", process.open_files).end();
    out.object("disk").field("freeBytes", disk.free_bytes).field("totalBytes", disk.total_bytes);
    out.end().rawField("counters", countersText(site.monitor.counters())).end();
    return okay(std::move(out).text());
}

void writeRecent(JsonOut& out, Site& site) {
    device::DeviceQuery query;
    query.page_size = kRecentDevices;
    const auto devices = site.services.devices.list(query);
    out.array("recentDevices");
    if (devices) {
        for (const device::Device& one : devices->items) {
            out.object().field("id", one.id).field("name", one.name);
            out.field("productId", one.product_id).field("state", device::toText(one.state));
            out.time("onlineAt", one.online_at).end();
        }
    }
    out.end();
}

Result<Response> dashboard(Site& site, const Context& context) {
    JsonOut out;
    out.object().rawField("counters", countersText(site.monitor.counters()));
    out.array("traffic");
    for (const TrafficPoint& point : site.monitor.traffic()) {
        out.object().field("time", base::toRfc3339(point.time));
        out.field("uplinkPerSecond", rounded(point.uplink_per_second));
        out.field("downlinkPerSecond", rounded(point.downlink_per_second)).end();
    }
    out.end().array("failed");
    for (const SystemProbe::Failed& one : site.monitor.failed()) {
        out.object().field("kind", one.kind).field("id", one.id).field("name", one.name);
        out.field("reason", one.reason).end();
    }
    out.end();
    if (context.may("devices:read")) {
        writeRecent(out, site);
    } else {
        out.array("recentDevices").end();
    }
    out.end();
    return okay(std::move(out).text());
}

// Filter values come from here, never from the rows on screen.
std::string enumsText() {
    JsonOut out;
    out.object();
    out.texts("deviceState", {"inactive", "offline", "online"});
    out.texts("deviceKind", {"device", "gateway", "child"});
    out.texts("productState", {"published", "unpublished"});
    out.texts("gatewayState", {"enabled", "disabled"});
    out.texts("gatewayRunState", {"started", "stopped", "failed"});
    out.texts("gatewayCategory", {"custom", "video", "cloud", "channel"});
    out.texts("networkState", {"enabled", "disabled"});
    out.texts("networkRunState", {"running", "stopped", "failed"});
    out.texts("clusterMode", {"shared", "independent"});
    out.texts("protocolType", {"builtin", "package", "local"});
    out.texts("protocolState", {"enabled", "disabled"});
    out.texts("protocolRunState", {"started", "stopped", "failed", "quarantined"});
    out.texts("pluginState", {"discovered", "checked", "loaded", "started", "draining", "unloading",
                              "unloaded", "retired", "stuck", "failed", "quarantined"});
    out.texts("logLevel", {"debug", "information", "warning", "error", "fatal"});
    out.texts("outcome", {"success", "failure"});
    out.texts("direction", {"up", "down"});
    out.texts("quality", {"good", "uncertain", "bad"});
    out.texts("eventLevel", {"ordinary", "warn", "urgent"});
    std::vector<std::string> roles;
    for (const security::Role& role : security::allRoles()) {
        roles.emplace_back(role.id);
    }
    out.texts("role", roles);
    out.end();
    return std::move(out).text();
}

} // namespace

std::string countersText(const Counters& counters) {
    JsonOut out;
    out.object().field("messagesPerSecond", rounded(counters.messages_per_second));
    out.field("devicesTotal", counters.devices_total);
    out.field("devicesOnline", counters.devices_online);
    out.field("gatewaysFailed", counters.gateways_failed);
    out.field("pluginsFailed", counters.plugins_failed);
    out.field("connections", counters.connections);
    out.field("messagesToday", counters.messages_today).end();
    return std::move(out).text();
}

std::vector<Route> systemRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(Route::get("/system", kSignedIn, "Version, load, storage and journal.")
                         .returns(systemSchema())
                         .runs([&site](Context&) { return system(site); }));
    routes.push_back(Route::get("/dashboard", kSignedIn, "What the first page shows.")
                         .returns(dashboardSchema())
                         .runs([&site](Context& context) { return dashboard(site, context); }));
    routes.push_back(Route::get("/meta/enums", kSignedIn, "Every value that a field may have.")
                         .returns(Schema::map(Schema::array(text(), 100), 100))
                         .runs([](Context&) -> Result<Response> { return okay(enumsText()); }));
    return routes;
}

} // namespace fairlead::web
