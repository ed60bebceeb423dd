// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fairlead::runtime {

/// Names the calling thread, for the log and for top and gdb (which show the first 15 characters).
void setThreadName(const std::string& name);

/// Lets other threads of the machine go before the calling one where the processor is short, for
/// work that may wait (it still gets about a tenth). For good: raising it again would take rights.
void standBack() noexcept;

/// The name given to the calling thread, or "main" for one without.
const std::string& threadName() noexcept;

} // namespace fairlead::runtime
