// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core.hpp"
#include "plugin_host.hpp"

#include "fairlead/device/module.hpp"
#include "fairlead/gateway/runtime.hpp"
#include "fairlead/network/certificate_source.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/network/engine.hpp"
#include "fairlead/plugin/manager.hpp"
#include "fairlead/runtime/loop.hpp"
#include "fairlead/web/server.hpp"
#include "fairlead/web/settings.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace fairlead::app {

/// The upper half: plugins, devices, loops, network components, gateways, web.
/// Life: open → start → startWeb → stop.
class DataPath {
public:
    static base::Result<std::unique_ptr<DataPath>> open(const runtime::Configuration& configuration,
                                                        Core& core);
    ~DataPath();

    base::Status start();
    base::Status startWeb();
    base::Status stop();

    device::Module& devices() noexcept { return *devices_; }
    network::Components& components() noexcept { return *components_; }
    gateway::Runtime& gateways() noexcept { return *gateways_; }
    std::uint16_t webPort() const noexcept { return web_ ? web_->port() : std::uint16_t{0}; }

private:
    /// Asks the network components who uses a certificate.
    class CertificateUsers final : public security::UsageProvider {
    public:
        explicit CertificateUsers(DataPath& owner) : owner_(owner) {}
        base::Result<std::vector<security::Usage>> usedBy(const std::string& id) override;

    private:
        DataPath& owner_;
    };

    DataPath(const runtime::Configuration& configuration, Core& core);
    base::Status openPlugins();
    base::Status openDevices();
    void makeLoops();
    void makeNetwork();
    void makeGateways();
    void makeWeb();
    web::SystemProbe makeProbe();
    void scheduleMaintenance();
    void maintain();
    base::Status ready();
    void typesChanged();

    const runtime::Configuration& configuration_;
    Core& core_;
    PluginHost plugin_host_;
    CertificateUsers certificate_users_{*this};
    std::unique_ptr<plugin::LoopServices> plugin_loop_;
    std::unique_ptr<plugin::PluginManager> plugins_;
    std::unique_ptr<web::SettingsStore> settings_;
    std::unique_ptr<device::Module> devices_;
    std::vector<std::unique_ptr<runtime::Loop>> loops_;
    std::unique_ptr<network::Engine> engine_;
    std::unique_ptr<network::NetworkTypes> types_;
    std::unique_ptr<network::CertificateSource> certificates_;
    std::unique_ptr<network::Components> components_;
    std::unique_ptr<gateway::Runtime> gateways_;
    std::unique_ptr<web::Server> web_;
    std::mutex types_mutex_;
    bool types_watched_ = false;
    bool loops_running_ = false;
    bool devices_running_ = false;
    bool web_running_ = false;
};

} // namespace fairlead::app
