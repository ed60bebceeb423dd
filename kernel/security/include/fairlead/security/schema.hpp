// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <span>

namespace fairlead::security {

/// Tables of this module, component "security": apply before any service is used.
std::span<const storage::Migration> migrations();

} // namespace fairlead::security
