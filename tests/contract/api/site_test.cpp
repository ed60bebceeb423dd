// SPDX-License-Identifier: Apache-2.0
// Dashboard, settings, logs, files, live events, the document and what is beside the API.
#include "server_fixture.hpp"

#include "open_api.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <cppunit/extensions/HelperMacros.h>

#include <chrono>
#include <istream>
#include <set>

using namespace fairlead::test;
namespace base = fairlead::base;

namespace {

/// A stream of events, read line by line.
class Stream {
public:
    Stream(const Client& client, const std::string& topics, HeaderList headers = {})
        : session_("127.0.0.1", client.port()) {
        session_.setTimeout(Poco::Timespan(20, 0));
        Poco::Net::HTTPRequest request("GET", "/api/v1/events?topics=" + topics,
                                       Poco::Net::HTTPRequest::HTTP_1_1);
        request.set("Authorization", "Bearer " + client.token());
        for (const auto& [name, value] : headers) {
            request.set(name, value);
        }
        session_.sendRequest(request);
        Poco::Net::HTTPResponse response;
        in_ = &session_.receiveResponse(response);
        status_ = response.getStatus();
    }

    int status() const { return status_; }

    /// Everything up to and with `part`; without it when the stream ended.
    std::string until(const std::string& part) {
        std::string text;
        char c = 0;
        while (text.find(part) == std::string::npos && in_->get(c)) {
            text += c;
        }
        return text;
    }

private:
    Poco::Net::HTTPClientSession session_;
    std::istream* in_ = nullptr;
    int status_ = 0;
};

} // namespace

class SiteApiTest : public ApiFixture {
    CPPUNIT_TEST_SUITE(SiteApiTest);
    CPPUNIT_TEST(systemAndDashboard);
    CPPUNIT_TEST(settingsKeepAVersion);
    CPPUNIT_TEST(accessLogSaysWhoDidWhat);
    CPPUNIT_TEST(accessLogHasNoSecrets);
    CPPUNIT_TEST(systemLogIsRead);
    CPPUNIT_TEST(uploadsAreHashed);
    CPPUNIT_TEST(eventsOfTheDashboard);
    CPPUNIT_TEST(eventsNeedPermissionsAndKnownTopics);
    CPPUNIT_TEST(eventsOfALoginAreFew);
    CPPUNIT_TEST(theLogIsFollowed);
    CPPUNIT_TEST(everyRouteIsDescribed);
    CPPUNIT_TEST(besideTheApi);
    CPPUNIT_TEST(everyListIsCsvToo);
    CPPUNIT_TEST(repeatedCreationsAreOne);
    CPPUNIT_TEST_SUITE_END();

