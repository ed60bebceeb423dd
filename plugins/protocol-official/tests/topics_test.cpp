// SPDX-License-Identifier: Apache-2.0
// MQTT, HTTP and WebSocket through the C table.
#include "support.hpp"

#include "md5.hpp"

namespace fairlead::official {
namespace {

using test::Fixture;

testkit::OwnedTransportMessage connect(std::string_view username, std::string_view password) {
    testkit::OwnedTransportMessage out;
    out.kind = FL_TRANSPORT_CONNECT;
    out.received_ms = test::kNow;
    out.attributes = {{"client_id", "d1"}};
    if (!username.empty()) {
        out.attributes.emplace_back("username", username);
        out.attributes.emplace_back("password", password);
    }
    return out;
}

std::string passwordOf(std::string_view username) {
    Md5 md5;
    md5.update(username);
    md5.update("|skey");
    const auto digits = md5.hex();
    return {digits.data(), digits.size()};
}

class MqttTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttTest);
    CPPUNIT_TEST(identifies);
    CPPUNIT_TEST(logIn);
    CPPUNIT_TEST(logInWindow);
    CPPUNIT_TEST(decodesEveryKind);
    CPPUNIT_TEST(children);
    CPPUNIT_TEST(timeSync);
    CPPUNIT_TEST(foreignAndUnknownTopics);
    CPPUNIT_TEST(malformedBodies);
    CPPUNIT_TEST(encodes);
    CPPUNIT_TEST(encodesFirmware);
    CPPUNIT_TEST(encodesForChildren);
    CPPUNIT_TEST(unsupported);
    CPPUNIT_TEST(settings);
    CPPUNIT_TEST(longStreamKeepsItsMemory);
    CPPUNIT_TEST_SUITE_END();

public:
    void identifies() {
        Fixture f("MQTT");
        std::string device;
        std::string product;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             f.protocol.identify(connect("", ""), device, product));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), device);
        auto bad = connect("", "");
        bad.attributes[0].second = "a/b";
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_NOT_FOUND}, f.protocol.identify(bad, device, product));
    }

    void logIn() {
        Fixture f("MQTT");
        const std::string name = "sid|1700000000000";
        const std::string password =
            "e0dd41e0a8ec0baf79c034b66f8f69ee"; // of the protocol's document
        CPPUNIT_ASSERT_EQUAL(password, passwordOf(name));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, tried(f, name, password));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, tried(f, name, "E0DD41E0A8EC0BAF79C034B66F8F69EE"));
        // The digest covers the whole name, though only two parts are looked at.
        const std::string longer = name + "|extra|more";
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, tried(f, longer, passwordOf(longer)));
        for (const std::string_view wrong : {"", "x", "e0dd41e0a8ec0baf79c034b66f8f69ef"}) {
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, tried(f, name, wrong));
        }
        for (const std::string_view wrong :
             {"", "sid", "sid|", "sid|now", "|1700000000000", "other|1700000000000", "sid|-1"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(std::string(wrong), fl_status{FL_E_UNAUTHORIZED},
                                         tried(f, wrong, passwordOf(wrong)));
        }
        f.session.config.erase("secureKey");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, tried(f, name, password));
        f.session.config = {{"secureKey", "skey"}};
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, tried(f, name, password));
    }

    void logInWindow() {
        Fixture f("MQTT");
        const auto at = [&](std::int64_t ms) {
            const std::string name = "sid|" + std::to_string(ms);
            return tried(f, name, passwordOf(name));
        };
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, at(test::kNow - 300'000));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, at(test::kNow + 300'000));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, at(test::kNow - 300'001));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNAUTHORIZED}, at(test::kNow + 300'001));
        Fixture open("MQTT", R"({"timestampWindowSeconds":0})");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, tried(open, "sid|1", passwordOf("sid|1")));
    }

    void decodesEveryKind() {
        Fixture f("MQTT");
        auto m = one(f, "/p/d1/properties/report",
                     R"({"messageId":"m","properties":{"t":36.5},"headers":{"x":1}})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_REPORT_PROPERTY}, m.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("36.5"), m.property("t"));
        CPPUNIT_ASSERT_EQUAL(test::kNow, m.time_ms);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"x":1})"), m.headers);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), m.device_id);
        CPPUNIT_ASSERT(m.parent_id.empty());
        m = one(f, "/any/d1/properties/read/reply", R"({"messageId":"r","properties":{"t":1}})");
        CPPUNIT_ASSERT_EQUAL(std::string("r"), m.message_id);
        m = one(f, "/p/d1/properties/write/reply",
                R"({"messageId":"w","success":false,"code":"BAD","message":"no"})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_FAILED}, m.flags);
        CPPUNIT_ASSERT_EQUAL(std::string("BAD"), m.code);
        CPPUNIT_ASSERT_EQUAL(std::string("no"), m.text);
        m = one(f, "/p/d1/function/invoke/reply", R"({"functionId":"f","output":{"a":[1]}})");
        CPPUNIT_ASSERT_EQUAL(std::string("f"), m.name);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"a":[1]})"), m.data.print());
        m = one(f, "/p/d1/event/fire", R"({"data":{"level":1}})");
        CPPUNIT_ASSERT_EQUAL(std::string("fire"), m.name);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"level":1})"), m.data.print());
        m = one(f, "/p/d1/tags", R"({"tags":{"room":"12"}})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_UPDATE_TAG}, m.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("12"), m.properties.at(0).value.s);
        m = one(f, "/p/d1/log", R"({"log":"line"})");
        CPPUNIT_ASSERT_EQUAL(std::string("line"), m.text);
        m = one(f, "/p/d1/state-check/reply", R"({"state":-1})");
        CPPUNIT_ASSERT_EQUAL(std::string("-1"), m.data.print());
        m = one(f, "/p/d1/metadata/derived", R"({"metadata":"{\"properties\":[]}","all":true})");
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"properties":[]})"), m.data.s);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_VALUE_JSON}, m.data.kind);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_ALL}, m.flags);
        m = one(f, "/p/d1/firmware/upgrade/progress",
                R"({"progress":50,"complete":false,"version":"2"})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS}, m.kind);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"progress":50,"complete":false,"version":"2"})"),
                             m.data.s);
        m = one(f, "/p/d1/collector/report",
                R"({"data":[{"address":"1","value":7,"state":"ok"}]})");
        CPPUNIT_ASSERT_EQUAL(std::string("7"), m.property("1"));
        CPPUNIT_ASSERT_EQUAL(std::string("ok"), m.properties[0].state);
        m = one(f, "/p/d1/direct", std::string_view("\0\xFFraw", 5));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_VALUE_BINARY}, m.data.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("\0\xFFraw", 5), m.data.s);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_ONLINE}, one(f, "/p/d1/online", "").kind);
    }

    void children() {
        Fixture f("MQTT");
        auto m = one(f, "/p/d1/child/c1/properties/report", R"({"properties":{"t":1}})");
        CPPUNIT_ASSERT_EQUAL(std::string("c1"), m.device_id);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), m.parent_id);
        m = one(f, "/p/d1/child-reply/c1/function/invoke/reply", R"({"messageId":"x","output":1})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_INVOKE_FUNCTION_REPLY}, m.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("c1"), m.device_id);
        m = one(f, "/p/d1/child/c1/register",
                R"({"headers":{"productId":"p2","deviceName":"meter"}})");
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DEVICE_REGISTER}, m.kind);
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"productId":"p2","deviceName":"meter"})"), m.headers);
        m = one(f, "/p/d1/child/c1/direct", "x");
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), m.parent_id);
    }

    void timeSync() {
        Fixture f("MQTT");
        const auto out = f.decode("/p/d1/time-sync", R"({"messageId":"7"})");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT(out.devices.empty());
        const auto& reply = out.replies.at(0).message;
        CPPUNIT_ASSERT_EQUAL(std::string("/p/d1/time-sync/reply"), reply.address);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_DATA}, reply.kind);
        CPPUNIT_ASSERT_EQUAL(R"({"messageId":"7","timestamp":)" + std::to_string(f.host.utcMs()) +
                                 "}",
                             reply.payload);
    }

    void foreignAndUnknownTopics() {
        Fixture f("MQTT");
        auto out = f.decode("/p/d2/properties/report", R"({"properties":{"t":1}})");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN}, out.status);
        CPPUNIT_ASSERT(out.devices.empty());
        CPPUNIT_ASSERT(out.error.find("d2") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN},
                             f.decode("/p/d2/child/d1/online", "").status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN}, f.decode("/p/d2/time-sync", "{}").status);
        for (const char* topic : {"home/lamp", "/p/d1/properties/read", "/p/d1/whatever"}) {
            out = f.decode(topic, "not even JSON");
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
            CPPUNIT_ASSERT(out.devices.empty() && out.replies.empty());
        }
    }

    void malformedBodies() {
        Fixture f("MQTT");
        for (const auto& [topic, body] : {std::pair{"properties/report", "{"},
                                          {"properties/report", "{}"},
                                          {"properties/report", R"({"properties":[1]})"},
                                          {"tags", "{}"},
                                          {"log", "{}"},
                                          {"state-check/reply", R"({"state":7})"},
                                          {"metadata/derived", R"({"metadata":1})"},
                                          {"time-sync", "["}}) {
            const auto out = f.decode(std::string("/p/d1/") + topic, body);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(topic, fl_status{FL_E_MALFORMED}, out.status);
            CPPUNIT_ASSERT(out.devices.empty() && out.replies.empty());
            CPPUNIT_ASSERT(!out.error.empty());
        }
    }

    void encodes() {
        Fixture f("MQTT");
        sdk::DeviceMessage m(FL_DEVICE_READ_PROPERTY);
        m.device("d1").message("m1").timeMs(5).property("a", sdk::nullValue());
        m.property("b\"", sdk::nullValue());
        expect(f, m, "/p/d1/properties/read",
               R"({"messageType":"READ_PROPERTY","messageId":"m1","deviceId":"d1","timestamp":5,)"
               R"("properties":["a","b\""]})");
        m.clear(FL_DEVICE_WRITE_PROPERTY)
            .device("d1")
            .message("m2")
            .timeMs(5)
            .headers(R"({"h":1})");
        m.property("a", sdk::real(0.1)).property("b", sdk::boolean(false));
        m.property("c", sdk::json(R"([1,{"x":null}])")).property("d", sdk::string("温\n"));
        m.property("e", sdk::integer(INT64_MIN)).property("f", sdk::binary(sdk::octets("ab")));
        expect(f, m, "/p/d1/properties/write",
               R"({"messageType":"WRITE_PROPERTY","messageId":"m2","deviceId":"d1","timestamp":5,)"
               R"("headers":{"h":1},"properties":{"a":0.1,"b":false,"c":[1,{"x":null}],)"
               R"("d":"温\u000a","e":-9223372036854775808,"f":"YWI="}})");
        m.clear(FL_DEVICE_INVOKE_FUNCTION).device("d1").message("m3").timeMs(5).name("reboot");
        m.property("delay", sdk::integer(5));
        expect(f, m, "/p/d1/function/invoke",
               R"({"messageType":"INVOKE_FUNCTION","messageId":"m3","deviceId":"d1","timestamp":5,)"
               R"("functionId":"reboot","inputs":[{"name":"delay","value":5}]})");
        m.clear(FL_DEVICE_STATE_CHECK).device("d1").message("m4").timeMs(5);
        expect(f, m, "/p/d1/state-check",
               R"({"messageType":"STATE_CHECK","messageId":"m4","deviceId":"d1","timestamp":5})");
        m.clear(FL_DEVICE_TIME_SYNC_REPLY).device("d1").message("m5").timeMs(5);
        expect(f, m, "/p/d1/time-sync/reply", R"({"messageId":"m5","timestamp":5})");
        f.session.product_id.clear();
        m.clear(FL_DEVICE_READ_FIRMWARE).device("d1").message("m6").timeMs(5);
        expect(f, m, "/null/d1/firmware/read",
               R"({"messageType":"READ_FIRMWARE","messageId":"m6","deviceId":"d1","timestamp":5})");
        m.clear(FL_DEVICE_DISCONNECT).device("d1");
        const auto out = f.protocol.encode(m, f.session);
        CPPUNIT_ASSERT(out.closed && out.replies.empty());
    }

    void encodesFirmware() {
        Fixture f("MQTT");
        sdk::DeviceMessage m(FL_DEVICE_UPGRADE_FIRMWARE);
        m.device("d1").message("u").timeMs(5);
        m.data(sdk::json(
            R"({"url":"http://x/f","size":10,"deviceId":"evil","parameters":{"a":[1.5]}})"));
        expect(f, m, "/p/d1/firmware/upgrade",
               R"({"messageType":"UPGRADE_FIRMWARE","messageId":"u","deviceId":"d1","timestamp":5,)"
               R"("url":"http://x/f","size":10,"parameters":{"a":[1.5]}})");
        m.clear(FL_DEVICE_REQUEST_FIRMWARE_REPLY).device("d1").message("u").timeMs(5);
        m.failed("NONE", "no newer firmware");
        expect(f, m, "/p/d1/firmware/pull/reply",
               R"({"messageType":"REQUEST_FIRMWARE_REPLY","messageId":"u","deviceId":"d1",)"
               R"("timestamp":5,"success":false,"code":"NONE","message":"no newer firmware"})");
        m.clear(FL_DEVICE_UPGRADE_FIRMWARE).device("d1").data(sdk::string("no object"));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, f.protocol.encode(m, f.session).status);
    }

    void encodesForChildren() {
        Fixture f("MQTT");
        sdk::DeviceMessage m(FL_DEVICE_READ_PROPERTY);
        m.device("c1").parent("d1").message("m").timeMs(5).property("a", sdk::nullValue());
        expect(f, m, "/p/d1/child/c1/properties/read",
               R"({"messageType":"READ_PROPERTY","messageId":"m","deviceId":"c1","timestamp":5,)"
               R"("properties":["a"]})");
        m.clear(FL_DEVICE_DISCONNECT).device("c1");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED}, f.protocol.encode(m, f.session).status);
    }

    void unsupported() {
        Fixture f("MQTT");
        sdk::DeviceMessage m(FL_DEVICE_REPORT_PROPERTY);
        m.device("d1");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED}, f.protocol.encode(m, f.session).status);
        m.clear(FL_DEVICE_READ_PROPERTY).device("d1");
        f.session.transport = "HTTP";
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED}, f.protocol.encode(m, f.session).status);
        m.clear(FL_DEVICE_DISCONNECT).device("d1");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED}, f.protocol.encode(m, f.session).status);
        f.session.transport = "Carrier pigeon";
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED}, f.decode("", "").status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED},
                             f.protocol.authenticate(connect("", ""), f.session).status);
    }

    void settings() {
        const testkit::FakeHost host;
        const auto& factory = sdk::ProtocolFactory<OfficialProtocol>::raw();
        const auto created = [&](std::string_view config) {
            return testkit::ProtocolHarness(factory, host.raw(), "jetlinks.v3", config).status();
        };
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, created("{}"));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, created(R"({"timestampWindowSeconds":86400})"));
        for (const char* bad : {"", "[]", "{", R"({"timestampWindowSeconds":-1})",
                                R"({"timestampWindowSeconds":86401})",
                                R"({"timestampWindowSeconds":"1"})", R"({"typo":1})"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(bad, fl_status{FL_E_INVALID}, created(bad));
        }
    }

    void longStreamKeepsItsMemory() {
        Fixture f("MQTT");
        const std::string big = "{\"properties\":{\"t\":\"" + std::string(200'000, 'x') + "\"}}";
        for (int i = 0; i < 50; ++i) {
            CPPUNIT_ASSERT_EQUAL(
                std::size_t{200'000},
                one(f, "/p/d1/properties/report", big).properties[0].value.s.size());
            one(f, "/p/d1/properties/report", R"({"properties":{"t":1}})");
        }
    }

private:
    static fl_status tried(Fixture& f, std::string_view username, std::string_view password) {
        const auto out = f.protocol.authenticate(connect(username, password), f.session);
        CPPUNIT_ASSERT(out.error.find("skey") == std::string::npos);
        return out.status;
    }

    static testkit::OwnedDeviceMessage one(Fixture& f, std::string_view topic,
                                           std::string_view body) {
        auto out = f.decode(topic, body);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(out.error, fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, out.devices.size());
        return out.devices[0];
    }

    static void expect(Fixture& f, const sdk::DeviceMessage& m, const std::string& topic,
                       const std::string& body) {
        const auto out = f.protocol.encode(m, f.session);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(out.error, fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(topic, out.replies.at(0).message.address);
        CPPUNIT_ASSERT_EQUAL(body, out.replies[0].message.payload);
        CPPUNIT_ASSERT_EQUAL(0, out.replies[0].message.qos);
    }
};

class HttpTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(HttpTest);
    CPPUNIT_TEST(identifies);
    CPPUNIT_TEST(authenticates);
    CPPUNIT_TEST(answers);
    CPPUNIT_TEST(socketLogIn);
    CPPUNIT_TEST(socketFrames);
    CPPUNIT_TEST(socketChildren);
    CPPUNIT_TEST(socketEncodes);
    CPPUNIT_TEST(descriptor);
    CPPUNIT_TEST_SUITE_END();

public:
    void identifies() {
        Fixture f("HTTP");
        std::string device;
        std::string product;
        CPPUNIT_ASSERT_EQUAL(
            fl_status{FL_OK},
            f.protocol.identify(post("/p/d1/properties/report", ""), device, product));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), device);
        CPPUNIT_ASSERT_EQUAL(std::string("p"), product);
        for (const char* path : {"/", "/p", "/p/", "/favicon.ico"}) {
            CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_NOT_FOUND},
                                 f.protocol.identify(post(path, ""), device, product));
        }
    }

    void authenticates() {
        Fixture f("HTTP");
        for (const char* good : {"Bearer token1", "bearer token1", "BEARER  token1 "}) {
            CPPUNIT_ASSERT_EQUAL(std::string("ok"), answered(f, "/p/d1/online", good));
        }
        const std::string prefix = R"(401 {"success":false,"code":"unauthorized","message":")";
        for (const char* bad : {"", "token1", "Basic token1", "Bearer", "Bearer ", "Bearer x",
                                "Bearertoken1", "Bearer token1x"}) {
            const std::string text = answered(f, "/p/d1/online", bad);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(bad, prefix, text.substr(0, prefix.size()));
            CPPUNIT_ASSERT(text.find("token1") == std::string::npos);
        }
        CPPUNIT_ASSERT_EQUAL(std::string("400"), answered(f, "/p", "Bearer token1").substr(0, 3));
        CPPUNIT_ASSERT_EQUAL(std::string("401"),
                             answered(f, "/p/d2/online", "Bearer token1").substr(0, 3));
        f.session.config.erase("bearer_token");
        CPPUNIT_ASSERT_EQUAL(std::string("401"),
                             answered(f, "/p/d1/online", "Bearer token1").substr(0, 3));
    }

    void answers() {
        Fixture f("HTTP");
        auto out = f.protocol.decode(post("/p/d1/properties/report", R"({"properties":{"t":1}})"),
                                     f.session);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, out.devices.size());
        CPPUNIT_ASSERT_EQUAL(std::string(R"({"success":true})"), out.replies.at(0).message.payload);
        CPPUNIT_ASSERT_EQUAL(200, out.replies[0].message.code);
        CPPUNIT_ASSERT_EQUAL(std::string("application/json"), out.replies[0].message.content_type);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_REPLY_AFTER_COMMIT}, out.replies[0].when);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_REPLY}, out.replies[0].message.kind);

        out = f.protocol.decode(post("/p/d1/nothing", "{}"), f.session);
        refused(out, 400,
                R"({"success":false,"code":"bad_request","message":"path matches no topic"})");
        out = f.protocol.decode(post("/p/d1/properties/report", "{"), f.session);
        refused(out, 500,
                R"({"success":false,"code":"request_body_format_error","message":"bad JSON at)");
        out = f.protocol.decode(post("/p/d1/properties/report", std::string(2 << 20, ' ')),
                                f.session);
        refused(out, 500, R"({"success":false,"code":"server_error",)");
        auto get = post("/p/d1/online", "");
        get.method = "GET";
        refused(f.protocol.decode(get, f.session), 405,
                R"({"success":false,"code":"method_not_allowed",)");
        refused(f.protocol.decode(post("/p/d2/online", ""), f.session), 401, R"({"success":false)");
        out = f.protocol.decode(post("/p/d1/time-sync", R"({"messageId":"1"})"), f.session);
        CPPUNIT_ASSERT_EQUAL(R"({"messageId":"1","timestamp":)" + std::to_string(f.host.utcMs()) +
                                 "}",
                             out.replies.at(0).message.payload);
    }

    void socketLogIn() {
        Fixture f("WebSocket");
        const auto tried = [&](std::string_view path, std::string_view token) {
            auto m = upgrade(path, token);
            const auto out = f.protocol.authenticate(m, f.session);
            return out.status == FL_OK ? 0 : out.replies.at(0).message.code;
        };
        CPPUNIT_ASSERT_EQUAL(0, tried("/p/d1/socket", "token1"));
        CPPUNIT_ASSERT_EQUAL(401, tried("/p/d1/socket", ""));
        CPPUNIT_ASSERT_EQUAL(401, tried("/p/d1/socket", "token2"));
        CPPUNIT_ASSERT_EQUAL(401, tried("/p/d2/socket", "token1"));
        CPPUNIT_ASSERT_EQUAL(400, tried("/p/d1/other", "token1"));
        std::string device;
        std::string product;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             f.protocol.identify(upgrade("/p/d1/socket", "t"), device, product));
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), device);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             f.protocol.decode(upgrade("/p/d1/socket", "t"), f.session).status);
    }

    void socketFrames() {
        Fixture f("WebSocket");
        auto out = f.decode(
            "", R"({"messageType":"Report_Property","deviceId":"d1","properties":{"t":1}})");
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("1"), out.devices.at(0).property("t"));
        out = f.decode("", R"({"messageType":"EVENT","event":"fire","data":1})");
        CPPUNIT_ASSERT_EQUAL(std::string("fire"), out.devices.at(0).name);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), out.devices[0].device_id);
        const std::pair<const char*, int> untyped[] = {
            {R"({"event":"fire"})", FL_DEVICE_EVENT},
            {R"({"functionId":"f","output":1})", FL_DEVICE_INVOKE_FUNCTION_REPLY},
            {R"({"properties":{"t":1}})", FL_DEVICE_READ_PROPERTY_REPLY},
            {R"({"tags":{"t":1}})", FL_DEVICE_UPDATE_TAG}};
        for (const auto& [text, kind] : untyped) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(text, static_cast<std::uint32_t>(kind),
                                         f.decode("", text).devices.at(0).kind);
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_FORBIDDEN},
                             f.decode("", R"({"messageType":"ONLINE","deviceId":"d2"})").status);
        for (const char* bad : {R"({"messageType":"READ_PROPERTY"})",
                                R"({"messageType":"BROADCAST"})", R"({"messageType":""})", "{}"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(bad, fl_status{FL_E_UNSUPPORTED},
                                         f.decode("", bad).status);
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED}, f.decode("", "hello").status);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_MALFORMED},
                             f.decode("", R"({"messageType":"EVENT"})").status);
    }

    void socketChildren() {
        Fixture f("WebSocket");
        auto out = f.decode("", R"({"messageType":"CHILD","deviceId":"d1","childDeviceId":"c1",
            "childDeviceMessage":{"messageType":"REPORT_PROPERTY","deviceId":"c1","properties":{"t":1}}})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(out.error, fl_status{FL_OK}, out.status);
        CPPUNIT_ASSERT_EQUAL(std::string("c1"), out.devices.at(0).device_id);
        CPPUNIT_ASSERT_EQUAL(std::string("d1"), out.devices[0].parent_id);
        for (
            const char* bad :
            {R"({"messageType":"CHILD","childDeviceId":"c1"})",
             R"({"messageType":"CHILD","childDeviceMessage":{"messageType":"ONLINE"}})",
             R"({"messageType":"CHILD","childDeviceId":"a/b","childDeviceMessage":{"messageType":"ONLINE"}})"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(bad, fl_status{FL_E_MALFORMED}, f.decode("", bad).status);
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED},
                             f.decode("", R"({"messageType":"CHILD","childDeviceId":"c1",
                                 "childDeviceMessage":{"messageType":"CHILD"}})")
                                 .status);
    }

    void socketEncodes() {
        Fixture f("WebSocket");
        sdk::DeviceMessage m(FL_DEVICE_READ_PROPERTY);
        m.device("d1").message("m").timeMs(5).property("a", sdk::nullValue());
        const std::string own = R"({"messageType":"READ_PROPERTY","messageId":"m","deviceId":"d1",)"
                                R"("timestamp":5,"properties":["a"]})";
        auto out = f.protocol.encode(m, f.session);
        CPPUNIT_ASSERT_EQUAL(own, out.replies.at(0).message.payload);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_TEXT}, out.replies[0].message.flags);
        m.device("c1");
        out = f.protocol.encode(m, f.session);
        CPPUNIT_ASSERT_EQUAL(
            std::string(R"({"messageType":"CHILD","messageId":"m","deviceId":"d1",)"
                        R"("timestamp":5,"childDeviceId":"c1","childDeviceMessage":)"
                        R"({"messageType":"READ_PROPERTY","messageId":"m",)"
                        R"("deviceId":"c1","timestamp":5,"properties":["a"]}})"),
            out.replies.at(0).message.payload);
        m.clear(FL_DEVICE_DISCONNECT).device("d1");
        CPPUNIT_ASSERT(f.protocol.encode(m, f.session).closed);
    }

    void descriptor() {
        const fl_protocol_descriptor& d = *OfficialProtocol::description().raw();
        CPPUNIT_ASSERT_EQUAL(std::string_view("jetlinks.v3"), sdk::view(d.id));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{5}, d.transport_count);
        CPPUNIT_ASSERT_EQUAL(std::string_view("firmware"), sdk::view(d.features[0]));
        BodyReader reader;
        Body body;
        const auto json = [&](fl_str text) {
            return reader.read(sdk::view(text), false, body).ok();
        };
        CPPUNIT_ASSERT(json(d.name) && json(d.description));
        for (std::uint32_t i = 0; i < d.transport_count; ++i) {
            const fl_protocol_transport& t = d.transports[i];
            CPPUNIT_ASSERT_MESSAGE(std::string(sdk::view(t.id)),
                                   json(t.config_schema) && json(t.document));
            CPPUNIT_ASSERT(sdk::view(t.config_schema).find("\"x-secret\":true") !=
                           std::string_view::npos);
            CPPUNIT_ASSERT(sdk::view(t.document).find("\"zh-CN\"") != std::string_view::npos);
            for (std::uint32_t k = 0; k < t.route_count; ++k) {
                const fl_route& route = t.routes[k];
                CPPUNIT_ASSERT(json(route.group) && json(route.description));
                CPPUNIT_ASSERT(route.example.n == 0 || json(route.example));
                // Every uplink route is one that the decoder takes.
                std::string path(sdk::view(route.address));
                const std::size_t rest = path.find("{#}");
                if (rest != std::string::npos) {
                    path.replace(rest, 3, "properties/read/reply");
                }
                Topic topic;
                if ((route.direction & FL_ROUTE_UP) != 0 && !parseSocketPath(path, topic)) {
                    CPPUNIT_ASSERT_MESSAGE(path, parseTopic(path).kind != 0);
                }
            }
        }
    }

