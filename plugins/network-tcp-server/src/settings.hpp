// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "framing.hpp"

#include <string_view>

namespace fairlead::tcp {

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    Framing framing;
    std::uint64_t auth_timeout_ms = 10'000;
    std::uint64_t keep_alive_ms = 600'000; // 0 = silence is no reason to close
};

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member is wrong or the framing rule lacks what it needs.
Settings parseSettings(std::string_view json);

} // namespace fairlead::tcp
