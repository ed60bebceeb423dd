// SPDX-License-Identifier: Apache-2.0
#include "component_metrics.hpp"

#include "fairlead/runtime/metrics.hpp"

#include <array>

namespace fairlead::network {

namespace {

/// Read from the loops' counters when asked for, so that the data path pays nothing for them.
struct Figure {
    const char* name;
    const char* help;
    std::uint64_t ComponentCounters::*value;
};

constexpr std::array<Figure, 8> kFigures{{
    {"fairlead_network_connections", "Open connections", &ComponentCounters::connections},
    {"fairlead_network_accepted_connections", "Connections accepted since the component opened",
     &ComponentCounters::accepted},
    {"fairlead_network_received_bytes", "Bytes received since the component opened",
     &ComponentCounters::bytes_in},
    {"fairlead_network_sent_bytes", "Bytes sent since the component opened",
     &ComponentCounters::bytes_out},
    {"fairlead_network_received_messages", "Messages taken from devices since it opened",
     &ComponentCounters::messages_in},
    {"fairlead_network_sent_messages", "Messages sent to devices since it opened",
     &ComponentCounters::messages_out},
    {"fairlead_network_refused", "Connections and messages refused since it opened",
     &ComponentCounters::refused},
    {"fairlead_network_errors", "Violations, TLS failures and limits passed since it opened",
     &ComponentCounters::errors},
}};

} // namespace

ComponentCounters sumOf(const ComponentCore& core) {
    ComponentCounters sum;
    for (const auto& loop : core.counters) {
        sum.connections += loop->connections.value();
        sum.accepted += loop->accepted.value();
        sum.bytes_in += loop->bytes_in.value();
        sum.bytes_out += loop->bytes_out.value();
        sum.messages_in += loop->messages_in.value();
        sum.messages_out += loop->messages_out.value();
        sum.refused += loop->refused.value();
        sum.errors += loop->errors.value();
    }
    return sum;
}

void publishMetrics(const std::shared_ptr<ComponentCore>& core) {
    for (const Figure& figure : kFigures) {
        runtime::Metrics::global().gaugeFunction(
            figure.name, figure.help,
            [core, value = figure.value] { return static_cast<double>(sumOf(*core).*value); },
            {{"component", core->id}});
    }
}

void withdrawMetrics(const ComponentCore& core) {
    for (const Figure& figure : kFigures) {
        runtime::Metrics::global().remove(figure.name, {{"component", core.id}});
    }
}

} // namespace fairlead::network
