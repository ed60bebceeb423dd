// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection_state.hpp"
#include "loop_context.hpp"

#include "fairlead/device/session.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

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

/// For transports of datagrams (UDP, CoAP). The session is the device's and not an address's, so
/// the way down is where the device was heard last, and the protocol's state is kept here. Closing
/// it leaves the peer alone: other devices may speak from there too.
class DatagramLink final : public device::SessionLink,
                           public std::enable_shared_from_this<DatagramLink> {
public:
    DatagramLink(device::Sessions& sessions, device::DevicePtr device, std::string transport)
        : sessions_(sessions), device_(std::move(device)), transport_(std::move(transport)) {}

    void send(device::OwnedMessage message, std::function<void(base::Status)> sent) override;
    void close(device::CloseReason) override {}

    /// A message of the device, with the right credentials, just came over `connection`. Thread:
    /// that connection's loop.
    void heard(LoopContext& context, std::uint64_t connection, const BindingPtr& binding);

    /// fl_session_view.state. Thread: any.
    std::string state() const;
    void setState(std::string state);

private:
    void sendOn(LoopContext& context, std::uint64_t connection, const BindingPtr& binding,
                const device::OwnedMessage& message, const std::function<void(base::Status)>& sent);

    device::Sessions& sessions_;
    const device::DevicePtr device_;
    const std::string transport_;
    std::atomic<std::uint64_t> last_{0}; ///< as connection_, to look at without the lock
    std::atomic<const Binding*> last_binding_{nullptr};
    mutable std::mutex mutex_;       ///< guards what follows
    LoopContext* context_ = nullptr; ///< outlives every session
    std::uint64_t connection_ = 0;
    BindingPtr binding_;
    std::string state_;
};

/// Where a message goes down to.
struct Downlink {
    LoopContext& context; ///< of this thread's loop
    network::Connection& connection;
    Binding& binding;
    const device::DeviceEntry& device;
    std::string_view transport;
    std::string& state; ///< fl_session_view.state
};

/// Encodes `message` and sends it. Why the device is to be disconnected after it, if it is.
std::optional<std::string> sendDown(const Downlink& to, const device::OwnedMessage& message,
                                    const std::function<void(base::Status)>& sent);

std::uint32_t toAbi(device::CloseReason reason) noexcept;
device::CloseReason fromAbi(std::uint32_t reason) noexcept;
base::Error toError(fl_status status, const std::string& what);

} // namespace fairlead::gateway
