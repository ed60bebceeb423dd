// SPDX-License-Identifier: Apache-2.0
#include "server_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::test;

namespace {

constexpr const char* kModel =
    R"({"properties":[{"id":"temperature","name":"Temperature","valueType":{"type":"double",
        "unit":"°C","scale":1},"expands":{"type":["read","write","report"]}}],
        "functions":[{"id":"reboot","name":"Reboot","inputs":[{"id":"delay","name":"Delay",
        "valueType":{"type":"int","min":0,"max":60}}]}],"events":[],"tags":[]})";

} // namespace

class ProductsDevicesApiTest : public ApiFixture {
    CPPUNIT_TEST_SUITE(ProductsDevicesApiTest);
    CPPUNIT_TEST(productLife);
    CPPUNIT_TEST(productRefusals);
    CPPUNIT_TEST(secretsStayInside);
    CPPUNIT_TEST(deviceLife);
    CPPUNIT_TEST(deviceRefusals);
    CPPUNIT_TEST(listsFilterPageAndExport);
    CPPUNIT_TEST(tagsMerge);
    CPPUNIT_TEST(childrenHoldTheirParent);
    CPPUNIT_TEST(dataOfASilentDevice);
    CPPUNIT_TEST(commandsToAnOfflineDevice);
    CPPUNIT_TEST(staleChangesAreRefused);
    CPPUNIT_TEST_SUITE_END();

