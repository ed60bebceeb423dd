// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/network/type.hpp"

#include <cstdint>

namespace fairlead::network {

/// A description with what FL_NETWORK_… flags say.
TypeDescription describeFlags(std::uint32_t flags);

} // namespace fairlead::network
