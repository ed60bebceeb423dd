// SPDX-License-Identifier: Apache-2.0
// The HTTP library underneath, over real sockets.
#include "fairlead/web/http_server.hpp"

#include "fairlead/security/x509.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <fstream>
#include <istream>
#include <sstream>

using namespace fairlead;
using Poco::Net::HTTPClientSession;
using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

namespace {

web::Response serveTest(web::Request& request) {
    web::Response response;
    response.content_type = "text/plain";
    if (request.path == "/echo" && request.stream != nullptr) {
        std::ostringstream text;
        text << request.stream->rdbuf();
        request.consumed = true;
        response.body = text.str();
    } else if (request.path == "/stream") {
        response.stream = [](const web::Sink& sink) {
            return sink("one ") && sink(std::string(100'000, 'x')) && sink(" end");
        };
    } else if (request.path == "/broken") {
        response.stream = [](const web::Sink& sink) { return sink("begin") && false; };
    } else if (request.path == "/events") {
        response.content_type = "text/event-stream";
        response.events = std::make_shared<web::EventStreamStart>();
        response.events->topics = {"t"};
        response.events->login = request.id;
    } else {
        response.body =
            request.method + " " + request.path + "?" + request.query + " " + request.address;
    }
    return response;
}

} // namespace

class HttpServerTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(HttpServerTest);
    CPPUNIT_TEST(answersAndKeepsTheConnection);
    CPPUNIT_TEST(readsChunkedBodies);
    CPPUNIT_TEST(unreadBodiesDoNotBecomeRequests);
    CPPUNIT_TEST(headHasNoBody);
    CPPUNIT_TEST(streamsAndCutsWhatIsBroken);
    CPPUNIT_TEST(eventStreamsHoldNoThread);
    CPPUNIT_TEST(servesEventsOverTls);
    CPPUNIT_TEST(saysWhenThePortIsTaken);
    CPPUNIT_TEST_SUITE_END();

public:
    void setUp() override {
        web::EventHubOptions options;
        options.topic_interval = std::chrono::milliseconds{1};
        options.streams_per_login_max = 100;
        hub_ = std::make_unique<web::EventHub>(options);
        hub_->start();
    }

    void tearDown() override {
        hub_->stop();
        server_.reset();
    }

private:
    void start(web::ServerOptions options = {}) {
        options.address = "127.0.0.1";
        options.port = 0;
        server_ = std::make_unique<web::HttpServer>(options, *hub_, serveTest);
        const base::Status started = server_->start();
        CPPUNIT_ASSERT_MESSAGE(started ? "" : started.error().message(), started.hasValue());
        CPPUNIT_ASSERT(server_->port() != 0);
    }

    static std::string ask(HTTPClientSession& session, const std::string& method,
                           const std::string& path, const std::string& body = {},
                           bool chunked = false) {
        HTTPRequest request(method, path, HTTPRequest::HTTP_1_1);
        if (chunked) {
            request.setChunkedTransferEncoding(true);
        } else if (!body.empty()) {
            request.setContentLength(static_cast<std::streamsize>(body.size()));
        }
        session.sendRequest(request) << body;
        HTTPResponse response;
        std::istream& in = session.receiveResponse(response);
        std::string text;
        Poco::StreamCopier::copyToString(in, text);
        return std::to_string(static_cast<int>(response.getStatus())) + " " + text;
    }

    void answersAndKeepsTheConnection() {
        start();
        HTTPClientSession session("127.0.0.1", server_->port());
        session.setKeepAlive(true);
        CPPUNIT_ASSERT_EQUAL(std::string{"200 GET /a%20b?x=1&y 127.0.0.1"},
                             ask(session, "GET", "/a%20b?x=1&y"));
        const auto local = session.socket().address();
        CPPUNIT_ASSERT_EQUAL(std::string{"200 PATCH /c? 127.0.0.1"}, ask(session, "PATCH", "/c"));
        CPPUNIT_ASSERT_EQUAL(local.port(), session.socket().address().port());
    }

    void readsChunkedBodies() {
        start();
        HTTPClientSession session("127.0.0.1", server_->port());
        CPPUNIT_ASSERT_EQUAL(std::string{"200 hello"},
                             ask(session, "POST", "/echo", "hello", true));
        CPPUNIT_ASSERT_EQUAL(std::string{"200 again"}, ask(session, "POST", "/echo", "again"));
    }

    void unreadBodiesDoNotBecomeRequests() {
        start();
        Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server_->port()));
        const std::string inner = "GET /stolen HTTP/1.1\r\nHost: x\r\n\r\n";
        const std::string request =
            "POST /ignored HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(inner.size()) +
            "\r\n\r\n" + inner;
        socket.sendBytes(request.data(), static_cast<int>(request.size()));
        std::string text;
        char buffer[4096];
        for (int got = socket.receiveBytes(buffer, sizeof buffer); got > 0;
             got = socket.receiveBytes(buffer, sizeof buffer)) {
            text.append(buffer, static_cast<std::size_t>(got));
        }
        CPPUNIT_ASSERT(text.find("/ignored") != std::string::npos);
        CPPUNIT_ASSERT(text.find("/stolen") == std::string::npos);
    }

    void headHasNoBody() {
        start();
        HTTPClientSession session("127.0.0.1", server_->port());
        HTTPRequest request("HEAD", "/x", HTTPRequest::HTTP_1_1);
        session.sendRequest(request);
        HTTPResponse response;
        session.receiveResponse(response);
        CPPUNIT_ASSERT(response.getContentLength() > 0);
        CPPUNIT_ASSERT(response.has("Content-Security-Policy"));
        CPPUNIT_ASSERT_EQUAL(std::string{"nosniff"}, response.get("X-Content-Type-Options"));
        CPPUNIT_ASSERT_EQUAL(std::string{"200 GET /y? 127.0.0.1"}, ask(session, "GET", "/y"));
    }

    void streamsAndCutsWhatIsBroken() {
        start();
        HTTPClientSession session("127.0.0.1", server_->port());
        const std::string text = ask(session, "GET", "/stream");
        CPPUNIT_ASSERT(text.ends_with(" end"));
        Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server_->port()));
        const std::string request = "GET /broken HTTP/1.1\r\nHost: x\r\n\r\n";
        socket.sendBytes(request.data(), static_cast<int>(request.size()));
        std::string raw;
        char buffer[4096];
        for (int got = socket.receiveBytes(buffer, sizeof buffer); got > 0;
             got = socket.receiveBytes(buffer, sizeof buffer)) {
            raw.append(buffer, static_cast<std::size_t>(got));
        }
        // Without the last chunk a client knows that the body is not whole.
        CPPUNIT_ASSERT(!raw.ends_with("0\r\n\r\n"));
    }

    static std::string readUntil(std::istream& in, const std::string& part) {
        std::string text;
        char c = 0;
        while (text.find(part) == std::string::npos && in.get(c)) {
            text += c;
        }
        return text;
    }

    void eventStreamsHoldNoThread() {
        web::ServerOptions options;
        options.threads = 3;
        start(options);
        std::vector<std::unique_ptr<HTTPClientSession>> sessions;
        std::vector<std::istream*> streams;
        for (int i = 0; i < 20; ++i) {
            sessions.push_back(std::make_unique<HTTPClientSession>("127.0.0.1", server_->port()));
            HTTPRequest request("GET", "/events", HTTPRequest::HTTP_1_1);
            sessions.back()->sendRequest(request);
            HTTPResponse response;
            streams.push_back(&sessions.back()->receiveResponse(response));
            CPPUNIT_ASSERT_EQUAL(std::string{"text/event-stream"}, response.getContentType());
            readUntil(*streams.back(), ": ok\n\n");
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{20}, hub_->streams());
        HTTPClientSession session("127.0.0.1", server_->port());
        CPPUNIT_ASSERT_EQUAL(std::string{"200 GET /z? 127.0.0.1"}, ask(session, "GET", "/z"));
        hub_->publish("t", "{\"n\":1}");
        for (std::istream* stream : streams) {
            CPPUNIT_ASSERT(readUntil(*stream, "\"n\":1").find("event: t") != std::string::npos);
        }
    }

    void servesEventsOverTls() {
        const std::vector<std::string> hosts{"127.0.0.1"};
        const auto pair = security::makeSelfSigned(hosts, 1);
        CPPUNIT_ASSERT(pair);
        web::ServerOptions options;
        options.certificate_file = dir_.path() / "chain.pem";
        options.key_file = dir_.path() / "key.pem";
        options.secure_event_streams_max = 1;
        std::ofstream(options.certificate_file) << pair->chain;
        std::ofstream(options.key_file) << pair->key;
        start(options);
        const Poco::Net::Context::Ptr context = new Poco::Net::Context(
            Poco::Net::Context::CLIENT_USE, "", "", "", Poco::Net::Context::VERIFY_NONE, 9, false);
        Poco::Net::HTTPSClientSession plain("127.0.0.1", server_->port(), context);
        CPPUNIT_ASSERT_EQUAL(std::string{"200 GET /z? 127.0.0.1"}, ask(plain, "GET", "/z"));
        Poco::Net::HTTPSClientSession session("127.0.0.1", server_->port(), context);
        HTTPRequest request("GET", "/events", HTTPRequest::HTTP_1_1);
        session.sendRequest(request);
        HTTPResponse response;
        std::istream& in = session.receiveResponse(response);
        readUntil(in, ": ok\n\n");
        hub_->publish("t", "{\"n\":1}");
        CPPUNIT_ASSERT(readUntil(in, "\"n\":1").find("event: t") != std::string::npos);
        Poco::Net::HTTPSClientSession second("127.0.0.1", server_->port(), context);
        CPPUNIT_ASSERT(ask(second, "GET", "/events").starts_with("503 "));
    }

    void saysWhenThePortIsTaken() {
        start();
        web::ServerOptions options;
        options.address = "127.0.0.1";
        options.port = server_->port();
        web::HttpServer second(options, *hub_, serveTest);
        const base::Status started = second.start();
        CPPUNIT_ASSERT(!started);
        CPPUNIT_ASSERT_EQUAL(std::string{"web.listen"}, started.error().code());
    }

    test::TempDir dir_;
    std::unique_ptr<web::EventHub> hub_;
    std::unique_ptr<web::HttpServer> server_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(HttpServerTest);
