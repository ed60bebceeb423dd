// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::security {

/// Conditions of a cursor query, joined by AND.
struct LogConditions {
    std::string sql;
    std::vector<storage::Value> values;

    void add(const std::string& term, std::vector<storage::Value> more);
    /// From, to (on logged_at) and cursor (on id).
    void addRange(const std::optional<std::int64_t>& from, const std::optional<std::int64_t>& to,
                  const std::optional<std::int64_t>& after);
};

/// Deletes rows with logged_at before `older_than`, and, when `rows_max` is given, the oldest above
/// it, in slices of a transaction each, so that writers get their turn.
base::Result<std::int64_t> purgeLog(storage::Database& database, const std::string& table,
                                    std::int64_t older_than, std::optional<std::int64_t> rows_max);

} // namespace fairlead::security
