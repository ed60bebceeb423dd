// SPDX-License-Identifier: Apache-2.0
// The opening handshake: what is accepted, what is refused and how, RFC 6455 section 4.2.
#include "handshake.hpp"
#include "support.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using namespace fairlead::websocket::test;
using testkit::FakeConnection;

class WebSocketHandshakeTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(WebSocketHandshakeTest);
    CPPUNIT_TEST(connectsAndAgrees);
    CPPUNIT_TEST(takesTheRequestInPieces);
    CPPUNIT_TEST(toleratesWhatIsAllowed);
    CPPUNIT_TEST(refusesWhatIsNoUpgrade);
    CPPUNIT_TEST(answersByTheServersDecision);
    CPPUNIT_TEST(passesTheProtocolsAnswerOn);
    CPPUNIT_TEST(keepsWhatFollowsUntilItMayRead);
    CPPUNIT_TEST(waitsForRoomInTheStore);
    CPPUNIT_TEST(limitsSizeAndTime);
    CPPUNIT_TEST(restrictsPaths);
    CPPUNIT_TEST(restrictsOrigins);
    CPPUNIT_TEST(choosesSubprotocols);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST(describesItself);
    CPPUNIT_TEST_SUITE_END();

    static std::string answerTo(const std::string& bytes, const std::string& config = "{}") {
        Bench bench(config);
        FakeConnection& conn = bench.open();
        conn.feed(bytes);
        conn.complete();
        return conn.take();
    }
    static std::string replaced(std::string where, const std::string& what,
                                const std::string& with) {
        const std::size_t at = where.find(what);
        CPPUNIT_ASSERT_MESSAGE(what, at != std::string::npos);
        return where.replace(at, what.size(), with);
    }

