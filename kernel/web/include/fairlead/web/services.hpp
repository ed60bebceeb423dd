// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/system_monitor.hpp"

#include <functional>

namespace fairlead::security {
class UserService;
class TokenService;
class LoginThrottle;
class CertificateService;
class AccessLog;
class SystemLog;
} // namespace fairlead::security
namespace fairlead::device {
class Products;
class Devices;
class History;
class MessageLog;
class Commands;
class Feed;
} // namespace fairlead::device
namespace fairlead::network {
class Components;
}
namespace fairlead::gateway {
class Gateways;
class Protocols;
} // namespace fairlead::gateway
namespace fairlead::plugin {
class PluginManager;
}
namespace fairlead::storage {
class FileStore;
}
namespace fairlead::runtime {
class Metrics;
}

namespace fairlead::web {

class SettingsStore;

/// Everything that the resources call. Owner: app; all outlive the server.
struct Services {
    security::UserService& users;
    security::TokenService& tokens;
    security::LoginThrottle& throttle;
    security::CertificateService& certificates;
    security::AccessLog& access_log;
    security::SystemLog& system_log;
    device::Products& products;
    device::Devices& devices;
    device::History& history;
    device::MessageLog& message_log;
    device::Commands& commands;
    device::Feed& feed;
    network::Components& components;
    gateway::Gateways& gateways;
    gateway::Protocols& protocols;
    plugin::PluginManager& plugins;
    storage::FileStore& files;
    runtime::Metrics& metrics;
    SettingsStore& settings;
    SystemProbe probe;
    /// OK when the server can do its work (/readyz).
    std::function<base::Status()> ready;
};

} // namespace fairlead::web
