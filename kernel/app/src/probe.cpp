// SPDX-License-Identifier: Apache-2.0
// What the dashboard shows, collected from the modules.
#include "data_path.hpp"

#include "fairlead/base/time.hpp"

namespace fairlead::app {

namespace {

using Failed = web::SystemProbe::Failed;

// One page of each kind is more than the dashboard lists.
constexpr std::int64_t kPage = 200;

void addGateways(gateway::Gateways& gateways, std::vector<Failed>& out) {
    gateway::GatewayQuery query;
    query.enabled = true;
    query.page_size = kPage;
    if (const auto page = gateways.list(query)) {
        for (const gateway::Gateway& item : page->items) {
            const auto status = gateways.status(item);
            if (status.run_state == "failed") {
                out.push_back({"gateway", item.id, item.name, status.last_error});
            }
        }
    }
}

void addComponents(network::Components& components, std::vector<Failed>& out) {
    network::ComponentQuery query;
    query.enabled = true;
    query.page_size = kPage;
    if (const auto page = components.list(query)) {
        for (const network::NetworkComponent& item : page->items) {
            const auto status = components.status(item.id);
            if (status.run_state == network::RunState::Failed) {
                out.push_back({"networkComponent", item.id, item.name, status.last_error});
            }
        }
    }
}

void addPlugins(const plugin::PluginManager& plugins, std::vector<Failed>& out) {
    for (const plugin::PluginInfo& item : plugins.list()) {
        if (item.state == plugin::State::Failed || item.state == plugin::State::Quarantined) {
            out.push_back({"plugin", item.id, item.id, item.last_error});
        }
    }
}

web::SystemProbe::Totals sumTotals(gateway::Gateways& gateways, const network::Engine& engine) {
    web::SystemProbe::Totals out;
    gateway::GatewayQuery query;
    query.page_size = kPage;
    if (const auto page = gateways.list(query)) {
        for (const gateway::Gateway& item : page->items) {
            const auto counters = gateways.status(item).counters;
            out.uplink += counters.messages_up;
            out.downlink += counters.messages_down;
        }
    }
    for (const std::string& id : engine.componentIds()) {
        out.connections += engine.counters(id).connections;
    }
    return out;
}

} // namespace

web::SystemProbe DataPath::makeProbe() {
    web::SystemProbe probe;
    probe.version = FAIRLEAD_VERSION;
    probe.node_id = configuration_.text("node.id");
    probe.database_driver = configuration_.text("database.driver");
    probe.database_version = core_.database->version();
    probe.started_at = base::utcNow();
    probe.data_directory = configuration_.path("data.directory");
    probe.journal = [this] {
        const device::JournalStatus status = devices_->journal();
        return web::SystemProbe::Journal{status.bytes, status.messages_waiting,
                                         static_cast<double>(status.lag_ms) / 1000.0};
    };
    probe.totals = [this] { return sumTotals(gateways_->gateways(), *engine_); };
    probe.devices = [this] {
        const auto counts = devices_->devices().counts();
        return counts ? web::SystemProbe::Devices{counts->total, counts->online}
                      : web::SystemProbe::Devices{};
    };
    probe.failed = [this] {
        std::vector<Failed> out;
        addGateways(gateways_->gateways(), out);
        addComponents(*components_, out);
        addPlugins(*plugins_, out);
        return out;
    };
    return probe;
}

} // namespace fairlead::app
