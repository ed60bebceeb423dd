// SPDX-License-Identifier: Apache-2.0
// Requests that must be refused: malformed, smuggled, too long.
#include "support.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using namespace fairlead::http::test;
using testkit::FakeConnection;

class HttpStrictnessTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(HttpStrictnessTest);
    CPPUNIT_TEST(refusesMalformedHeads);
    CPPUNIT_TEST(refusesSmuggling);
    CPPUNIT_TEST(refusesBrokenChunks);
    CPPUNIT_TEST(refusesBadTargets);
    CPPUNIT_TEST(refusesMethodsAndVersions);
    CPPUNIT_TEST(enforcesLimits);
    CPPUNIT_TEST(toleratesWhatIsHarmless);
    CPPUNIT_TEST_SUITE_END();

    // The request gets this status, in one piece and byte by byte, is not delivered, and ends the
    // connection, so that nothing behind it can be taken for a request.
    static void expect(int status, const std::string& request, const std::string& config = "{}") {
        for (const bool by_byte : {false, true}) {
            Bench bench(config);
            FakeConnection& conn = bench.open();
            if (by_byte) {
                conn.feedByByte(request);
            } else {
                conn.feed(request);
            }
            CPPUNIT_ASSERT_EQUAL_MESSAGE(request.substr(0, 200), std::size_t{0},
                                         conn.delivered.size());
            const Response r = only(conn);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(request.substr(0, 200), status, r.status);
            CPPUNIT_ASSERT(conn.closed && r.has("Connection: close"));
            CPPUNIT_ASSERT(!conn.reports.empty());
        }
    }
    static std::string get(const std::string& headers) {
        return "GET / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
    }

