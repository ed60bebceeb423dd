// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

namespace fairlead::storage {

base::Result<std::unique_ptr<Database>> openMysql(const DatabaseOptions& options);

} // namespace fairlead::storage
