// SPDX-License-Identifier: Apache-2.0
#include "fairlead/storage/listing.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/storage/sql.hpp"

#include <algorithm>

namespace fairlead::storage {

using base::Errc;
using base::Error;

namespace {

/// Characters of a search text.
constexpr std::size_t kSearchCharsMax = 128;

const ListSpec::Column* findColumn(const std::vector<ListSpec::Column>& columns,
                                   std::string_view field) {
    const auto it = std::find_if(columns.begin(), columns.end(),
                                 [&](const ListSpec::Column& c) { return c.field == field; });
    return it == columns.end() ? nullptr : &*it;
}

std::string fieldsOf(const std::vector<ListSpec::Column>& columns) {
    std::string out;
    for (const ListSpec::Column& column : columns) {
        out += (out.empty() ? "" : ", ") + std::string(column.field);
    }
    return out.empty() ? "none" : out;
}

struct Order {
    std::string_view field;
    bool descending = false;
};

Order orderOf(const ListSpec& spec, const ListRequest& request) {
    const std::string_view sort = request.sort.empty() ? spec.default_sort : request.sort;
    const bool descending = !sort.empty() && sort[0] == '-';
    return {sort.substr(descending ? 1 : 0), descending};
}

struct Condition {
    std::string sql;
    std::vector<Value> values;

    void add(const std::string& term) { sql += (sql.empty() ? " WHERE " : " AND ") + term; }
};

// The first text after all that begin with `prefix`, in the order of bytes.
std::string afterPrefix(std::string prefix) {
    const auto last = static_cast<unsigned char>(prefix.back());
    if (last < 0x7F) {
        prefix.back() = static_cast<char>(last + 1);
        return prefix;
    }
    return prefix + "\xF4\x8F\xBF\xBF";
}

void addSearch(Condition& condition, const ListSpec& spec, const std::string& text) {
    std::string any;
    for (const std::string_view column : spec.searched) {
        const std::string name(column);
        any += any.empty() ? "(" : " OR ";
        if (spec.search == ListSpec::Search::Prefix) {
            any += "(" + name + ">=? AND " + name + "<?)";
            condition.values.emplace_back(text);
            condition.values.emplace_back(afterPrefix(text));
        } else {
            any += "LOWER(" + name + ") LIKE LOWER(?) ESCAPE '!'";
            condition.values.emplace_back("%" + escapeLike(text) + "%");
        }
    }
    condition.add(any + ")");
}

Condition conditionOf(const ListSpec& spec, const ListRequest& request) {
    Condition condition;
    if (!spec.where.empty()) {
        condition.add("(" + std::string(spec.where) + ")");
        condition.values = spec.where_values;
    }
    for (const ListRequest::Filter& filter : request.filters) {
        const std::string column(findColumn(spec.filterable, filter.field)->column);
        if (std::holds_alternative<std::monostate>(filter.value)) {
            condition.add(column + " IS NULL");
        } else {
            condition.add(column + "=?");
            condition.values.push_back(filter.value);
        }
    }
    const std::string text(base::trim(request.q));
    if (!text.empty() && !spec.searched.empty()) {
        addSearch(condition, spec, text);
    }
    return condition;
}

} // namespace

base::Status checkList(const ListSpec& spec, const ListRequest& request) {
    if (request.page < 1) {
        return Error(Errc::Invalid, "list.page", "page must be 1 or more");
    }
    if (request.page_size < 1 || request.page_size > kPageSizeMax) {
        return Error(Errc::Invalid, "list.page_size",
                     "pageSize must be 1 to " + std::to_string(kPageSizeMax));
    }
    if (request.page - 1 > kListOffsetMax / request.page_size) {
        return Error(Errc::Limit, "list.offset",
                     "Only the first " + std::to_string(kListOffsetMax) +
                         " can be paged through; narrow the list with a filter");
    }
    const Order order = orderOf(spec, request);
    if (findColumn(spec.sortable, order.field) == nullptr) {
        return Error(Errc::Invalid, "list.sort",
                     "sort must be one of: " + fieldsOf(spec.sortable) +
                         " (with - in front for descending)");
    }
    if (request.filters.size() > kListFiltersMax) {
        return Error(Errc::Invalid, "list.filter",
                     "At most " + std::to_string(kListFiltersMax) + " filters are allowed");
    }
    for (const ListRequest::Filter& filter : request.filters) {
        if (findColumn(spec.filterable, filter.field) == nullptr) {
            return Error(Errc::Invalid, "list.filter",
                         "There is no filter \"" + filter.field +
                             "\"; there are: " + fieldsOf(spec.filterable));
        }
    }
    const auto characters = base::countCharacters(request.q);
    if (!characters || *characters > kSearchCharsMax) {
        return Error(Errc::Invalid, "list.q",
                     "q must be text of at most " + std::to_string(kSearchCharsMax) +
                         " characters");
    }
    return {};
}

base::Result<ListPage> listPage(Session& session, const ListSpec& spec,
                                const ListRequest& request) {
    FL_TRY(checkList(spec, request));
    const Condition condition = conditionOf(spec, request);
    const Order order = orderOf(spec, request);
    const std::string column(findColumn(spec.sortable, order.field)->column);
    const std::string direction = order.descending ? " DESC" : " ASC";
    const std::string from = " FROM " + std::string(spec.from) + condition.sql;
    std::string sql =
        "SELECT " + std::string(spec.select) + from + " ORDER BY " + column + direction;
    if (column != spec.key) {
        sql += "," + std::string(spec.key) + direction;
    }
    sql += " LIMIT ? OFFSET ?";
    std::vector<Value> values = condition.values;
    values.emplace_back(static_cast<std::int64_t>(request.page_size));
    values.emplace_back(static_cast<std::int64_t>((request.page - 1) * request.page_size));

    ListPage page;
    FL_ASSIGN(page.rows, session.query(sql, values));
    values = condition.values;
    values.emplace_back(kListCountMax + 1);
    FL_ASSIGN(
        const auto count,
        session.query("SELECT COUNT(*) FROM (SELECT 1" + from + " LIMIT ?) AS counted", values));
    page.total = std::min(count.at(0).integer(0), kListCountMax);
    page.total_capped = count.at(0).integer(0) > kListCountMax;
    return page;
}

} // namespace fairlead::storage