public:
    void refusesMalformedHeads() {
        for (const std::string& head :
             std::vector<std::string>{"GET\r\n\r\n",
                                      "GET /\r\n\r\n",
                                      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
                                      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
                                      " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                                      "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
                                      "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
                                      "GET / http/1.1\r\nHost: h\r\n\r\n",
                                      "GET / HTTP/1.10\r\nHost: h\r\n\r\n",
                                      "GET / HTTP/1\r\nHost: h\r\n\r\n",
                                      "GET / HTTPX1.1\r\nHost: h\r\n\r\n",
                                      "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
                                      "GET / HTTP/1.1\r\n\r\n",
                                      get("Host: again\r\n"),
                                      get("NoColon\r\n"),
                                      get(": empty\r\n"),
                                      get("Bad Name: x\r\n"),
                                      get("X: a\x01z\r\n"),
                                      get("X: a\x7Fz\r\n"),
                                      get(std::string("X: a\0z\r\n", 8)),
                                      get("X: a\rz\r\n"),
                                      get("X: \xFF\r\n"),
                                      "GET / HTTP/1.1\nHost: h\n\n",
                                      "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
                                      "\n\n"}) {
            expect(400, head);
        }
    }

    void refusesSmuggling() {
        const std::string cl = "Content-Length: 3\r\n";
        const std::string te = "Transfer-Encoding: chunked\r\n";
        for (const std::string& headers : std::vector<std::string>{
                 cl + te, te + cl, cl + cl, cl + "content-length: 4\r\n", te + te,
                 "Content-Length: 3, 3\r\n", "Content-Length: +3\r\n", "Content-Length: -1\r\n",
                 "Content-Length: 0x3\r\n", "Content-Length: 3 3\r\n", "Content-Length:\r\n",
                 "Content-Length: 99999999999999999999\r\n", "Content-Length : 3\r\n",
                 "Content-Length: 3\r\n folded\r\n", " Content-Length: 3\r\n",
                 "X: a\r\n\tContent-Length: 3\r\n", "Transfer-Encoding : chunked\r\n"}) {
            expect(400, "POST / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\nabc");
        }
        for (const char* coding : {"gzip", "chunked, identity", "identity", "xchunked",
                                   "\"chunked\"", "chunked chunked", ""}) {
            expect(501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + std::string(coding) +
                            "\r\n\r\nabc");
        }
        expect(400, "POST / HTTP/1.0\r\n" + te + "\r\n0\r\n\r\n");
    }

    void refusesBrokenChunks() {
        for (const std::string& chunks :
             std::vector<std::string>{"x\r\n",
                                      "\r\n",
                                      "-1\r\n",
                                      "+1\r\na\r\n",
                                      "0x1\r\na\r\n",
                                      " 1\r\na\r\n",
                                      "1 \r\na\r\n",
                                      "1\na\r\n",
                                      "1\r\nab\r\n",
                                      "1\r\na\n0\r\n\r\n",
                                      "1\r\na0\r\n\r\n",
                                      "1;a\nb\r\na\r\n",
                                      "1;a\x01\r\na\r\n",
                                      "1;a\rb\r\na\r\n",
                                      "0\r\nbroken\r\n\r\n",
                                      "0\r\na b: c\r\n\r\n",
                                      "0\r\nX: y\n\r\n",
                                      "0\r\n\n",
                                      "1;" + std::string(300, 'e') + "\r\na\r\n",
                                      "FFFFFFFFFFFFFFFFF\r\n",
                                      "00000000000000000001\r\na\r\n"}) {
            expect(400, chunked(chunks));
        }
        expect(413, chunked("FFFFFFFFFFFFFFF\r\n"));
        expect(413, chunked("8\r\n12345678\r\n3\r\n"), R"({"maxBodySize":10})");
        expect(431, chunked("0\r\n" + std::string(200, 'n') + ": " + std::string(3000, 'v') +
                            "\r\nB: " + std::string(1000, 'v') + "\r\n\r\n"));
    }

    void refusesBadTargets() {
        for (const char* target :
             {"/%",          "/%4",     "/%GG",    "/%00",       "/a%00b",    "/..",
              "/../x",       "/a/../b", "/a/..",   "/.",         "/%2e%2e/x", "/a/%2E./b",
              "/a%2f..%2fb", "/%FF",    "/%C0%AE", "/%ED%A0%80", "/a?x=%00",  "/a?x=%FF",
              "/a?%zz=1",    "a/b",     "?x=1",    "ftp://h/x",  "http://",   "http:///x",
              "*",           "h:80"}) {
            expect(400, "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        }
    }

    void refusesMethodsAndVersions() {
        expect(405, "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n");
        expect(405, "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n");
        expect(501, "BREW / HTTP/1.1\r\nHost: h\r\n\r\n");
        expect(501, "get / HTTP/1.1\r\nHost: h\r\n\r\n");
        expect(505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n");
        expect(505, "GET / HTTP/1.2\r\nHost: h\r\n\r\n");
        expect(505, "GET / HTTP/0.9\r\nHost: h\r\n\r\n");
        expect(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    }

    void enforcesLimits() {
        const std::string limits = R"({"maxUriLength":100,"maxHeaderSize":600,"maxBodySize":10})";
        expect(414, "GET /" + std::string(100, 'p') + " HTTP/1.1\r\nHost: h\r\n\r\n", limits);
        expect(414, "GET /" + std::string(500, 'p'), limits);
        expect(431, get("X: " + std::string(600, 'v') + "\r\n"), limits);
        expect(431, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(800, 'v'), limits);
        expect(413, post("/", "12345678901"), limits);
        std::string many;
        for (int i = 0; i < 100; ++i) {
            many += "X: y\r\n";
        }
        expect(431, get(many));
        std::string query = "/a?";
        for (int i = 0; i < 65; ++i) {
            query += "k=v&";
        }
        expect(414, "GET " + query + " HTTP/1.1\r\nHost: h\r\n\r\n");
        Bench bench(limits);
        FakeConnection& fits = bench.open();
        fits.feed("POST /" + std::string(99, 'p') + " HTTP/1.1\r\nHost: h\r\nX: " +
                  std::string(500, 'v') + "\r\nContent-Length: 10\r\n\r\n1234567890");
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, fits.delivered.size());
    }

    void toleratesWhatIsHarmless() {
        for (const std::string& request : std::vector<std::string>{
                 "\r\n\r\n" + get(""), get("X:no-blank\r\n"), get("X:   \t padded \t \r\n"),
                 get("X: a\tb\r\n"), "GET / HTTP/1.0\r\n\r\n",
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
                 "GET / HTTP/1.1\r\nhost:\r\n\r\n", get("Content-Length: 000\r\n")}) {
            Bench bench;
            FakeConnection& conn = bench.open();
            conn.feed(request);
            CPPUNIT_ASSERT_EQUAL_MESSAGE(request, std::size_t{1}, conn.delivered.size());
            CPPUNIT_ASSERT(!conn.closed && conn.reports.empty());
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(HttpStrictnessTest);
