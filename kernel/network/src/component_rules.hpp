// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/json.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/network/engine.hpp"
#include "fairlead/network/tls_context.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fairlead::network {

/// Nodes of an independent component.
inline constexpr std::size_t kNodesMax = 64;
/// Bytes of one configuration.
inline constexpr std::size_t kConfigurationBytesMax = std::size_t{64} << 10;

/// Rules N1 to N4 and X1 on a component before it is stored; normalizes its configurations
/// (defaults filled in, hidden fields taken out, the host of a shared one set). `type` is nullptr
/// when its plugin is missing: then only what does not depend on it is checked.
base::Status checkComponent(NetworkComponent& component, const NetworkType* type);

/// A configuration with the secrets of `before` where it says "***".
base::Result<std::string> keepSecrets(const std::string& configuration, const std::string& before,
                                      const NetworkType* type);
/// `component` as people see it. Without type everything is masked that could be a secret.
void maskComponent(NetworkComponent& component, const NetworkType* type);

/// The fields of a client component about dialling.
struct ClientSettings {
    std::vector<DialTarget> targets;
    DialOptions dial;
    bool verify_server = true;
    std::string server_name;
};

/// The common fields of a stored configuration.
struct ServerSettings {
    std::string host = "0.0.0.0";
    std::uint16_t port = 0;
    std::string public_host;
    std::uint16_t public_port = 0;
    bool secure = false;
    std::string certificate_id;
    ClientCertificate client_certificates = ClientCertificate::No;
    bool dtls = false; ///< `secure` means DTLS
    bool psk = false;  ///< with pre-shared keys
    std::size_t connections_max = 0;
    std::uint64_t idle_ms = 0; ///< of datagram types
    /// The largest of the type's own settings that are sizes in bytes.
    std::size_t message_bytes_max = 0;
    std::optional<ClientSettings> client; ///< of client types; host and port are then unused
};

/// The configuration of a node, or nothing when it has none.
std::optional<std::string> configurationFor(const NetworkComponent& component,
                                            const std::string& node_id);
base::Result<ServerSettings> readSettings(const std::string& configuration,
                                          const NetworkType& type);
ClientSettings readClientSettings(const base::JsonValue& configuration);
/// Rules on targets and times beyond the schema; `configuration` is normalized.
void checkClient(const base::JsonValue& configuration, const std::string& prefix,
                 std::vector<base::FieldError>& errors);
/// "tcp://192.0.2.7:502 +2"
std::string targetsAddress(const std::string& scheme, const std::vector<DialTarget>& targets);
/// What to say of a client component whose targets are not all connected; empty when they are.
std::string firstFailure(const std::vector<TargetStatus>& targets);
/// "mqtt://192.0.2.1:1883"
std::string addressOf(const std::string& scheme, const std::string& host, std::uint16_t port);

} // namespace fairlead::network
