// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What plugins say about themselves, copied at load: nothing here points into a module.
namespace fairlead::plugin {

struct RouteDescriptor {
    bool upstream = false;
    bool downstream = false;
    std::string group; ///< JSON texts by locale
    std::string address;
    std::string methods;     ///< "POST", comma-separated; empty for topics
    std::string description; ///< JSON texts by locale
    std::string example;
};

struct TransportDescriptor {
    std::string id; ///< "MQTT"
    std::vector<RouteDescriptor> routes;
    std::string config_schema; ///< JSON Schema of product and device settings; may be empty
    std::string document;      ///< Markdown by locale, JSON; may be empty
};

struct ProtocolDescriptor {
    std::string plugin_id;
    std::string plugin_version;
    std::uint64_t generation = 0;
    std::string id;          ///< "jetlinks.v3"
    std::string name;        ///< JSON texts by locale
    std::string description; ///< JSON texts by locale
    std::vector<TransportDescriptor> transports;
    std::vector<std::string> features;
};

struct NetworkDescriptor {
    std::string plugin_id;
    std::string plugin_version;
    std::uint64_t generation = 0;
    std::string id;            ///< "mqtt-server"
    std::string transport;     ///< "MQTT"
    std::string scheme;        ///< "mqtt"
    std::string secure_scheme; ///< "mqtts"
    std::string name;          ///< JSON texts by locale
    std::string description;   ///< JSON texts by locale
    std::string schema;        ///< JSON Schema of the type's own settings
    std::uint32_t flags = 0;   ///< FL_NETWORK_… of factory/network.h
};

} // namespace fairlead::plugin
