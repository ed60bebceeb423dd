// SPDX-License-Identifier: Apache-2.0
// Design notes. One thread per connection while it is open (Poco's model), so keep-alive is short
// and event streams leave: their socket is duplicated for the hub and detached here. A TLS stream
// cannot be handed over without its session, so its thread stays, and a cap keeps such streams from
// using up the pool.
#include "fairlead/web/http_server.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/web/client_address.hpp"
#include "fairlead/web/problem.hpp"
#include "fairlead/web/static_files.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <atomic>
#include <istream>
#include <ostream>

#include <unistd.h>

namespace fairlead::web {

namespace {

using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

// Bytes of an unwanted body that are read, so that the client sees the answer and no reset.
constexpr std::int64_t kDrainBytesMax = 1024 * 1024;

bool hasBody(const HTTPServerRequest& request) {
    return request.getChunkedTransferEncoding() ||
           (request.hasContentLength() && request.getContentLength64() > 0);
}

void copyRequest(HTTPServerRequest& from, const TrustedProxies& proxies, Request& to) {
    to.id = base::newId();
    to.method = from.getMethod();
    const std::string& uri = from.getURI();
    const std::size_t mark = uri.find('?');
    to.path = uri.substr(0, mark);
    to.query = mark == std::string::npos ? std::string{} : uri.substr(mark + 1);
    for (const auto& [name, value] : from) {
        to.headers.add(name, value);
    }
    to.address =
        proxies.clientOf(from.clientAddress().host().toString(), to.headers.get("X-Forwarded-For"));
    to.secure = from.secure();
    if (hasBody(from)) {
        to.stream = &from.stream();
        to.content_length = from.hasContentLength() ? from.getContentLength64() : -1;
    }
}

// What was not read of the body would be taken for the next request.
void settleBody(const Request& request, HTTPServerResponse& to) {
    if (request.stream == nullptr || request.consumed) {
        return;
    }
    to.setKeepAlive(false);
    if (request.content_length >= 0 && request.content_length <= kDrainBytesMax) {
        request.stream->ignore(kDrainBytesMax);
    }
}

void copyHeaders(const Response& from, HTTPServerResponse& to) {
    to.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(from.status),
                          statusTitle(from.status));
    for (const Headers::Field& field : from.headers.all()) {
        to.add(field.name, field.value);
    }
    if (!from.content_type.empty() && from.status != 204 && from.status != 304) {
        to.setContentType(from.content_type);
    }
}

} // namespace

struct HttpServer::Impl {
    Impl(const ServerOptions& o, EventHub& h, Serve s)
        : options(o), hub(h), serve(std::move(s)),
          pool("web", 2, o.threads + (o.certificate_file.empty() ? 0 : o.secure_event_streams_max),
               60) {}

    void handle(HTTPServerRequest& from, HTTPServerResponse& to);
    void write(HTTPServerRequest& from, const Response& response, HTTPServerResponse& to);
    void startEvents(HTTPServerRequest& from, const Response& response, HTTPServerResponse& to);
    void serveSecurely(const Response& response, HTTPServerResponse& to);
    Poco::Net::ServerSocket listen() const;

    ServerOptions options;
    EventHub& hub;
    Serve serve;
    TrustedProxies proxies;
    Poco::ThreadPool pool;
    std::unique_ptr<Poco::Net::HTTPServer> server;
    std::atomic<int> secure_streams{0};
    std::atomic<bool> closing{false};
};

namespace {

class RequestHandler : public Poco::Net::HTTPRequestHandler {
public:
    explicit RequestHandler(std::function<void(HTTPServerRequest&, HTTPServerResponse&)> handle)
        : handle_(std::move(handle)) {}

    // One of the four places that catch everything: nothing may leave into Poco's thread.
    void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
        try {
            handle_(request, response);
        } catch (const Poco::Exception& exception) {
            // Mostly a client that went away while it was being answered.
            runtime::logDebug("web", "a connection ended early: " + exception.displayText());
            response.setKeepAlive(false);
        } catch (const std::exception& exception) {
            runtime::logError("web", std::string{"a request failed: "} + exception.what());
            response.setKeepAlive(false);
        }
    }

private:
    std::function<void(HTTPServerRequest&, HTTPServerResponse&)> handle_;
};

class Factory : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(std::function<void(HTTPServerRequest&, HTTPServerResponse&)> handle)
        : handle_(std::move(handle)) {}

    Poco::Net::HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
        return new RequestHandler(handle_);
    }

private:
    std::function<void(HTTPServerRequest&, HTTPServerResponse&)> handle_;
};

} // namespace

void HttpServer::Impl::handle(HTTPServerRequest& from, HTTPServerResponse& to) {
    Request request;
    copyRequest(from, proxies, request);
    Response response = serve(request);
    addSecurityHeaders(response.headers);
    if (closing.load(std::memory_order_relaxed)) {
        to.setKeepAlive(false);
    }
    if (response.events != nullptr) {
        startEvents(from, response, to);
        return;
    }
    settleBody(request, to);
    write(from, response, to);
}

