// SPDX-License-Identifier: Apache-2.0
// Design notes. A page of a million devices must not cost a million rows. Without a search the keys
// of the page come straight from an index in the order of device_key (which is the order of
// creation), and the total from the counters. With a prefix search the candidates are two index
// ranges, by id and by name, each cut at kSearchMatchesMax; they are sorted in the database and
// counted here. The rows of the page are then read by key.
#include "device_service.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/storage/listing.hpp"
#include "fairlead/storage/sql.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

using base::Errc;
using base::Error;
using base::Status;

constexpr std::size_t kSearchTextCharsMax = 128;

struct DeviceWhere {
    std::string sql;
    std::vector<DbValue> values;

    void add(const char* condition, DbValue value) {
        sql += (sql.empty() ? " WHERE " : " AND ") + std::string{condition};
        values.push_back(std::move(value));
    }
};

struct DeviceOrder {
    std::string column;
    bool descending = false;
    std::string sql(const std::string& table) const {
        const std::string direction = descending ? " DESC" : "";
        const std::string key = table + "device_key" + direction;
        return " ORDER BY " +
               (column == "device_key" ? key : table + column + direction + ", " + key);
    }
};

base::Result<DeviceOrder> orderOf(const DeviceQuery& query) {
    std::string_view sort = query.sort.empty() ? std::string_view{"-createdAt"} : query.sort;
    DeviceOrder out;
    out.descending = sort.front() == '-';
    sort.remove_prefix(out.descending ? 1 : 0);
    if (sort == "createdAt") {
        out.column = "device_key";
    } else if (sort == "id" || sort == "name") {
        out.column = sort;
    } else {
        return Error{Errc::Invalid, "list.sort",
                     "sort must be one of: id, name, createdAt (with - in front for descending)"};
    }
    return out;
}

/// More matches than this are not sorted: the index of the order is walked and filtered instead.
constexpr std::int64_t kSortedMax = 20'000;

/// `walk` keeps the database from using the indexes of the conditions.
DeviceWhere whereOf(const DeviceQuery& query, bool walk = false) {
    DeviceWhere out;
    if (query.tag) {
        out.add("t.tag_key = ?", query.tag->first);
        out.add("t.tag_value = ?", query.tag->second);
    }
    if (!query.product_id.empty()) {
        out.add(walk ? "+d.product_id = ?" : "d.product_id = ?", query.product_id);
    }
    if (query.state) {
        out.add(walk ? "+d.state = ?" : "d.state = ?", static_cast<std::int64_t>(*query.state));
    }
    if (!query.parent_id.empty()) {
        out.add("d.parent_id = ?", query.parent_id);
    }
    return out;
}

std::string fromOf(const DeviceQuery& query) {
    return query.tag ? " FROM device_tags t JOIN devices d ON d.device_key = t.device_key"
                     : " FROM devices d";
}

Status checkDeviceQuery(const DeviceQuery& query) {
    if (query.page < 1 || query.page_size < 1 || query.page_size > storage::kPageSizeMax) {
        return Error{Errc::Invalid, "list.page", "page must be 1 or more and pageSize 1 to 200"};
    }
    if ((query.page - 1) * query.page_size > storage::kListOffsetMax) {
        return Error{Errc::Limit, "list.offset",
                     "only the first 100000 can be paged through; narrow the list with a filter"};
    }
    const auto characters = base::countCharacters(query.q);
    if (!characters || *characters > kSearchTextCharsMax) {
        return Error{Errc::Invalid, "list.q", "q must be text of at most 128 characters"};
    }
    return {};
}

/// From the counters; only filters by product and state.
base::Result<std::int64_t> countByCounters(DbSession& session, const DeviceQuery& query) {
    std::string sql = "SELECT COALESCE(SUM(device_count), 0) FROM device_counts";
    DeviceWhere where;
    if (!query.product_id.empty()) {
        where.add("product_id = ?", query.product_id);
    }
    if (query.state) {
        where.add("state = ?", static_cast<std::int64_t>(*query.state));
    }
    FL_ASSIGN(const auto rows, session.query(sql + where.sql, where.values));
    return static_cast<std::int64_t>(rows.front().number(0));
}

/// Counts at most one more than may be paged through.
base::Result<std::int64_t> countRows(DbSession& session, const DeviceQuery& query,
                                     const DeviceWhere& where) {
    std::vector<DbValue> values = where.values;
    values.emplace_back(static_cast<std::int64_t>(storage::kListOffsetMax) + 1);
    FL_ASSIGN(const auto rows, session.query("SELECT COUNT(*) FROM (SELECT 1 AS one" +
                                                 fromOf(query) + where.sql + " LIMIT ?) counted",
                                             values));
    return rows.front().integer(0);
}

