// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/web/schema.hpp"

#include <rapidjson/fwd.h>

#include <string>
#include <string_view>

namespace fairlead::web {

/// Most rows of one export; the last line then says that there are more.
inline constexpr std::size_t kCsvRowsMax = 100'000;

/// One field of RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in
/// front ("=1+1", "+1", "-1", "@x", a leading tab or return).
std::string csvField(std::string_view text);

/// The header line: names of the item's fields, without `actions`.
std::string csvHeader(const Schema& item);

/// One line. Lists and objects are JSON text, null is empty, numbers stay as they are.
std::string csvLine(const Schema& item, const rapidjson::Value& value);

} // namespace fairlead::web
