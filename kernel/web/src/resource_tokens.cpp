// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/security/tokens.hpp"
#include "list_request.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using security::ApiToken;

constexpr std::size_t kRolesMax = 8;

std::vector<Field> tokenFields() {
    return {required("id", text()),
            required("name", text()),
            required("roles", Schema::array(text(), kRolesMax)),
            required("expiresAt", timeOrNull()),
            required("lastUsedAt", timeOrNull()),
            required("prefix", text()),
            required("userId", text()),
            required("username", text()),
            required("createdAt", timeOrNull()),
            required("version", Schema::integer(0, INT64_MAX)),
            optional("actions", Schema::array(actionSchema(), 32))};
}

Schema tokenSchema() {
    return Schema::object(tokenFields()).named("ApiToken");
}

// Own tokens are everybody's; those of others are for who may see users.
constexpr const char* kOthers = "users:write";

void writeToken(JsonOut& out, const Context& context, const ApiToken& token) {
    out.field("id", token.id).field("name", token.name).texts("roles", token.roles);
    out.time("expiresAt", token.expires_at.value_or(0));
    out.time("lastUsedAt", token.last_used_at.value_or(0));
    out.field("prefix", token.prefix).field("userId", token.user_id);
    out.field("username", token.username).time("createdAt", token.created_at);
    out.field("version", token.version);
    Actions(context).add("delete", "api-tokens:write").write(out);
}

Result<Response> list(Site& site, Context& context) {
    const std::string owner = context.may(kOthers) ? std::string{} : context.user().user_id;
    FL_ASSIGN(const security::ApiTokenPage page,
              site.services.tokens.list(owner, listRequest(context)));
    return okay(pageText(context, page.items, page.total, [&](JsonOut& out, const ApiToken& one) {
        out.object();
        writeToken(out, context, one);
        out.end();
    }));
}

// A token of somebody else looks like none to who may not see it.
Result<ApiToken> visible(Site& site, const Context& context) {
    FL_ASSIGN(ApiToken token, site.services.tokens.get(context.param("id")));
    if (token.user_id != context.user().user_id && !context.may(kOthers)) {
        return base::Error::notFound("there is no API token " + context.param("id"));
    }
    return token;
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    security::NewApiToken input;
    input.name = bodyText(body, "name");
    input.roles = bodyTexts(body, "roles");
    input.expires_at = base::parseRfc3339(base::textOr(body, "expiresAt", ""));
    if (context.user().kind != security::TokenKind::Session) {
        return base::Error{base::Errc::Forbidden, "auth.session_required",
                           "an API token is made after signing in, not with an API token"};
    }
    FL_ASSIGN(const security::CreatedApiToken made,
              site.services.tokens.create(context.user().user_id, input));
    context.setTarget(made.token.id);
    JsonOut out;
    out.object();
    writeToken(out, context, made.token);
    out.field("token", made.secret).end();
    return created(std::move(out).text(), "/api-tokens/" + made.token.id, made.token.version);
}

} // namespace

std::vector<Route> tokenRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(Route::get("/api-tokens", "api-tokens:read", "API tokens, without secrets.")
                         .with({searchParameter(), sortParameter({"name", "createdAt"})})
                         .paged(tokenSchema())
                         .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(
        Route::post("/api-tokens", "api-tokens:write", "Makes a token, shown this once.")
            .takes(
                Schema::object({required("name", Schema::name()),
                                required("roles", Schema::array(Schema::string(1, 64), kRolesMax)),
                                optional("expiresAt", Schema::time().nullable())}))
            .creates(Schema::object(tokenFields()).with({required("token", text())}))
            .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(Route::get("/api-tokens/{id}", "api-tokens:read", "One API token.")
                         .returns(tokenSchema())
                         .runs([&site](Context& context) -> Result<Response> {
                             FL_ASSIGN(const ApiToken token, visible(site, context));
                             JsonOut out;
                             out.object();
                             writeToken(out, context, token);
                             out.end();
                             return okay(std::move(out).text(), token.version);
                         }));
    routes.push_back(Route::remove("/api-tokens/{id}", "api-tokens:write", "Ends a token.")
                         .runs([&site](Context& context) -> Result<Response> {
                             FL_TRY(visible(site, context));
                             FL_TRY(site.services.tokens.remove(context.param("id")));
                             return noContent();
                         }));
    return routes;
}

} // namespace fairlead::web