public:
    void connectsAndAgrees() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(request("/p%201/d/socket?token=a%2Bb&x=1",
                          "Authorization: Basic ZGV2OnB3\r\nX-A: v\r\n"));
        const auto& d = conn.delivered.at(0);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_TRANSPORT_CONNECT}, d.message.kind);
        CPPUNIT_ASSERT_EQUAL(std::string("/p 1/d/socket"), d.message.address);
        CPPUNIT_ASSERT_EQUAL(std::string("GET"), d.message.method);
        CPPUNIT_ASSERT_EQUAL(std::string("a+b"), d.message.attribute("query.token"));
        CPPUNIT_ASSERT_EQUAL(std::string("v"), d.message.attribute("header.x-a"));
        CPPUNIT_ASSERT_EQUAL(std::string("dev"), d.message.attribute("username"));
        CPPUNIT_ASSERT_EQUAL(std::string("pw"), d.message.attribute("password"));
        CPPUNIT_ASSERT_EQUAL(std::string("192.0.2.7:1234"), d.message.peer);
        CPPUNIT_ASSERT_MESSAGE("nothing is said before the server agrees", conn.output().empty());
        conn.complete();
        // The example of section 1.3.
        CPPUNIT_ASSERT_EQUAL(std::string("HTTP/1.1 101 Switching Protocols\r\n"
                                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                         "\r\n"),
                             conn.take());
        CPPUNIT_ASSERT(!conn.closed);
    }

    void takesTheRequestInPieces() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feedByByte(request());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(101, statusOf(conn.take()));
    }

    void toleratesWhatIsAllowed() {
        const std::string good = request();
        for (const auto& [what, with] : std::vector<std::pair<std::string, std::string>>{
                 {"Upgrade: websocket", "uPGRADE: WebSocket"},
                 {"Upgrade: websocket", "Upgrade: h2c, websocket"},
                 {"Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket"},
                 {"keep-alive, Upgrade", "upgrade"},
                 {"Connection: keep-alive, Upgrade",
                  "Connection: keep-alive\r\nconnection: UPGRADE"},
                 {"Host: h", "Host: h:8080"},
                 {"Host: h", "Host: h\r\nContent-Length: 0"},
                 {"Host: h", "Host: h\r\nOrigin: https://a.example"}}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(with, 101, statusOf(answerTo(replaced(good, what, with))));
        }
    }

    void refusesWhatIsNoUpgrade() {
        const std::string good = request();
        struct Case {
            std::string what;
            std::string with;
            int status;
        };
        for (const Case& c :
             std::vector<Case>{{"GET ", "POST ", 405},
                               {"HTTP/1.1", "HTTP/1.0", 505},
                               {"HTTP/1.1", "HTTP/2.0", 505},
                               {"GET /p/d/socket?token=t HTTP/1.1", "hello", 400},
                               {"Host: h\r\n", "", 400},
                               {"Host: h\r\n", "Host: h\r\nHost: h\r\n", 400},
                               {"Host: h\r\n", "Host: h\r\nContent-Length: 5\r\n", 400},
                               {"Host: h\r\n", "Host: h\r\nTransfer-Encoding: chunked\r\n", 400},
                               {"Host: h\r\n", "Host: h\n", 400},
                               {"Upgrade: websocket\r\n", "", 426},
                               {"Upgrade: websocket", "Upgrade: h2c", 426},
                               {"Upgrade: websocket", "Upgrade: websockets", 426},
                               {"Connection: keep-alive, Upgrade\r\n", "", 400},
                               {"keep-alive, Upgrade", "keep-alive", 400},
                               {"Sec-WebSocket-Version: 13\r\n", "", 426},
                               {"Version: 13", "Version: 8", 426},
                               {"Version: 13", "Version: 14", 426},
                               {"Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", 426},
                               {std::string("Sec-WebSocket-Key: ") + kKey + "\r\n", "", 400},
                               {kKey, "", 400},
                               {kKey, "dGhlIHNhbXBsZSBub25jZQ", 400},   // no padding
                               {kKey, "dGhlIHNhbXBsZSBub25j", 400},     // 15 bytes
                               {kKey, "dGhlIHNhbXBsZSBub25jZTE=", 400}, // 17 bytes
                               {kKey, "****************====", 400},
                               {kKey, std::string(kKey) + "\r\nSec-WebSocket-Key: " + kKey, 400},
                               {"/p/d/socket?token=t", "/p/%zz", 400},
                               {"/p/d/socket?token=t", "/p/../d", 400},
                               {"/p/d/socket?token=t", "*", 400},
                               {"Host: h", "Host: h\r\nX-A: \xFF", 400},
                               {"Host: h", "Host: h\r\nSec-WebSocket-Protocol: a b", 400},
                               {"Host: h", "Host: h\r\nSec-WebSocket-Extensions: a=", 400},
                               {"Host: h", "Host: h\r\nSec-WebSocket-Extensions: a;", 400}}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feed(replaced(good, c.what, c.with));
            const std::string answer = conn.take();
            CPPUNIT_ASSERT_EQUAL_MESSAGE(c.what + " -> " + c.with, c.status, statusOf(answer));
            CPPUNIT_ASSERT(conn.closed && conn.delivered.empty());
            CPPUNIT_ASSERT_EQUAL(std::string("bad_handshake"), conn.reports.at(0).what);
            CPPUNIT_ASSERT(hasLine(answer, "Connection: close"));
            CPPUNIT_ASSERT(answer.ends_with("}")); // a body that says what was wrong
            CPPUNIT_ASSERT_EQUAL(c.status == 426, hasLine(answer, "Sec-WebSocket-Version: 13"));
            CPPUNIT_ASSERT_EQUAL(c.status == 426, hasLine(answer, "Upgrade: websocket"));
            CPPUNIT_ASSERT_EQUAL(c.status == 405, hasLine(answer, "Allow: GET"));
        }
    }

    void answersByTheServersDecision() {
        for (const auto& [status, http, reason] :
             std::vector<std::tuple<fl_status, int, std::uint32_t>>{
                 {FL_E_UNAUTHORIZED, 401, FL_CLOSE_UNAUTHORIZED},
                 {FL_E_FORBIDDEN, 403, FL_CLOSE_UNAUTHORIZED},
                 {FL_E_NOT_FOUND, 404, FL_CLOSE_UNAUTHORIZED},
                 {FL_E_MALFORMED, 400, FL_CLOSE_LOCAL},
                 {FL_E_CLOSED, 503, FL_CLOSE_LOCAL},
                 {FL_E_EXCEPTION, 500, FL_CLOSE_LOCAL}}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feed(request());
            conn.complete(status);
            const std::string answer = conn.take();
            CPPUNIT_ASSERT_EQUAL(http, statusOf(answer));
            CPPUNIT_ASSERT(conn.closed);
            CPPUNIT_ASSERT_EQUAL(reason, conn.close_reason);
            CPPUNIT_ASSERT_EQUAL(http == 401, hasLine(answer, "WWW-Authenticate: Bearer"));
        }
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.deliver_answer = FL_E_CLOSED; // refused in the call itself
        conn.feed(request());
        CPPUNIT_ASSERT_EQUAL(503, statusOf(conn.take()));
    }

    void passesTheProtocolsAnswerOn() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(request());
        testkit::OwnedTransportMessage reply;
        reply.kind = FL_TRANSPORT_REPLY;
        reply.code = 401;
        reply.content_type = "application/json";
        reply.payload = R"({"success":false})";
        conn.complete(FL_E_UNAUTHORIZED, &reply);
        const std::string answer = conn.take();
        CPPUNIT_ASSERT_EQUAL(401, statusOf(answer));
        CPPUNIT_ASSERT(hasLine(answer, "Content-Type: application/json"));
        CPPUNIT_ASSERT(answer.ends_with("\r\n\r\n{\"success\":false}"));
    }

    void keepsWhatFollowsUntilItMayRead() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(request() + text("early"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        conn.feed(ping());
        CPPUNIT_ASSERT(conn.unconsumed() > 0 && conn.output().empty());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(101, statusOf(conn.take()));
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::string("early"), conn.delivered.at(1).message.payload);
        CPPUNIT_ASSERT_EQUAL(10, only(conn).opcode);
    }

    void waitsForRoomInTheStore() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.deliver_answer = FL_E_BUSY;
        conn.feed(request());
        CPPUNIT_ASSERT(conn.delivered.empty() && !conn.closed);
        conn.deliver_answer = FL_PENDING;
        conn.feed("");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(101, statusOf(conn.take()));
    }

    void limitsSizeAndTime() {
        const std::string config =
            R"({"maxUriLength":64,"maxHeaderSize":512,"handshakeTimeout":7})";
        CPPUNIT_ASSERT_EQUAL(414, statusOf(answerTo(request("/" + std::string(64, 'a')), config)));
        CPPUNIT_ASSERT_EQUAL(414, statusOf(answerTo("GET /" + std::string(200, 'a'), config)));
        CPPUNIT_ASSERT_EQUAL(
            431, statusOf(answerTo(request("/", "X: " + std::string(400, 'a') + "\r\n"), config)));
        CPPUNIT_ASSERT_EQUAL(
            431, statusOf(answerTo("GET / HTTP/1.1\r\nX: " + std::string(600, 'a'), config)));
        Bench bench(config);
        FakeConnection& conn = bench.open();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{7000}, conn.timer(0).value());
        conn.feed("GET / HT");
        CPPUNIT_ASSERT(conn.fireTimer(0));
        CPPUNIT_ASSERT_EQUAL(408, statusOf(conn.take()));
        CPPUNIT_ASSERT(conn.closed);
        FakeConnection& slow = bench.open();
        slow.feed(request());
        CPPUNIT_ASSERT_MESSAGE("the server's own time is not the client's", !slow.timer(0));
    }

    void restrictsPaths() {
        const std::string config = R"({"paths":["/exact","/tail/*"]})";
        for (const auto& [path, status] :
             std::vector<std::pair<std::string, int>>{{"/exact", 101},
                                                      {"/exact?x=1", 101},
                                                      {"/%65xact", 101},
                                                      {"/exact/", 404},
                                                      {"/tail/", 101},
                                                      {"/tail/a/b", 101},
                                                      {"/tail", 404},
                                                      {"/", 404}}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(path, status, statusOf(answerTo(request(path), config)));
        }
    }

    void restrictsOrigins() {
        const std::string config = R"({"allowedOrigins":["https://a.example","http://b:81"]})";
        for (const auto& [headers, status] : std::vector<std::pair<std::string, int>>{
                 {"", 101},
                 {"Origin: https://a.example\r\n", 101},
                 {"Origin: HTTPS://A.example\r\n", 101},
                 {"Origin: http://b:81\r\n", 101},
                 {"Origin: http://a.example\r\n", 403},
                 {"Origin: https://a.example.evil\r\n", 403},
                 {"Origin: null\r\n", 403},
                 {"Origin: https://a.example\r\nOrigin: https://evil\r\n", 403}}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(headers, status,
                                         statusOf(answerTo(request("/", headers), config)));
        }
    }

    void choosesSubprotocols() {
        const std::string config = R"({"subprotocols":["v1.json","v2.json"]})";
        for (const auto& [headers, chosen] : std::vector<std::pair<std::string, std::string>>{
                 {"Sec-WebSocket-Protocol: v2.json, v1.json\r\n", "v2.json"},
                 {"Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: v1.json\r\n", "v1.json"},
                 {"Sec-WebSocket-Protocol: V1.JSON\r\n", ""},
                 {"", ""}}) {
            Bench bench(config);
            FakeConnection& conn = bench.connected(headers);
            CPPUNIT_ASSERT_EQUAL(chosen, conn.delivered.at(0).message.attribute("subprotocol"));
            const std::string line = "Sec-WebSocket-Protocol: " + chosen;
            CPPUNIT_ASSERT_EQUAL(!chosen.empty(), hasLine(bench.answer, line));
            CPPUNIT_ASSERT(!chosen.empty() ||
                           bench.answer.find("Sec-WebSocket-Protocol") == std::string::npos);
        }
    }

    void refusesBadConfigurations() {
        for (const char* bad :
             {"[]", "{", R"({"maxMessageSize":1})", R"({"maxMessageSize":"1"})",
              R"({"paths":"/a"})", R"({"paths":["a"]})", R"({"paths":["/a*b"]})",
              R"({"paths":["/*/*"]})", R"({"subprotocols":["a b"]})", R"({"subprotocols":[""]})",
              R"({"allowedOrigins":["https://a b"]})", R"({"downlinkFrame":"text"})",
              R"({"pingInterval":3601})", R"({"pongTimeout":0})", R"({"compression":1})",
              R"({"compressionWindowBits":8})", R"({"compressionMinSize":0})"}) {
            testkit::FakeHost host;
            testkit::FakeNetworkHost net;
            CPPUNIT_ASSERT_EQUAL_MESSAGE(
                bad, fl_status{FL_E_INVALID},
                net.create(sdk::NetworkFactory<websocket::WebSocketServer>::raw(), host.raw(),
                           "websocket-server", bad));
            CPPUNIT_ASSERT(!net.error().empty());
        }
        Bench full(R"({"host":"0.0.0.0","port":1,"maxMessageSize":128,"pingInterval":0,
                       "idleTimeout":5,"downlinkFrame":"BINARY","compression":true,
                       "compressionWindowBits":15,"compressionContextTakeover":true,
                       "compressionMinSize":1,"paths":null})");
        CPPUNIT_ASSERT(full.net.error().empty());
    }

    void describesItself() {
        const auto& d = websocket::WebSocketServer::description();
        CPPUNIT_ASSERT_EQUAL(std::string_view("WebSocket"), d.transport);
        CPPUNIT_ASSERT_EQUAL(std::string_view("ws"), d.scheme);
        CPPUNIT_ASSERT_EQUAL(std::string_view("wss"), d.secure_scheme);
        CPPUNIT_ASSERT((d.flags & FL_NETWORK_CONNECT) != 0);
        // Every text is there in both languages: as many keys, and each has its partner.
        const std::string schema(d.schema);
        for (const char* key :
             {"/maxMessageSize", "/paths", "/paths/items", "/subprotocols", "/allowedOrigins",
              "/downlinkFrame", "/pingInterval", "/pongTimeout", "/idleTimeout",
              "/handshakeTimeout", "/maxUriLength", "/maxHeaderSize", "/compression",
              "/compressionWindowBits", "/compressionContextTakeover", "/compressionMinSize"}) {
            const std::string quoted = std::string("\"") + key + "\":";
            const std::size_t first = schema.find(quoted);
            CPPUNIT_ASSERT_MESSAGE(key, first != std::string::npos);
            CPPUNIT_ASSERT_MESSAGE(key, schema.find(quoted, first + 1) != std::string::npos);
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(WebSocketHandshakeTest);
