// SPDX-License-Identifier: Apache-2.0
// The part of a generation that reads factories: descriptors are copied into our own types, and
// instances are made.
#include "fairlead/plugin/manager.hpp"
#include "fairlead/plugin/network.hpp"
#include "fairlead/plugin/protocol.hpp"
#include "generation.hpp"
#include "tables.hpp"

#include <algorithm>

namespace fairlead::plugin {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

namespace {

constexpr std::uint32_t kDescriptorsMax = 64; // per factory
constexpr std::uint32_t kTransportsMax = 32;
constexpr std::uint32_t kRoutesMax = 1000; // per transport
constexpr std::uint32_t kFeaturesMax = 64;
constexpr std::size_t kConfigBytesMax = 1U << 20;

RouteDescriptor copyRoute(const fl_route& r) {
    RouteDescriptor out;
    out.upstream = (r.direction & FL_ROUTE_UP) != 0;
    out.downstream = (r.direction & FL_ROUTE_DOWN) != 0;
    out.group = ownText(r.group);
    out.address = ownText(r.address);
    out.methods = ownText(r.methods);
    out.description = ownText(r.description);
    out.example = ownText(r.example);
    return out;
}

TransportDescriptor copyTransport(const fl_protocol_transport& t) {
    TransportDescriptor out;
    out.id = ownText(t.id);
    out.config_schema = ownText(t.config_schema);
    out.document = ownText(t.document);
    for (std::uint32_t i = 0; t.routes != nullptr && i < std::min(t.route_count, kRoutesMax); ++i) {
        out.routes.push_back(copyRoute(copyElement(t.routes, i)));
    }
    return out;
}

ProtocolDescriptor copyProtocol(const fl_protocol_descriptor& d) {
    ProtocolDescriptor out;
    out.id = ownText(d.id);
    out.name = ownText(d.name);
    out.description = ownText(d.description);
    for (std::uint32_t i = 0;
         d.transports != nullptr && i < std::min(d.transport_count, kTransportsMax); ++i) {
        out.transports.push_back(copyTransport(copyElement(d.transports, i)));
    }
    for (std::uint32_t i = 0; d.features != nullptr && i < std::min(d.feature_count, kFeaturesMax);
         ++i) {
        out.features.push_back(ownText(d.features[i]));
    }
    return out;
}

NetworkDescriptor copyNetwork(const fl_network_descriptor& d) {
    NetworkDescriptor out;
    out.id = ownText(d.id);
    out.transport = ownText(d.transport);
    out.scheme = ownText(d.scheme);
    out.secure_scheme = ownText(d.secure_scheme);
    out.name = ownText(d.name);
    out.description = ownText(d.description);
    out.schema = ownText(d.schema);
    out.flags = d.flags;
    return out;
}

template <class List>
bool knows(const List& list, const std::string& id) {
    return std::any_of(list.begin(), list.end(), [&](const auto& d) { return d.id == id; });
}

Error incomplete(const char* what) {
    return Error(Errc::Version, "plugin.abi",
                 std::string("its ") + what + " table lacks required functions");
}

} // namespace

Status Generation::readFactories() {
    FL_TRY(readProtocols());
    FL_TRY(readNetworks());
    if (protocols_.empty() && networks_.empty()) {
        warnings_.push_back("it serves no factory that this server uses");
    }
    return {};
}

Status Generation::readProtocols() {
    protocol_factory_ = copyTable(
        static_cast<const fl_protocol_factory*>(module_.get_factory(FL_FACTORY_PROTOCOL)));
    if (protocol_factory_.size == 0) {
        return {};
    }
    if (protocol_factory_.count == nullptr || protocol_factory_.describe == nullptr ||
        protocol_factory_.create == nullptr) {
        return incomplete("protocol factory");
    }
    const std::uint32_t count = std::min(protocol_factory_.count(), kDescriptorsMax);
    for (std::uint32_t i = 0; i < count; ++i) {
        const fl_protocol_descriptor* raw = protocol_factory_.describe(i);
        ProtocolDescriptor d = copyProtocol(copyTable(raw));
        if (d.id.empty()) {
            return Error::invalid("its protocol number " + std::to_string(i) + " has no id");
        }
        d.plugin_id = plugin_id_;
        d.plugin_version = version_;
        d.generation = number_;
        protocols_.push_back(std::move(d));
    }
    return {};
}

Status Generation::readNetworks() {
    network_factory_ =
        copyTable(static_cast<const fl_network_factory*>(module_.get_factory(FL_FACTORY_NETWORK)));
    if (network_factory_.size == 0) {
        return {};
    }
    if (network_factory_.count == nullptr || network_factory_.describe == nullptr ||
        network_factory_.create == nullptr) {
        return incomplete("network factory");
    }
    const std::uint32_t count = std::min(network_factory_.count(), kDescriptorsMax);
    for (std::uint32_t i = 0; i < count; ++i) {
        const fl_network_descriptor* raw = network_factory_.describe(i);
        NetworkDescriptor d = copyNetwork(copyTable(raw));
        if (d.id.empty()) {
            return Error::invalid("its network type number " + std::to_string(i) + " has no id");
        }
        d.plugin_id = plugin_id_;
        d.plugin_version = version_;
        d.generation = number_;
        networks_.push_back(std::move(d));
    }
    return {};
}

Result<std::unique_ptr<ProtocolInstance>> Generation::createProtocol(const std::string& id,
                                                                     const std::string& config) {
    using Out = std::unique_ptr<ProtocolInstance>;
    if (!knows(protocols_, id)) {
        return Error::notFound("plugin " + plugin_id_ + " has no protocol " + id);
    }
    if (config.size() > kConfigBytesMax) {
        return Error::limit("the configuration of protocol " + id + " is over 1 MiB");
    }
    return control<Out>(options_->load_timeout, [id, config](Generation& g) -> Result<Out> {
        fl_protocol table{};
        table.size = sizeof(table);
        fl_err err = freshError();
        const fl_status status =
            g.protocol_factory_.create(g.host_->table(), toStr(id), toStr(config), &table, &err);
        if (status < 0) {
            return toError(status, err, "plugin " + g.plugin_id_ + " refused protocol " + id);
        }
        table = copyTable(&table); // nothing beyond what it says it filled
        if (table.destroy == nullptr || table.decode == nullptr || table.encode == nullptr) {
            return incomplete("protocol");
        }
        return std::make_unique<ProtocolInstance>(g.shared_from_this(), table);
    });
}

Result<std::unique_ptr<NetworkInstance>>
Generation::createNetwork(const std::string& id, const std::string& config,
                          std::shared_ptr<const fl_network_host> io) {
    using Out = std::unique_ptr<NetworkInstance>;
    if (!knows(networks_, id)) {
        return Error::notFound("plugin " + plugin_id_ + " has no network type " + id);
    }
    if (config.size() > kConfigBytesMax) {
        return Error::limit("the configuration of network type " + id + " is over 1 MiB");
    }
    return control<Out>(options_->load_timeout, [id, config, io](Generation& g) -> Result<Out> {
        fl_network table{};
        table.size = sizeof(table);
        fl_err err = freshError();
        const fl_status status = g.network_factory_.create(g.host_->table(), io.get(), toStr(id),
                                                           toStr(config), &table, &err);
        if (status < 0) {
            return toError(status, err, "plugin " + g.plugin_id_ + " refused network type " + id);
        }
        table = copyTable(&table);
        if (table.destroy == nullptr || table.on_open == nullptr || table.on_data == nullptr ||
            table.on_close == nullptr) {
            return incomplete("network");
        }
        return std::make_unique<NetworkInstance>(g.shared_from_this(), table, io);
    });
}

void Generation::destroyInstance(void (*destroy)(void*), void* self,
                                 std::shared_ptr<const void> keep) {
    const Status done = control<void>(
        options_->deinit_timeout, [destroy, self, keep = std::move(keep)](Generation&) -> Status {
            destroy(self);
            return {};
        });
    if (!done) {
        enter(State::Stuck, "destroying an instance: " + done.error().message());
    }
    instances.fetch_sub(1, std::memory_order_acq_rel);
}

} // namespace fairlead::plugin
