// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/security/audit_log.hpp"

#include <charconv>

namespace fairlead::web {

namespace {

using base::Result;
using security::AccessRecord;

std::vector<Field> rowFields() {
    return {required("id", text()),
            required("time", Schema::time()),
            required("user", text()),
            required("address", text()),
            required("method", text()),
            required("path", text()),
            required("action", text()),
            required("target", text()),
            required("status", Schema::integer(0, 999)),
            required("outcome", text()),
            required("milliseconds", Schema::integer(0, INT64_MAX))};
}

Schema rowSchema() {
    return Schema::object(rowFields()).named("AccessRecord");
}

Schema detailSchema() {
    return Schema::object(rowFields())
        .with({required("requestId", text()), required("requestHeaders", freeObject()),
               required("request", text().nullable()), required("response", Schema::any())})
        .named("AccessRecordDetail");
}

void writeRow(JsonOut& out, const AccessRecord& record) {
    out.field("id", std::to_string(record.id)).field("time", base::toRfc3339(record.time));
    out.field("user", record.user).field("address", record.address);
    out.field("method", record.method).field("path", record.path);
    out.field("action", record.action).field("target", record.target);
    out.field("status", record.status).field("outcome", record.success() ? "success" : "failure");
    out.field("milliseconds", record.milliseconds);
}

Result<Response> list(Site& site, Context& context) {
    security::AccessQuery query;
    query.from = context.queryTime("from");
    query.to = context.queryTime("to");
    query.user = context.query("user");
    query.method = context.query("method");
    query.action = context.query("action");
    query.q = context.query("q");
    if (const std::string outcome = context.query("outcome"); !outcome.empty()) {
        query.success = outcome == "success";
    }
    FL_ASSIGN(query.after, cursorNumber(context));
    query.limit = static_cast<std::size_t>(std::min<std::int64_t>(
        context.queryInteger("limit", 100), static_cast<std::int64_t>(security::kLogPageMax)));
    FL_ASSIGN(const security::AccessPage page, site.services.access_log.query(query));
    JsonOut out;
    out.object().array("items");
    for (const AccessRecord& record : page.items) {
        out.object();
        writeRow(out, record);
        out.end();
    }
    out.end().textOrNull("next", page.next ? std::to_string(*page.next) : "").end();
    return okay(std::move(out).text());
}

Result<Response> one(Site& site, const Context& context) {
    FL_ASSIGN(const std::int64_t id, numericId(context, "id"));
    FL_ASSIGN(const AccessRecord record, site.services.access_log.get(id));
    JsonOut out;
    out.object();
    writeRow(out, record);
    out.field("requestId", record.request_id);
    out.rawField("requestHeaders", jsonOr(record.request_headers, "{}"));
    out.textOrNull("request", record.request);
    out.rawField("response", jsonOr(record.response, "null")).end();
    return okay(std::move(out).text());
}

std::vector<QueryParameter> filters() {
    return {{"user", Schema::string(1, 64), "User name."},
            {"action", Schema::string(1, 80), "products.publish and so on."},
            {"outcome", Schema::oneOf({"success", "failure"}), "Outcome."},
            {"method", Schema::oneOf({"GET", "HEAD", "POST", "PATCH", "DELETE"}), "Method."},
            {"q", Schema::string(0, 200), "Part of the path or target."}};
}

} // namespace

std::string accessRowText(const AccessRecord& record) {
    JsonOut out;
    out.object();
    writeRow(out, record);
    out.end();
    return std::move(out).text();
}

std::vector<Route> accessLogRoutes(Site& site) {
    std::vector<Route> routes;
    const Handler handler = [&site](Context& context) { return list(site, context); };
    routes.push_back(Route::get("/logs/access", "logs:read", "Every admin request, newest first.")
                         .with(timeRange())
                         .with(filters())
                         .cursored(rowSchema())
                         .runs(handler));
    routes.push_back(Route::get("/logs/access/export", "logs:read", "The same as CSV.")
                         .with(timeRange())
                         .with(filters())
                         .cursored(rowSchema())
                         .runs(handler));
    routes.back().csv_only = true;
    routes.back().response_type = "text/csv";
    routes.push_back(Route::get("/logs/access/{id}", "logs:read", "One request with its details.")
                         .returns(detailSchema())
                         .runs([&site](Context& context) { return one(site, context); }));
    return routes;
}

} // namespace fairlead::web
