// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <deque>
#include <span>
#include <sstream>

namespace sql {
class PreparedStatement;
class ResultSet;
class ResultSetMetaData;
} // namespace sql

namespace fairlead::storage {

/// Streams of bound BLOBs; the connector reads them when the statement runs.
using BoundStreams = std::deque<std::istringstream>;

/// Binds `parameters` from place `first` (1-based) on.
void bindValues(sql::PreparedStatement& statement, std::span<const Value> parameters,
                unsigned first, BoundStreams& streams);

/// The row under the cursor.
Row readRow(sql::ResultSet& rows, sql::ResultSetMetaData& facts);

/// "INSERT … VALUES (?,?) tail" taken apart, so that it can be repeated for many rows.
struct InsertParts {
    std::string_view head; ///< up to and including VALUES
    std::string_view tuple;
    std::string_view tail;
    bool found = false;
};
InsertParts splitInsert(std::string_view sql);

} // namespace fairlead::storage
