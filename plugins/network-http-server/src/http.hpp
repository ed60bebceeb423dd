// SPDX-License-Identifier: Apache-2.0
// The SDK's parts for types that speak HTTP, under this plugin's names.
#pragma once

#include "fairlead/sdk/http/message.hpp"
#include "fairlead/sdk/http/response.hpp"

namespace fairlead::http {
using namespace sdk::http;
} // namespace fairlead::http
