// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/gateway/gateways.hpp"
#include "fairlead/gateway/protocols.hpp"
#include "fairlead/storage/database.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// Rows of `gateway` and `protocol`. Every function runs inside the caller's session.
base::Status migrateGateways(storage::Database& database);

base::Result<std::vector<Gateway>> allGateways(storage::Session& session);
base::Result<Gateway> gatewayById(storage::Session& session, const std::string& id);
base::Result<GatewayPage> pageOfGateways(storage::Session& session, const GatewayQuery& query);
base::Status insertGateway(storage::Session& session, const Gateway& gateway);
/// Writes all columns and counts the version up. Conflict "stale" when `expected` (not 0) differs.
base::Result<Gateway> updateGateway(storage::Session& session, Gateway gateway,
                                    std::int64_t expected);
base::Status deleteGateway(storage::Session& session, const std::string& id, std::int64_t expected);
base::Result<std::vector<UsedBy>>
gatewaysWhere(storage::Session& session, const std::string& column, const std::string& value);

base::Result<std::vector<Protocol>> allProtocols(storage::Session& session);
base::Result<Protocol> protocolById(storage::Session& session, const std::string& id);
base::Result<ProtocolPage> pageOfProtocols(storage::Session& session, const ProtocolQuery& query);
base::Status insertProtocol(storage::Session& session, const Protocol& protocol);
base::Result<Protocol> updateProtocol(storage::Session& session, Protocol protocol,
                                      std::int64_t expected);
base::Status deleteProtocol(storage::Session& session, const std::string& id,
                            std::int64_t expected);

} // namespace fairlead::gateway
