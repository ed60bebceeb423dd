// SPDX-License-Identifier: Apache-2.0
// Network components, certificates, protocols, plugins and gateways, and a value that comes in
// through them.
#include "server_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::test;

class AccessApiTest : public ApiFixture {
    CPPUNIT_TEST_SUITE(AccessApiTest);
    CPPUNIT_TEST(typesDescribeTheirForms);
    CPPUNIT_TEST(componentLife);
    CPPUNIT_TEST(componentRefusals);
    CPPUNIT_TEST(aTakenPortLeavesItDisabled);
    CPPUNIT_TEST(certificates);
    CPPUNIT_TEST(protocols);
    CPPUNIT_TEST(tryingAProtocol);
    CPPUNIT_TEST(plugins);
    CPPUNIT_TEST(gatewayLife);
    CPPUNIT_TEST(aReportBecomesAValue);
    CPPUNIT_TEST_SUITE_END();

    static std::string configuration(int port) {
        const std::string number = std::to_string(port);
        return R"({"host":"127.0.0.1","port":)" + number + R"(,"publicHost":"127.0.0.1",)" +
               R"("publicPort":)" + number + R"(,"secure":false})";
    }

    std::string component(int port, const std::string& type = "http-server") {
        const Reply made = admin.post(
            "/network-components", R"({"name":")" + unique("c") + R"(","type":")" + type +
                                       R"(","cluster":"independent","nodes":[{"nodeId":"node1",)" +
                                       R"("configuration":)" + configuration(port) + "}]}");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        return made.at("id");
    }

