// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace fairlead::app {

/// Tells the service manager ("READY=1", "STOPPING=1") over the datagram socket that it named in
/// NOTIFY_SOCKET; does nothing without one. See sd_notify(3).
void notifySupervisor(std::string_view state) noexcept;

} // namespace fairlead::app
