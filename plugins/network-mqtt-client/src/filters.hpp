// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::mqtt_client {

/// "/{productId}/{deviceId}/child/{#}" → "/+/+/child/#"; empty when it cannot be a filter.
std::string filterOf(std::string_view route);

/// True when every topic of `narrow` is one of `wide`; both are ordinary filters.
bool covers(std::string_view wide, std::string_view narrow) noexcept;

/// What to subscribe to, with the prefix: the topics of the settings, or what the routes say
/// without those that others cover. At most kTopicsMax.
std::vector<std::string> filtersOf(const Settings& settings, std::span<const std::string> routes);

} // namespace fairlead::mqtt_client
