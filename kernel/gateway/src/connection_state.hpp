// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "binding.hpp"
#include "owned_transport.hpp"

#include "fairlead/device/session.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// A device on the gateway through which it came.
struct Peer {
    BindingPtr binding;
    device::DevicePtr device;

    /// The device's present facts, valid until the next call. Touches nothing that other threads
    /// write, unless they changed.
    const device::DeviceEntry::Facts& facts() {
        const std::uint32_t now = device->version();
        if (facts_ == nullptr || now != version_) {
            facts_ = device->facts();
            version_ = now;
        }
        return *facts_;
    }

private:
    std::shared_ptr<const device::DeviceEntry::Facts> facts_;
    std::uint32_t version_ = 0;
};

/// What the gateway keeps for one connection. Owned by the connection's loop.
struct ConnectionState {
    /// A reply that leaves with the completion of `token`.
    struct Reply {
        std::uint64_t token;
        OwnedTransport message;
    };
    /// A downlink whose outcome the transport still owes.
    struct Send {
        std::uint64_t token;
        std::function<void(base::Status)> sent;
    };

    Peer peer;                  ///< set when it is known
    device::SessionPtr session; ///< of connections that log in; request types have none
    std::string protocol_state; ///< fl_session_view.state
    std::string once_scope;     ///< component + "/" + device, for exactly-once keys
    std::string missing_device; ///< looked for in the database and not found
    bool waiting = false;       ///< reading is paused until the lane has room
    bool connecting = false;    ///< logged in, the answer is not written yet
    bool held = false;          ///< reading is paused until then
    bool finished = false;      ///< refused or logged off; nothing more is taken
    std::vector<Reply> replies;
    std::vector<Send> sends;
    std::uint64_t next_send = 1;
};

/// Downlinks on one connection that wait for their outcome; more are refused with Limit.
inline constexpr std::size_t kPendingSendsMax = 256;
/// The same where one connection carries many devices: a command to each of several thousand.
inline constexpr std::size_t kRelaySendsMax = 8192;

} // namespace fairlead::gateway
