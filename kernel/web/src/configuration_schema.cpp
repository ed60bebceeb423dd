// SPDX-License-Identifier: Apache-2.0
#include "configuration_schema.hpp"

#include "fairlead/gateway/gateways.hpp"
#include "fairlead/gateway/protocols.hpp"
#include "fairlead/web/mask.hpp"

namespace fairlead::web {

namespace {

// The protocol's first transport stands in when no gateway says which one is used.
std::string firstTransport(Site& site, const gateway::Protocol& protocol) {
    const auto transports = base::parseJson(site.services.protocols.status(protocol).transports);
    if (!transports || !transports->IsArray() || transports->Empty()) {
        return {};
    }
    return std::string{base::textOr((*transports)[0], "id", "")};
}

} // namespace

base::Result<std::string> configurationSchemaOf(Site& site, const std::string& protocol_id,
                                                const std::string& gateway_id) {
    std::string protocol = protocol_id;
    std::string transport;
    if (!gateway_id.empty()) {
        if (const auto gateway = site.services.gateways.get(gateway_id); gateway) {
            transport = site.services.gateways.status(*gateway).transport;
            protocol = protocol.empty() ? gateway->protocol_id : protocol;
        }
    }
    if (protocol.empty()) {
        return std::string{"{}"};
    }
    const auto found = site.services.protocols.get(protocol);
    if (!found) {
        return std::string{"{}"};
    }
    if (transport.empty()) {
        transport = firstTransport(site, *found);
    }
    FL_ASSIGN(std::string schema, site.services.protocols.configurationSchema(protocol, transport));
    return schema.empty() ? std::string{"{}"} : schema;
}

std::set<std::string> secretNamesOf(Site& site, const std::string& protocol_id,
                                    const std::string& gateway_id) {
    const auto schema = configurationSchemaOf(site, protocol_id, gateway_id);
    return schema ? secretNames(*schema) : std::set<std::string>{};
}

} // namespace fairlead::web
