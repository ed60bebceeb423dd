// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/network/engine.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::storage {
class Database;
}

namespace fairlead::network {

class CertificateSource;

/// N4: one configuration for all nodes (host is then 0.0.0.0), or one for each.
enum class ClusterMode { Shared, Independent };
enum class RunState { Stopped, Running, Failed };

struct NodeConfiguration {
    std::string node_id;
    std::string configuration = "{}"; ///< JSON object
};

/// A network component as people manage it. Secrets (x-secret) read "***".
struct NetworkComponent {
    std::string id;
    std::string name;
    std::string description;
    std::string type; ///< "mqtt-server"; fixed
    ClusterMode cluster = ClusterMode::Shared;
    std::string configuration = "{}";     ///< JSON object; Shared
    std::vector<NodeConfiguration> nodes; ///< Independent
    bool enabled = false;
    std::int64_t version = 1; ///< for optimistic locking
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
};

/// What runs of it on this node.
struct ComponentStatus {
    RunState run_state = RunState::Stopped;
    std::string last_error;    ///< empty when the last attempt succeeded
    std::string address;       ///< "mqtt://192.0.2.1:1883", from publicHost and publicPort
    std::string local_address; ///< "0.0.0.0:1883"; empty for client types
    /// Of client types; last_error then tells of those that are not connected, though it runs.
    std::vector<TargetStatus> targets;
    ComponentCounters counters;
};

struct NewComponent {
    std::string name;
    std::string description;
    std::string type;
    ClusterMode cluster = ClusterMode::Shared;
    std::string configuration = "{}";
    std::vector<NodeConfiguration> nodes;
};

struct ComponentChange {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> type; ///< refused when it differs (X3)
    std::optional<ClusterMode> cluster;
    /// JSON merge patch (RFC 7396) of the present configuration; a secret "***" stays as it is.
    std::optional<std::string> configuration;
    std::optional<std::vector<NodeConfiguration>> nodes; ///< replaces the list
};

struct ComponentQuery {
    std::string q; ///< part of name or id
    std::string type;
    std::optional<bool> enabled;
    std::string sort = "-createdAt"; ///< name, type, createdAt, updatedAt; "-" is descending
    std::int64_t page = 1;
    std::int64_t page_size = 20; ///< at most 200
};

struct ComponentPage {
    std::vector<NetworkComponent> items;
    std::int64_t total = 0;
};

/// A type with the form for its components: the plugin's schema and the common fields in one.
struct ComponentType {
    TypeDescription type;
    std::string schema; ///< JSON Schema (draft-04 subset) with zh-CN and en texts
};

struct ComponentUse {
    std::string kind; ///< "gateway"
    std::string id;
    std::string name;
};

/// Network components (N1 to N5, N10). Thread: any but a loop. Blocks: on the database, and on the
/// loops where a component starts or stops.
///
/// Errors: NotFound "network.not_found"; Invalid "network.invalid" with fields(); Conflict
/// "stale", "network.name_taken", "network.type_fixed", "network.enabled", "network.in_use",
/// "network.port_in_use"; Unsupported "network.type_missing".
class Components {
public:
    virtual ~Components() = default;

    /// Migrates, loads, opens what is enabled. A component that cannot be opened is Failed with
    /// its reason, logged, and tried again after 1 s, 2 s, … 60 s.
    virtual base::Status start() = 0;
    /// Ends the retries; what is open is closed by Engine::stop.
    virtual void stop() = 0;

    virtual std::vector<ComponentType> types() = 0;

    virtual base::Result<ComponentPage> list(const ComponentQuery& query) = 0;
    virtual base::Result<NetworkComponent> get(const std::string& id) = 0;
    virtual ComponentStatus status(const std::string& id) = 0;
    virtual std::vector<ComponentUse> usedBy(const std::string& id) = 0;

    virtual base::Result<NetworkComponent> create(const NewComponent& input) = 0;
    /// `expected_version` 0: any. An enabled component is restarted with what is new; when that
    /// fails it stays enabled, Failed, with last_error, and is tried again.
    virtual base::Result<NetworkComponent>
    change(const std::string& id, const ComponentChange& change, std::int64_t expected_version) = 0;
    virtual base::Status remove(const std::string& id, std::int64_t expected_version) = 0;
    /// Binds the ports at once; on failure it stays disabled (X4).
    virtual base::Result<NetworkComponent> enable(const std::string& id) = 0;
    virtual base::Result<NetworkComponent> disable(const std::string& id) = 0;

    /// The gateway's side: who serves the component. See Engine::setHandler.
    virtual void setHandler(const std::string& id, Handler* handler) = 0;

    /// A certificate was replaced: components that use it take it up without a restart.
    virtual void certificateChanged(const std::string& certificate_id) = 0;
    /// Components that use the certificate, for its own usedBy.
    virtual std::vector<ComponentUse> certificateUsedBy(const std::string& certificate_id) = 0;
    /// A plugin was loaded anew, came or went: failed components are tried again. (Running ones
    /// need nothing: their types open new connections on the newest generation.)
    virtual void typesChanged() = 0;

    /// Called with a component's id to learn who uses it. Before start only.
    virtual void
    onUsedBy(std::function<std::vector<ComponentUse>(const std::string& id)> provider) = 0;
    /// Called with the id after a component changed in any way that people see. Before start only.
    virtual void onChange(std::function<void(const std::string& id)> listener) = 0;
};

struct ComponentsParts {
    storage::Database* database = nullptr;
    Engine* engine = nullptr;
    NetworkTypes* types = nullptr;
    CertificateSource* certificates = nullptr; ///< nullptr: no TLS
    std::string node_id;
};

std::unique_ptr<Components> makeComponents(ComponentsParts parts);

const char* toText(ClusterMode mode) noexcept; ///< "shared", "independent"
const char* toText(RunState state) noexcept;   ///< "stopped", "running", "failed"
std::optional<ClusterMode> parseClusterMode(std::string_view text) noexcept;

} // namespace fairlead::network
