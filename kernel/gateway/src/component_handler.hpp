// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "binding.hpp"
#include "loop_context.hpp"
#include "relay.hpp"

#include "fairlead/device/registry.hpp"
#include "fairlead/device/session.hpp"
#include "fairlead/network/handler.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// What all component handlers share.
struct HandlerParts {
    device::Registry* registry = nullptr;
    device::Sessions* sessions = nullptr;
    std::vector<std::unique_ptr<LoopContext>>* contexts = nullptr; ///< by loop index
};

/// The gateways on one network component: finds out whose message it is, checks the credentials,
/// has it decoded, submits it to the journal, and completes it after the commit.
///
/// Nothing here waits. Where something must be loaded first, deliver answers FL_E_BUSY, and the
/// engine repeats the delivery after resumeReading; so every step may run twice, and has no effect
/// before the message is taken.
/// Thread: deliver and its kin on the loop of the connection; setBindings any.
class ComponentHandler final : public network::Handler {
public:
    ComponentHandler(std::string component_id, HandlerParts parts)
        : component_id_(std::move(component_id)), parts_(parts),
          bindings_(std::make_shared<const BindingList>()) {}

    void setBindings(std::shared_ptr<const BindingList> bindings) {
        std::atomic_store(&bindings_, std::move(bindings));
    }
    std::shared_ptr<const BindingList> bindings() const { return std::atomic_load(&bindings_); }

    void opened(network::Connection& connection) override;
    std::int32_t deliver(network::Connection& connection, const fl_transport_message& message,
                         std::uint32_t flags, std::uint64_t token,
                         std::string_view once_key) override;
    std::int32_t release(network::Connection& connection, std::string_view once_key,
                         std::uint64_t token) override;
    void sent(network::Connection& connection, std::uint64_t token, std::int32_t status) override;
    void closed(network::Connection& connection, std::uint32_t reason) override;
    /// The identity is a device's id; see psk.hpp.
    std::int32_t pskOf(runtime::Loop& loop, std::string_view identity, std::string& key,
                       std::function<void()> ready) override;
    base::Status putState(runtime::Loop& loop, std::string_view component, std::string_view key,
                          std::string_view value) override;
    std::shared_ptr<const std::string> getState(runtime::Loop& loop, std::string_view component,
                                                std::string_view key) override;

private:
    struct Delivery {
        network::Connection& connection;
        ConnectionState& state;
        LoopContext& context;
        const fl_transport_message& message;
        std::uint32_t flags;
        std::uint64_t token;
        std::string_view once_key;
    };
    // Unnamed: the message does not say whose it is.
    enum class Lookup { Found, Waiting, Unnamed, Unknown, Forbidden };

    LoopContext& contextOf(runtime::Loop& loop) { return *(*parts_.contexts)[loop.index()]; }

    std::int32_t connect(Delivery& delivery);
    void finishConnect(Delivery& delivery);
    std::int32_t firstMessage(Delivery& delivery);
    std::int32_t request(Delivery& delivery);
    std::int32_t uplink(Delivery& delivery, Peer& peer, const device::SessionPtr& session);
    // relay.cpp
    std::int32_t relayed(Delivery& delivery);
    device::SessionPtr relaySession(Delivery& delivery, Peer& peer);

    Lookup resolve(Delivery& delivery, Peer& out);
    Lookup lookUp(Delivery& delivery, const BindingPtr& binding, Peer& out);
    void load(Delivery& delivery, const std::string& device_id);
    fl_status admit(Delivery& delivery, Peer& peer);
    fl_status authenticate(Delivery& delivery, Peer& peer);
    device::SessionPtr requestSession(Delivery& delivery, Peer& peer);
    device::SessionPtr openSession(Delivery& delivery, Peer& peer);
    std::int32_t refuse(Delivery& delivery, const BindingPtr& binding, fl_status status);
    std::int32_t decode(Delivery& delivery, Peer& peer);
    bool resolveDevices(Delivery& delivery, const Peer& peer, bool& waiting);
    std::int32_t submit(Delivery& delivery, Peer& peer);
    void applyEffects(Delivery& delivery, const Peer& peer, const device::SessionPtr& session);
    void applyPresence(Delivery& delivery, const Peer& peer, const device::SessionPtr& session);
    void answerNow(Delivery& delivery, const std::int32_t status);

    std::string component_id_;
    HandlerParts parts_;
    std::shared_ptr<const BindingList> bindings_;
    std::shared_ptr<RelayRoute> relay_ = std::make_shared<RelayRoute>(); ///< of relay types
};

} // namespace fairlead::gateway
