// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counters.hpp"
#include "fairlead/network/engine.hpp"
#include "fairlead/network/tls_context.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::network {

/// What all loops share of one open component. Immutable but for the counters.
struct ComponentCore {
    ComponentCore(const ComponentSpec& spec, std::size_t loops)
        : id(spec.id), transport(spec.type->description().transport),
          has_connect(spec.type->description().connect), relay(spec.type->description().relay),
          connections_max(spec.connections_max), buffered_bytes_max(spec.buffered_bytes_max),
          datagram_bytes_max(spec.datagram_bytes_max), idle_ms(spec.idle_ms) {
        for (std::size_t i = 0; i < loops; ++i) {
            counters.push_back(std::make_unique<LoopCounters>());
        }
    }

    const std::string id;
    const std::string transport;
    const bool has_connect;
    const bool relay;
    const std::size_t connections_max;
    const std::size_t buffered_bytes_max;
    const std::size_t datagram_bytes_max;
    const std::uint64_t idle_ms;
    std::vector<std::unique_ptr<LoopCounters>> counters; ///< one per loop
    /// Connections not yet freed, over all loops; for limits and for waiting.
    std::atomic<std::size_t> alive{0};
};

/// What the loops share of the whole engine.
struct EngineShared {
    EngineShared(const EngineOptions& given, std::size_t loop_count)
        : options(given), loops(loop_count) {}

    const EngineOptions options;
    const std::size_t loops;
    std::atomic<std::size_t> alive{0};

    /// Signalled when a connection was freed while somebody waits.
    std::mutex mutex;
    std::condition_variable freed;
    std::atomic<int> waiters{0};
};

/// Routes upwards of the gateways on a component, for client types. Immutable.
struct Routes {
    explicit Routes(std::vector<std::string> given) : texts(std::move(given)) {
        for (const std::string& text : texts) {
            views.push_back({text.data(), text.size()});
        }
    }
    const std::vector<std::string> texts;
    std::vector<fl_str> views; ///< of texts
};

/// One component on one loop. Thread: the loop's. Connections keep it alive.
struct Endpoint {
    std::shared_ptr<ComponentCore> core;
    LoopCounters* counters = nullptr;
    std::shared_ptr<Instance> instance;             ///< for new connections
    std::shared_ptr<TlsContext> tls;                ///< for new handshakes; nullptr: plain
    Handler* handler = nullptr;                     ///< nullptr: connections are refused
    std::shared_ptr<const Routes> routes = nullptr; ///< of client types; nullptr: none
};

/// What a control function is about.
struct Selection {
    std::shared_ptr<const ComponentCore> core; ///< nullptr: all components
    const Handler* handler = nullptr; ///< not nullptr: those that still have to tell it their end

    /// `connection` of either kind.
    template <typename C>
    bool matches(const C& connection) const noexcept {
        return (core == nullptr || connection.endpoint().core == core) &&
               (handler == nullptr ||
                (connection.handler() == handler && !connection.isHandlerTold()));
    }
};

} // namespace fairlead::network
