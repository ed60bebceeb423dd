// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "call_sink.hpp"
#include "connection_state.hpp"

#include "fairlead/device/ingest.hpp"
#include "fairlead/network/handler.hpp"
#include "fairlead/runtime/loop.hpp"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace fairlead::gateway {

/// What one loop needs for all gateways: its lane into the journal, the sink of protocol calls, the
/// connections that wait. Thread: the loop's, except attach before start.
class LoopContext {
public:
    LoopContext(runtime::Loop& loop, device::Ingest& ingest);

    runtime::Loop& loop() noexcept { return loop_; }
    std::size_t index() const noexcept { return loop_.index(); }
    device::IngestLane& lane() noexcept { return *lane_; }
    CallSink& sink() noexcept { return sink_; }
    Identity& identity() noexcept { return identity_; }
    std::vector<device::DevicePtr>& devices() noexcept { return devices_; }

    /// Live connections of gateways on this loop, by ConnectionId.
    void add(network::Connection& connection);
    void remove(network::Connection& connection);
    network::Connection* find(std::uint64_t id) const;
    void forEach(const std::function<void(network::Connection&)>& each);

    /// Stops reading from `connection` until the lane has room again.
    void waitForLane(network::Connection& connection);

    /// Completes `token` of a connection after the present call returned (a completion must not
    /// come before deliver has answered Pending). `then` runs after it.
    void completeLater(network::Connection& connection, std::uint64_t token, fl_status status,
                       std::vector<OwnedTransport> reply, std::function<void()> then = {});

private:
    struct Late {
        std::uint64_t connection;
        std::uint64_t token;
        fl_status status;
        std::vector<OwnedTransport> reply; ///< none or one
        std::function<void()> then;
    };

    void drainCompletions();
    void complete(const device::Completion& completion);
    void runLate();
    void resumeWaiting();

    runtime::Loop& loop_;
    std::unique_ptr<device::IngestLane> lane_;
    CallSink sink_;
    Identity identity_;
    std::vector<device::DevicePtr> devices_;
    std::unordered_map<std::uint64_t, network::Connection*> connections_;
    std::vector<std::uint64_t> waiting_;
    std::vector<Late> late_;
    bool late_posted_ = false;
    std::vector<device::Completion> completions_;
};

ConnectionState& stateOf(network::Connection& connection);

} // namespace fairlead::gateway
