// SPDX-License-Identifier: Apache-2.0
// Topic names and filters (section 4.7).
#pragma once

#include <string_view>

namespace fairlead::mqtt {

/// Not empty and without wildcards. UTF-8 is checked by the reader.
bool validTopicName(std::string_view topic) noexcept;

/// A filter split into its parts; `group` is empty for ordinary ones.
struct FilterParts {
    std::string_view group;
    std::string_view filter;
    bool valid = false;
    bool shared = false;
};
FilterParts parseFilter(std::string_view text) noexcept;

/// Does the ordinary filter (without $share) cover the topic name?
bool matches(std::string_view filter, std::string_view topic) noexcept;

} // namespace fairlead::mqtt
