// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol_port.hpp"

#include "fairlead/gateway/gateways.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// Counters of one gateway on one loop; only that loop writes, anyone reads.
struct alignas(64) LoopCounters {
    std::atomic<std::uint64_t> messages_up{0};
    std::atomic<std::uint64_t> messages_down{0};
    std::atomic<std::uint64_t> bytes_up{0};
    std::atomic<std::uint64_t> bytes_down{0};
    std::atomic<std::uint64_t> rejected{0};

    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
};

/// An enabled gateway on its network component. Shared by the connections that it serves; `open`
/// becomes false when the gateway is disabled.
struct Binding {
    struct Names {
        std::string gateway_id;
        std::string component_id;
        std::string protocol_id; ///< as people manage it, not the plugin's
    };

    Binding(Names names, std::shared_ptr<ProtocolPort> port, std::size_t loops)
        : gateway_id(std::move(names.gateway_id)), component_id(std::move(names.component_id)),
          protocol_id(std::move(names.protocol_id)), protocol(std::move(port)), counters(loops) {}

    const std::string gateway_id;
    const std::string component_id;
    const std::string protocol_id;
    const std::shared_ptr<ProtocolPort> protocol;
    std::vector<LoopCounters> counters; ///< by loop index
    std::atomic<bool> open{true};

    GatewayCounters sum() const {
        GatewayCounters out;
        for (const LoopCounters& loop : counters) {
            out.messages_up += loop.messages_up.load(std::memory_order_relaxed);
            out.messages_down += loop.messages_down.load(std::memory_order_relaxed);
            out.bytes_up += loop.bytes_up.load(std::memory_order_relaxed);
            out.bytes_down += loop.bytes_down.load(std::memory_order_relaxed);
            out.rejected += loop.rejected.load(std::memory_order_relaxed);
        }
        return out;
    }
};

using BindingPtr = std::shared_ptr<Binding>;
using BindingList = std::vector<BindingPtr>;

} // namespace fairlead::gateway
