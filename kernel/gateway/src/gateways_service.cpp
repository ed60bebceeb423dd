// SPDX-License-Identifier: Apache-2.0
#include "gateways_service.hpp"

#include "repository.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/json.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/network/engine.hpp"
#include "fairlead/runtime/log.hpp"

#include <algorithm>

namespace fairlead::gateway {

namespace {

// Sessions read per step when a gateway is closed.
constexpr std::size_t kSessionStep = 1000;

bool offersTransport(const plugin::ProtocolDescriptor& protocol, const std::string& transport) {
    return std::any_of(protocol.transports.begin(), protocol.transports.end(),
                       [&](const auto& offered) { return offered.id == transport; });
}

} // namespace

std::vector<Provider> GatewaysService::providers() {
    std::vector<Provider> out;
    for (const network::ComponentType& found : parts_.components->types()) {
        Provider provider;
        provider.id = found.type.id + "-gateway";
        provider.category = "custom";
        provider.name = found.type.name;
        provider.description = found.type.description;
        provider.network_type = found.type.id;
        provider.transport = found.type.transport;
        provider.schema = "{}";
        out.push_back(std::move(provider));
    }
    return out;
}

base::Result<Provider> GatewaysService::providerById(const std::string& id) {
    for (Provider& provider : providers()) {
        if (provider.id == id) {
            return std::move(provider);
        }
    }
    return base::Error{base::Errc::Invalid, "gateway.provider_unknown",
                       "there is no gateway provider \"" + id +
                           "\"; the plugin of its network type may be missing"};
}

void GatewaysService::start() {
    std::vector<Gateway> all;
    const base::Status read = parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(all, allGateways(session));
        return {};
    });
    if (!read) {
        runtime::logError("gateway", "cannot read the gateways: " + read.error().message());
        return;
    }
    for (const Gateway& gateway : all) {
        if (!gateway.enabled) {
            continue;
        }
        const base::Status bound = bind(gateway);
        if (!bound) {
            runtime::logError("gateway", "gateway \"" + gateway.name +
                                             "\" does not run: " + bound.error().message());
            const std::lock_guard lock{mutex_};
            errors_[gateway.id] = bound.error().message();
        }
    }
}

void GatewaysService::stop() {
    const std::lock_guard control{control_};
    std::vector<std::string> components;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [id, handler] : handlers_) {
            components.push_back(id);
        }
    }
    for (const std::string& id : components) {
        parts_.components->setHandler(id, nullptr);
    }
    const std::lock_guard lock{mutex_};
    bindings_.clear();
    handlers_.clear();
}

base::Result<GatewayPage> GatewaysService::list(const GatewayQuery& query) {
    GatewayPage out;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(out, pageOfGateways(session, query));
        return {};
    }));
    return out;
}

base::Result<Gateway> GatewaysService::get(const std::string& id) {
    Gateway out;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(out, gatewayById(session, id));
        return {};
    }));
    return out;
}

GatewayStatus GatewaysService::status(const Gateway& gateway) {
    GatewayStatus out;
    out.routes = "[]";
    const auto provider = providerById(gateway.provider);
    if (provider) {
        out.transport = provider->transport;
    }
    if (const auto protocol = protocols_.get(gateway.protocol_id)) {
        if (const auto descriptor = protocols_.descriptor(*protocol)) {
            for (const plugin::TransportDescriptor& transport : descriptor->transports) {
                if (transport.id == out.transport) {
                    out.routes = routesJson(transport);
                }
            }
        }
    }
    const network::ComponentStatus component =
        parts_.components->status(gateway.network_component_id);
    out.address = component.address;
    out.sessions = parts_.sessions->countOfGateway(gateway.id);
    const std::lock_guard lock{mutex_};
    if (const auto bound = bindings_.find(gateway.id); bound != bindings_.end()) {
        out.counters = bound->second->sum();
    }
    if (const auto error = errors_.find(gateway.id); error != errors_.end()) {
        out.last_error = error->second;
    }
    if (!gateway.enabled) {
        out.run_state = "stopped";
        return out;
    }
    if (out.last_error.empty() && component.run_state != network::RunState::Running) {
        out.last_error = component.last_error.empty() ? "its network component does not run"
                                                      : component.last_error;
    }
    out.run_state = out.last_error.empty() ? "started" : "failed";
    return out;
}

std::vector<UsedBy> GatewaysService::usedBy(const std::string& id) {
    return parts_.products_of_gateway ? parts_.products_of_gateway(id) : std::vector<UsedBy>{};
}