void HttpServer::Impl::write(HTTPServerRequest& from, const Response& response,
                             HTTPServerResponse& to) {
    const bool head = from.getMethod() == HTTPServerRequest::HTTP_HEAD;
    copyHeaders(response, to);
    if (response.stream && !head) {
        to.setChunkedTransferEncoding(true);
        std::ostream& out = to.send();
        const bool whole = response.stream([&out](std::string_view text) {
            out.write(text.data(), static_cast<std::streamsize>(text.size()));
            return static_cast<bool>(out);
        });
        if (!whole) {
            // Else the stream's destructor would write the last chunk, and the body look whole.
            if (auto* impl = dynamic_cast<Poco::Net::HTTPServerRequestImpl*>(&from)) {
                impl->socket().close();
            }
            throw Poco::IOException("the answer could not be finished");
        }
        return;
    }
    if (response.status == 304) {
        to.send();
        return;
    }
    if (head || response.status == 204) {
        if (response.status != 204) {
            to.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
        } else {
            to.setContentLength64(0);
        }
        to.send();
        return;
    }
    to.sendBuffer(response.body.data(), response.body.size());
}

void HttpServer::Impl::startEvents(HTTPServerRequest& from, const Response& response,
                                   HTTPServerResponse& to) {
    auto* impl = dynamic_cast<Poco::Net::HTTPServerRequestImpl*>(&from);
    if (from.secure() || impl == nullptr) {
        serveSecurely(response, to);
        return;
    }
    copyHeaders(response, to);
    to.setChunkedTransferEncoding(false);
    to.setKeepAlive(false);
    to.send().flush();
    Poco::Net::StreamSocket socket = impl->detachSocket();
    const int fd = ::dup(socket.impl()->sockfd());
    if (fd >= 0) {
        hub.add(fd, response.events);
    }
}

void HttpServer::Impl::serveSecurely(const Response& response, HTTPServerResponse& to) {
    if (secure_streams.fetch_add(1) >= options.secure_event_streams_max) {
        secure_streams.fetch_sub(1);
        Problem problem{503, "events.streams", "too many live streams are open on this server"};
        Response refusal = toResponse(problem, base::newId());
        copyHeaders(refusal, to);
        to.sendBuffer(refusal.body.data(), refusal.body.size());
        return;
    }
    copyHeaders(response, to);
    to.setChunkedTransferEncoding(false);
    to.setKeepAlive(false);
    std::ostream& out = to.send();
    hub.serve(response.events, [&out](std::string_view text) {
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.flush();
        return static_cast<bool>(out);
    });
    secure_streams.fetch_sub(1);
}

Poco::Net::ServerSocket HttpServer::Impl::listen() const {
    const Poco::Net::SocketAddress address(options.address, options.port);
    // Not SO_REUSEPORT, which Poco's constructors set: a second server must be told that the port
    // is taken.
    if (options.certificate_file.empty()) {
        Poco::Net::ServerSocket socket;
        socket.bind(address, true, false);
        socket.listen(options.queue_max);
        return socket;
    }
    Poco::Net::Context::Ptr context = new Poco::Net::Context(
        Poco::Net::Context::SERVER_USE, options.key_file.string(),
        options.certificate_file.string(), "", Poco::Net::Context::VERIFY_NONE, 9, false);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    Poco::Net::SecureServerSocket socket(context);
    socket.bind(address, true, false);
    socket.listen(options.queue_max);
    return socket;
}

HttpServer::HttpServer(const ServerOptions& options, EventHub& hub, Serve serve)
    : impl_(std::make_unique<Impl>(options, hub, std::move(serve))) {}

HttpServer::~HttpServer() {
    stop();
}

base::Status HttpServer::start() {
    FL_ASSIGN(impl_->proxies, TrustedProxies::parse(impl_->options.trusted_proxies));
    const ServerOptions& options = impl_->options;
    Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;
    params->setMaxThreads(impl_->pool.capacity());
    params->setMaxQueued(options.queue_max);
    params->setKeepAlive(true);
    params->setKeepAliveTimeout(Poco::Timespan(options.keep_alive.count(), 0));
    params->setMaxKeepAliveRequests(options.keep_alive_requests_max);
    params->setTimeout(Poco::Timespan(options.receive_timeout.count(), 0));
    params->setSoftwareVersion("Fairlead");
    try {
        Impl* impl = impl_.get();
        Poco::Net::HTTPRequestHandlerFactory::Ptr factory =
            new Factory([impl](HTTPServerRequest& request, HTTPServerResponse& response) {
                impl->handle(request, response);
            });
        impl_->server =
            std::make_unique<Poco::Net::HTTPServer>(factory, impl_->pool, impl_->listen(), params);
        impl_->server->start();
    } catch (const Poco::Exception& exception) {
        return base::Error{base::Errc::Io, "web.listen",
                           "cannot serve the admin pages at " + options.address + ":" +
                               std::to_string(options.port) + ": " + exception.displayText()};
    }
    return {};
}

void HttpServer::close() {
    impl_->closing.store(true, std::memory_order_relaxed);
    if (impl_->server != nullptr) {
        impl_->server->stop();
    }
}

void HttpServer::stop() {
    if (impl_->server == nullptr) {
        return;
    }
    close();
    impl_->server->stopAll(false);
    impl_->pool.joinAll();
    impl_->server.reset();
}

std::uint16_t HttpServer::port() const noexcept {
    return impl_->server == nullptr ? 0 : impl_->server->port();
}

} // namespace fairlead::web
