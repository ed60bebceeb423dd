// SPDX-License-Identifier: Apache-2.0
#include "mysql_values.hpp"

#include <cppconn/datatype.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>

namespace fairlead::storage {

namespace {

Value columnOf(sql::ResultSet& rows, sql::ResultSetMetaData& facts, unsigned column) {
    if (rows.isNull(column)) {
        return std::monostate{};
    }
    switch (facts.getColumnType(column)) {
    case sql::DataType::BIT:
    case sql::DataType::TINYINT:
    case sql::DataType::SMALLINT:
    case sql::DataType::MEDIUMINT:
    case sql::DataType::INTEGER:
    case sql::DataType::BIGINT:
        return std::int64_t{rows.getInt64(column)};
    case sql::DataType::REAL:
    case sql::DataType::DOUBLE:
        return static_cast<double>(rows.getDouble(column));
    case sql::DataType::DECIMAL:
    case sql::DataType::NUMERIC:
        // SUM of integers is a DECIMAL without fraction.
        if (facts.getScale(column) == 0) {
            return std::int64_t{rows.getInt64(column)};
        }
        return static_cast<double>(rows.getDouble(column));
    case sql::DataType::BINARY:
    case sql::DataType::VARBINARY:
    case sql::DataType::LONGVARBINARY:
        return Blob{rows.getString(column).asStdString()};
    default:
        return rows.getString(column).asStdString();
    }
}

bool isBlank(char c) {
    return c == ' ' || c == '\n' || c == '\t';
}

bool equalsIgnoringCase(std::string_view a, std::string_view upper) {
    for (std::size_t i = 0; i < upper.size(); ++i) {
        const char c = a[i];
        if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) {
            return false;
        }
    }
    return true;
}

} // namespace

void bindValues(sql::PreparedStatement& statement, std::span<const Value> parameters,
                unsigned first, BoundStreams& streams) {
    unsigned index = first;
    for (const Value& value : parameters) {
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            statement.setInt64(index, *integer);
        } else if (const auto* number = std::get_if<double>(&value)) {
            statement.setDouble(index, *number);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            statement.setString(index, *text);
        } else if (const auto* blob = std::get_if<Blob>(&value)) {
            streams.emplace_back(blob->bytes);
            statement.setBlob(index, &streams.back());
        } else {
            statement.setNull(index, sql::DataType::SQLNULL);
        }
        ++index;
    }
}

Row readRow(sql::ResultSet& rows, sql::ResultSetMetaData& facts) {
    const unsigned columns = facts.getColumnCount();
    std::vector<Value> values;
    values.reserve(columns);
    for (unsigned i = 1; i <= columns; ++i) {
        values.push_back(columnOf(rows, facts, i));
    }
    return Row(std::move(values));
}

InsertParts splitInsert(std::string_view sql) {
    constexpr std::string_view kValues = "VALUES";
    if (sql.size() < 12 || !equalsIgnoringCase(sql.substr(0, 6), "INSERT")) {
        return {};
    }
    for (std::size_t at = 6; at + kValues.size() < sql.size(); ++at) {
        if (!equalsIgnoringCase(sql.substr(at, kValues.size()), kValues)) {
            continue;
        }
        std::size_t open = at + kValues.size();
        while (open < sql.size() && isBlank(sql[open])) {
            ++open;
        }
        if (open >= sql.size() || sql[open] != '(') {
            continue;
        }
        // Functions inside of the tuple bring parentheses of their own.
        int depth = 0;
        for (std::size_t end = open; end < sql.size(); ++end) {
            depth += sql[end] == '(' ? 1 : sql[end] == ')' ? -1 : 0;
            if (depth == 0) {
                return {sql.substr(0, open), sql.substr(open, end + 1 - open), sql.substr(end + 1),
                        true};
            }
        }
    }
    return {};
}

} // namespace fairlead::storage
