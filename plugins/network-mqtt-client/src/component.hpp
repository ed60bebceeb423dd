// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include "fairlead/sdk/network.hpp"

namespace fairlead::mqtt_client {

/// An MQTT client component: the host dials its broker. Thread: any; immutable after construction.
class MqttClient final : public sdk::Network {
public:
    static const sdk::NetworkDescription& description();

    MqttClient(sdk::Host host, sdk::NetworkIo io, std::string_view config_json);

    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView& peer) override;

    const Settings& settings() const noexcept { return settings_; }
    const sdk::Host& host() const noexcept { return host_; }

private:
    sdk::Host host_;
    Settings settings_;
};

} // namespace fairlead::mqtt_client
