// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "socket.hpp"

namespace fairlead::network {

/// A non-blocking TCP socket that is about to connect; not open when the system has none (errno).
Descriptor connectingSocket(int family);

/// 0 when a connect on its way succeeded, else the errno of its failure. A socket that reached
/// nobody but itself counts as refused.
int connectOutcome(int fd);

} // namespace fairlead::network
