// SPDX-License-Identifier: Apache-2.0
// Requests that are in order: delivery, answers, pipelining, timeouts.
#include "http.hpp"
#include "support.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using namespace fairlead::http::test;
using testkit::FakeConnection;

class HttpServerTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(HttpServerTest);
    CPPUNIT_TEST(handsOverRequests);
    CPPUNIT_TEST(acceptsByteAtATime);
    CPPUNIT_TEST(decodesTargets);
    CPPUNIT_TEST(readsBasicCredentials);
    CPPUNIT_TEST(answersAfterCommit);
    CPPUNIT_TEST(answersWithTheProtocolsReply);
    CPPUNIT_TEST(answersByStatus);
    CPPUNIT_TEST(readsChunkedBodies);
    CPPUNIT_TEST(answersInOrder);
    CPPUNIT_TEST(boundsThePipeline);
    CPPUNIT_TEST(keepsOrClosesTheConnection);
    CPPUNIT_TEST(answersHeadAndOptions);
    CPPUNIT_TEST(continuesOnExpectation);
    CPPUNIT_TEST(waitsWhileTheStoreIsFull);
    CPPUNIT_TEST(addsCommonHeaders);
    CPPUNIT_TEST(enforcesTimeouts);
    CPPUNIT_TEST(hasNoDownlink);
    CPPUNIT_TEST(refusesBadConfigurations);
    CPPUNIT_TEST_SUITE_END();

    static testkit::OwnedTransportMessage reply(int code, const std::string& body) {
        testkit::OwnedTransportMessage m;
        m.kind = FL_TRANSPORT_REPLY;
        m.code = code;
        m.payload = body;
        m.content_type = "application/json";
        return m;
    }