    void systemAndDashboard() {
        const Reply system = admin.get("/system");
        CPPUNIT_ASSERT_EQUAL(200, system.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"node1"}, system.at("nodeId"));
        CPPUNIT_ASSERT(std::stoll(system.at("process/residentBytes")) > 0);
        CPPUNIT_ASSERT(std::stoll(system.at("disk/totalBytes")) > 0);
        CPPUNIT_ASSERT_EQUAL(200, server.withRole("viewer").get("/dashboard").status);
        CPPUNIT_ASSERT(admin.get("/meta/enums").at("deviceState") ==
                       R"(["inactive","offline","online"])");
        CPPUNIT_ASSERT_EQUAL(std::string{"administrator"}, admin.get("/roles").at("items/0/id"));
    }

    void settingsKeepAVersion() {
        const Reply before = admin.get("/settings");
        const Reply changed =
            admin.patch("/settings", R"({"siteName":"工厂","retentionDays":{"accessLog":30}})",
                        {{"If-Match", before.headers.at("etag")}});
        CPPUNIT_ASSERT_EQUAL_MESSAGE(changed.text, std::string{"工厂"}, changed.at("siteName"));
        CPPUNIT_ASSERT_EQUAL(std::string{"30"}, changed.at("retentionDays/accessLog"));
        CPPUNIT_ASSERT_EQUAL(before.at("retentionDays/history"),
                             changed.at("retentionDays/history"));
        CPPUNIT_ASSERT_EQUAL(412, admin
                                      .patch("/settings", R"({"siteName":"x"})",
                                             {{"If-Match", before.headers.at("etag")}})
                                      .status);
        CPPUNIT_ASSERT_EQUAL(
            std::string{"retentionDays/history=too_small retentionDays/x=unknown"},
            admin.patch("/settings", R"({"retentionDays":{"history":0,"x":1}})").errors());
        CPPUNIT_ASSERT_EQUAL(std::string{"工厂"}, admin.get("/settings").at("siteName"));
    }

    // The log is written within a second; asks until the entry is there.
    Reply waitForLog(const std::string& query) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        Reply reply = admin.get(query);
        while (!reply.has("items/0") && std::chrono::steady_clock::now() < deadline) {
            reply = admin.get(query);
        }
        return reply;
    }

    void accessLogSaysWhoDidWhat() {
        const std::string id = unique("p");
        admin.post("/products", R"({"id":")" + id + R"(","name":"logged"})");
        admin.post("/products", R"({"id":")" + id + R"(","name":"logged"})");
        const Reply list =
            waitForLog("/logs/access?action=products.create&outcome=failure&q=" + id);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(list.text, std::string{"admin"}, list.at("items/0/user"));
        CPPUNIT_ASSERT_EQUAL(std::string{"409"}, list.at("items/0/status"));
        CPPUNIT_ASSERT_EQUAL(std::string{"127.0.0.1"}, list.at("items/0/address"));
        const Reply one = admin.get("/logs/access/" + list.at("items/0/id"));
        CPPUNIT_ASSERT(one.at("request").find("logged") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL(std::string{"product.exists"}, one.at("response/code"));
        CPPUNIT_ASSERT(!one.at("requestId").empty());
        const Reply first = admin.get("/logs/access?limit=2");
        const Reply second = admin.get("/logs/access?limit=2&after=" + first.at("next"));
        CPPUNIT_ASSERT(std::stoll(second.at("items/0/id")) < std::stoll(first.at("items/1/id")));
        CPPUNIT_ASSERT_EQUAL(400, admin.get("/logs/access?after=x").status);
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/logs/access/999999999").status);
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/logs/access/x").status);
    }

    void accessLogHasNoSecrets() {
        const std::string name = unique("secretive");
        nobody.post("/auth/login", R"({"username":")" + name + R"(","password":"hunter2hunter2"})");
        const Reply list = waitForLog("/logs/access?action=auth.login&user=" + name);
        const Reply one = admin.get("/logs/access/" + list.at("items/0/id"));
        CPPUNIT_ASSERT(one.text.find("hunter2") == std::string::npos);
        CPPUNIT_ASSERT(one.at("request").find("***") != std::string::npos);
        CPPUNIT_ASSERT(one.text.find(admin.token()) == std::string::npos);
    }

    void systemLogIsRead() {
        const Reply list = waitForLog("/logs/system?source=web");
        CPPUNIT_ASSERT_EQUAL(200, list.status);
        const Reply one = admin.get("/logs/system/" + list.at("items/0/id"));
        CPPUNIT_ASSERT_EQUAL(std::string{"node1"}, one.at("node"));
        CPPUNIT_ASSERT(one.has("before") && one.has("after"));
        CPPUNIT_ASSERT_EQUAL(std::string{"level=enum"},
                             admin.get("/logs/system?level=loud").errors());
    }

    void uploadsAreHashed() {
        const std::string content(300'000, 'f');
        const Reply made = admin.post(
            "/files", content,
            {{"X-File-Name", "fw%20%E5%9B%BA.bin"}, {"Content-Type", "application/octet-stream"}});
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"300000"}, made.at("size"));
        CPPUNIT_ASSERT_EQUAL(std::string{"fw 固.bin"}, made.at("name"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{64}, made.at("sha256").size());
        CPPUNIT_ASSERT_EQUAL(400, admin.post("/files", content).status);
        CPPUNIT_ASSERT_EQUAL(
            std::string{"x.bin"},
            admin.post("/files", "x", {{"X-File-Name", "..%2F..%2Fx.bin"}}).at("name"));
        CPPUNIT_ASSERT_EQUAL(403, server.withRole("viewer").post("/files", "x").status);
    }

    void eventsOfTheDashboard() {
        Stream stream(admin, "dashboard");
        CPPUNIT_ASSERT_EQUAL(200, stream.status());
        const std::string text = stream.until("\n\nid: ");
        CPPUNIT_ASSERT(text.starts_with("retry: 2000\n"));
        CPPUNIT_ASSERT(stream.until("messagesPerSecond").find("event: dashboard") !=
                       std::string::npos);
    }

    void eventsNeedPermissionsAndKnownTopics() {
        CPPUNIT_ASSERT_EQUAL(400, admin.get("/events?topics=weather").status);
        CPPUNIT_ASSERT_EQUAL(400, admin.get("/events").status);
        CPPUNIT_ASSERT_EQUAL(400, admin.get("/events?topics=device.a%20b").status);
        const Reply made = admin.post("/api-tokens", R"({"name":"no roles","roles":[]})");
        if (made.status == 201) {
            Client bare(server.port(), made.at("token"));
            CPPUNIT_ASSERT_EQUAL(403, bare.get("/events?topics=log.access").status);
        }
    }

    void eventsOfALoginAreFew() {
        const Reply made = admin.post("/api-tokens", R"({"name":"streams","roles":["viewer"]})");
        Client viewer(server.port(), made.at("token"));
        std::vector<std::unique_ptr<Stream>> streams;
        for (int i = 0; i < 4; ++i) {
            streams.push_back(std::make_unique<Stream>(viewer, "devices.state"));
            streams.back()->until(": ok\n\n");
        }
        const Reply fifth = viewer.get("/events?topics=devices.state");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(fifth.text, 429, fifth.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"events.streams_per_login"}, fifth.code());
        // The login's end ends its streams.
        CPPUNIT_ASSERT_EQUAL(204, admin.remove("/api-tokens/" + made.at("id")).status);
    }

    void theLogIsFollowed() {
        Stream stream(admin, "log.access,dashboard");
        stream.until(": ok\n\n");
        const std::string id = unique("followed");
        admin.get("/products/" + id);
        const std::string text = stream.until(id);
        CPPUNIT_ASSERT(text.find("event: log.access") != std::string::npos);
    }

    void everyRouteIsDescribed() {
        const base::Json& document = OpenApi::of(server.port()).document();
        std::set<std::string> operations;
        int routes = 0;
        for (const auto& path : document["paths"].GetObject()) {
            for (const auto& operation : path.value.GetObject()) {
                const std::string name =
                    std::string{operation.name.GetString()} + " " + path.name.GetString();
                ++routes;
                CPPUNIT_ASSERT_MESSAGE(name, !base::textOr(operation.value, "summary", "").empty());
                CPPUNIT_ASSERT_MESSAGE(name,
                                       !base::textOr(operation.value, "x-permission", "").empty());
                CPPUNIT_ASSERT_MESSAGE(
                    name,
                    operations.emplace(base::textOr(operation.value, "operationId", "")).second);
                bool answered = false;
                for (const auto& response : operation.value["responses"].GetObject()) {
                    const std::string status = response.name.GetString();
                    answered = answered || status == "204" ||
                               (status != "default" && response.value.HasMember("content"));
                }
                CPPUNIT_ASSERT_MESSAGE(name, answered);
            }
        }
        CPPUNIT_ASSERT(routes >= 85);
    }

    void besideTheApi() {
        CPPUNIT_ASSERT_EQUAL(std::string{"ok\n"}, nobody.plain("GET", "/healthz").text);
        CPPUNIT_ASSERT_EQUAL(200, nobody.plain("GET", "/readyz").status);
        const Reply metrics = nobody.plain("GET", "/metrics");
        CPPUNIT_ASSERT(metrics.text.find("fairlead_web_requests_total") != std::string::npos);
        const Reply docs = nobody.plain("GET", "/api/docs");
        CPPUNIT_ASSERT(docs.text.find("/api/v1/products") != std::string::npos);
        CPPUNIT_ASSERT(docs.headers.at("content-security-policy").find("script-src 'self'") !=
                       std::string::npos);
        const Reply root = nobody.plain("GET", "/");
        CPPUNIT_ASSERT_EQUAL(302, root.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"/ui/"}, root.headers.at("location"));
        CPPUNIT_ASSERT_EQUAL(404, nobody.plain("GET", "/ui/..%2f..%2fetc/passwd").status);
        CPPUNIT_ASSERT_EQUAL(404, nobody.plain("GET", "/api/v2/x").status);
        const Reply wrong = admin.plain("PUT", "/api/v1/products");
        CPPUNIT_ASSERT_EQUAL(405, wrong.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"GET, POST"}, wrong.headers.at("allow"));
        CPPUNIT_ASSERT_EQUAL(std::string{"no-store"},
                             admin.plain("GET", "/api/v1/system").headers.at("cache-control"));
    }

    void everyListIsCsvToo() {
        for (const char* path :
             {"/products", "/devices", "/network-components", "/network-types", "/certificates",
              "/protocols", "/plugins", "/gateways", "/gateway-providers", "/users", "/roles",
              "/api-tokens", "/logs/access", "/logs/system"}) {
            const Reply reply = admin.get(path, {{"Accept", "text/csv"}});
            CPPUNIT_ASSERT_EQUAL_MESSAGE(path + reply.text.substr(0, 300), 200, reply.status);
            CPPUNIT_ASSERT_MESSAGE(path, reply.text.starts_with("\xEF\xBB\xBFid,"));
        }
        CPPUNIT_ASSERT(admin.get("/logs/access/export").text.starts_with("\xEF\xBB\xBFid,time,"));
    }

    void repeatedCreationsAreOne() {
        const std::string body = R"({"id":")" + unique("once") + R"(","name":"once"})";
        const HeaderList key{{"Idempotency-Key", unique("key")}};
        CPPUNIT_ASSERT_EQUAL(201, admin.post("/products", body, key).status);
        const Reply again = admin.post("/products", body, key);
        CPPUNIT_ASSERT_EQUAL(201, again.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, again.headers.at("idempotency-replayed"));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SiteApiTest);
