// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/security/system_log.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using security::SystemLogRecord;

std::vector<Field> rowFields() {
    return {required("id", text()),    required("time", Schema::time()),
            required("level", text()), required("source", text()),
            required("node", text()),  required("message", text())};
}

Schema rowSchema() {
    return Schema::object(rowFields()).named("SystemLogRecord");
}

Schema detailSchema() {
    return Schema::object(rowFields())
        .with({required("thread", text()), required("context", freeObject().nullable()),
               required("stack", text().nullable()),
               required("before", Schema::array(rowSchema(), security::kSystemLogAround)),
               required("after", Schema::array(rowSchema(), security::kSystemLogAround))})
        .named("SystemLogDetail");
}

void writeRow(JsonOut& out, const SystemLogRecord& record) {
    out.field("id", std::to_string(record.id)).field("time", base::toRfc3339(record.time));
    out.field("level", runtime::toText(record.level)).field("source", record.source);
    out.field("node", record.node).field("message", record.message);
}

void writeRows(JsonOut& out, const char* name, const std::vector<SystemLogRecord>& records) {
    out.array(name);
    for (const SystemLogRecord& record : records) {
        out.object();
        writeRow(out, record);
        out.end();
    }
    out.end();
}

Result<Response> list(Site& site, Context& context) {
    security::SystemLogQuery query;
    query.from = context.queryTime("from");
    query.to = context.queryTime("to");
    query.level = runtime::parseLogLevel(context.query("level"));
    query.source = context.query("source");
    query.q = context.query("q");
    FL_ASSIGN(query.after, cursorNumber(context));
    query.limit =
        static_cast<std::size_t>(std::min<std::int64_t>(context.queryInteger("limit", 100), 500));
    FL_ASSIGN(const security::SystemLogPage page, site.services.system_log.query(query));
    JsonOut out;
    out.object();
    writeRows(out, "items", page.items);
    out.textOrNull("next", page.next ? std::to_string(*page.next) : "").end();
    return okay(std::move(out).text());
}

Result<Response> one(Site& site, const Context& context) {
    FL_ASSIGN(const std::int64_t id, numericId(context, "id"));
    FL_ASSIGN(const security::SystemLogDetail detail, site.services.system_log.get(id));
    const std::string known = jsonOr(detail.record.context, "null");
    JsonOut out;
    out.object();
    writeRow(out, detail.record);
    out.field("thread", detail.record.thread).rawField("context", known);
    const auto parsed = base::parseJson(known);
    out.textOrNull("stack", parsed ? base::textOr(*parsed, "stack", "") : std::string_view{});
    writeRows(out, "before", detail.before);
    writeRows(out, "after", detail.after);
    out.end();
    return okay(std::move(out).text());
}

std::vector<QueryParameter> filters() {
    return {{"level", Schema::oneOf({"debug", "information", "warning", "error", "fatal"}),
             "This level and above."},
            {"source", Schema::string(1, 80), "Module or plugin, and what is below it."},
            {"q", Schema::string(0, 200), "Part of the message."}};
}

} // namespace

std::string systemLogRowText(const SystemLogRecord& record) {
    JsonOut out;
    out.object();
    writeRow(out, record);
    out.end();
    return std::move(out).text();
}

std::vector<Route> systemLogRoutes(Site& site) {
    std::vector<Route> routes;
    const Handler handler = [&site](Context& context) { return list(site, context); };
    routes.push_back(Route::get("/logs/system", "logs:read", "The system log, newest first.")
                         .with(timeRange())
                         .with(filters())
                         .cursored(rowSchema())
                         .runs(handler));
    routes.push_back(Route::get("/logs/system/export", "logs:read", "The same as CSV.")
                         .with(timeRange())
                         .with(filters())
                         .cursored(rowSchema())
                         .runs(handler));
    routes.back().csv_only = true;
    routes.back().response_type = "text/csv";
    routes.push_back(Route::get("/logs/system/{id}", "logs:read",
                                "One line with its context and its neighbours.")
                         .returns(detailSchema())
                         .runs([&site](Context& context) { return one(site, context); }));
    return routes;
}

} // namespace fairlead::web
