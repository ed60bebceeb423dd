// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace fairlead::storage {

/// INSERT that updates the row when `keys` (its primary or a unique key) is there already;
/// parameters are the values of `keys`, then of `columns`. Without columns an existing row stays as
/// it is.
std::string upsertSql(Dialect dialect, std::string_view table,
                      std::initializer_list<std::string_view> keys,
                      std::initializer_list<std::string_view> columns);

/// "(?,?,?)" with `count` places, for IN lists and VALUES. `count` at least 1.
std::string placeholders(std::size_t count);

/// `text` with the wild cards of LIKE escaped by '!', for `column LIKE ? ESCAPE '!'`.
std::string escapeLike(std::string_view text);

/// Replaces the type macros of migrations ({id}, {text}, …; see storage/README.md).
std::string expandTypes(Dialect dialect, std::string_view statement);

/// The refusal of an optimistic lock: kind Conflict, code "stale" (HTTP 412).
base::Error staleError(const std::string& what);

/// Result of an UPDATE … WHERE id=? AND version=?: OK for one row; for none, NotFound when the row
/// is gone and staleError when only the version differs. `what` names it ("user alice").
base::Status checkVersioned(Session& session, std::int64_t changed, std::string_view table,
                            std::string_view id, const std::string& what);

} // namespace fairlead::storage
