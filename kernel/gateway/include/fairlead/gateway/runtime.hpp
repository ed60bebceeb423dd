// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/gateway/gateways.hpp"
#include "fairlead/gateway/protocols.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::storage {
class Database;
}
namespace fairlead::device {
class Ingest;
class Registry;
class Sessions;
} // namespace fairlead::device
namespace fairlead::network {
class Components;
class Engine;
} // namespace fairlead::network
namespace fairlead::plugin {
class PluginManager;
}
namespace fairlead::runtime {
class Loop;
}

namespace fairlead::gateway {

/// Everything that gateways need from below; all of it outlives them.
struct Parts {
    storage::Database* database = nullptr;
    plugin::PluginManager* plugins = nullptr;
    network::Components* components = nullptr;
    network::Engine* engine = nullptr;
    device::Registry* registry = nullptr;
    device::Sessions* sessions = nullptr;
    device::Ingest* ingest = nullptr;
    std::vector<runtime::Loop*> loops;
    /// Products that name a gateway (X2, G5).
    std::function<std::vector<UsedBy>(const std::string& gateway_id)> products_of_gateway;
    /// Path of an uploaded file, by id.
    std::function<base::Result<std::filesystem::path>(const std::string& file_id)> file_path;
    /// Folders that Local protocols may lie in; empty: none.
    std::vector<std::string> local_roots;
};

/// Gateways and protocols at work: binds enabled gateways to their components and keeps the two
/// services consistent with each other.
///
/// Owner: app. Life: construct before the loops start → start → stop (before the loops stop).
class Runtime {
public:
    virtual ~Runtime() = default;

    /// Migrates, records the built-in protocols, binds what is enabled. What cannot run is visible
    /// in its status and does not stop the rest.
    virtual base::Status start() = 0;
    virtual void stop() = 0;

    virtual Gateways& gateways() = 0;
    virtual Protocols& protocols() = 0;

    /// Gateways on a network component, for its own usedBy.
    virtual std::vector<UsedBy> gatewaysOfComponent(const std::string& component_id) = 0;
};

std::unique_ptr<Runtime> makeRuntime(Parts parts);

} // namespace fairlead::gateway
