// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/settings.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/storage/sql.hpp"
#include "fairlead/web/json_out.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using base::Status;

constexpr const char* kRowId = "site";

std::string encode(const SettingsValues& values) {
    JsonOut out;
    out.object().field("siteName", values.site_name);
    out.field("history", values.history_days).field("messages", values.message_days);
    out.field("accessLog", values.access_log_days);
    out.field("systemLog", values.system_log_days).end();
    return std::move(out).text();
}

Status load(storage::Session& session, SettingsValues& values) {
    FL_ASSIGN(const auto rows, session.query("SELECT content, version FROM web_settings WHERE id=?",
                                             {storage::Value{std::string{kRowId}}}));
    if (rows.empty()) {
        return {};
    }
    FL_ASSIGN(const base::Json json, base::parseJson(rows[0].text(0)));
    values.site_name = base::textOr(json, "siteName", values.site_name);
    values.history_days = base::integerOr(json, "history", values.history_days);
    values.message_days = base::integerOr(json, "messages", values.message_days);
    values.access_log_days = base::integerOr(json, "accessLog", values.access_log_days);
    values.system_log_days = base::integerOr(json, "systemLog", values.system_log_days);
    values.version = rows[0].integer(1);
    return {};
}

void apply(const SettingsChange& change, SettingsValues& values) {
    values.site_name = change.site_name.value_or(values.site_name);
    values.history_days = change.history_days.value_or(values.history_days);
    values.message_days = change.message_days.value_or(values.message_days);
    values.access_log_days = change.access_log_days.value_or(values.access_log_days);
    values.system_log_days = change.system_log_days.value_or(values.system_log_days);
    ++values.version;
}

} // namespace

std::span<const storage::Migration> SettingsStore::migrations() {
    static const std::vector<storage::Migration> kMigrations{
        {1,
         "settings of the site",
         {"CREATE TABLE IF NOT EXISTS web_settings (id {id} NOT NULL PRIMARY KEY, "
          "content {json} NOT NULL, version BIGINT NOT NULL)"}},
    };
    return kMigrations;
}

Result<SettingsValues> SettingsStore::get() {
    SettingsValues values = defaults_;
    FL_TRY(database_.read([&](storage::Session& session) { return load(session, values); }));
    return values;
}

Result<SettingsValues> SettingsStore::change(const SettingsChange& change,
                                             std::int64_t expected_version) {
    SettingsValues values;
    const std::lock_guard lock(change_mutex_);
    const Status stored = database_.write([&](storage::Session& session) -> Status {
        values = defaults_;
        FL_TRY(load(session, values));
        if (expected_version != 0 && expected_version != values.version) {
            return storage::staleError("settings");
        }
        apply(change, values);
        const std::string sql =
            storage::upsertSql(session.dialect(), "web_settings", {"id"}, {"content", "version"});
        FL_TRY(
            session.execute(sql, {storage::Value{std::string{kRowId}},
                                  storage::Value{encode(values)}, storage::Value{values.version}}));
        return {};
    });
    if (!stored) {
        return stored.error();
    }
    for (const auto& listener : listeners_) {
        listener(values);
    }
    return values;
}

} // namespace fairlead::web