base::Status GatewaysService::check(const Gateway& gateway) {
    FL_TRY(base::checkName(gateway.name, "name"));
    FL_TRY(base::checkDescription(gateway.description, "description"));
    FL_ASSIGN(const Provider provider, providerById(gateway.provider));
    FL_ASSIGN(const auto component, parts_.components->get(gateway.network_component_id));
    if (component.type != provider.network_type) {
        return base::Error{base::Errc::Invalid, "gateway.component_type",
                           "network component \"" + component.name + "\" is a " + component.type +
                               ", but the gateway needs a " + provider.network_type};
    }
    FL_ASSIGN(const Protocol protocol, protocols_.get(gateway.protocol_id));
    const auto descriptor = protocols_.descriptor(protocol);
    if (descriptor && !offersTransport(*descriptor, provider.transport)) {
        return base::Error{base::Errc::Invalid, "gateway.protocol_transport",
                           "protocol \"" + protocol.name + "\" does not speak " +
                               provider.transport + "; choose another protocol"};
    }
    return checkShared(gateway, provider);
}

base::Status GatewaysService::checkShared(const Gateway& gateway, const Provider& provider) {
    for (const network::ComponentType& found : parts_.components->types()) {
        if (found.type.id == provider.network_type && found.type.shareable) {
            return {};
        }
    }
    std::vector<UsedBy> others;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(others,
                  gatewaysWhere(session, "network_component_id", gateway.network_component_id));
        return {};
    }));
    for (const UsedBy& other : others) {
        if (other.id != gateway.id) {
            return base::Error{base::Errc::Conflict, "gateway.component_taken",
                               "the network component serves gateway \"" + other.name +
                                   "\" already, and components of this type serve one gateway "
                                   "only; create another component"};
        }
    }
    return {};
}

base::Result<Gateway> GatewaysService::create(const NewGateway& input) {
    const std::lock_guard control{control_};
    Gateway gateway;
    gateway.id = base::newId();
    gateway.name = base::trim(input.name);
    gateway.description = input.description;
    gateway.provider = input.provider;
    gateway.network_component_id = input.network_component_id;
    gateway.protocol_id = input.protocol_id;
    gateway.configuration = input.configuration;
    gateway.created_at = gateway.updated_at = base::utcNow();
    FL_TRY(check(gateway));
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return insertGateway(session, gateway); }));
    changed(gateway.id);
    return gateway;
}

base::Result<Gateway> GatewaysService::store(Gateway gateway, std::int64_t expected) {
    const std::string id = gateway.id;
    FL_TRY(parts_.database->write([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(gateway, updateGateway(session, gateway, expected));
        return {};
    }));
    changed(id);
    return gateway;
}

base::Result<Gateway> GatewaysService::change(const std::string& id, const GatewayChange& change,
                                              std::int64_t expected_version) {
    const std::lock_guard control{control_};
    FL_ASSIGN(const Gateway before, get(id));
    Gateway after = before;
    after.name = change.name ? std::string{base::trim(*change.name)} : before.name;
    after.description = change.description.value_or(before.description);
    after.network_component_id = change.network_component_id.value_or(before.network_component_id);
    after.protocol_id = change.protocol_id.value_or(before.protocol_id);
    after.configuration = change.configuration.value_or(before.configuration);
    if (after.protocol_id != before.protocol_id && !usedBy(id).empty()) {
        return base::Error{base::Errc::Conflict, "gateway.in_use",
                           "gateway \"" + before.name +
                               "\" is used by products; its protocol cannot be changed"};
    }
    FL_TRY(check(after));
    FL_ASSIGN(const Gateway stored, store(after, expected_version));
    const bool moved = after.network_component_id != before.network_component_id ||
                       after.protocol_id != before.protocol_id;
    if (stored.enabled && moved) {
        unbind(before);
        FL_TRY(bind(stored));
    }
    return stored;
}

base::Status GatewaysService::remove(const std::string& id, std::int64_t expected_version) {
    const std::lock_guard control{control_};
    FL_ASSIGN(const Gateway gateway, get(id));
    if (gateway.enabled) {
        return base::Error{base::Errc::Conflict, "gateway.enabled",
                           "gateway \"" + gateway.name + "\" is enabled; disable it first"};
    }
    if (!usedBy(id).empty()) {
        return base::Error{base::Errc::Conflict, "gateway.in_use",
                           "gateway \"" + gateway.name +
                               "\" is used by products; give them another gateway first"};
    }
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return deleteGateway(session, id, expected_version); }));
    changed(id);
    return {};
}

base::Result<Gateway> GatewaysService::enable(const std::string& id) {
    const std::lock_guard control{control_};
    FL_ASSIGN(Gateway gateway, get(id));
    if (gateway.enabled) {
        return gateway;
    }
    FL_ASSIGN(const auto component, parts_.components->get(gateway.network_component_id));
    if (!component.enabled) {
        return base::Error{base::Errc::Conflict, "gateway.component_disabled",
                           "network component \"" + component.name +
                               "\" is disabled; enable it first"};
    }
    FL_TRY(check(gateway));
    FL_TRY(bind(gateway));
    gateway.enabled = true;
    auto stored = store(gateway, 0);
    if (!stored) {
        unbind(gateway);
    }
    return stored;
}

