// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/server.hpp"

#include "auth.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/metrics.hpp"
#include "fairlead/security/audit_log.hpp"
#include "fairlead/web/api.hpp"
#include "fairlead/web/http_server.hpp"
#include "fairlead/web/openapi.hpp"
#include "fairlead/web/static_files.hpp"
#include "live_sources.hpp"
#include "resource.hpp"

#include <thread>

namespace fairlead::web {

namespace {

EventHubOptions hubOptions(const ServerOptions& options) {
    EventHubOptions out;
    out.streams_max = options.event_streams_max;
    return out;
}

Response plain(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
    Response response;
    response.status = status;
    response.content_type = std::move(type);
    response.body = std::move(body);
    response.headers.set("Cache-Control", "no-store");
    return response;
}

Response redirect(const char* to) {
    Response response = plain(302, "");
    response.headers.set("Location", to);
    return response;
}

Response unknown(const Request& request) {
    Problem problem{404, "route.unknown", "there is no " + request.path};
    return toResponse(problem, request.id);
}

} // namespace

struct Server::Impl {
    Impl(Services s, ServerOptions o);
    ~Impl();

    void addRoutes();
    Response serve(Request& request);
    Response serveRest(Request& request);
    std::optional<Response> serveFixed(const Request& request);
    void count(const Response& response, double seconds);

    Services services;
    ServerOptions options;
    EventHub hub;
    SystemMonitor monitor;
    Api api;
    StaticFiles files;
    Site site;
    std::shared_ptr<LiveSources> sources;
    HttpServer http;
    std::string openapi;
    std::string docs;
    std::shared_ptr<runtime::Histogram> seconds;
    bool started = false;
};

Server::Impl::Impl(Services s, ServerOptions o)
    : services(std::move(s)), options(std::move(o)), hub(hubOptions(options)),
      monitor(services.probe),
      api({[this](const Request& request) { return authenticate(request, services.tokens); },
           [this](security::AccessRecord record) {
               services.access_log.record(std::move(record));
           }},
          {options.body_bytes_max, options.verify_responses}),
      files(options.root), site{services, options, hub, monitor, api.router()},
      sources(std::make_shared<LiveSources>(site)),
      http(options, hub, [this](Request& request) { return serve(request); }),
      seconds(services.metrics.histogram("fairlead_web_request_seconds",
                                         "Time to answer a request of the admin port",
                                         runtime::latencyBuckets())) {
    addRoutes();
    openapi = openApiDocument(api.router(), services.probe.version);
    docs = docsPage(api.router(), services.probe.version);
    sources->connect();
}

// A service may be in a listener at this moment; it holds the sources until it is out again.
Server::Impl::~Impl() {
    const std::weak_ptr<LiveSources> last = sources;
    sources.reset();
    while (!last.expired()) {
        std::this_thread::yield();
    }
}

void Server::Impl::addRoutes() {
    using Make = std::vector<Route> (*)(Site&);
    static constexpr Make kResources[] = {
        authRoutes,       systemRoutes,  settingsRoutes,  productRoutes,     deviceRoutes,
        deviceDataRoutes, commandRoutes, networkRoutes,   certificateRoutes, protocolRoutes,
        pluginRoutes,     gatewayRoutes, accessLogRoutes, systemLogRoutes,   userRoutes,
        tokenRoutes,      fileRoutes,    eventRoutes};
    for (const Make make : kResources) {
        api.router().add(make(site));
    }
}

void Server::Impl::count(const Response& response, double duration) {
    seconds->observe(duration);
    const std::string kind = std::to_string(response.status / 100) + "xx";
    services.metrics
        .counter("fairlead_web_requests_total", "Requests answered by the admin port",
                 {{"status", kind}})
        ->add();
}

Response Server::Impl::serve(Request& request) {
    const std::uint64_t begun = base::monotonicNs();
    Response response = serveRest(request);
    count(response, static_cast<double>(base::monotonicNs() - begun) / 1e9);
    return response;
}

Response Server::Impl::serveRest(Request& request) {
    if (request.path.starts_with("/api/v1/") && request.path != "/api/v1/openapi.json") {
        return api.handle(request);
    }
    if (request.method != "GET" && request.method != "HEAD") {
        return request.path.starts_with("/api/") ? unknown(request)
                                                 : plain(405, "method not allowed\n");
    }
    if (auto response = serveFixed(request); response) {
        return std::move(*response);
    }
    return request.path.starts_with("/ui/") ? files.serve(request) : unknown(request);
}

std::optional<Response> Server::Impl::serveFixed(const Request& request) {
    const std::string& path = request.path;
    if (path == "/" || path == "/ui" || path == "/index.html") {
        return redirect("/ui/");
    }
    if (path == "/healthz") {
        return plain(200, "ok\n");
    }
    if (path == "/readyz") {
        const base::Status ready = services.ready ? services.ready() : base::Status{};
        return ready ? plain(200, "ready\n") : plain(503, ready.error().message() + "\n");
    }
    if (path == "/metrics") {
        return plain(200, services.metrics.expose(), "text/plain; version=0.0.4; charset=utf-8");
    }
    if (path == "/api/v1/openapi.json") {
        return plain(200, openapi, "application/json");
    }
    if (path == "/api/docs" || path == "/api/docs/") {
        return plain(200, docs, "text/html; charset=utf-8");
    }
    if (path == "/api/docs.css") {
        return plain(200, docsStyle(), "text/css; charset=utf-8");
    }
    return std::nullopt;
}

Server::Server(Services services, ServerOptions options)
    : impl_(std::make_unique<Impl>(std::move(services), std::move(options))) {}

Server::~Server() {
    FL_ASSERT(!impl_->started);
}

base::Status Server::start() {
    FL_ASSERT(!impl_->started);
    impl_->hub.start();
    impl_->sources->start();
    impl_->started = true;
    if (base::Status listening = impl_->http.start(); !listening) {
        stop();
        return listening;
    }
    EventHub& hub = impl_->hub;
    impl_->services.metrics.gaugeFunction("fairlead_web_event_streams",
                                          "Live streams that are open",
                                          [&hub] { return static_cast<double>(hub.streams()); });
    runtime::logInformation("web", "the admin pages are served at port " +
                                       std::to_string(impl_->http.port()));
    return {};
}

void Server::close() {
    impl_->http.close();
}

void Server::stop() {
    if (!impl_->started) {
        return;
    }
    impl_->services.metrics.remove("fairlead_web_event_streams");
    // Streams end first: one over TLS holds a thread that the HTTP server waits for.
    impl_->http.close();
    impl_->sources->stop();
    impl_->hub.stop();
    impl_->http.stop();
    impl_->started = false;
}

std::uint16_t Server::port() const noexcept {
    return impl_->http.port();
}
const Router& Server::router() const noexcept {
    return impl_->api.router();
}
EventHub& Server::events() noexcept {
    return impl_->hub;
}

} // namespace fairlead::web
