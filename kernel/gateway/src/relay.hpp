// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "binding.hpp"
#include "loop_context.hpp"

#include "fairlead/device/session.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

/// Devices behind a relay: a connection to a broker that carries the messages of all of them. Their
/// sessions live longer than that connection, which may break and come back, and end by silence.
namespace fairlead::gateway {

/// The connection that a relay component has at present. Thread: any.
class RelayRoute {
public:
    struct Place {
        LoopContext* context;
        std::uint64_t connection;
    };

    void set(Place place) {
        const std::lock_guard lock(mutex_);
        place_ = place;
    }
    void clear(std::uint64_t connection) {
        const std::lock_guard lock(mutex_);
        if (place_ && place_->connection == connection) {
            place_.reset();
        }
    }
    std::optional<Place> get() const {
        const std::lock_guard lock(mutex_);
        return place_;
    }

private:
    mutable std::mutex mutex_;
    std::optional<Place> place_;
};

/// The way down to one device behind a relay.
class RelayLink final : public device::SessionLink, public std::enable_shared_from_this<RelayLink> {
public:
    RelayLink(std::shared_ptr<const RelayRoute> route, BindingPtr binding, device::DevicePtr device,
              device::Sessions& sessions)
        : route_(std::move(route)), binding_(std::move(binding)), device_(std::move(device)),
          sessions_(sessions) {}

    void send(device::OwnedMessage message, std::function<void(base::Status)> sent) override;
    /// The connection is everybody's, it stays.
    void close(device::CloseReason) override {}

    const std::shared_ptr<const RelayRoute>& route() const noexcept { return route_; }

    /// fl_session_view.state of the device. Thread: the loop of the relay's connection.
    std::string protocol_state;

private:
    void sendOn(LoopContext& context, network::Connection& connection,
                const device::OwnedMessage& message, const std::function<void(base::Status)>& sent);

    std::shared_ptr<const RelayRoute> route_;
    BindingPtr binding_;
    device::DevicePtr device_;
    device::Sessions& sessions_; ///< outlives every session
};

} // namespace fairlead::gateway