private:
    static testkit::OwnedTransportMessage post(std::string_view path, std::string_view body) {
        auto out = Fixture::message(path, body);
        out.method = "POST";
        return out;
    }

    static testkit::OwnedTransportMessage upgrade(std::string_view path, std::string_view token) {
        auto out = Fixture::message(path, "");
        out.kind = FL_TRANSPORT_CONNECT;
        if (!token.empty()) {
            out.attributes.emplace_back("query.token", token);
        }
        return out;
    }

    static std::string answered(Fixture& f, std::string_view path, std::string_view authorization) {
        auto m = post(path, "");
        if (!authorization.empty()) {
            m.attributes.emplace_back("header.authorization", authorization);
        }
        const auto out = f.protocol.authenticate(m, f.session);
        if (out.status == FL_OK) {
            return "ok";
        }
        const auto& reply = out.replies.at(0).message;
        return std::to_string(reply.code) + " " + reply.payload;
    }

    static void refused(const testkit::ProtocolHarness::Outcome& out, int code,
                        const std::string& body) {
        CPPUNIT_ASSERT(out.status < 0);
        CPPUNIT_ASSERT_EQUAL(code, out.replies.at(0).message.code);
        CPPUNIT_ASSERT_EQUAL(body, out.replies[0].message.payload.substr(0, body.size()));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_REPLY_NOW}, out.replies[0].when);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttTest);
CPPUNIT_TEST_SUITE_REGISTRATION(HttpTest);

} // namespace
} // namespace fairlead::official
