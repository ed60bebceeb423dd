// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/services.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::web {

class Router;
class EventHub;

struct ServerOptions {
    std::string address = "0.0.0.0";
    std::uint16_t port = 8080;              ///< 0: the system chooses
    std::filesystem::path root;             ///< built pages; may be missing
    std::filesystem::path certificate_file; ///< PEM chain; empty: plain HTTP
    std::filesystem::path key_file;
    std::vector<std::string> trusted_proxies; ///< addresses or "10.0.0.0/8"; their
                                              ///< X-Forwarded-For is believed
    /// 24 idle keep-alive connections on 16 threads held up a request for 13 s; on 64 it took 4 ms.
    int threads = 64;
    int queue_max = 512;
    std::chrono::seconds keep_alive{5};
    int keep_alive_requests_max = 100;
    std::chrono::seconds receive_timeout{30};
    std::chrono::hours session{12};
    std::size_t body_bytes_max = std::size_t{2} * 1024 * 1024;
    std::uint64_t upload_bytes_max = std::uint64_t{256} * 1024 * 1024;
    std::size_t event_streams_max = 1000;
    /// Streams over TLS keep a thread each; these come on top of `threads`.
    int secure_event_streams_max = 16;
    bool verify_responses = false; ///< see ApiOptions
};

/// The admin port: REST API, live events, pages, health and metrics.
///
/// Owner: app. Lifecycle: construct (registers listeners with services, so before they start),
/// start, close (refuses new connections), stop (waits for requests at work). Thread: any.
class Server {
public:
    Server(Services services, ServerOptions options);
    ~Server(); ///< asserts that it was stopped
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Errors: Io when the address cannot be bound, Invalid for a broken certificate or proxy list.
    base::Status start();
    void close();
    void stop();

    /// The actual port once started.
    std::uint16_t port() const noexcept;
    const Router& router() const noexcept;
    EventHub& events() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::web
