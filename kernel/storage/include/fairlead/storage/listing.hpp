// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::storage {

inline constexpr std::size_t kPageSizeMax = 200;
inline constexpr std::size_t kPageSizeDefault = 20;
/// Rows that a page may skip. Skipping costs the database a read each (measured: 12 ms for 10,000,
/// 117 ms for 500,000); beyond it the caller is told to filter.
inline constexpr std::size_t kListOffsetMax = 100'000;
/// Rows that are counted; more are given as "at least so many" (measured: counting 100,000 index
/// entries takes 1.5 to 5 ms, a million 60 ms and more).
inline constexpr std::int64_t kListCountMax = 100'000;
/// Conditions in one list request.
inline constexpr std::size_t kListFiltersMax = 16;

/// What the caller of the API asked for.
struct ListRequest {
    std::size_t page = 1;
    std::size_t page_size = kPageSizeDefault;
    std::string sort{}; ///< field, "-" in front for descending; empty: the spec's default
    std::string q{};    ///< search over the spec's search columns
    struct Filter {
        std::string field;
        Value value;
    };
    std::vector<Filter> filters{}; ///< equality, all must hold
};

/// What a list can do; a constant of the repository. Names are fields of the API, columns are SQL
/// and never come from outside.
struct ListSpec {
    struct Column {
        std::string_view field;
        std::string_view column;
    };
    std::string_view select; ///< "id, name, created_at"
    std::string_view from;   ///< "users" or a join
    std::string_view where;  ///< fixed condition, may be empty; its values are `where_values`
    std::vector<Value> where_values;
    std::string_view key;          ///< unique column that breaks ties of the order
    std::string_view default_sort; ///< "-createdAt"
    std::vector<Column> sortable;  ///< indexed columns only
    std::vector<Column> filterable;
    std::vector<std::string_view> searched; ///< columns of `q`
    /// How `q` matches. Prefix uses indexes and respects case: for large tables. Contains reads all
    /// rows and ignores the case of ASCII letters: for tables of at most some 10,000 rows.
    enum class Search { Prefix, Contains } search = Search::Prefix;
};

struct ListPage {
    std::vector<Row> rows;
    std::int64_t total = 0;
    bool total_capped = false; ///< there are more than `total` (which is kListCountMax then)
};

/// One page and the total. Errors: Invalid (codes "list.page", "list.page_size", "list.sort",
/// "list.filter") naming the field, Limit beyond kListOffsetMax.
base::Result<ListPage> listPage(Session& session, const ListSpec& spec, const ListRequest& request);

/// Checks a request without touching the database.
base::Status checkList(const ListSpec& spec, const ListRequest& request);

} // namespace fairlead::storage