base::Result<Gateway> GatewaysService::disable(const std::string& id) {
    const std::lock_guard control{control_};
    FL_ASSIGN(Gateway gateway, get(id));
    if (!gateway.enabled) {
        return gateway;
    }
    gateway.enabled = false;
    FL_ASSIGN(const Gateway stored, store(gateway, 0));
    unbind(stored);
    return stored;
}

base::Status GatewaysService::bind(const Gateway& gateway) {
    FL_ASSIGN(auto port, protocols_.port(gateway.protocol_id));
    {
        const std::lock_guard lock{mutex_};
        bindings_[gateway.id] = std::make_shared<Binding>(
            Binding::Names{gateway.id, gateway.network_component_id, gateway.protocol_id},
            std::move(port), contexts_.size());
        errors_.erase(gateway.id);
    }
    publishBindings(gateway.network_component_id);
    return {};
}

void GatewaysService::unbind(const Gateway& gateway) {
    BindingPtr binding;
    {
        const std::lock_guard lock{mutex_};
        const auto found = bindings_.find(gateway.id);
        errors_.erase(gateway.id);
        if (found == bindings_.end()) {
            return;
        }
        binding = found->second;
        bindings_.erase(found);
    }
    binding->open.store(false, std::memory_order_relaxed);
    publishBindings(binding->component_id);
    closeSessions(gateway.id);
}

// Tells the component's handler which gateways it serves; a component without any has no handler
// and refuses connections.
void GatewaysService::publishBindings(const std::string& component_id) {
    auto list = std::make_shared<BindingList>();
    ComponentHandler* handler = nullptr;
    bool fresh = false;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [id, binding] : bindings_) {
            if (binding->component_id == component_id) {
                list->push_back(binding);
            }
        }
        auto& slot = handlers_[component_id];
        if (!slot) {
            slot = std::make_unique<ComponentHandler>(
                component_id, HandlerParts{parts_.registry, parts_.sessions, &contexts_});
        }
        handler = slot.get();
        fresh = handler->bindings()->empty();
    }
    const bool none = list->empty();
    if (!none) {
        publishRoutes(component_id, *list);
    }
    handler->setBindings(std::move(list));
    if (none) {
        parts_.components->setHandler(component_id, nullptr);
    } else if (fresh) {
        parts_.components->setHandler(component_id, handler);
    }
}

void GatewaysService::addUpstream(const std::string& protocol_id, const std::string& transport,
                                  std::vector<std::string>& routes) {
    const auto protocol = protocols_.get(protocol_id);
    const auto descriptor = protocol ? protocols_.descriptor(*protocol) : std::nullopt;
    if (!descriptor) {
        return;
    }
    for (const plugin::TransportDescriptor& offered : descriptor->transports) {
        for (const plugin::RouteDescriptor& route : offered.routes) {
            if (offered.id == transport && route.upstream) {
                routes.push_back(route.address);
            }
        }
    }
}

// Types that dial out (a broker) want to know what devices send; the others do not ask.
void GatewaysService::publishRoutes(const std::string& component_id, const BindingList& list) {
    const auto component = parts_.components->get(component_id);
    if (parts_.engine == nullptr || !component) {
        return;
    }
    std::vector<std::string> routes;
    for (const network::ComponentType& found : parts_.components->types()) {
        if (found.type.id != component->type || !found.type.client) {
            continue;
        }
        for (const BindingPtr& binding : list) {
            addUpstream(binding->protocol_id, found.type.transport, routes);
        }
    }
    std::sort(routes.begin(), routes.end());
    routes.erase(std::unique(routes.begin(), routes.end()), routes.end());
    parts_.engine->setRoutes(component_id, std::move(routes));
}

void GatewaysService::closeSessions(const std::string& gateway_id) {
    // Connections end by themselves after the link was told; sessions of request types end here.
    std::size_t before = parts_.sessions->countOfGateway(gateway_id) + 1;
    for (std::size_t left = before - 1; left > 0 && left < before;) {
        before = left;
        for (const auto& session : parts_.sessions->ofGateway(gateway_id, 0, kSessionStep)) {
            session->link()->close(device::CloseReason::Shutdown);
            parts_.sessions->close(session, device::CloseReason::Shutdown);
        }
        left = parts_.sessions->countOfGateway(gateway_id);
    }
}

std::vector<GatewaySession> GatewaysService::sessions(const std::string& id, std::size_t offset,
                                                      std::size_t limit) {
    std::vector<GatewaySession> out;
    for (const auto& session : parts_.sessions->ofGateway(id, offset, limit)) {
        const auto facts = session->device()->facts();
        out.push_back({facts->id, facts->name, facts->product->id, session->info().address,
                       session->openedAt(), session->lastSeen()});
    }
    return out;
}

void GatewaysService::changed(const std::string& id) {
    if (listener_) {
        listener_(id);
    }
}

} // namespace fairlead::gateway
