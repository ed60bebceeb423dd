// SPDX-License-Identifier: Apache-2.0
#include "migrate.hpp"

#include "fairlead/base/time.hpp"
#include "fairlead/storage/sql.hpp"

#include <set>

namespace fairlead::storage {

using base::Errc;
using base::Error;

base::Status prepareMigrations(Session& session) {
    FL_TRY(session.execute(expandTypes(
        session.dialect(),
        "CREATE TABLE IF NOT EXISTS schema_migrations (component {id} NOT NULL, version "
        "{int} NOT NULL, name {text} NOT NULL, applied_at {int} NOT NULL, "
        "PRIMARY KEY (component, version))")));
    return {};
}

base::Result<std::vector<const Migration*>>
missingMigrations(Session& session, std::string_view component,
                  std::span<const Migration> migrations) {
    FL_ASSIGN(const auto rows,
              session.query("SELECT version FROM schema_migrations WHERE component=?",
                            {std::string(component)}));
    std::set<std::int64_t> applied;
    for (const Row& row : rows) {
        applied.insert(row.integer(0));
    }
    std::vector<const Migration*> missing;
    std::int64_t last = 0;
    for (const Migration& migration : migrations) {
        FL_ASSERT(migration.version > last);
        last = migration.version;
        if (!applied.contains(migration.version)) {
            missing.push_back(&migration);
        }
    }
    if (!applied.empty() && *applied.rbegin() > last) {
        return Error(Errc::Version, "storage.newer",
                     "The database was made by a newer version: its schema of " +
                         std::string(component) + " is " + std::to_string(*applied.rbegin()) +
                         ", this program knows " + std::to_string(last) +
                         "; start that version or restore a backup");
    }
    return missing;
}

base::Status applyMigration(Session& session, std::string_view component,
                            const Migration& migration, bool repeatable) {
    for (const std::string& statement : migration.statements) {
        const auto result = session.execute(expandTypes(session.dialect(), statement));
        if (!result && !(repeatable && result.error().code() == "storage.exists")) {
            return Error(result.error())
                .within("Migration " + std::to_string(migration.version) + " of " +
                        std::string(component) + " (" + migration.name + ")");
        }
    }
    FL_TRY(session.execute(
        "INSERT INTO schema_migrations (component, version, name, applied_at) VALUES (?,?,?,?)",
        {std::string(component), migration.version, migration.name, base::utcNow()}));
    return {};
}

} // namespace fairlead::storage
