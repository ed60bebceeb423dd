// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_core.hpp"

#include <memory>

namespace fairlead::network {

/// The sums of all loops.
ComponentCounters sumOf(const ComponentCore& core);

/// Shows the component's figures in the process's metrics, and takes them out again.
void publishMetrics(const std::shared_ptr<ComponentCore>& core);
void withdrawMetrics(const ComponentCore& core);

} // namespace fairlead::network
