// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/gateway/protocols.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// A kind of gateway that can be created: one per network component type.
struct Provider {
    std::string id;           ///< "mqtt-server-gateway"
    std::string category;     ///< "custom", "video", "cloud", "channel"
    std::string name;         ///< JSON texts by locale
    std::string description;  ///< JSON texts by locale
    std::string network_type; ///< "mqtt-server"
    std::string transport;    ///< "MQTT"
    std::string schema;       ///< JSON Schema of the provider's own settings; "{}" when none
    bool available = true;
    std::string reason; ///< why it is not available
};

struct Gateway {
    std::string id;
    std::string name;
    std::string description;
    std::string provider;
    std::string network_component_id;
    std::string protocol_id;
    std::string configuration = "{}"; ///< JSON object
    bool enabled = false;
    std::int64_t version = 1;
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
};

struct GatewayCounters {
    std::uint64_t messages_up = 0;
    std::uint64_t messages_down = 0;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::uint64_t rejected = 0; ///< refused log-ins and undecodable messages
};

struct GatewayStatus {
    std::string run_state; ///< "started", "stopped", "failed"
    std::string last_error;
    std::string transport;
    std::string address; ///< "mqtt://192.0.2.1:1883"
    std::string
        routes; ///< JSON array of {group, address, upstream, downstream, description, example}
    std::uint64_t sessions = 0;
    GatewayCounters counters;
};

struct NewGateway {
    std::string name;
    std::string description;
    std::string provider;
    std::string network_component_id;
    std::string protocol_id;
    std::string configuration = "{}";
};

struct GatewayChange {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> network_component_id;
    std::optional<std::string> protocol_id; ///< refused while a product names the gateway (G5)
    std::optional<std::string> configuration;
};

struct GatewayQuery {
    std::string q;
    std::string provider;
    std::optional<bool> enabled;
    std::int64_t page = 1;
    std::int64_t page_size = 20;
};

struct GatewayPage {
    std::vector<Gateway> items;
    std::int64_t total = 0;
};

struct GatewaySession {
    std::string device_id;
    std::string device_name;
    std::string product_id;
    std::string address;
    base::UtcMs connected_at = 0;
    base::UtcMs last_seen_at = 0;
};

/// Device access gateways (G1 to G8). Thread: any. Blocks: on the database.
class Gateways {
public:
    virtual ~Gateways() = default;

    virtual std::vector<Provider> providers() = 0;

    virtual base::Result<GatewayPage> list(const GatewayQuery& query) = 0;
    virtual base::Result<Gateway> get(const std::string& id) = 0;
    virtual GatewayStatus status(const Gateway& gateway) = 0;
    virtual std::vector<UsedBy> usedBy(const std::string& id) = 0;

    virtual base::Result<Gateway> create(const NewGateway& input) = 0;
    virtual base::Result<Gateway> change(const std::string& id, const GatewayChange& change,
                                         std::int64_t expected_version) = 0;
    /// Conflict with code "gateway.enabled" or "gateway.in_use".
    virtual base::Status remove(const std::string& id, std::int64_t expected_version) = 0;
    virtual base::Result<Gateway> enable(const std::string& id) = 0;
    virtual base::Result<Gateway> disable(const std::string& id) = 0;

    virtual std::vector<GatewaySession> sessions(const std::string& id, std::size_t offset,
                                                 std::size_t limit) = 0;

    /// Called with the id after a gateway's state changed. Before start only.
    virtual void onChange(std::function<void(const std::string&)> listener) = 0;
};

} // namespace fairlead::gateway