    std::string product(const std::string& kind = "device") {
        const std::string id = unique("p");
        const Reply made = admin.post(
            "/products", R"({"id":")" + id + R"(","name":"Product )" + id + R"(","deviceKind":")" +
                             kind + R"(","protocolId":"jetlinks-v3","thingModel":)" + kModel + "}");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        return id;
    }

    std::string device(const std::string& product_id, const std::string& more = "") {
        const std::string id = unique("d");
        const Reply made =
            admin.post("/devices", R"({"id":")" + id + R"(","name":"Device )" + id +
                                       R"(","productId":")" + product_id + "\"" + more + "}");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        return id;
    }

    void productLife() {
        const std::string id = product();
        const Reply one = admin.get("/products/" + id);
        CPPUNIT_ASSERT_EQUAL(std::string{"unpublished"}, one.at("state"));
        CPPUNIT_ASSERT_EQUAL(std::string{"\"1\""}, one.headers.at("etag"));
        CPPUNIT_ASSERT_EQUAL(std::string{"temperature"}, one.at("thingModel/properties/0/id"));
        CPPUNIT_ASSERT_EQUAL(std::string{"ALREADY"}, one.action("unpublish"));
        const Reply changed =
            admin.patch("/products/" + id, R"({"name":"新名","settings":{"keepAliveSeconds":90}})");
        CPPUNIT_ASSERT_EQUAL(std::string{"新名"}, changed.at("name"));
        CPPUNIT_ASSERT_EQUAL(std::string{"90"}, changed.at("settings/keepAliveSeconds"));
        const Reply published = admin.post("/products/" + id + "/publish");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(published.text, std::string{"published"},
                                     published.at("state"));
        CPPUNIT_ASSERT_EQUAL(std::string{"PRODUCT_PUBLISHED"}, published.action("delete"));
        CPPUNIT_ASSERT_EQUAL(200, admin.post("/products/" + id + "/unpublish").status);
        CPPUNIT_ASSERT_EQUAL(204, admin.remove("/products/" + id).status);
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/products/" + id).status);
    }

    void productRefusals() {
        const Reply bad =
            admin.post("/products", R"({"id":"a b","name":"","deviceKind":"robot","nmae":"x"})");
        CPPUNIT_ASSERT_EQUAL(400, bad.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"deviceKind=enum id=pattern name=too_short nmae=unknown"},
                             bad.errors());
        const std::string id = product();
        CPPUNIT_ASSERT_EQUAL(
            409, admin.post("/products", R"({"id":")" + id + R"(","name":"x"})").status);
        const Reply model = admin.patch(
            "/products/" + id,
            R"({"thingModel":{"properties":[{"id":"a","valueType":{"type":"wrong"}}]}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(model.text, 400, model.status);
        device(id);
        const Reply used = admin.remove("/products/" + id);
        CPPUNIT_ASSERT_EQUAL(409, used.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"product.in_use"}, used.code());
        CPPUNIT_ASSERT_EQUAL(std::string{"device"}, used.at("usedBy/0/kind"));
        CPPUNIT_ASSERT_EQUAL(std::string{"PRODUCT_HAS_DEVICES"},
                             admin.get("/products/" + id).action("delete"));
    }

    void secretsStayInside() {
        const std::string id = product();
        const Reply changed = admin.patch(
            "/products/" + id, R"({"configuration":{"secureId":"s","secureKey":"swordfish"}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(changed.text, 200, changed.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"***"}, changed.at("configuration/secureKey"));
        CPPUNIT_ASSERT_EQUAL(std::string{"s"}, changed.at("configuration/secureId"));
        const Reply kept =
            admin.patch("/products/" + id, R"({"configuration":{"secureKey":"***"}})");
        CPPUNIT_ASSERT_EQUAL(std::string{"***"}, kept.at("configuration/secureKey"));
        const Reply schema = admin.get("/products/" + id + "/configuration-schema");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(schema.text, 200, schema.status);
        CPPUNIT_ASSERT(schema.has("properties"));
    }

    void deviceLife() {
        const std::string id = device(product());
        CPPUNIT_ASSERT_EQUAL(std::string{"inactive"}, admin.get("/devices/" + id).at("state"));
        const Reply active = admin.post("/devices/" + id + "/activate");
        CPPUNIT_ASSERT_EQUAL(std::string{"offline"}, active.at("state"));
        CPPUNIT_ASSERT_EQUAL(std::string{"DEVICE_OFFLINE"}, active.action("invoke"));
        CPPUNIT_ASSERT_EQUAL(std::string{"inactive"},
                             admin.post("/devices/" + id + "/deactivate").at("state"));
        const Reply changed = admin.patch("/devices/" + id, R"({"name":"x","description":"y"})");
        CPPUNIT_ASSERT_EQUAL(std::string{"y"}, changed.at("description"));
        CPPUNIT_ASSERT_EQUAL(200, admin.get("/devices/" + id + "/configuration-schema").status);
        CPPUNIT_ASSERT_EQUAL(204, admin.remove("/devices/" + id).status);
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/devices/" + id).status);
        CPPUNIT_ASSERT_EQUAL(404, admin.post("/devices/" + id + "/activate").status);
    }

    void deviceRefusals() {
        const Reply nowhere = admin.post("/devices", R"({"id":")" + unique("d") +
                                                         R"(","name":"x","productId":"none"})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(nowhere.text, true,
                                     nowhere.status == 400 || nowhere.status == 404);
        const std::string id = device(product());
        const Reply twice = admin.post(
            "/devices", R"({"id":")" + id + R"(","name":"x","productId":")" + product() + "\"}");
        CPPUNIT_ASSERT_EQUAL(409, twice.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"productId=unknown"},
                             admin.patch("/devices/" + id, R"({"productId":"x"})").errors());
    }

    void listsFilterPageAndExport() {
        const std::string of = product();
        std::vector<std::string> ids;
        for (int i = 0; i < 5; ++i) {
            ids.push_back(device(of, R"(,"tags":{"floor":")" + std::to_string(i % 2) + "\"}"));
        }
        const Reply page = admin.get("/devices?productId=" + of + "&page=2&pageSize=2&sort=id");
        CPPUNIT_ASSERT_EQUAL(std::string{"5"}, page.at("total"));
        CPPUNIT_ASSERT_EQUAL(std::string{"2"}, page.at("page"));
        CPPUNIT_ASSERT(page.has("items/1") && !page.has("items/2"));
        CPPUNIT_ASSERT_EQUAL(std::string{"3"},
                             admin.get("/devices?productId=" + of + "&tag=floor:0").at("total"));
        CPPUNIT_ASSERT_EQUAL(std::string{"1"}, admin.get("/devices?q=" + ids[3]).at("total"));
        CPPUNIT_ASSERT_EQUAL(std::string{"0"},
                             admin.get("/devices?state=online&productId=" + of).at("total"));
        CPPUNIT_ASSERT_EQUAL(std::string{"pageSize=too_large sort=enum state=enum x=unknown"},
                             admin.get("/devices?pageSize=201&sort=color&state=up&x=1").errors());
        const Reply csv = admin.get("/devices?productId=" + of, {{"Accept", "text/csv"}});
        CPPUNIT_ASSERT_EQUAL(std::string{"text/csv; charset=utf-8"},
                             csv.headers.at("content-type"));
        CPPUNIT_ASSERT_EQUAL(std::ptrdiff_t{6}, std::count(csv.text.begin(), csv.text.end(), '\n'));
    }

    void tagsMerge() {
        const std::string id = device(product(), R"(,"tags":{"a":"1","b":"2"})");
        const Reply merged = admin.patch("/devices/" + id, R"({"tags":{"a":null,"c":"3"}})");
        CPPUNIT_ASSERT_EQUAL(std::string{R"({"b":"2","c":"3"})"}, merged.at("tags"));
    }

    void childrenHoldTheirParent() {
        const std::string parent = device(product("gateway"));
        const std::string child = device(product("child"), R"(,"parentId":")" + parent + "\"");
        const Reply children = admin.get("/devices/" + parent + "/children");
        CPPUNIT_ASSERT_EQUAL(child, children.at("items/0/id"));
        const Reply refused = admin.remove("/devices/" + parent);
        CPPUNIT_ASSERT_EQUAL(std::string{"device.in_use"}, refused.code());
        CPPUNIT_ASSERT_EQUAL(child, refused.at("usedBy/0/id"));
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/devices/no-such/children").status);
    }

    void dataOfASilentDevice() {
        const std::string path = "/devices/" + device(product());
        const Reply values = admin.get(path + "/properties");
        CPPUNIT_ASSERT_EQUAL(std::string{"temperature"}, values.at("items/0/id"));
        CPPUNIT_ASSERT_EQUAL(std::string{"null"}, values.at("items/0/value"));
        CPPUNIT_ASSERT_EQUAL(std::string{"null"}, values.at("items/0/time"));
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, values.at("items/0/canWrite"));
        const std::string history = path + "/properties/temperature/history";
        CPPUNIT_ASSERT_EQUAL(std::string{"[]"}, admin.get(history).at("items"));
        CPPUNIT_ASSERT_EQUAL(std::string{"[]"},
                             admin
                                 .get(history + "?aggregate=1&interval=5m&from=2026-01-01T00:00:00Z"
                                                "&to=2026-01-01T01:00:00Z")
                                 .at("items"));
        CPPUNIT_ASSERT_EQUAL(std::string{"interval=invalid"},
                             admin.get(history + "?aggregate=1&interval=5x").errors());
        CPPUNIT_ASSERT_EQUAL(std::string{"from=pattern"},
                             admin.get(history + "?from=yesterday").errors());
        CPPUNIT_ASSERT_EQUAL(std::string{"null"}, admin.get(path + "/messages").at("next"));
        CPPUNIT_ASSERT_EQUAL(400, admin.get(path + "/messages?kind=nonsense").status);
        CPPUNIT_ASSERT_EQUAL(200, admin.get(path + "/events").status);
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/devices/no-such/properties").status);
    }

    void commandsToAnOfflineDevice() {
        const std::string id = device(product(), R"(,"active":true)");
        const Reply offline =
            admin.post("/devices/" + id + "/properties/read", R"({"properties":["temperature"]})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(offline.text, 409, offline.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"CLIENT_OFFLINE"}, offline.at("deviceCode"));
        const Reply input = admin.post("/devices/" + id + "/functions/reboot/invoke",
                                       R"({"inputs":{"delay":100000}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(input.text, true, input.status == 422 || input.status == 409);
        CPPUNIT_ASSERT_EQUAL(
            std::string{"timeoutSeconds=too_large"},
            admin
                .post("/devices/" + id + "/properties/write",
                      R"({"properties":{"temperature":1},"timeoutSeconds":100000})")
                .errors());
        CPPUNIT_ASSERT_EQUAL(
            404, admin.post("/devices/no-such/properties/read", R"({"properties":["temperature"]})")
                     .status);
        Client viewer = server.withRole("viewer");
        CPPUNIT_ASSERT_EQUAL(403,
                             viewer.post("/devices/" + id + "/functions/reboot/invoke").status);
    }

    void staleChangesAreRefused() {
        const std::string path = "/products/" + product();
        CPPUNIT_ASSERT_EQUAL(200,
                             admin.patch(path, R"({"name":"a"})", {{"If-Match", "\"1\""}}).status);
        const Reply stale = admin.patch(path, R"({"name":"b"})", {{"If-Match", "\"1\""}});
        CPPUNIT_ASSERT_EQUAL(412, stale.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"stale"}, stale.code());
        CPPUNIT_ASSERT_EQUAL(412, admin.remove(path, {{"If-Match", "\"1\""}}).status);
        CPPUNIT_ASSERT_EQUAL(std::string{"a"}, admin.get(path).at("name"));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ProductsDevicesApiTest);
