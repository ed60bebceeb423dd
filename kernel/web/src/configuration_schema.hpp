// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "resource.hpp"

#include <set>
#include <string>

namespace fairlead::web {

/// JSON Schema of the credentials that the protocol wants on the gateway's transport. `protocol_id`
/// empty: the gateway's protocol. "{}" when there is none to ask.
base::Result<std::string> configurationSchemaOf(Site& site, const std::string& protocol_id,
                                                const std::string& gateway_id);

/// Names of the secrets in it, for the access log.
std::set<std::string> secretNamesOf(Site& site, const std::string& protocol_id,
                                    const std::string& gateway_id);

} // namespace fairlead::web