public:
    void handsOverRequests() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(
            post("/p1/d1/properties/report?v=2", "{\"a\":1}",
                 "Content-Type: application/json\r\nAuthorization: Bearer tok\r\nX-Empty:\r\n"));
        const auto& d = conn.delivered.at(0);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_DELIVER_DURABLE}, d.flags);
        CPPUNIT_ASSERT_EQUAL(std::string("/p1/d1/properties/report"), d.message.address);
        CPPUNIT_ASSERT_EQUAL(std::string("POST"), d.message.method);
        CPPUNIT_ASSERT_EQUAL(std::string("application/json"), d.message.content_type);
        CPPUNIT_ASSERT_EQUAL(std::string("{\"a\":1}"), d.message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("Bearer tok"),
                             d.message.attribute("header.authorization"));
        CPPUNIT_ASSERT_EQUAL(std::string("2"), d.message.attribute("query.v"));
        CPPUNIT_ASSERT_EQUAL(std::string("h"), d.message.attribute("header.host"));
        CPPUNIT_ASSERT_EQUAL(std::string("192.0.2.7:1234"), d.message.peer);
        CPPUNIT_ASSERT_EQUAL(bench.host.utcMs(), d.message.received_ms);
    }

    void acceptsByteAtATime() {
        for (const std::string& request :
             {post("/a", "hello"), chunked("3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: v\r\n\r\n")}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feedByByte(request);
            CPPUNIT_ASSERT_EQUAL(std::string("hello"), conn.delivered.at(0).message.payload);
            conn.complete();
            CPPUNIT_ASSERT_EQUAL(200, only(conn).status);
            conn.feedByByte(request);
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
        }
    }

    void decodesTargets() {
        struct Case {
            const char* target;
            const char* path;
            const char* name;
            const char* value;
        };
        for (const Case& c : std::initializer_list<Case>{{"/a%20b/%E9%98%80", "/a b/阀", "", ""},
                                                         {"/a?x=1&y=2", "/a", "y", "2"},
                                                         {"/a?x=a+b%2B", "/a", "x", "a b+"},
                                                         {"/a+b", "/a+b", "", ""},
                                                         {"/?flag", "/", "flag", ""},
                                                         {"/a?&&k=v=w&", "/a", "k", "v=w"},
                                                         {"http://host:80/p?q=1", "/p", "q", "1"},
                                                         {"HTTP://host", "/", "", ""},
                                                         {"/a/..b/.c/...", "/a/..b/.c/...", "", ""},
                                                         {"//x", "//x", "", ""}}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feed("GET " + std::string(c.target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
            CPPUNIT_ASSERT_EQUAL_MESSAGE(c.target, std::size_t{1}, conn.delivered.size());
            const auto& m = conn.delivered[0].message;
            CPPUNIT_ASSERT_EQUAL(std::string(c.path), m.address);
            CPPUNIT_ASSERT_EQUAL(std::string(c.value), m.attribute(std::string("query.") + c.name));
        }
    }

    void readsBasicCredentials() {
        std::string out;
        CPPUNIT_ASSERT(http::decodeBase64("", out) && out.empty());
        for (const auto& [text, plain] : std::vector<std::pair<std::string, std::string>>{
                 {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYmFy", "foobar"}}) {
            out.clear();
            CPPUNIT_ASSERT(http::decodeBase64(text, out));
            CPPUNIT_ASSERT_EQUAL(plain, out);
        }
        for (const char* bad : {"Z", "Zg", "Zg=", "Z===", "====", "Zm9*", "Zg==Zg=="}) {
            out.clear();
            CPPUNIT_ASSERT_MESSAGE(bad, !http::decodeBase64(bad, out));
        }
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(post("/a", "", "Authorization: basic ZGV2OnA6dw==\r\n")); // dev:p:w
        CPPUNIT_ASSERT_EQUAL(std::string("dev"),
                             conn.delivered.at(0).message.attribute("username"));
        CPPUNIT_ASSERT_EQUAL(std::string("p:w"), conn.delivered[0].message.attribute("password"));
        conn.feed(post("/a", "", "Authorization: Basic !!!!\r\n"));
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.delivered.at(1).message.attribute("username"));
    }

    void answersAfterCommit() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(post("/a", "x"));
        CPPUNIT_ASSERT(conn.output().empty());
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(
            std::string("HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:01 GMT\r\n"
                        "Content-Length: 0\r\n\r\n"),
            conn.take());
        conn.feed(post("/a", "x"));
        conn.complete(FL_DUPLICATE);
        CPPUNIT_ASSERT_EQUAL(200, only(conn).status);
    }

    void answersWithTheProtocolsReply() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(post("/a", "x"));
        auto m = reply(202, "{\"success\":true}");
        m.attributes = {{"header.X-Device", "d1"},
                        {"header.Content-Length", "5"},
                        {"header.Bad\r\nName", "x"},
                        {"header.X-Split", "a\r\nSet-Cookie: b"},
                        {"other", "x"}};
        conn.complete(FL_OK, &m);
        const Response r = only(conn);
        CPPUNIT_ASSERT_EQUAL(202, r.status);
        CPPUNIT_ASSERT(r.has("X-Device: d1") && r.has("Content-Type: application/json"));
        CPPUNIT_ASSERT(r.head.find("Cookie") == std::string::npos);
        CPPUNIT_ASSERT_EQUAL(std::string("{\"success\":true}"), r.body);
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, conn.reports.size());
        // The status of a refusal with the protocol's own body; and codes that are none.
        for (const auto& [status, code, expected] :
             std::vector<std::array<int, 3>>{{FL_OK, 0, 200},
                                             {FL_E_UNAUTHORIZED, 0, 401},
                                             {FL_E_UNAUTHORIZED, 403, 403},
                                             {FL_OK, 42, 200},
                                             {FL_OK, 1000, 200}}) {
            const auto body = reply(code, "{}");
            conn.feed(post("/a", "x"));
            conn.complete(status, &body);
            const Response answer = only(conn);
            CPPUNIT_ASSERT_EQUAL(expected, answer.status);
            CPPUNIT_ASSERT_EQUAL(std::string("{}"), answer.body);
        }
    }

    void answersByStatus() {
        for (const auto& [status, code] :
             std::vector<std::pair<fl_status, int>>{{FL_E_MALFORMED, 400},
                                                    {FL_E_UNAUTHORIZED, 401},
                                                    {FL_E_FORBIDDEN, 403},
                                                    {FL_E_NOT_FOUND, 404},
                                                    {FL_E_LIMIT, 413},
                                                    {FL_E_UNSUPPORTED, 501},
                                                    {FL_E_CLOSED, 503},
                                                    {FL_E_IO, 500},
                                                    {-99, 500}}) {
            for (const bool at_once : {false, true}) {
                Bench bench;
                FakeConnection& conn = bench.open();
                conn.deliver_answer = at_once ? status : fl_status{FL_PENDING};
                conn.feed(post("/a", "x"));
                if (!at_once) {
                    conn.complete(status);
                }
                const Response r = only(conn);
                CPPUNIT_ASSERT_EQUAL(code, r.status);
                CPPUNIT_ASSERT(r.has("Content-Type: application/problem+json"));
                CPPUNIT_ASSERT(r.body.find("\"status\":" + std::to_string(code)) !=
                               std::string::npos);
                CPPUNIT_ASSERT_EQUAL(code == 401, r.has("WWW-Authenticate: Bearer"));
                CPPUNIT_ASSERT(!conn.closed); // the connection is in order
            }
        }
    }

    void readsChunkedBodies() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(chunked("a\r\n0123456789\r\n00001;ext=\"q\"\r\nX\r\n0\r\n\r\n") +
                  chunked("0\r\n\r\n") + post("/b", "next"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::string("0123456789X"), conn.delivered[0].message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string(), conn.delivered[1].message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("next"), conn.delivered[2].message.payload);
        FakeConnection& large = bench.open();
        const std::string body(500000, 'b');
        const std::string request = post("/a", body) + post("/a", "z");
        for (std::size_t at = 0; at < request.size(); at += 7000) {
            large.feed(request.substr(at, 7000));
            CPPUNIT_ASSERT(large.unconsumed() < 7000); // long bodies do not stay with the host
        }
        CPPUNIT_ASSERT(body == large.delivered.at(0).message.payload);
        CPPUNIT_ASSERT_EQUAL(std::string("z"), large.delivered.at(1).message.payload);
    }

    void answersInOrder() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed(post("/1", ""));
        conn.deliver_answer = FL_E_NOT_FOUND;
        conn.feed(post("/2", ""));
        conn.deliver_answer = FL_PENDING;
        conn.feed("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n" + post("/4", ""));
        CPPUNIT_ASSERT(conn.output().empty());
        const auto first = reply(201, "1");
        conn.complete(FL_OK, &first);
        auto all = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, all.size());
        CPPUNIT_ASSERT_EQUAL(201, all[0].status);
        CPPUNIT_ASSERT_EQUAL(404, all[1].status);
        CPPUNIT_ASSERT_EQUAL(204, all[2].status);
        conn.feed("BROKEN\r\n\r\n" + post("/5", "")); // its 400 comes last, and nothing after it
        CPPUNIT_ASSERT(conn.output().empty() && !conn.closed);
        conn.complete();
        all = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, all.size());
        CPPUNIT_ASSERT_EQUAL(400, all[1].status);
        CPPUNIT_ASSERT(conn.closed);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
    }

    void boundsThePipeline() {
        Bench bench;
        FakeConnection& conn = bench.open();
        std::string many;
        for (int i = 0; i < 40; ++i) {
            many += post("/" + std::to_string(i), "b");
        }
        conn.feed(many);
        CPPUNIT_ASSERT_EQUAL(std::size_t{16}, conn.delivered.size());
        while (conn.complete()) {
            conn.feed(""); // as the host does after a completion
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{40}, conn.delivered.size());
        CPPUNIT_ASSERT_EQUAL(std::size_t{40}, parse(conn.take()).size());
        CPPUNIT_ASSERT_EQUAL(std::string("/39"), conn.delivered.back().message.address);
    }

    void keepsOrClosesTheConnection() {
        struct Case {
            const char* version;
            const char* header;
            bool keep;
        };
        for (const Case& c :
             std::initializer_list<Case>{{"1.1", "", true},
                                         {"1.1", "Connection: close\r\n", false},
                                         {"1.1", "Connection: x, Close\r\n", false},
                                         {"1.0", "", false},
                                         {"1.0", "Connection: keep-alive\r\n", true},
                                         {"1.0", "Connection: Keep-Alive, upgrade\r\n", true}}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feed("GET /a HTTP/" + std::string(c.version) + "\r\nHost: h\r\n" + c.header +
                      "\r\n" + post("/b", "after"));
            CPPUNIT_ASSERT_EQUAL(c.keep ? std::size_t{2} : 1, conn.delivered.size());
            conn.complete();
            const Response r = parse(conn.take()).front();
            CPPUNIT_ASSERT_EQUAL(!c.keep, conn.closed);
            CPPUNIT_ASSERT_EQUAL(!c.keep, r.has("Connection: close"));
            CPPUNIT_ASSERT_EQUAL(c.keep && c.version[2] == '0', r.has("Connection: keep-alive"));
        }
    }

    void answersHeadAndOptions() {
        Bench bench;
        FakeConnection& conn = bench.open();
        conn.feed("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto m = reply(200, "12345");
        conn.complete(FL_OK, &m);
        const Response r = only(conn, true);
        CPPUNIT_ASSERT(r.has("Content-Length: 5"));
        conn.feed("OPTIONS /a HTTP/1.1\r\nHost: h\r\n\r\n");
        const Response options = only(conn);
        CPPUNIT_ASSERT_EQUAL(204, options.status);
        CPPUNIT_ASSERT(options.has("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        CPPUNIT_ASSERT(options.head.find("Content-Length") == std::string::npos);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, conn.delivered.size());
    }

    void continuesOnExpectation() {
        Bench bench;
        FakeConnection& conn = bench.open();
        const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                                 "Content-Length: 2\r\n\r\n";
        conn.feed(head);
        CPPUNIT_ASSERT_EQUAL(std::string("HTTP/1.1 100 Continue\r\n\r\n"), conn.take());
        conn.feed("ab");
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(200, only(conn).status);
        conn.feed(head + "ab"); // the body is there: nothing to wait for
        conn.complete();
        CPPUNIT_ASSERT_EQUAL(200, only(conn).status);
        conn.feed(post("/b", "") + head); // behind another answer
        CPPUNIT_ASSERT(conn.output().empty());
        conn.complete();
        const auto all = parse(conn.take());
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, all.size());
        CPPUNIT_ASSERT_EQUAL(200, all[0].status);
        CPPUNIT_ASSERT_EQUAL(100, all[1].status);
        FakeConnection& huge = bench.open();
        huge.feed("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                  "Content-Length: 99999999\r\n\r\n");
        CPPUNIT_ASSERT_EQUAL(413, only(huge).status);
        FakeConnection& other = bench.open();
        other.feed("POST /a HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n");
        CPPUNIT_ASSERT_EQUAL(417, only(other).status);
    }

    void waitsWhileTheStoreIsFull() {
        for (const std::string& request : {post("/a", "x"), chunked("1\r\nx\r\n0\r\n\r\n")}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.deliver_answer = FL_E_BUSY;
            conn.feed(request + request);
            conn.feed("");
            CPPUNIT_ASSERT(conn.delivered.empty() && conn.output().empty() && !conn.closed);
            conn.deliver_answer = FL_PENDING;
            conn.feed("");
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, conn.delivered.size());
            conn.completeAll();
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, parse(conn.take()).size());
        }
    }

    void addsCommonHeaders() {
        for (const char* config :
             {R"({"httpHeaders":[{"name":"X-A","value":"1"},{"name":"X-B","value":"2"}]})",
              R"({"httpHeaders":{"X-A":"1","X-B":"2"}})"}) {
            Bench bench(config);
            FakeConnection& conn = bench.open();
            conn.feed(post("/a", "") + "BROKEN\r\n\r\n");
            conn.complete();
            const auto all = parse(conn.take());
            for (const Response& r : all) {
                CPPUNIT_ASSERT(r.has("X-A: 1") && r.has("X-B: 2"));
            }
            CPPUNIT_ASSERT_EQUAL(std::size_t{2}, all.size());
        }
    }

    void enforcesTimeouts() {
        Bench bench(R"({"headTimeout":5,"bodyTimeout":20,"idleTimeout":40})");
        FakeConnection& head = bench.open();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5000}, head.timer(0).value());
        bench.host.advanceMs(3000);
        head.feed("GET / HT"); // does not start the time anew
        bench.host.advanceMs(2000);
        head.fireTimer(0);
        CPPUNIT_ASSERT_EQUAL(408, only(head).status);
        CPPUNIT_ASSERT(head.closed);

        FakeConnection& body = bench.open();
        body.feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
        bench.host.advanceMs(5000);
        body.fireTimer(0);
        CPPUNIT_ASSERT(!body.closed);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{15000}, body.timer(0).value());
        bench.host.advanceMs(15000);
        body.fireTimer(0);
        CPPUNIT_ASSERT_EQUAL(408, only(body).status);

        FakeConnection& idle = bench.open();
        idle.feed(post("/", ""));
        bench.host.advanceMs(100000); // while the store works, time is ours
        idle.fireTimer(0);
        CPPUNIT_ASSERT(!idle.closed);
        idle.complete();
        (void)only(idle);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{40000}, idle.timer(0).value());
        bench.host.advanceMs(30000);
        idle.feed("\r\n"); // blank lines are no request
        idle.feed("G");
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5000}, idle.timer(0).value());
        idle.feed("ET / HTTP/1.1\r\nHost: h\r\n\r\n");
        idle.complete();
        (void)only(idle);
        bench.host.advanceMs(5000);
        idle.fireTimer(0); // too early: was set for the head
        bench.host.advanceMs(35000);
        idle.fireTimer(0);
        CPPUNIT_ASSERT(idle.closed && idle.output().empty());
    }

    void hasNoDownlink() {
        Bench bench;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_UNSUPPORTED}, bench.open().send({}, 1));
    }

    void refusesBadConfigurations() {
        testkit::FakeHost host;
        for (const char* config :
             {"", "[]", R"({"maxBodySize":-1})", R"({"maxUriLength":1})", R"({"idleTimeout":0})",
              R"({"httpHeaders":1})", R"({"httpHeaders":[{"name":"X"}]})",
              R"({"httpHeaders":[{"name":"X Y","value":"1"}]})",
              R"({"httpHeaders":[{"name":"Content-Length","value":"1"}]})",
              R"({"httpHeaders":{"X":"a\r\nb"}})"}) {
            testkit::FakeNetworkHost net;
            CPPUNIT_ASSERT_EQUAL_MESSAGE(config, fl_status{FL_E_INVALID},
                                         net.create(sdk::NetworkFactory<http::HttpServer>::raw(),
                                                    host.raw(), "http-server", config));
            CPPUNIT_ASSERT(!net.error().empty());
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(HttpServerTest);
