// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include "fairlead/sdk/network.hpp"

#include <atomic>
#include <mutex>
#include <unordered_map>

namespace fairlead::mqtt {

/// An MQTT server component: its settings and what its connections share. Thread: any.
class MqttServer final : public sdk::Network {
public:
    static const sdk::NetworkDescription& description();

    MqttServer(sdk::Host host, sdk::NetworkIo io, std::string_view config_json);

    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView& peer) override;

    const Settings& settings() const noexcept { return settings_; }
    const sdk::Host& host() const noexcept { return host_; }

    /// Makes the caller the owner of a client's stored session; the former owner must not store
    /// any more. Returns the number to show to owns() and leave().
    std::uint64_t claim(const std::string& client_id);
    bool owns(const std::string& client_id, std::uint64_t claim) const;
    void leave(const std::string& client_id, std::uint64_t claim);

    /// A client identifier for a client that left the choice to us.
    std::string assignClientId();

private:
    sdk::Host host_;
    Settings settings_;
    std::atomic<std::uint64_t> assigned_{0};
    mutable std::mutex mutex_; // guards the two below; never held while calling the host
    std::uint64_t claims_ = 0;
    std::unordered_map<std::string, std::uint64_t> owners_;
};

} // namespace fairlead::mqtt
