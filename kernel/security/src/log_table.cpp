// SPDX-License-Identifier: Apache-2.0
#include "log_table.hpp"

#include <algorithm>

namespace fairlead::security {

using base::Result;
using base::Status;
using storage::Session;

namespace {

/// Rows of one deleting transaction: about 10 ms.
constexpr std::int64_t kSlice = 2000;

struct Range {
    std::int64_t first = 0;
    std::int64_t end = 0; ///< exclusive; first == end: nothing
};

Result<Range> rangeToDelete(Session& s, const std::string& table, std::int64_t older_than,
                            std::optional<std::int64_t> rows_max) {
    FL_ASSIGN(
        const auto old,
        s.query("SELECT MIN(id), MAX(id) FROM " + table + " WHERE logged_at<?", {older_than}));
    FL_ASSIGN(const auto all, s.query("SELECT MIN(id) FROM " + table));
    Range range{all.at(0).integer(0), old.at(0).isNull(1) ? 0 : old.at(0).integer(1) + 1};
    if (rows_max) {
        FL_ASSIGN(
            const auto boundary,
            s.query("SELECT id FROM " + table + " ORDER BY id DESC LIMIT 1 OFFSET ?", {*rows_max}));
        if (!boundary.empty()) {
            range.end = std::max(range.end, boundary[0].integer(0) + 1);
        }
    }
    range.end = std::max(range.end, range.first);
    return range;
}

} // namespace

void LogConditions::add(const std::string& term, std::vector<storage::Value> more) {
    sql += (sql.empty() ? " WHERE " : " AND ") + term;
    values.insert(values.end(), more.begin(), more.end());
}

void LogConditions::addRange(const std::optional<std::int64_t>& from,
                             const std::optional<std::int64_t>& to,
                             const std::optional<std::int64_t>& after) {
    if (from) {
        add("logged_at>=?", {*from});
    }
    if (to) {
        add("logged_at<?", {*to});
    }
    if (after) {
        add("id<?", {*after});
    }
}

Result<std::int64_t> purgeLog(storage::Database& database, const std::string& table,
                              std::int64_t older_than, std::optional<std::int64_t> rows_max) {
    Range range;
    FL_TRY(database.read([&](Session& s) -> Status {
        FL_ASSIGN(range, rangeToDelete(s, table, older_than, rows_max));
        return {};
    }));
    std::int64_t deleted = 0;
    for (std::int64_t at = range.first; at < range.end; at += kSlice) {
        std::int64_t slice = 0;
        FL_TRY(database.write([&](Session& s) -> Status {
            FL_ASSIGN(slice, s.execute("DELETE FROM " + table + " WHERE id>=? AND id<?",
                                       {at, std::min(at + kSlice, range.end)}));
            return {};
        }));
        deleted += slice;
    }
    return deleted;
}

} // namespace fairlead::security
