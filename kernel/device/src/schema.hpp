// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <vector>

namespace fairlead::device {

/// Products, devices and tags: component "device".
std::vector<storage::Migration> deviceMigrations();

/// History, message log, latest values, journal checkpoints: component "history".
std::vector<storage::Migration> historyMigrations(storage::Dialect dialect);

} // namespace fairlead::device
