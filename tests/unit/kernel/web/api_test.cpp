// SPDX-License-Identifier: Apache-2.0
// The pipeline from request to answer, with routes and callers of the test's own.
#include "fairlead/web/api.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/web/csv.hpp"
#include "fairlead/web/json_out.hpp"
#include "fairlead/web/openapi.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <sstream>
#include <stdexcept>

using namespace fairlead;
using web::Api;
using web::Context;
using web::Route;
using web::Schema;

namespace {

Schema thing() {
    return Schema::object({web::required("id", Schema::string(1, 20)),
                           web::required("n", Schema::integer(0, 1000000))})
        .named("Thing");
}

std::string page(const Context& context, std::int64_t total) {
    web::JsonOut out;
    out.object().array("items");
    const std::int64_t from = (context.page() - 1) * context.pageSize();
    for (std::int64_t i = from; i < std::min(total, from + context.pageSize()); ++i) {
        out.object().field("id", "=" + std::to_string(i)).field("n", i).end();
    }
    out.end().field("page", context.page()).field("pageSize", context.pageSize());
    out.field("total", total).end();
    return std::move(out).text();
}

} // namespace

class ApiTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ApiTest);
    CPPUNIT_TEST(unknownPathsAndMethods);
    CPPUNIT_TEST(needsCredentials);
    CPPUNIT_TEST(needsThePermission);
    CPPUNIT_TEST(needsTheCsrfTokenWithACookie);
    CPPUNIT_TEST(closedWhileThePasswordMustChange);
    CPPUNIT_TEST(refusesBadBodies);
    CPPUNIT_TEST(refusesBadQueries);
    CPPUNIT_TEST(limitsBodies);
    CPPUNIT_TEST(readsIfMatch);
    CPPUNIT_TEST(repeatsAreAnsweredOnce);
    CPPUNIT_TEST(survivesExceptions);
    CPPUNIT_TEST(noticesDriftingAnswers);
    CPPUNIT_TEST(exportsEveryPageAsCsv);
    CPPUNIT_TEST(cutsExportsThatFail);
    CPPUNIT_TEST(recordsWithoutSecrets);
    CPPUNIT_TEST(documentsEveryRoute);
    CPPUNIT_TEST_SUITE_END();

public:
    void setUp() override {
        web::ApiHooks hooks;
        hooks.authenticate = [this](const web::Request&) { return caller_; };
        hooks.record = [this](security::AccessRecord record) { records_.push_back(record); };
        api_ = std::make_unique<Api>(hooks, web::ApiOptions{1024, true});
        addRoutes();
    }

