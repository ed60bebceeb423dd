// SPDX-License-Identifier: Apache-2.0
#include "fairlead/storage/sql.hpp"

#include <array>

namespace fairlead::storage {

using base::Errc;
using base::Error;

namespace {

struct TypeMacro {
    std::string_view name;
    std::string_view sqlite;
    std::string_view mysql;
};

// Keys are binary ASCII: 64 bytes instead of 256, and compared as SQLite does. {text} may be
// indexed: 700 characters of 4 bytes are below InnoDB's 3072.
constexpr std::array kTypeMacros{
    TypeMacro{"{id}", "TEXT", "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
    TypeMacro{"{name}", "TEXT", "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
    TypeMacro{"{description}", "TEXT", "VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
    TypeMacro{"{text}", "TEXT", "VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
    TypeMacro{"{json}", "TEXT", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
    TypeMacro{"{blob}", "BLOB", "LONGBLOB"},
    TypeMacro{"{auto}", "INTEGER PRIMARY KEY AUTOINCREMENT",
              "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"},
    TypeMacro{"{int}", "INTEGER", "BIGINT"},
    TypeMacro{"{bool}", "INTEGER", "TINYINT"},
    TypeMacro{"{real}", "REAL", "DOUBLE"},
};

void joinColumns(std::string& out, std::initializer_list<std::string_view> columns) {
    for (const std::string_view column : columns) {
        if (!out.empty() && out.back() != '(') {
            out += ",";
        }
        out += column;
    }
}

} // namespace

std::string upsertSql(Dialect dialect, std::string_view table,
                      std::initializer_list<std::string_view> keys,
                      std::initializer_list<std::string_view> columns) {
    FL_ASSERT(keys.size() > 0);
    std::string sql = "INSERT INTO " + std::string(table) + " (";
    joinColumns(sql, keys);
    joinColumns(sql, columns);
    sql += ") VALUES " + placeholders(keys.size() + columns.size());
    const bool sqlite = dialect == Dialect::Sqlite;
    if (sqlite) {
        sql += " ON CONFLICT(";
        joinColumns(sql, keys);
        sql += columns.size() == 0 ? ") DO NOTHING" : ") DO UPDATE SET ";
    } else {
        sql += " ON DUPLICATE KEY UPDATE ";
        if (columns.size() == 0) {
            sql += std::string(*keys.begin()) + "=" + std::string(*keys.begin());
        }
    }
    bool first = true;
    for (const std::string_view column : columns) {
        const std::string name(column);
        sql += first ? "" : ",";
        sql += name + "=" + (sqlite ? "excluded." + name : "VALUES(" + name + ")");
        first = false;
    }
    return sql;
}

std::string placeholders(std::size_t count) {
    FL_ASSERT(count > 0);
    std::string out = "(?";
    for (std::size_t i = 1; i < count; ++i) {
        out += ",?";
    }
    return out + ")";
}

std::string escapeLike(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '!') {
            out += '!';
        }
        out += c;
    }
    return out;
}

std::string expandTypes(Dialect dialect, std::string_view statement) {
    std::string out(statement);
    for (const TypeMacro& macro : kTypeMacros) {
        const std::string_view type = dialect == Dialect::Sqlite ? macro.sqlite : macro.mysql;
        for (std::size_t at = out.find(macro.name); at != std::string::npos;
             at = out.find(macro.name, at + type.size())) {
            out.replace(at, macro.name.size(), type);
        }
    }
    return out;
}

Error staleError(const std::string& what) {
    return {Errc::Conflict, "stale",
            "Somebody else changed " + what + " meanwhile; read it again and repeat the change"};
}

base::Status checkVersioned(Session& session, std::int64_t changed, std::string_view table,
                            std::string_view id, const std::string& what) {
    if (changed > 0) {
        return {};
    }
    FL_ASSIGN(const auto rows, session.query("SELECT 1 FROM " + std::string(table) + " WHERE id=?",
                                             {std::string(id)}));
    if (rows.empty()) {
        return Error::notFound("There is no " + what);
    }
    return staleError(what);
}

} // namespace fairlead::storage
