// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace fairlead::bench {

/// CPU nanoseconds that the threads of a process have used so far; 0 when there is none.
std::int64_t cpuNs(int pid);

/// Resident bytes of a process; 0 when there is none.
std::int64_t residentBytes(int pid);

} // namespace fairlead::bench
