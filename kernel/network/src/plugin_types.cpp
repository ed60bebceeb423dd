// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/type.hpp"
#include "fairlead/plugin/manager.hpp"
#include "fairlead/plugin/network.hpp"
#include "owned_message.hpp"
#include "type_description.hpp"

#include <new>
#include <utility>

// Types of loaded plugins. The facade of kernel/plugin pins each call, opens new connections on the
// newest generation and keeps the others on theirs; its part of a connection lies in InstanceState.

namespace fairlead::network {

namespace {

static_assert(sizeof(plugin::NetworkConnection) <= sizeof(InstanceState) &&
              alignof(plugin::NetworkConnection) <= alignof(InstanceState));

plugin::NetworkConnection& of(InstanceState& state) noexcept {
    return *std::launder(reinterpret_cast<plugin::NetworkConnection*>(state.bytes));
}

class PluginInstance final : public Instance {
public:
    explicit PluginInstance(std::shared_ptr<plugin::NetworkComponent> component)
        : component_(std::move(component)) {}

    std::int32_t onOpen(fl_conn* conn, const Peer& peer, InstanceState& state,
                        fl_err& error) override {
        const fl_peer raw{sizeof(fl_peer),         peer.secure ? 1U : 0U, strOf(peer.address),
                          strOf(peer.server_name), strOf(peer.subject),   strOf(peer.psk_identity)};
        auto* made = new (state.bytes) plugin::NetworkConnection();
        const fl_status status = component_->open(conn, raw, *made, error);
        if (status < 0) {
            made->~NetworkConnection();
        }
        return status;
    }
    std::int32_t onData(fl_conn* conn, InstanceState& state, fl_bytes in, std::size_t& consumed,
                        fl_err& error) override {
        return of(state).onData(conn, in, consumed, error);
    }
    void onTimer(fl_conn* conn, InstanceState& state, std::uint32_t id) override {
        of(state).onTimer(conn, id);
    }
    void onComplete(fl_conn* conn, InstanceState& state, std::uint64_t token, std::int32_t status,
                    const fl_transport_message* reply) override {
        of(state).onComplete(conn, token, {sizeof(fl_completion), status, reply});
    }
    std::int32_t send(fl_conn* conn, InstanceState& state, const fl_transport_message& message,
                      std::uint64_t token, fl_err& error) override {
        return of(state).send(conn, message, token, error);
    }
    void onShutdown(fl_conn* conn, InstanceState& state, std::uint32_t reason) override {
        of(state).onShutdown(conn, reason);
    }
    void onClose(fl_conn* conn, InstanceState& state, std::uint32_t reason) override {
        of(state).onClose(conn, reason);
        of(state).~NetworkConnection();
    }

private:
    std::shared_ptr<plugin::NetworkComponent> component_;
};

class PluginType final : public NetworkType {
public:
    PluginType(plugin::PluginManager& manager, TypeDescription description)
        : manager_(manager), description_(std::move(description)) {}

    const TypeDescription& description() const noexcept override { return description_; }

    base::Result<std::shared_ptr<Instance>> create(std::shared_ptr<const fl_network_host> io,
                                                   const std::string&,
                                                   const std::string& configuration) override {
        FL_ASSIGN(auto component,
                  manager_.openNetwork(description_.id, configuration, std::move(io)));
        return std::shared_ptr<Instance>(std::make_shared<PluginInstance>(std::move(component)));
    }

private:
    plugin::PluginManager& manager_;
    TypeDescription description_;
};

TypeDescription describe(const plugin::NetworkDescriptor& d) {
    TypeDescription description = describeFlags(d.flags);
    description.id = d.id;
    description.transport = d.transport;
    description.scheme = d.scheme;
    description.secure_scheme = d.secure_scheme;
    description.name = d.name;
    description.description = d.description;
    description.schema = d.schema;
    description.plugin_id = d.plugin_id;
    description.plugin_version = d.plugin_version;
    return description;
}

class PluginTypes final : public NetworkTypes {
public:
    explicit PluginTypes(plugin::PluginManager& manager) : manager_(manager) {}

    std::vector<std::shared_ptr<NetworkType>> list() override {
        std::vector<std::shared_ptr<NetworkType>> types;
        for (const plugin::NetworkDescriptor& d : manager_.networkTypes()) {
            types.push_back(std::make_shared<PluginType>(manager_, describe(d)));
        }
        return types;
    }
    std::shared_ptr<NetworkType> find(std::string_view id) override {
        for (const plugin::NetworkDescriptor& d : manager_.networkTypes()) {
            if (d.id == id) {
                return std::make_shared<PluginType>(manager_, describe(d));
            }
        }
        return nullptr;
    }

private:
    plugin::PluginManager& manager_;
};

} // namespace

std::unique_ptr<NetworkTypes> typesOfPlugins(plugin::PluginManager& manager) {
    return std::make_unique<PluginTypes>(manager);
}

} // namespace fairlead::network