base::Result<std::vector<std::int64_t>> browse(DbSession& session, const DeviceQuery& query,
                                               const DeviceOrder& order, DevicePage& page) {
    DeviceWhere where = whereOf(query);
    if (query.tag || !query.parent_id.empty()) {
        FL_ASSIGN(page.total, countRows(session, query, where));
        page.total_is_least = page.total > static_cast<std::int64_t>(storage::kListOffsetMax);
    } else {
        FL_ASSIGN(page.total, countByCounters(session, query));
        where = whereOf(query, order.column != "device_key" && page.total > kSortedMax);
    }
    std::vector<DbValue> values = where.values;
    values.emplace_back(static_cast<std::int64_t>(query.page_size));
    values.emplace_back(static_cast<std::int64_t>((query.page - 1) * query.page_size));
    // The tag's index is in the order of device_key too.
    const std::string table = query.tag && order.column == "device_key" ? "t." : "d.";
    FL_ASSIGN(const auto rows, session.query("SELECT d.device_key" + fromOf(query) + where.sql +
                                                 order.sql(table) + " LIMIT ? OFFSET ?",
                                             values));
    std::vector<std::int64_t> keys;
    for (const DbRow& row : rows) {
        keys.push_back(row.integer(0));
    }
    return keys;
}

base::Result<std::vector<std::int64_t>> searchKeys(DbSession& session, const DeviceQuery& query,
                                                   const DeviceOrder& order, DevicePage& page) {
    const std::string text{base::trim(query.q)};
    std::string sql = "SELECT device_key FROM (";
    std::vector<DbValue> values;
    constexpr auto kLimit = static_cast<std::int64_t>(kSearchMatchesMax);
    bool walk = false;
    if (!query.tag && query.parent_id.empty()) {
        FL_ASSIGN(const std::int64_t filtered, countByCounters(session, query));
        walk = filtered > kSortedMax;
    }
    for (const char* column : {"id", "name"}) {
        DeviceWhere where = whereOf(query, walk);
        where.add((std::string{"d."} + column + " >= ?").c_str(), text);
        where.add((std::string{"d."} + column + " < ?").c_str(), afterPrefix(text));
        sql += values.empty() ? "" : " UNION ";
        sql += std::string{"SELECT device_key, id, name FROM (SELECT d.device_key, d.id, d.name"} +
               fromOf(query) + where.sql + " LIMIT ?) by_" + column;
        values.insert(values.end(), where.values.begin(), where.values.end());
        values.emplace_back(kLimit + 1);
    }
    sql += ") found" + order.sql("");
    std::vector<std::int64_t> keys;
    const std::size_t first = (query.page - 1) * query.page_size;
    FL_TRY(session.stream(sql, values, [&](const DbRow& row) {
        if (static_cast<std::size_t>(page.total) >= first && keys.size() < query.page_size) {
            keys.push_back(row.integer(0));
        }
        page.total += 1;
        return true;
    }));
    page.total_is_least = page.total > kLimit;
    return keys;
}

} // namespace

base::Result<DevicePage> listDevices(DbSession& session, const DeviceQuery& query) {
    FL_TRY(checkDeviceQuery(query));
    FL_ASSIGN(const DeviceOrder order, orderOf(query));
    DevicePage page;
    const bool searching = !base::trim(query.q).empty();
    FL_ASSIGN(const std::vector<std::int64_t> keys, searching
                                                        ? searchKeys(session, query, order, page)
                                                        : browse(session, query, order, page));
    if (keys.empty()) {
        return page;
    }
    const std::vector<DbValue> values(keys.begin(), keys.end());
    FL_ASSIGN(const auto rows, session.query("SELECT " + std::string{kDeviceColumns} +
                                                 " FROM devices WHERE device_key IN " +
                                                 storage::placeholders(keys.size()),
                                             values));
    for (const DbRow& row : rows) {
        page.items.push_back(readDevice(row));
    }
    const auto place = [&keys](const Device& device) {
        return std::find(keys.begin(), keys.end(), device.key);
    };
    std::sort(page.items.begin(), page.items.end(),
              [&](const Device& a, const Device& b) { return place(a) < place(b); });
    return page;
}

} // namespace fairlead::device
