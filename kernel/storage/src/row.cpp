// SPDX-License-Identifier: Apache-2.0
#include "fairlead/storage/database.hpp"

#include <cmath>

namespace fairlead::storage {

namespace {

/// Doubles beyond it cannot be converted to 64-bit integers.
constexpr double kIntegerMax = 9.2e18;

} // namespace

bool Row::isNull(std::size_t column) const {
    return std::holds_alternative<std::monostate>(values_.at(column));
}

std::int64_t Row::integer(std::size_t column) const {
    const Value& value = values_.at(column);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return *integer;
    }
    const auto* number = std::get_if<double>(&value);
    return number != nullptr && std::abs(*number) < kIntegerMax ? std::llround(*number) : 0;
}

double Row::number(std::size_t column) const {
    const Value& value = values_.at(column);
    if (const auto* number = std::get_if<double>(&value)) {
        return *number;
    }
    const auto* integer = std::get_if<std::int64_t>(&value);
    return integer != nullptr ? static_cast<double>(*integer) : 0;
}

const std::string& Row::text(std::size_t column) const {
    static const std::string empty;
    const Value& value = values_.at(column);
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    const auto* blob = std::get_if<Blob>(&value);
    return blob != nullptr ? blob->bytes : empty;
}

} // namespace fairlead::storage
