// SPDX-License-Identifier: Apache-2.0
#include "device_rows.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/storage/sql.hpp"

namespace fairlead::device {

base::Status CountChanges::store(DbSession& session) const {
    for (const auto& change : changes_) {
        if (change.second == 0) {
            continue;
        }
        FL_ASSIGN(const std::int64_t changed,
                  session.execute("UPDATE device_counts SET device_count = device_count + ? WHERE "
                                  "product_id = ? AND state = ?",
                                  {DbValue{change.second}, DbValue{change.first.first},
                                   DbValue{change.first.second}}));
        if (changed == 0) {
            FL_TRY(session.execute(
                "INSERT INTO device_counts (product_id, state, device_count) VALUES (?,?,?)",
                {DbValue{change.first.first}, DbValue{change.first.second},
                 DbValue{change.second}}));
        }
    }
    return {};
}

void addProblem(std::vector<base::FieldError>& errors, const std::string& field,
                const base::Status& status) {
    if (!status) {
        errors.push_back({field, "invalid", status.error().message()});
    }
}

void checkTag(const std::string& key, const std::string& value,
              std::vector<base::FieldError>& errors) {
    const auto key_size = base::countCharacters(key);
    const auto size = base::countCharacters(value);
    if (!key_size || *key_size == 0 || *key_size > kTagKeyCharsMax) {
        errors.push_back({"tags", "invalid", "a tag's key has 1 to 64 characters"});
    }
    if (!size || *size > kTagValueCharsMax) {
        errors.push_back({"tags." + key, "too_long", "a tag's value has at most 128 characters"});
    }
}

base::Status invalidUnless(std::vector<base::FieldError> errors, const std::string& code) {
    if (errors.empty()) {
        return {};
    }
    std::string message = errors.front().message;
    if (errors.size() > 1) {
        message += " (and " + std::to_string(errors.size() - 1) + " more)";
    }
    return base::Error{base::Errc::Invalid, code, std::move(message)}.with(std::move(errors));
}

const char* const kDeviceColumns =
    "device_key, id, name, description, product_id, parent_id, state, address, gateway_id, "
    "session_node, online_at, offline_at, last_seen_at, version, created_at, updated_at, "
    "configuration";

Device readDevice(const DbRow& row) {
    Device out;
    out.key = row.integer(0);
    out.id = row.text(1);
    out.name = row.text(2);
    out.description = row.text(3);
    out.product_id = row.text(4);
    out.parent_id = row.text(5);
    out.state = static_cast<DeviceState>(row.integer(6));
    out.address = row.text(7);
    out.gateway_id = row.text(8);
    out.session_node = row.text(9);
    out.online_at = row.integer(10);
    out.offline_at = row.integer(11);
    out.last_seen_at = row.integer(12);
    out.version = row.integer(13);
    out.created_at = row.integer(14);
    out.updated_at = row.integer(15);
    out.configuration = row.text(16);
    return out;
}

base::Result<std::map<std::int64_t, Tags>> readTags(DbSession& session,
                                                    const std::vector<std::int64_t>& keys) {
    std::map<std::int64_t, Tags> out;
    if (keys.empty()) {
        return out;
    }
    const std::vector<DbValue> values(keys.begin(), keys.end());
    FL_TRY(session.stream("SELECT device_key, tag_key, tag_value FROM device_tags WHERE "
                          "device_key IN " +
                              storage::placeholders(keys.size()),
                          values, [&out](const DbRow& row) {
                              out[row.integer(0)].emplace(row.text(1), row.text(2));
                              return true;
                          }));
    return out;
}

base::Status storeTags(DbSession& session, std::int64_t device_key,
                       const std::map<std::string, std::optional<std::string>>& tags) {
    const std::string upsert = storage::upsertSql(session.dialect(), "device_tags",
                                                  {"device_key", "tag_key"}, {"tag_value"});
    for (const auto& tag : tags) {
        if (tag.second) {
            FL_TRY(session.execute(
                upsert, {DbValue{device_key}, DbValue{tag.first}, DbValue{*tag.second}}));
        } else {
            FL_TRY(session.execute("DELETE FROM device_tags WHERE device_key = ? AND tag_key = ?",
                                   {DbValue{device_key}, DbValue{tag.first}}));
        }
    }
    FL_ASSIGN(const auto rows,
              session.query("SELECT COUNT(*) FROM device_tags WHERE device_key = ?",
                            {DbValue{device_key}}));
    if (rows.front().integer(0) > static_cast<std::int64_t>(kTagsMax)) {
        return base::Error{base::Errc::Invalid, "device.invalid", "a device has at most 32 tags"}
            .with({{"tags", "limit", "a device has at most 32 tags"}});
    }
    return {};
}

std::string afterPrefix(std::string prefix) {
    const auto last = static_cast<unsigned char>(prefix.back());
    if (last < 0x7f) {
        prefix.back() = static_cast<char>(last + 1);
        return prefix;
    }
    return prefix + "\xF4\x8F\xBF\xBF";
}

} // namespace fairlead::device
