// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/network/components.hpp"
#include "fairlead/storage/database.hpp"

#include <string>
#include <vector>

/// Network components in the database. Configurations are stored with their secrets.
namespace fairlead::network::store {

base::Status migrate(storage::Database& database);
base::Result<std::vector<NetworkComponent>> all(storage::Session& session);
base::Result<NetworkComponent> get(storage::Session& session, const std::string& id);
base::Result<ComponentPage> page(storage::Session& session, const ComponentQuery& query);
base::Status insert(storage::Session& session, const NetworkComponent& component);
/// Writes everything but id and type, raises the version (also in `component`) and sets updated_at.
/// Error "stale" when it is not `component.version` any more.
base::Status update(storage::Session& session, NetworkComponent& component);
base::Status remove(storage::Session& session, const std::string& id);

} // namespace fairlead::network::store
