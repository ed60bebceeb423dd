// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "auth.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/security/passwords.hpp"
#include "fairlead/security/throttle.hpp"
#include "fairlead/security/tokens.hpp"
#include "fairlead/security/users.hpp"

namespace fairlead::web {

namespace {

using base::Result;

Schema userSchema() {
    return Schema::object({required("id", text()), required("username", text()),
                           required("displayName", text()),
                           required("roles", Schema::array(text(), 16)),
                           required("permissions", Schema::array(text(), 200))})
        .named("SignedIn");
}

void writeUser(JsonOut& out, const security::Principal& who) {
    out.object("user").field("id", who.user_id).field("username", who.username);
    out.field("displayName", who.display_name).texts("roles", who.roles);
    out.texts("permissions", who.permissions).end();
}

Response throttled(const Context& context, std::int64_t wait_ms) {
    const std::int64_t seconds = (wait_ms + 999) / 1000;
    Problem problem{429, "auth.throttled",
                    "too many failed logins; try again in " + std::to_string(seconds) + " s"};
    problem.extra = "{\"retryAfter\":" + std::to_string(seconds) + "}";
    Response response = toResponse(problem, context.request().id);
    response.headers.set("Retry-After", std::to_string(seconds));
    return response;
}

// Strict: the cookie is never sent from another site, so a link from elsewhere starts signed out of
// nothing that matters; the header token covers the rest.
std::string sessionCookie(const std::string& token, bool secure, std::int64_t max_age_seconds) {
    return std::string{kSessionCookie} + "=" + token + "; Path=/; HttpOnly; SameSite=Strict" +
           (secure ? "; Secure" : "") + "; Max-Age=" + std::to_string(max_age_seconds);
}

Result<Response> login(Site& site, Context& context) {
    const std::string username{base::trim(base::textOr(context.body(), "username", ""))};
    const std::string password = bodyText(context.body(), "password");
    const std::string& address = context.request().address;
    context.setUserName(username);
    const std::uint64_t now_ms = base::monotonicNs() / 1'000'000;
    security::LoginThrottle& throttle = site.services.throttle;
    if (const std::int64_t wait = throttle.waitMs(username, address, now_ms); wait > 0) {
        return throttled(context, wait);
    }
    auto user = site.services.users.verify(username, password);
    if (!user) {
        if (user.error().kind() == base::Errc::Unauthorized) {
            throttle.failed(username, address, now_ms);
        }
        return user.error();
    }
    throttle.succeeded(username, address);
    const std::int64_t lifetime_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(site.options.session).count();
    FL_ASSIGN(const security::Login session, site.services.tokens.openSession(*user, lifetime_ms));
    FL_TRY(site.services.users.noteLogin(user->id, base::utcNow()));
    FL_ASSIGN(const security::Principal who, site.services.tokens.resolve(session.token));
    JsonOut out;
    out.object().field("token", session.token).field("csrfToken", session.csrf_token);
    out.time("expiresAt", session.expires_at);
    writeUser(out, who);
    out.field("mustChangePassword", who.must_change_password).end();
    Response response = okay(std::move(out).text());
    response.headers.set(
        "Set-Cookie", sessionCookie(session.token, context.request().secure, lifetime_ms / 1000));
    return response;
}

Result<Response> logout(Site& site, Context& context) {
    const std::string token = tokenOf(context.request()).text;
    if (context.user().kind == security::TokenKind::Session) {
        FL_TRY(site.services.tokens.closeSession(token));
    }
    Response response = noContent();
    response.headers.set("Set-Cookie", sessionCookie("", context.request().secure, 0));
    return response;
}

Result<Response> me(Context& context) {
    JsonOut out;
    out.object();
    writeUser(out, context.user());
    out.field("csrfToken", context.caller().csrf_token);
    out.field("mustChangePassword", context.user().must_change_password).end();
    return okay(std::move(out).text());
}

Result<Response> changePassword(Site& site, Context& context) {
    const security::Principal& who = context.user();
    if (who.kind != security::TokenKind::Session) {
        return base::Error{base::Errc::Forbidden, "auth.session_required",
                           "a password is changed after signing in, not with an API token"};
    }
    const std::string current = bodyText(context.body(), "currentPassword");
    auto changed = site.services.users.changePassword(who.user_id, current,
                                                      bodyText(context.body(), "newPassword"));
    if (!changed) {
        // Not 401: the session is fine, a field is wrong.
        if (changed.error().kind() == base::Errc::Unauthorized) {
            return base::Error{base::Errc::Invalid, "auth.invalid", "the current password is wrong"}
                .with({{"currentPassword", "wrongPassword", "is wrong"}});
        }
        return base::Error{changed.error()}.with(
            {{"newPassword", changed.error().code(), changed.error().message()}});
    }
    FL_TRY(site.services.tokens.closeSessions(who.user_id, who.token_id));
    return noContent();
}

} // namespace

std::vector<Route> authRoutes(Site& site) {
    const Schema session =
        Schema::object({required("token", text()), required("csrfToken", text()),
                        required("expiresAt", Schema::time()), required("user", userSchema()),
                        required("mustChangePassword", Schema::boolean())});
    const Schema mine =
        Schema::object({required("user", userSchema()), required("csrfToken", text()),
                        required("mustChangePassword", Schema::boolean())});
    std::vector<Route> routes;
    routes.push_back(Route::post("/auth/login", kPublic, "Signs in.")
                         .takes(Schema::object({required("username", Schema::string(1, 64)),
                                                required("password", Schema::secret(1, 128))}))
                         .returns(session)
                         .runs([&site](Context& context) { return login(site, context); }));
    routes.push_back(
        Route::post("/auth/logout", kSignedIn, "Ends the login.").runs([&site](Context& context) {
            return logout(site, context);
        }));
    routes.push_back(Route::get("/auth/me", kSignedIn, "Who is signed in, with what permissions.")
                         .returns(mine)
                         .runs(me));
    routes.push_back(
        Route::post("/auth/password", kSignedIn, "Changes the own password; ends other logins.")
            .takes(Schema::object(
                {required("currentPassword", Schema::secret(1, 128)),
                 required("newPassword", Schema::secret(security::kPasswordCharsMin,
                                                        security::kPasswordCharsMax))}))
            .runs([&site](Context& context) { return changePassword(site, context); }));
    for (Route& route : routes) {
        route.with_expired_password = true;
    }
    routes[1].success = 204;
    routes[3].success = 204;
    return routes;
}

} // namespace fairlead::web
