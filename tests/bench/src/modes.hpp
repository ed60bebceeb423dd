// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "context.hpp"

#include <string>

namespace fairlead::bench {

/// Each runs one mode to its end and returns the result as a JSON object.
std::string runPublish(Context& context);
std::string runConnect(Context& context);
std::string runIdle(Context& context);
std::string runHttp(Context& context);
std::string runCommand(Context& context);

} // namespace fairlead::bench
