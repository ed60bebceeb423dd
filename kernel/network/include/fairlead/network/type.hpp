// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/abi.h"
#include "fairlead/base/result.hpp"
#include "fairlead/message.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct fl_conn;
struct fl_network_host;
struct fl_network_factory;

namespace fairlead::plugin {
class PluginManager;
}

/// The engine's view of what network plugins offer. The engine knows these interfaces only; who
/// implements them (a loaded plugin, a table in a test) does not matter to it.
namespace fairlead::network {

/// What a type says about itself.
struct TypeDescription {
    std::string id;            ///< "mqtt-server"
    std::string transport;     ///< "MQTT"
    std::string scheme;        ///< "mqtt"
    std::string secure_scheme; ///< "mqtts"
    std::string name;          ///< JSON texts by locale
    std::string description;   ///< JSON texts by locale
    std::string schema;        ///< JSON Schema of the type's own settings
    std::string plugin_id;
    std::string plugin_version;
    bool stream = false;
    bool datagram = false;
    bool client = false; ///< the host dials out
    bool tls = false;
    bool dtls = false;
    bool shareable = false; ///< several gateways may use one component
    bool connect = false;   ///< has a CONNECT message of its own; client: logs in at the peer
    bool relay = false;     ///< client: a connection carries messages of many devices
};

struct Peer {
    std::string_view address;
    std::string_view server_name;
    std::string_view subject;
    bool secure = false;
    std::string_view psk_identity = {};
};

/// Room in each connection for what the implementation of Instance keeps there: from onOpen, when
/// it succeeds, to the end of onClose.
struct alignas(8) InstanceState {
    unsigned char bytes[16] = {};
};

/// The state machines of one component: one object for all of its connections. Functions are
/// called on I/O loops, never two at once for one connection; statuses are fl_status. onClose
/// follows a successful onOpen, exactly once.
class Instance {
public:
    virtual ~Instance() = default;

    virtual std::int32_t onOpen(fl_conn* conn, const Peer& peer, InstanceState& state,
                                fl_err& error) = 0;
    virtual std::int32_t onData(fl_conn* conn, InstanceState& state, fl_bytes in,
                                std::size_t& consumed, fl_err& error) = 0;
    virtual void onTimer(fl_conn* conn, InstanceState& state, std::uint32_t id) = 0;
    virtual void onComplete(fl_conn* conn, InstanceState& state, std::uint64_t token,
                            std::int32_t status, const fl_transport_message* reply) = 0;
    virtual std::int32_t send(fl_conn* conn, InstanceState& state,
                              const fl_transport_message& message, std::uint64_t token,
                              fl_err& error) = 0;
    virtual void onShutdown(fl_conn* conn, InstanceState& state, std::uint32_t reason) = 0;
    virtual void onClose(fl_conn* conn, InstanceState& state, std::uint32_t reason) = 0;
};

/// A network component type. Thread: any.
class NetworkType {
public:
    virtual ~NetworkType() = default;

    virtual const TypeDescription& description() const noexcept = 0;

    /// A new instance; it keeps `io` until it is gone. Blocks: may. Not on a loop.
    virtual base::Result<std::shared_ptr<Instance>>
    create(std::shared_ptr<const fl_network_host> io, const std::string& component_id,
           const std::string& configuration) = 0;
};

/// The types there are at the moment. Thread: any.
class NetworkTypes {
public:
    virtual ~NetworkTypes() = default;
    virtual std::vector<std::shared_ptr<NetworkType>> list() = 0;
    virtual std::shared_ptr<NetworkType> find(std::string_view id) = 0; ///< or nullptr
};

/// The types of the loaded plugins; `manager` must outlive it and every component opened with it.
std::unique_ptr<NetworkTypes> typesOfPlugins(plugin::PluginManager& manager);

/// Types straight from a factory table that outlives them (tests, statically linked types).
std::unique_ptr<NetworkTypes> typesOfTable(const fl_network_factory& factory);

} // namespace fairlead::network
