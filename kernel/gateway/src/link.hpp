// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection_state.hpp"
#include "loop_context.hpp"

#include "fairlead/device/session.hpp"

#include <cstdint>
#include <memory>

namespace fairlead::gateway {

/// The way down over a connection: posts to its loop, encodes there, hands to the network plugin.
class ConnectionLink final : public device::SessionLink {
public:
    ConnectionLink(LoopContext& context, std::uint64_t connection)
        : context_(context), connection_(connection) {}

    void send(device::OwnedMessage message, std::function<void(base::Status)> sent) override;
    void close(device::CloseReason reason) override;

private:
    LoopContext& context_; ///< outlives every session: both end with the gateway runtime
    std::uint64_t connection_;
};

/// For transports on which the server cannot speak first (HTTP).
class RequestLink final : public device::SessionLink {
public:
    void send(device::OwnedMessage message, std::function<void(base::Status)> sent) override;
    void close(device::CloseReason) override {}
};

/// Encodes `message` and sends it on `connection`; its loop's thread.
void sendDown(LoopContext& context, network::Connection& connection,
              const device::OwnedMessage& message, const std::function<void(base::Status)>& sent);

std::uint32_t toAbi(device::CloseReason reason) noexcept;
device::CloseReason fromAbi(std::uint32_t reason) noexcept;
base::Error toError(fl_status status, const std::string& what);

} // namespace fairlead::gateway
