// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/event_hub.hpp"
#include "fairlead/web/http.hpp"
#include "fairlead/web/server.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace fairlead::web {

/// The only place that knows the HTTP library: listens, reads requests, writes answers, hands event
/// streams to the hub.
class HttpServer {
public:
    using Serve = std::function<Response(Request&)>;

    HttpServer(const ServerOptions& options, EventHub& hub, Serve serve);
    ~HttpServer();

    base::Status start();
    void close();
    void stop();
    std::uint16_t port() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::web
