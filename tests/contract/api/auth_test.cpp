// SPDX-License-Identifier: Apache-2.0
#include "server_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::test;

class AuthApiTest : public ApiFixture {
    CPPUNIT_TEST_SUITE(AuthApiTest);
    CPPUNIT_TEST(logsInOnlyWithTheRightPassword);
    CPPUNIT_TEST(slowsDownGuessing);
    CPPUNIT_TEST(everythingButLoginNeedsCredentials);
    CPPUNIT_TEST(cookiesNeedTheCsrfToken);
    CPPUNIT_TEST(logoutEndsTheSession);
    CPPUNIT_TEST(passwordsMustBeChangedFirst);
    CPPUNIT_TEST(rolesBoundWhatIsPossible);
    CPPUNIT_TEST(usersHaveRules);
    CPPUNIT_TEST(tokensWorkAndEnd);
    CPPUNIT_TEST_SUITE_END();

    Reply login(const std::string& username, const std::string& password) {
        return nobody.post("/auth/login",
                           R"({"username":")" + username + R"(","password":")" + password + "\"}");
    }

    std::string makeUser(const std::string& username, const std::string& role,
                         bool must_change = false) {
        const Reply made = admin.post("/users", R"({"username":")" + username +
                                                    R"(","password":"first pass 1","roles":[")" +
                                                    role + R"("],"mustChangePassword":)" +
                                                    (must_change ? "true" : "false") + "}");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        return made.at("id");
    }

    void logsInOnlyWithTheRightPassword() {
        const std::string name = unique("login");
        makeUser(name, "viewer");
        const Reply wrong = login(name, "wrong password");
        CPPUNIT_ASSERT_EQUAL(401, wrong.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.invalid"}, wrong.code());
        const Reply right = login(name, "first pass 1");
        CPPUNIT_ASSERT_EQUAL(200, right.status);
        CPPUNIT_ASSERT_EQUAL(name, right.at("user/username"));
        const std::string cookie = right.headers.at("set-cookie");
        CPPUNIT_ASSERT(cookie.find("HttpOnly") != std::string::npos);
        CPPUNIT_ASSERT(cookie.find("SameSite=Strict") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL(400, nobody.post("/auth/login", R"({"username":"x"})").status);
    }

    void slowsDownGuessing() {
        const std::string name = unique("guess");
        makeUser(name, "viewer");
        Reply last;
        for (int i = 0; i < 8 && last.status != 429; ++i) {
            last = login(name, "wrong password");
        }
        CPPUNIT_ASSERT_EQUAL(429, last.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.throttled"}, last.code());
        CPPUNIT_ASSERT(std::stoi(last.headers.at("retry-after")) >= 1);
        // Also with the right password, and others are not held up.
        CPPUNIT_ASSERT_EQUAL(429, login(name, "first pass 1").status);
    }

    void everythingButLoginNeedsCredentials() {
        for (const char* path : {"/auth/me", "/system", "/products", "/devices/x", "/users",
                                 "/logs/access", "/events?topics=dashboard", "/files"}) {
            const std::string method = std::string{path} == "/files" ? "POST" : "GET";
            const Reply reply = nobody.send(method, path);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(path, 401, reply.status);
        }
        CPPUNIT_ASSERT_EQUAL(401, Client(server.port(), "fls_made_up").get("/system").status);
    }

    void cookiesNeedTheCsrfToken() {
        const std::string name = unique("cookie");
        makeUser(name, "operator");
        const Reply session = login(name, "first pass 1");
        const std::string cookie = "fairlead_session=" + session.at("token");
        const Reply me = nobody.get("/auth/me", {{"Cookie", cookie}});
        CPPUNIT_ASSERT_EQUAL(200, me.status);
        CPPUNIT_ASSERT_EQUAL(session.at("csrfToken"), me.at("csrfToken"));
        const Reply refused = nobody.post("/auth/logout", "", {{"Cookie", cookie}});
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.csrf"}, refused.code());
        const Reply done = nobody.post("/auth/logout", "",
                                       {{"Cookie", cookie}, {"X-CSRF-Token", me.at("csrfToken")}});
        CPPUNIT_ASSERT_EQUAL(204, done.status);
        CPPUNIT_ASSERT_EQUAL(401, nobody.get("/auth/me", {{"Cookie", cookie}}).status);
    }

    void logoutEndsTheSession() {
        const std::string name = unique("logout");
        makeUser(name, "viewer");
        Client user(server.port(), login(name, "first pass 1").at("token"));
        CPPUNIT_ASSERT_EQUAL(200, user.get("/auth/me").status);
        CPPUNIT_ASSERT_EQUAL(204, user.post("/auth/logout").status);
        CPPUNIT_ASSERT_EQUAL(401, user.get("/auth/me").status);
    }

    void passwordsMustBeChangedFirst() {
        const std::string name = unique("fresh");
        makeUser(name, "viewer", true);
        const Reply session = login(name, "first pass 1");
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, session.at("mustChangePassword"));
        Client user(server.port(), session.at("token"));
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.password_change_required"},
                             user.get("/products").code());
        const Reply wrong = user.post("/auth/password", R"({"currentPassword":"nope nope",
            "newPassword":"another pass 2"})");
        CPPUNIT_ASSERT_EQUAL(400, wrong.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"currentPassword=wrongPassword"}, wrong.errors());
        CPPUNIT_ASSERT_EQUAL(204, user.post("/auth/password", R"({"currentPassword":
            "first pass 1","newPassword":"another pass 2"})")
                                      .status);
        CPPUNIT_ASSERT_EQUAL(200, user.get("/products").status);
    }

    void rolesBoundWhatIsPossible() {
        Client viewer = server.withRole("viewer");
        Client worker = server.withRole("operator");
        CPPUNIT_ASSERT_EQUAL(200, viewer.get("/products").status);
        CPPUNIT_ASSERT_EQUAL(403, viewer.post("/products", R"({"id":"x","name":"x"})").status);
        CPPUNIT_ASSERT_EQUAL(403, viewer.get("/users").status);
        CPPUNIT_ASSERT_EQUAL(403, viewer.post("/gateways/x/enable").status);
        CPPUNIT_ASSERT_EQUAL(403, worker.patch("/settings", R"({"siteName":"x"})").status);
        CPPUNIT_ASSERT_EQUAL(404, worker.post("/gateways/no-such/enable").status);
    }

    void usersHaveRules() {
        const std::string name = unique("user");
        const std::string id = makeUser(name, "viewer");
        const Reply twice =
            admin.post("/users", R"({"username":")" + name +
                                     R"(","password":"first pass 1","roles":["viewer"]})");
        CPPUNIT_ASSERT_EQUAL(409, twice.status);
        const Reply bad = admin.post("/users", R"({"password":"x","roles":["king"],"nick":1})");
        CPPUNIT_ASSERT_EQUAL(
            std::string{"nick=unknown password=too_short roles/0=enum username=required"},
            bad.errors());
        const Reply changed = admin.patch(
            "/users/" + id, R"({"displayName":"Neu 名","email":"a@b.c"})", {{"If-Match", "\"1\""}});
        CPPUNIT_ASSERT_EQUAL_MESSAGE(changed.text, 200, changed.status);
        CPPUNIT_ASSERT_EQUAL(
            412,
            admin.patch("/users/" + id, R"({"displayName":"x"})", {{"If-Match", "\"1\""}}).status);
        const Reply me = admin.get("/auth/me");
        const Reply self = admin.remove("/users/" + me.at("user/id"));
        CPPUNIT_ASSERT_EQUAL(409, self.status);
        const Reply last = admin.patch("/users/" + me.at("user/id"), R"({"roles":["viewer"]})");
        CPPUNIT_ASSERT_EQUAL(std::string{"user.last_administrator"}, last.code());
        CPPUNIT_ASSERT_EQUAL(
            204, admin.post("/users/" + id + "/reset-password", R"({"password":"other pass 3"})")
                     .status);
        CPPUNIT_ASSERT_EQUAL(204, admin.remove("/users/" + id).status);
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/users/" + id).status);
    }

    void tokensWorkAndEnd() {
        const Reply made =
            admin.post("/api-tokens",
                       R"({"name":"ci","roles":["viewer"],"expiresAt":"2099-01-01T00:00:00Z"})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        Client script(server.port(), made.at("token"));
        CPPUNIT_ASSERT_EQUAL(200, script.get("/products").status);
        CPPUNIT_ASSERT_EQUAL(403, script.post("/products", R"({"id":"x","name":"x"})").status);
        const Reply listed = admin.get("/api-tokens?pageSize=200");
        CPPUNIT_ASSERT(listed.text.find(made.at("token")) == std::string::npos);
        CPPUNIT_ASSERT(!listed.has("items/0/token"));
        CPPUNIT_ASSERT_EQUAL(204, admin.remove("/api-tokens/" + made.at("id")).status);
        CPPUNIT_ASSERT_EQUAL(401, script.get("/products").status);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(AuthApiTest);
