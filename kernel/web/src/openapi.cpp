// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/openapi.hpp"

#include "fairlead/web/json_out.hpp"
#include "fairlead/web/problem.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace fairlead::web {

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string tagOf(const Route& route) {
    return route.pattern.substr(1, route.pattern.find('/', 1) - 1);
}

// "products.publish" + method keeps operation ids unique and readable.
std::string operationId(const Route& route) {
    std::string id = lower(route.method) + route.pattern;
    std::string out;
    bool upper = false;
    for (const char c : id) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            upper = true;
        } else {
            out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
            upper = false;
        }
    }
    return out;
}

std::vector<std::string> pathParameters(const std::string& pattern) {
    std::vector<std::string> names;
    for (std::size_t at = pattern.find('{'); at != std::string::npos;
         at = pattern.find('{', at + 1)) {
        names.push_back(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    }
    return names;
}

Schema problemSchema() {
    const Schema text = Schema::string(0, 2000);
    return Schema::object(
               {required("type", text), required("title", text),
                required("status", Schema::integer(400, 599)), required("code", text),
                required("detail", text),
                optional("errors", Schema::array(Schema::object({required("field", text),
                                                                 required("code", text),
                                                                 required("message", text)}),
                                                 kFieldErrorsMax)),
                optional("usedBy",
                         Schema::array(Schema::object({required("kind", text), required("id", text),
                                                       required("name", text)}),
                                       100)),
                optional("deviceCode", text), optional("retryAfter", Schema::integer(0, 3600)),
                required("requestId", text)})
        .named("Problem");
}

void writeParameters(JsonOut& out, const Route& route) {
    out.array("parameters");
    for (const std::string& name : pathParameters(route.pattern)) {
        out.object().field("name", name).field("in", "path").field("required", true);
        out.object("schema").field("type", "string").end().end();
    }
    for (const QueryParameter& parameter : route.parameters) {
        out.object().field("name", parameter.name).field("in", "query");
        out.field("description", parameter.summary);
        parameter.schema.write(out.name("schema"));
        out.end();
    }
    if (route.conditional) {
        out.object().field("name", "If-Match").field("in", "header");
        out.field("description", "The ETag that was read; 412 when it changed since.");
        out.object("schema").field("type", "string").end().end();
    }
    out.end();
}

void writeContent(JsonOut& out, const std::string& type, const Schema* schema) {
    out.object("content").object(type);
    if (schema != nullptr) {
        schema->write(out.name("schema"));
    } else {
        out.object("schema").field("type", "string").end();
    }
    out.end().end();
}

void writeOperation(JsonOut& out, const Route& route) {
    out.object(lower(route.method)).field("summary", route.summary);
    out.field("operationId", operationId(route));
    out.texts("tags", {tagOf(route)});
    out.field("x-permission", route.permission);
    writeParameters(out, route);
    if (route.request || route.raw_body) {
        out.object("requestBody").field("required", !route.body_optional);
        writeContent(out,
                     route.raw_body            ? "application/octet-stream"
                     : route.method == "PATCH" ? "application/merge-patch+json"
                                               : "application/json",
                     route.request ? &*route.request : nullptr);
        out.end();
    }
    out.object("responses").object(std::to_string(route.success));
    out.field("description", statusTitle(route.success));
    if (route.success != 204) {
        writeContent(out, route.response_type, route.response ? &*route.response : nullptr);
    }
    out.end().object("default").field("description", "Refused or failed.");
    const Schema problem = problemSchema();
    writeContent(out, "application/problem+json", &problem);
    out.end().end();
    out.array("security");
    if (route.permission != kPublic) {
        out.object().array("bearer").end().end();
        out.object().array("session").end().end();
    }
    out.end().end();
}

void writeComponents(JsonOut& out, const Router& router) {
    std::vector<Schema> named{problemSchema()};
    std::set<std::string> seen{"Problem"};
    for (const auto& route : router.routes()) {
        if (route->request) {
            route->request->collectNamed(named, seen);
        }
        if (route->response) {
            route->response->collectNamed(named, seen);
        }
    }
    out.object("components").object("schemas");
    for (const Schema& schema : named) {
        schema.write(out.name(schema.componentName()), true);
    }
    out.end().object("securitySchemes");
    out.object("bearer").field("type", "http").field("scheme", "bearer");
    out.field("description", "A login token or an API token.").end();
    out.object("session").field("type", "apiKey").field("in", "cookie");
    out.field("name", "fairlead_session");
    out.field("description", "With the header X-CSRF-Token on everything but GET.").end();
    out.end().end();
}

std::string escape(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '&':
            out += "&amp;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

// "{name, description?, nodes: [{…}]}" in lines, for the page.
void describe(const Schema& schema, std::string& out, int depth) {
    static constexpr const char* kNames[] = {
        "any", "text", "integer", "number", "true or false", "one of …", "", "list", "map"};
    if (schema.kind() != Schema::Kind::Object) {
        out += kNames[static_cast<std::size_t>(schema.kind())];
        if (schema.element() != nullptr && depth < 4) {
            out += " of ";
            describe(*schema.element(), out, depth + 1);
        }
        return;
    }
    if (depth >= 4) {
        out += schema.componentName().empty() ? "object" : schema.componentName();
        return;
    }
    const std::string indent(static_cast<std::size_t>(depth + 1) * 2, ' ');
    out += "{\n";
    for (const Field& field : schema.fields()) {
        out += indent + field.name + (field.required ? ": " : "?: ");
        describe(field.schema, out, depth + 1);
        out += "\n";
    }
    out += std::string(static_cast<std::size_t>(depth) * 2, ' ') + "}";
}

void writeShape(std::string& out, const char* title, const std::optional<Schema>& schema) {
    if (schema) {
        std::string text;
        describe(*schema, text, 0);
        out += std::string{"<details><summary>"} + title + "</summary><pre>" + escape(text) +
               "</pre></details>";
    }
}

void writeEntry(std::string& out, const Route& route) {
    out += "<article id=\"" + operationId(route) + "\"><h3><b class=\"" + lower(route.method) +
           "\">" + route.method + "</b> <code>/api/v1" + escape(route.pattern) + "</code></h3><p>" +
           escape(route.summary) + " <i>" + escape(route.permission) + "</i></p>";
    if (!route.parameters.empty()) {
        out += "<table>";
        for (const QueryParameter& parameter : route.parameters) {
            out += "<tr><td><code>" + escape(parameter.name) + "</code></td><td>" +
                   escape(parameter.summary) + "</td></tr>";
        }
        out += "</table>";
    }
    writeShape(out, "Body", route.request);
    writeShape(out, "Answer", route.response);
    out += "</article>";
}

} // namespace

std::string openApiDocument(const Router& router, const std::string& version) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const Route*>> paths;
    for (const auto& route : router.routes()) {
        auto& at = paths[route->pattern];
        if (at.empty()) {
            order.push_back(route->pattern);
        }
        at.push_back(route.get());
    }
    JsonOut out;
    out.object().field("openapi", "3.1.0");
    out.object("info").field("title", "Fairlead").field("version", version);
    out.field("description", "Device access server: REST API.").end();
    out.array("servers").object().field("url", "/api/v1").end().end();
    out.object("paths");
    for (const std::string& pattern : order) {
        out.object(pattern);
        for (const Route* route : paths[pattern]) {
            writeOperation(out, *route);
        }
        out.end();
    }
    out.end();
    writeComponents(out, router);
    out.end();
    return std::move(out).text();
}

