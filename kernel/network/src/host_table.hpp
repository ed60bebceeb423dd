// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

struct fl_network_host;

namespace fairlead::network {

/// The services that the engine gives to instances of network types. Serves all components: what a
/// call is about is told by its connection.
std::shared_ptr<const fl_network_host> hostTable();
/// The same for datagram types.
std::shared_ptr<const fl_network_host> datagramHostTable();

} // namespace fairlead::network
