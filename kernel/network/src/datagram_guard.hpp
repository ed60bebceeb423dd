// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "datagram_port.hpp"
#include "datagram_shard.hpp"

namespace fairlead::network {

/// While a plugin, or a handler on its behalf, runs for a peer: calls back into the plugin are put
/// off until it has returned.
class DatagramPeer::Guard {
public:
    explicit Guard(DatagramPeer& peer) : peer_(peer), outer_(running_peer) {
        ++peer_.in_call_;
        running_peer = &peer_;
    }
    ~Guard() {
        running_peer = outer_;
        if (outer_ == nullptr) {
            peer_.shard().held_states.clear();
        }
        if (--peer_.in_call_ == 0 && peer_.extra_ != nullptr && !peer_.extra_->deferred.empty()) {
            peer_.shard().enlistWork(peer_);
        }
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    static thread_local DatagramPeer* running_peer;

private:
    DatagramPeer& peer_;
    DatagramPeer* outer_;
};

} // namespace fairlead::network