std::string docsPage(const Router& router, const std::string& version) {
    std::string out = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                      "<title>Fairlead REST API</title>"
                      "<link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><main>"
                      "<h1>Fairlead REST API " +
                      escape(version) +
                      "</h1><p>The same as <a href=\"/api/v1/openapi.json\">openapi.json</a>. "
                      "Sign in with <code>POST /api/v1/auth/login</code> and send the token as "
                      "<code>Authorization: Bearer …</code>, or use an API token. Refusals are "
                      "<code>application/problem+json</code>. Every list is CSV with "
                      "<code>Accept: text/csv</code>.</p>";
    std::map<std::string, std::vector<const Route*>> groups;
    for (const auto& route : router.routes()) {
        groups[tagOf(*route)].push_back(route.get());
    }
    out += "<nav>";
    for (const auto& [tag, routes] : groups) {
        out += "<a href=\"#" + tag + "\">" + tag + "</a> ";
    }
    out += "</nav>";
    for (const auto& [tag, routes] : groups) {
        out += "<h2 id=\"" + tag + "\">" + tag + "</h2>";
        for (const Route* route : routes) {
            writeEntry(out, *route);
        }
    }
    return out + "</main></body></html>";
}

std::string docsStyle() {
    return "body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#1d2330;background:#fff}"
           "main{max-width:60rem;margin:0 auto;padding:1.5rem}nav{line-height:2}"
           "nav a{margin-right:.6rem}article{border-top:1px solid #dde1e8;padding:.3rem 0}"
           "h2{margin-top:2rem}h3{font-weight:400;margin:.5rem 0 .2rem}p{margin:.2rem 0}"
           "i{color:#5f636b}b{font:600 12px/1 monospace;padding:.25rem .4rem;border-radius:3px;"
           "background:#e6edf8}b.post{background:#dff2df}b.patch{background:#fbf0d3}"
           "b.delete{background:#fbe0de}pre{background:#f5f6f8;padding:.6rem;overflow:auto}"
           "td{padding:0 1rem 0 0;vertical-align:top}"
           "@media(prefers-color-scheme:dark){body{color:#e4e7ee;background:#14171d}"
           "a{color:#8ab4ff}pre{background:#1d2129}article{border-color:#2c323d}"
           "b{background:#24344f}b.post{background:#1f3d22}b.patch{background:#473a14}"
           "b.delete{background:#4b2320}i{color:#a3a9b5}}";
}

} // namespace fairlead::web