    std::string gateway(const std::string& component_id) {
        const Reply made = admin.post(
            "/gateways", R"({"name":")" + unique("g") +
                             R"(","provider":"http-server-gateway","networkComponentId":")" +
                             component_id + R"(","protocolId":"jetlinks-v3"})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        return made.at("id");
    }

    void typesDescribeTheirForms() {
        const Reply types = admin.get("/network-types?pageSize=200");
        CPPUNIT_ASSERT(types.text.find("\"mqtt-server\"") != std::string::npos);
        CPPUNIT_ASSERT(types.text.find("\"http-server\"") != std::string::npos);
        CPPUNIT_ASSERT(types.has("items/0/schema/properties"));
        CPPUNIT_ASSERT(types.has("items/0/name/en"));
    }

    void componentLife() {
        const std::string path = "/network-components/" + component(freePort());
        const Reply one = admin.get(path);
        CPPUNIT_ASSERT_EQUAL(std::string{"disabled"}, one.at("state"));
        CPPUNIT_ASSERT_EQUAL(std::string{"stopped"}, one.at("runState"));
        const Reply enabled = admin.post(path + "/enable");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(enabled.text, std::string{"running"}, enabled.at("runState"));
        CPPUNIT_ASSERT_EQUAL(std::string{"NETWORK_ENABLED"}, enabled.action("delete"));
        CPPUNIT_ASSERT_EQUAL(std::string{"network.enabled"}, admin.remove(path).code());
        CPPUNIT_ASSERT_EQUAL(std::string{"disabled"}, admin.post(path + "/disable").at("state"));
        CPPUNIT_ASSERT_EQUAL(204, admin.remove(path).status);
    }

    void componentRefusals() {
        const Reply bad = admin.post("/network-components",
                                     R"({"name":"x","type":"http-server","cluster":"shared",
                "configuration":{"host":"0.0.0.0","port":99999,"publicHost":"","secure":"yes"}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(bad.text, 400, bad.status);
        CPPUNIT_ASSERT_MESSAGE(bad.text,
                               bad.errors().find("configuration/port=") != std::string::npos);
        const std::string path = "/network-components/" + component(freePort());
        const Reply type = admin.patch(path, R"({"type":"mqtt-server"})");
        CPPUNIT_ASSERT_EQUAL(std::string{"network.type_fixed"}, type.code());
        const Reply missing = admin.post(
            "/network-components", R"({"name":"x","type":"carrier-pigeon","configuration":{}})");
        CPPUNIT_ASSERT_MESSAGE(missing.text, missing.status == 422 || missing.status == 400);
    }

    void aTakenPortLeavesItDisabled() {
        const std::string path = "/network-components/" + component(server.port());
        const Reply taken = admin.post(path + "/enable");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(taken.text, 409, taken.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"network.port_in_use"}, taken.code());
        CPPUNIT_ASSERT_EQUAL(std::string{"disabled"}, admin.get(path).at("state"));
    }

    void certificates() {
        const std::string name = unique("cert");
        const Reply made =
            admin.post("/certificates/development",
                       R"({"name":")" + name + R"(","hosts":["localhost","127.0.0.1"]})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        CPPUNIT_ASSERT(made.text.find("PRIVATE KEY") == std::string::npos);
        CPPUNIT_ASSERT(made.at("names").find("localhost") != std::string::npos);
        const std::string path = "/certificates/" + made.at("id");
        CPPUNIT_ASSERT(!admin.get(path).has("key"));
        const Reply bad = admin.post("/certificates", R"({"name":"x","chain":"no","key":"no"})");
        CPPUNIT_ASSERT_EQUAL(400, bad.status);
        CPPUNIT_ASSERT(bad.code().starts_with("certificate."));
        CPPUNIT_ASSERT_EQUAL(std::string{"renamed"},
                             admin.patch(path, R"({"name":"renamed"})").at("name"));
        CPPUNIT_ASSERT_EQUAL(std::string{"1"}, admin.get("/certificates?q=renamed").at("total"));
        CPPUNIT_ASSERT_EQUAL(204, admin.remove(path).status);
    }

    void protocols() {
        const Reply list = admin.get("/protocols?pageSize=200");
        CPPUNIT_ASSERT(list.text.find("\"jetlinks-v3\"") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL(list.at("total"), admin.get("/protocols?sort=-name").at("total"));
        const Reply one = admin.get("/protocols/jetlinks-v3");
        CPPUNIT_ASSERT_EQUAL(200, one.status);
        CPPUNIT_ASSERT_EQUAL(std::string{"started"}, one.at("runState"));
        CPPUNIT_ASSERT_EQUAL(std::string{"true"}, one.at("builtin"));
        CPPUNIT_ASSERT(one.has("transports/0/routes"));
        CPPUNIT_ASSERT_EQUAL(std::string{"protocol.enabled"},
                             admin.remove("/protocols/jetlinks-v3").code());
        const Reply bad = admin.post("/protocols", R"({"name":"x","type":"jar"})");
        CPPUNIT_ASSERT_EQUAL(std::string{"type=enum"}, bad.errors());
        const Reply nowhere = admin.post(
            "/protocols", R"({"name":"x","type":"local","location":"/nonexistent/dir"})");
        CPPUNIT_ASSERT_MESSAGE(nowhere.text, nowhere.status >= 400 && nowhere.status < 500);
    }

    void tryingAProtocol() {
        const Reply decoded = admin.post("/protocols/jetlinks-v3/decode",
                                         R"({"transport":"MQTT","topic":"/p1/d1/properties/report",
                "payloadText":"{\"properties\":{\"temperature\":21.5}}"})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(decoded.text, 200, decoded.status);
        CPPUNIT_ASSERT(decoded.at("messages/0").find("temperature") != std::string::npos);
        const Reply broken = admin.post(
            "/protocols/jetlinks-v3/decode",
            R"({"transport":"MQTT","topic":"/p1/d1/properties/report","payloadText":"{"})");
        CPPUNIT_ASSERT_MESSAGE(broken.text, broken.status == 400 || broken.status == 422);
        CPPUNIT_ASSERT_EQUAL(
            std::string{"payloadHex=pattern"},
            admin.post("/protocols/jetlinks-v3/decode", R"({"transport":"MQTT","payloadHex":"zz"})")
                .errors());
    }

    void plugins() {
        const Reply list = admin.get("/plugins?category=network&pageSize=200");
        CPPUNIT_ASSERT_EQUAL(200, list.status);
        const std::string id = list.at("items/0/id");
        CPPUNIT_ASSERT(!id.empty());
        const Reply one = admin.get("/plugins/" + id);
        CPPUNIT_ASSERT_EQUAL(std::string{"started"}, one.at("state"));
        CPPUNIT_ASSERT(one.has("generations/0/sha256"));
        CPPUNIT_ASSERT_EQUAL(404, admin.get("/plugins/no-such").status);
        CPPUNIT_ASSERT_EQUAL(403,
                             server.withRole("viewer").post("/plugins/" + id + "/reload").status);
    }

    void gatewayLife() {
        const Reply providers = admin.get("/gateway-providers?pageSize=200");
        CPPUNIT_ASSERT(providers.text.find("http-server-gateway") != std::string::npos);
        const std::string component_id = component(freePort());
        const std::string path = "/gateways/" + gateway(component_id);
        const Reply one = admin.get(path);
        CPPUNIT_ASSERT_EQUAL(std::string{"disabled"}, one.at("state"));
        CPPUNIT_ASSERT(!one.at("networkComponentName").empty());
        const Reply used = admin.remove("/network-components/" + component_id);
        CPPUNIT_ASSERT_EQUAL(std::string{"network.in_use"}, used.code());
        CPPUNIT_ASSERT_EQUAL(std::string{"gateway"}, used.at("usedBy/0/kind"));
        CPPUNIT_ASSERT_EQUAL(200,
                             admin.post("/network-components/" + component_id + "/enable").status);
        const Reply enabled = admin.post(path + "/enable");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(enabled.text, std::string{"started"}, enabled.at("runState"));
        CPPUNIT_ASSERT(enabled.at("address").starts_with("http://127.0.0.1:"));
        CPPUNIT_ASSERT_EQUAL(std::string{"gateway.enabled"}, admin.remove(path).code());
        CPPUNIT_ASSERT_EQUAL(std::string{"gateway.type_fixed"},
                             admin.patch(path, R"({"provider":"mqtt-server-gateway"})").code());
        const std::string product = unique("p");
        CPPUNIT_ASSERT_EQUAL(201, admin
                                      .post("/products", R"({"id":")" + product +
                                                             R"(","name":"x","gatewayId":")" +
                                                             path.substr(10) + "\"}")
                                      .status);
        CPPUNIT_ASSERT_EQUAL(std::string{"GATEWAY_IN_USE"},
                             admin.get(path).action("changeProtocol"));
        CPPUNIT_ASSERT_EQUAL(200, admin.post(path + "/disable").status);
        const Reply held = admin.remove(path);
        CPPUNIT_ASSERT_EQUAL(std::string{"gateway.in_use"}, held.code());
        CPPUNIT_ASSERT_EQUAL(product, held.at("usedBy/0/id"));
        CPPUNIT_ASSERT_EQUAL(204, admin.remove("/products/" + product).status);
        CPPUNIT_ASSERT_EQUAL(204, admin.remove(path).status);
    }

    void aReportBecomesAValue() {
        const int port = freePort();
        const std::string component_id = component(port);
        const std::string gateway_id = gateway(component_id);
        const std::string product = unique("p");
        const std::string device = unique("d");
        const Reply made = admin.post(
            "/products", R"({"id":")" + product + R"(","name":"P","gatewayId":")" + gateway_id +
                             R"(","configuration":{"bearer_token":"tok-1"},"thingModel":
            {"properties":[{"id":"temperature","name":"T","valueType":{"type":"double"},
             "expands":{"type":["read","report"]}}]}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        CPPUNIT_ASSERT_EQUAL(200, admin.post("/products/" + product + "/publish").status);
        CPPUNIT_ASSERT_EQUAL(201, admin
                                      .post("/devices", R"({"id":")" + device +
                                                            R"(","name":"D","active":true,)" +
                                                            R"("productId":")" + product + "\"}")
                                      .status);
        CPPUNIT_ASSERT_EQUAL(200,
                             admin.post("/network-components/" + component_id + "/enable").status);
        CPPUNIT_ASSERT_EQUAL(200, admin.post("/gateways/" + gateway_id + "/enable").status);
        Client sensor(static_cast<std::uint16_t>(port), "tok-1");
        const std::string topic = "/" + product + "/" + device + "/properties/report";
        const Reply reported =
            sensor.plain("POST", topic, R"({"properties":{"temperature":36.5}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(reported.text, 200, reported.status);
        const Reply values = admin.get("/devices/" + device + "/properties");
        CPPUNIT_ASSERT_EQUAL(std::string{"36.5"}, values.at("items/0/value"));
        const Reply history = admin.get("/devices/" + device + "/properties/temperature/history");
        CPPUNIT_ASSERT_EQUAL(std::string{"36.5"}, history.at("items/0/value"));
        const Reply messages =
            admin.get("/devices/" + device + "/messages?direction=up&kind=reportProperty");
        CPPUNIT_ASSERT_EQUAL(std::string{"reportProperty"}, messages.at("items/0/kind"));
        CPPUNIT_ASSERT_EQUAL(401, Client(static_cast<std::uint16_t>(port), "wrong")
                                      .plain("POST", topic, R"({"properties":{}})")
                                      .status);
        CPPUNIT_ASSERT_EQUAL(std::string{"1"},
                             admin.get("/gateways/" + gateway_id).at("counters/messagesUp"));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(AccessApiTest);
