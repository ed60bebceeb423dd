// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shard.hpp"

namespace fairlead::network {

/// While a plugin, or a handler on its behalf, runs for a connection: calls back into the plugin
/// are put off until it has returned.
class EngineConnection::Guard {
public:
    explicit Guard(EngineConnection& connection)
        : connection_(connection), outer_(running_connection) {
        ++connection_.in_call_;
        running_connection = &connection_;
    }
    ~Guard() {
        Shard& shard = connection_.shard_;
        running_connection = outer_;
        if (outer_ == nullptr) {
            shard.held_states.clear();
        }
        if (--connection_.in_call_ == 0 && connection_.extra_ != nullptr &&
            !connection_.extra_->deferred.empty()) {
            shard.enlistWork(connection_);
        }
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    static thread_local EngineConnection* running_connection;

private:
    EngineConnection& connection_;
    EngineConnection* outer_;
};

} // namespace fairlead::network