private:
    void addRoutes() {
        web::Router& router = api_->router();
        router.add(Route::get("/things", "things:read", "Things.")
                       .with({{"state", Schema::oneOf({"on", "off"}), "State."}})
                       .paged(thing())
                       .runs([this](Context& context) -> base::Result<web::Response> {
                           if (context.page() == fail_at_page_) {
                               return base::Error::io("gone");
                           }
                           return web::okay(page(context, total_));
                       }));
        router.add(Route::post("/things", "things:write", "Makes one.")
                       .takes(Schema::object({web::required("id", Schema::userId()),
                                              web::optional("password", Schema::secret(1, 20))}))
                       .creates(thing())
                       .runs([this](Context& context) -> base::Result<web::Response> {
                           ++made_;
                           const std::string id{base::textOr(context.body(), "id", "")};
                           context.setTarget(id);
                           web::JsonOut out;
                           out.object().field("id", id).field("n", made_).end();
                           return web::created(std::move(out).text(), "/things/" + id, 1);
                       }));
        router.add(Route::patch("/things/{id}", "things:write", "Changes.")
                       .takes(Schema::object({web::optional("n", Schema::integer(0, 9))}))
                       .returns(Schema::any())
                       .runs([](Context& context) -> base::Result<web::Response> {
                           return web::okay(std::to_string(context.expectedVersion()));
                       }));
        router.add(Route::post("/things/{id}/throw", "things:write", "Throws.")
                       .returns(Schema::any())
                       .runs([](Context&) -> base::Result<web::Response> {
                           throw std::runtime_error("boom");
                       }));
        router.add(Route::get("/drift", "things:read", "Answers what it did not declare.")
                       .returns(thing())
                       .runs([](Context&) -> base::Result<web::Response> {
                           return web::okay("{\"id\":\"x\"}");
                       }));
        Route open =
            Route::get("/open", web::kSignedIn, "Open with an expired password.")
                .returns(Schema::any())
                .runs([](Context&) -> base::Result<web::Response> { return web::okay("1"); });
        open.with_expired_password = true;
        router.add(std::move(open));
    }

    static web::Caller callerWith(std::vector<std::string> permissions) {
        web::Caller caller;
        caller.principal.user_id = "u1";
        caller.principal.username = "alice";
        caller.principal.permissions = std::move(permissions);
        caller.csrf_token = "csrf";
        return caller;
    }

    struct Sent {
        int status;
        std::string code;
        std::string body;
        web::Response response;
    };

    Sent send(const std::string& method, const std::string& path, const std::string& body = {},
              std::vector<std::pair<std::string, std::string>> headers = {}) {
        web::Request request;
        request.id = "r1";
        request.method = method;
        const std::size_t mark = path.find('?');
        request.path = "/api/v1" + path.substr(0, mark);
        request.query = mark == std::string::npos ? "" : path.substr(mark + 1);
        for (auto& [name, value] : headers) {
            request.headers.add(name, value);
        }
        std::istringstream stream(body);
        if (!body.empty()) {
            request.stream = &stream;
            request.content_length = static_cast<std::int64_t>(body.size());
        }
        web::Response response = api_->handle(request);
        const auto json = base::parseJson(response.body);
        std::string code = json ? std::string{base::textOr(*json, "code", "")} : "";
        return {response.status, code, response.body, response};
    }

    void unknownPathsAndMethods() {
        CPPUNIT_ASSERT_EQUAL(404, send("GET", "/nothing").status);
        const Sent sent = send("DELETE", "/things");
        CPPUNIT_ASSERT_EQUAL(405, sent.status);
        CPPUNIT_ASSERT(sent.response.headers.get("Allow") == "GET, POST");
        CPPUNIT_ASSERT_EQUAL(std::string{"application/problem+json"}, sent.response.content_type);
        CPPUNIT_ASSERT_EQUAL(200, send("HEAD", "/things").status);
    }

    void needsCredentials() {
        caller_ = base::Error{base::Errc::Unauthorized, "auth.required", "sign in"};
        const Sent sent = send("GET", "/things");
        CPPUNIT_ASSERT_EQUAL(401, sent.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.required"}, sent.code);
        CPPUNIT_ASSERT(sent.response.headers.find("WWW-Authenticate").has_value());
    }

    void needsThePermission() {
        caller_ = callerWith({"things:read"});
        CPPUNIT_ASSERT_EQUAL(200, send("GET", "/things").status);
        CPPUNIT_ASSERT_EQUAL(403, send("POST", "/things", R"({"id":"a"})").status);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, made_);
    }

    void needsTheCsrfTokenWithACookie() {
        web::Caller caller = callerWith({"*"});
        caller.by_cookie = true;
        caller_ = caller;
        CPPUNIT_ASSERT_EQUAL(200, send("GET", "/things").status);
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.csrf"},
                             send("POST", "/things", R"({"id":"a"})").code);
        CPPUNIT_ASSERT_EQUAL(
            std::string{"auth.csrf"},
            send("POST", "/things", R"({"id":"a"})", {{"X-CSRF-Token", "wrong"}}).code);
        CPPUNIT_ASSERT_EQUAL(
            201, send("POST", "/things", R"({"id":"a"})", {{"X-CSRF-Token", "csrf"}}).status);
    }

    void closedWhileThePasswordMustChange() {
        web::Caller caller = callerWith({"*"});
        caller.principal.must_change_password = true;
        caller_ = caller;
        CPPUNIT_ASSERT_EQUAL(std::string{"auth.password_change_required"},
                             send("GET", "/things").code);
        CPPUNIT_ASSERT_EQUAL(200, send("GET", "/open").status);
    }

    void refusesBadBodies() {
        const Sent all = send("POST", "/things", R"({"id":"a b","x":1,"password":""})");
        CPPUNIT_ASSERT_EQUAL(400, all.status);
        const auto json = base::parseJson(all.body);
        CPPUNIT_ASSERT_EQUAL(3U, base::member(*json, "errors")->Size());
        CPPUNIT_ASSERT_EQUAL(std::string{"json.malformed"}, send("POST", "/things", "{").code);
        CPPUNIT_ASSERT_EQUAL(400, send("POST", "/things").status);
        CPPUNIT_ASSERT_EQUAL(400, send("POST", "/things", "[]").status);
        CPPUNIT_ASSERT_EQUAL(
            415, send("POST", "/things", R"({"id":"a"})", {{"Content-Type", "text/xml"}}).status);
        std::string deep(200, '[');
        CPPUNIT_ASSERT_EQUAL(400, send("POST", "/things", deep).status);
        CPPUNIT_ASSERT_EQUAL(400, send("POST", "/things/a/throw", R"({"a":1})").status);
    }

    void refusesBadQueries() {
        const Sent sent = send("GET", "/things?page=0&pageSize=abc&state=maybe&nope=1");
        CPPUNIT_ASSERT_EQUAL(400, sent.status);
        const auto json = base::parseJson(sent.body);
        CPPUNIT_ASSERT_EQUAL(4U, base::member(*json, "errors")->Size());
        CPPUNIT_ASSERT_EQUAL(400, send("GET", "/things?q=%zz").status);
        CPPUNIT_ASSERT_EQUAL(200, send("GET", "/things?state=&page=2").status);
    }

    void limitsBodies() {
        const std::string big = "{\"id\":\"" + std::string(2000, 'a') + "\"}";
        const Sent sent = send("POST", "/things", big);
        CPPUNIT_ASSERT_EQUAL(413, sent.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"request.too_large"}, sent.code);
    }

    void readsIfMatch() {
        const auto version = [this](const char* header) {
            return send("PATCH", "/things/a", "{}", {{"If-Match", header}});
        };
        CPPUNIT_ASSERT_EQUAL(std::string{"7"}, version("\"7\"").body);
        CPPUNIT_ASSERT_EQUAL(std::string{"7"}, version("W/\"7\"").body);
        CPPUNIT_ASSERT_EQUAL(std::string{"0"}, version("*").body);
        CPPUNIT_ASSERT_EQUAL(412, version("\"seven\"").status);
        CPPUNIT_ASSERT_EQUAL(412, version("7").status);
    }

    void repeatsAreAnsweredOnce() {
        const std::vector<std::pair<std::string, std::string>> key{{"Idempotency-Key", "k1"}};
        const Sent first = send("POST", "/things", R"({"id":"a"})", key);
        const Sent again = send("POST", "/things", R"({"id":"a"})", key);
        CPPUNIT_ASSERT_EQUAL(201, again.status);
        CPPUNIT_ASSERT_EQUAL(first.body, again.body);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, made_);
        CPPUNIT_ASSERT(again.response.headers.get("Idempotency-Replayed") == "true");
        CPPUNIT_ASSERT_EQUAL(std::string{"idempotency.mismatch"},
                             send("POST", "/things", R"({"id":"b"})", key).code);
        // What failed may be tried again with the same key.
        const std::vector<std::pair<std::string, std::string>> other{{"Idempotency-Key", "k2"}};
        CPPUNIT_ASSERT_EQUAL(500, send("POST", "/things/a/throw", "", other).status);
        CPPUNIT_ASSERT_EQUAL(std::string{"internal"},
                             send("POST", "/things/a/throw", "", other).code);
    }

    void survivesExceptions() {
        const Sent sent = send("POST", "/things/a/throw");
        CPPUNIT_ASSERT_EQUAL(500, sent.status);
        CPPUNIT_ASSERT(sent.body.find("boom") == std::string::npos);
        CPPUNIT_ASSERT(sent.body.find("\"requestId\":\"r1\"") != std::string::npos);
    }

    void noticesDriftingAnswers() {
        CPPUNIT_ASSERT_EQUAL(std::string{"internal.response_drift"}, send("GET", "/drift").code);
    }

    std::string csv(const Sent& sent, bool& whole) {
        std::string text = sent.response.body;
        whole = true;
        if (sent.response.stream) {
            whole = sent.response.stream([&](std::string_view piece) {
                text += piece;
                return true;
            });
        }
        return text;
    }

    void exportsEveryPageAsCsv() {
        total_ = 450;
        const Sent sent = send("GET", "/things?pageSize=10", "", {{"Accept", "text/csv"}});
        CPPUNIT_ASSERT_EQUAL(200, sent.status);
        bool whole = false;
        const std::string text = csv(sent, whole);
        CPPUNIT_ASSERT(whole);
        CPPUNIT_ASSERT(text.starts_with("\xEF\xBB\xBFid,n\r\n'=0,0\r\n"));
        CPPUNIT_ASSERT(text.ends_with("'=449,449\r\n"));
        CPPUNIT_ASSERT_EQUAL(std::ptrdiff_t{451}, std::count(text.begin(), text.end(), '\n'));
    }

    void cutsExportsThatFail() {
        total_ = 450;
        fail_at_page_ = 2;
        bool whole = true;
        csv(send("GET", "/things", "", {{"Accept", "text/csv"}}), whole);
        CPPUNIT_ASSERT(!whole);
        fail_at_page_ = 1;
        CPPUNIT_ASSERT_EQUAL(503, send("GET", "/things", "", {{"Accept", "text/csv"}}).status);
    }

    void recordsWithoutSecrets() {
        send("POST", "/things", R"({"id":"a","password":"hunter2"})",
             {{"Authorization", "Bearer hunter2"}});
        send("POST", "/things", R"({"id":)");
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, records_.size());
        const security::AccessRecord& good = records_[0];
        CPPUNIT_ASSERT_EQUAL(std::string{"things.create"}, good.action);
        CPPUNIT_ASSERT_EQUAL(std::string{"alice"}, good.user);
        CPPUNIT_ASSERT_EQUAL(std::string{"a"}, good.target);
        CPPUNIT_ASSERT_EQUAL(201, good.status);
        CPPUNIT_ASSERT_EQUAL(std::string{R"({"id":"a","password":"***"})"}, good.request);
        CPPUNIT_ASSERT(good.request_headers.find("hunter2") == std::string::npos);
        CPPUNIT_ASSERT_EQUAL(400, records_[1].status);
        CPPUNIT_ASSERT(records_[1].request.find("no JSON") != std::string::npos);
        CPPUNIT_ASSERT(records_[1].response.find("json.malformed") != std::string::npos);
    }

    void documentsEveryRoute() {
        const auto json = base::parseJson(web::openApiDocument(api_->router(), "1.0"));
        CPPUNIT_ASSERT(json);
        const base::JsonValue& paths = *base::member(*json, "paths");
        for (const auto& route : api_->router().routes()) {
            const base::JsonValue* path = base::member(paths, route->pattern.c_str());
            CPPUNIT_ASSERT(path != nullptr);
        }
        const base::JsonValue& post = paths["/things"]["post"];
        CPPUNIT_ASSERT(base::textOr(post, "x-permission", "") == "things:write");
        CPPUNIT_ASSERT(base::member(*base::member(*base::member(*json, "components"), "schemas"),
                                    "Thing") != nullptr);
        const std::string docs = web::docsPage(api_->router(), "1.0<");
        CPPUNIT_ASSERT(docs.find("1.0&lt;") != std::string::npos);
        CPPUNIT_ASSERT(docs.find("<script") == std::string::npos);
        CPPUNIT_ASSERT(docs.find("style=") == std::string::npos);
    }

    base::Result<web::Caller> caller_{callerWith({"*"})};
    std::vector<security::AccessRecord> records_;
    std::unique_ptr<Api> api_;
    std::int64_t total_ = 5;
    std::int64_t made_ = 0;
    std::int64_t fail_at_page_ = 0;
};

CPPUNIT_TEST_SUITE_REGISTRATION(ApiTest);
