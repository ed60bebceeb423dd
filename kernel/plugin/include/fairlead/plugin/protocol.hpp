// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/factory/protocol.h"
#include "fairlead/plugin/epoch.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::plugin {

class Generation;
class PluginManager;
class ProtocolBinding;
class Reclaimer;

/// One protocol instance of one generation. Calls never overlap (one loop or one owner); each call
/// runs under a pin. Never throws; a module that misses a function answers FL_E_UNSUPPORTED.
class ProtocolInstance {
public:
    /// Adopts a created table. Only kernel/plugin makes instances.
    ProtocolInstance(std::shared_ptr<Generation> generation, const fl_protocol& table);
    /// Destroys the module's instance. No call may be running.
    ~ProtocolInstance();
    ProtocolInstance(const ProtocolInstance&) = delete;
    ProtocolInstance& operator=(const ProtocolInstance&) = delete;

    fl_status identify(const fl_transport_message& message, fl_identity& out, fl_err& err);
    fl_status authenticate(const fl_transport_message& message, const fl_session_view& session,
                           const fl_protocol_sink& sink, fl_err& err);
    fl_status decode(const fl_transport_message& message, const fl_session_view& session,
                     const fl_protocol_sink& sink, fl_err& err);
    fl_status encode(const fl_device_message& message, const fl_session_view& session,
                     const fl_protocol_sink& sink, fl_err& err);

    std::uint64_t generation() const noexcept { return generation_id_; }

private:
    fl_protocol table_;
    std::uint64_t generation_id_;
    std::shared_ptr<Generation> generation_;
};

/// A pinned look at the instance of one loop: valid while it lives, so keep it for a call or a
/// batch, never longer, and never over a wait.
class ProtocolUse {
public:
    /// False when the plugin is disabled or failed.
    explicit operator bool() const noexcept { return instance_ != nullptr; }
    ProtocolInstance* operator->() const noexcept { return instance_; }
    ProtocolInstance& operator*() const noexcept { return *instance_; }

private:
    friend class ProtocolBinding;
    inline ProtocolUse(const ProtocolBinding& binding, std::size_t loop);
    Pin pin_;
    ProtocolInstance* instance_ = nullptr;
};

/// A protocol as somebody uses it: one instance per loop, replaced as a whole when the plugin's
/// generation is swapped. Made by PluginManager::bindProtocol; dropping the last reference retires
/// the instances in the background.
class ProtocolBinding {
public:
    ~ProtocolBinding();
    ProtocolBinding(const ProtocolBinding&) = delete;
    ProtocolBinding& operator=(const ProtocolBinding&) = delete;

    /// The instance of a loop, on that loop's thread. Costs a pin and one atomic load.
    ProtocolUse use(std::size_t loop) const { return ProtocolUse(*this, loop); }

    const std::string& pluginId() const noexcept { return plugin_id_; }
    const std::string& protocolId() const noexcept { return protocol_id_; }

private:
    friend class PluginManager;
    friend class ProtocolUse;
    friend struct BindingAccess;
    using Instances = std::vector<std::unique_ptr<ProtocolInstance>>;
    ProtocolBinding() = default;

    std::string plugin_id_;
    std::string protocol_id_;
    std::string config_;
    std::size_t loops_ = 0;
    std::atomic<const Instances*> current_{nullptr};
    std::weak_ptr<Reclaimer> reclaimer_;
};

// The pin (a member) comes before the load of what it protects.
inline ProtocolUse::ProtocolUse(const ProtocolBinding& binding, std::size_t loop) {
    const ProtocolBinding::Instances* all = binding.current_.load(std::memory_order_seq_cst);
    if (all != nullptr) {
        instance_ = (*all)[loop].get();
    }
}

} // namespace fairlead::plugin
