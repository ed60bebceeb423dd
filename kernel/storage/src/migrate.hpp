// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

namespace fairlead::storage {

/// Makes the table schema_migrations when it is missing.
base::Status prepareMigrations(Session& session);

/// The migrations of `migrations` that are not applied yet, in order. Error Version when the
/// database has one that this program does not know.
base::Result<std::vector<const Migration*>>
missingMigrations(Session& session, std::string_view component,
                  std::span<const Migration> migrations);

/// Runs one migration's statements and notes it. With `repeatable`, what is there already is no
/// error.
base::Status applyMigration(Session& session, std::string_view component,
                            const Migration& migration, bool repeatable);

} // namespace fairlead::storage
