// SPDX-License-Identifier: Apache-2.0
#include "user_repository.hpp"

#include "fairlead/storage/sql.hpp"
#include "role_text.hpp"

#include <algorithm>

namespace fairlead::security {

using base::Result;
using base::Status;
using storage::Row;
using storage::Session;
using storage::Value;

namespace {

constexpr const char* kColumns =
    "id, username, display_name, email, roles, enabled, must_change_password, last_login_at, "
    "created_at, updated_at, version, password_hash";
constexpr std::size_t kHashColumn = 11;

const storage::ListSpec& spec() {
    static const storage::ListSpec spec{.select = kColumns,
                                        .from = "users",
                                        .where = {},
                                        .where_values = {},
                                        .key = "id",
                                        .default_sort = "username",
                                        .sortable = {{"username", "username_key"},
                                                     {"createdAt", "created_at"},
                                                     {"lastLoginAt", "last_login_at"}},
                                        .filterable = {{"enabled", "enabled"}},
                                        .searched = {"username", "display_name", "email"},
                                        .search = storage::ListSpec::Search::Contains};
    return spec;
}

User toUser(const Row& row) {
    User user;
    user.id = row.text(0);
    user.username = row.text(1);
    user.display_name = row.text(2);
    if (!row.isNull(3)) {
        user.email = row.text(3);
    }
    user.roles = splitRoles(row.text(4));
    user.enabled = row.integer(5) != 0;
    user.must_change_password = row.integer(6) != 0;
    if (!row.isNull(7)) {
        user.last_login_at = row.integer(7);
    }
    user.created_at = row.integer(8);
    user.updated_at = row.integer(9);
    user.version = row.integer(10);
    return user;
}

Value optionalText(const std::optional<std::string>& text) {
    return text ? Value(*text) : Value();
}

std::string folded(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    return text;
}

Result<std::optional<UserRepository::Credentials>> findWhere(Session& s, const std::string& column,
                                                             const std::string& value) {
    FL_ASSIGN(
        const auto rows,
        s.query("SELECT " + std::string(kColumns) + " FROM users WHERE " + column + "=?", {value}));
    if (rows.empty()) {
        return std::optional<UserRepository::Credentials>{};
    }
    return std::optional(UserRepository::Credentials{toUser(rows[0]), rows[0].text(kHashColumn)});
}

} // namespace

Result<UserPage> UserRepository::list(Session& s, const storage::ListRequest& request) {
    FL_ASSIGN(const auto page, storage::listPage(s, spec(), request));
    UserPage out;
    out.total = page.total;
    std::transform(page.rows.begin(), page.rows.end(), std::back_inserter(out.items), toUser);
    return out;
}

Result<std::optional<UserRepository::Credentials>> UserRepository::find(Session& s,
                                                                        const std::string& id) {
    return findWhere(s, "id", id);
}

Result<std::optional<UserRepository::Credentials>>
UserRepository::findByName(Session& s, const std::string& username) {
    return findWhere(s, "username_key", folded(username));
}

Result<std::int64_t> UserRepository::count(Session& s) {
    FL_ASSIGN(const auto rows, s.query("SELECT COUNT(*) FROM users"));
    return rows.at(0).integer(0);
}

Result<std::int64_t> UserRepository::otherAdministrators(Session& s, const std::string& id) {
    std::string sql =
        "SELECT id, roles FROM users WHERE enabled=1 AND roles LIKE '%administrator%'";
    if (s.dialect() == storage::Dialect::Mysql) {
        sql += " FOR UPDATE";
    }
    FL_ASSIGN(const auto rows, s.query(sql));
    return std::count_if(rows.begin(), rows.end(),
                         [&](const Row& row) { return row.text(0) != id; });
}

Status UserRepository::insert(Session& s, const User& user, const std::string& hash) {
    FL_TRY(s.execute("INSERT INTO users (id, username, username_key, display_name, email, roles, "
                     "enabled, must_change_password, password_hash, created_at, updated_at, "
                     "version) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                     {user.id, user.username, folded(user.username), user.display_name,
                      optionalText(user.email), joinRoles(user.roles), std::int64_t{user.enabled},
                      std::int64_t{user.must_change_password}, hash, user.created_at,
                      user.updated_at, user.version}));
    return {};
}

Status UserRepository::update(Session& s, const User& user) {
    FL_ASSIGN(const std::int64_t changed,
              s.execute("UPDATE users SET display_name=?, email=?, roles=?, enabled=?, "
                        "updated_at=?, version=version+1 WHERE id=? AND version=?",
                        {user.display_name, optionalText(user.email), joinRoles(user.roles),
                         std::int64_t{user.enabled}, user.updated_at, user.id, user.version}));
    return storage::checkVersioned(s, changed, "users", user.id, "user " + user.username);
}

Status UserRepository::remove(Session& s, const User& user) {
    FL_ASSIGN(const std::int64_t changed,
              s.execute("DELETE FROM users WHERE id=? AND version=?", {user.id, user.version}));
    return storage::checkVersioned(s, changed, "users", user.id, "user " + user.username);
}

Status UserRepository::setPassword(Session& s, const std::string& id, const std::string& hash,
                                   bool must_change) {
    FL_TRY(s.execute("UPDATE users SET password_hash=?, must_change_password=?, updated_at=?, "
                     "version=version+1 WHERE id=?",
                     {hash, std::int64_t{must_change}, base::utcNow(), id}));
    return {};
}

} // namespace fairlead::security
