// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/app/application.hpp"

namespace fairlead::device {
class Devices;
class Products;
} // namespace fairlead::device
namespace fairlead::network {
class Components;
}
namespace fairlead::gateway {
class Gateways;
}

namespace fairlead::app {

struct QuickstartParts {
    device::Products& products;
    device::Devices& devices;
    network::Components& components;
    gateway::Gateways& gateways;
};

/// Sets up a product "demo" with gateways on MQTT (1883), HTTP (8800) and TCP (8801), and a device
/// for each, when there are no products yet. A port that is taken is passed over for the next ten.
base::Result<Application::QuickstartPorts> setUpQuickstart(QuickstartParts parts);

} // namespace fairlead::app
