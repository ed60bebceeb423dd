// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/security/passwords.hpp"
#include "fairlead/security/roles.hpp"
#include "fairlead/security/tokens.hpp"
#include "fairlead/security/users.hpp"
#include "list_request.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using security::User;

constexpr std::size_t kRolesMax = 8;

Schema userSchema() {
    return Schema::object({required("id", text()), required("username", text()),
                           required("displayName", text()), required("email", text().nullable()),
                           required("roles", Schema::array(text(), kRolesMax)),
                           required("enabled", Schema::boolean()),
                           required("lastLoginAt", timeOrNull()),
                           required("mustChangePassword", Schema::boolean()),
                           required("createdAt", timeOrNull()), required("updatedAt", timeOrNull()),
                           required("version", Schema::integer(0, INT64_MAX)),
                           optional("actions", Schema::array(actionSchema(), 32))})
        .named("User");
}

Schema password() {
    return Schema::secret(security::kPasswordCharsMin, security::kPasswordCharsMax);
}

std::vector<std::string> roleIds() {
    std::vector<std::string> ids;
    for (const security::Role& role : security::allRoles()) {
        ids.emplace_back(role.id);
    }
    return ids;
}

Schema userChange() {
    return Schema::object({optional("displayName", Schema::string(0, 64)),
                           optional("email", Schema::string(0, 254).nullable()),
                           optional("roles", Schema::array(Schema::oneOf(roleIds()), kRolesMax)),
                           optional("enabled", Schema::boolean())});
}

void writeUser(JsonOut& out, const Context& context, const User& user) {
    out.object().field("id", user.id).field("username", user.username);
    out.field("displayName", user.display_name).textOrNull("email", user.email.value_or(""));
    out.texts("roles", user.roles).field("enabled", user.enabled);
    out.time("lastLoginAt", user.last_login_at.value_or(0));
    out.field("mustChangePassword", user.must_change_password);
    out.time("createdAt", user.created_at).time("updatedAt", user.updated_at);
    out.field("version", user.version);
    Actions(context)
        .add("edit", "users:write")
        .add("resetPassword", "users:write")
        .add("delete", "users:write", when(user.id == context.user().user_id, "USER_SELF"),
             "You cannot delete yourself")
        .write(out);
    out.end();
}

Response answer(const Context& context, const User& user) {
    JsonOut out;
    writeUser(out, context, user);
    return okay(std::move(out).text(), user.version);
}

Result<Response> list(Site& site, Context& context) {
    storage::ListRequest request = listRequest(context);
    if (const auto enabled = context.queryBoolean("enabled"); enabled) {
        request.filters.push_back({"enabled", storage::Value{std::int64_t{*enabled ? 1 : 0}}});
    }
    FL_ASSIGN(const security::UserPage page, site.services.users.list(request));
    return okay(pageText(context, page.items, page.total,
                         [&](JsonOut& out, const User& one) { writeUser(out, context, one); }));
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    security::NewUser input;
    input.username = bodyText(body, "username");
    input.password = bodyText(body, "password");
    input.display_name = bodyText(body, "displayName");
    if (const std::string email = bodyText(body, "email"); !email.empty()) {
        input.email = email;
    }
    input.roles = bodyTexts(body, "roles");
    input.must_change_password = base::booleanOr(body, "mustChangePassword", true);
    FL_ASSIGN(const User user, site.services.users.create(input));
    context.setTarget(user.username);
    JsonOut out;
    writeUser(out, context, user);
    return created(std::move(out).text(), "/users/" + user.id, user.version);
}

Result<Response> change(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    security::UserChange change;
    take(body, "displayName", change.display_name);
    take(body, "email", change.email);
    take(body, "enabled", change.enabled);
    if (base::member(body, "roles") != nullptr) {
        change.roles = bodyTexts(body, "roles");
    }
    FL_ASSIGN(const User user,
              site.services.users.update(context.param("id"), change, context.ifMatch()));
    return answer(context, user);
}

Result<Response> remove(Site& site, Context& context) {
    FL_TRY(
        site.services.users.remove(context.param("id"), context.user().user_id, context.ifMatch()));
    return noContent();
}

Result<Response> resetPassword(Site& site, Context& context) {
    FL_TRY(site.services.users.resetPassword(context.param("id"),
                                             bodyText(context.body(), "password")));
    FL_TRY(site.services.tokens.closeSessions(context.param("id"), ""));
    return noContent();
}

Result<Response> roles(const Context& context) {
    const auto all = security::allRoles();
    return okay(pageText(context, all, static_cast<std::int64_t>(all.size()),
                         [](JsonOut& out, const security::Role& role) {
                             out.object().field("id", role.id).object("name");
                             out.field("zh-CN", role.name_zh).field("en", role.name_en).end();
                             out.array("permissions");
                             for (const std::string_view permission : role.permissions) {
                                 out.value(permission);
                             }
                             out.end().end();
                         }));
}

} // namespace

std::vector<Route> userRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(Route::get("/users", "users:read", "Users.")
                         .with({searchParameter(),
                                {"enabled", Schema::boolean(), "May sign in."},
                                sortParameter({"username", "createdAt", "lastLoginAt"})})
                         .paged(userSchema())
                         .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(
        Route::post("/users", "users:write", "Creates a user.")
            .takes(Schema::object(
                {required("username", Schema::string(1, 64)), required("password", password()),
                 optional("displayName", Schema::string(0, 64)),
                 optional("email", Schema::string(0, 254).nullable()),
                 required("roles", Schema::array(Schema::oneOf(roleIds()), kRolesMax)),
                 optional("mustChangePassword", Schema::boolean())}))
            .creates(userSchema())
            .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(Route::get("/users/{id}", "users:read", "One user.")
                         .returns(userSchema())
                         .runs([&site](Context& context) -> Result<Response> {
                             FL_ASSIGN(const User user,
                                       site.services.users.get(context.param("id")));
                             return answer(context, user);
                         }));
    routes.push_back(Route::patch("/users/{id}", "users:write", "Changes a user.")
                         .takes(userChange())
                         .returns(userSchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(Route::remove("/users/{id}", "users:write",
                                   "Deletes a user; not oneself, not the last administrator.")
                         .runs([&site](Context& context) { return remove(site, context); }));
    routes.push_back(Route::post("/users/{id}/reset-password", "users:write",
                                 "Sets a password that must be changed at the next login.")
                         .takes(Schema::object({required("password", password())}))
                         .runs([&site](Context& context) { return resetPassword(site, context); }));
    routes.back().success = 204;
    routes.push_back(
        Route::get("/roles", kSignedIn, "Roles and their permissions.")
            .paged(Schema::object({required("id", text()), required("name", Schema::texts()),
                                   required("permissions", Schema::array(text(), 200))})
                       .named("Role"))
            .runs([](Context& context) { return roles(context); }));
    return routes;
}

} // namespace fairlead::web
