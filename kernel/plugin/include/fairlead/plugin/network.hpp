// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/factory/network.h"
#include "fairlead/plugin/epoch.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::plugin {

class Generation;
class PluginManager;
class Reclaimer;

/// One component instance of one generation, counted by the connections that opened on it.
class NetworkInstance {
public:
    /// Adopts a created table; keeps `io` alive until destroyed. Only kernel/plugin makes these.
    NetworkInstance(std::shared_ptr<Generation> generation, const fl_network& table,
                    std::shared_ptr<const fl_network_host> io);
    ~NetworkInstance();
    NetworkInstance(const NetworkInstance&) = delete;
    NetworkInstance& operator=(const NetworkInstance&) = delete;

    std::uint64_t generation() const noexcept { return generation_id_; }
    std::uint64_t connections() const noexcept {
        return connections_.load(std::memory_order_acquire);
    }

private:
    friend class NetworkConnection;
    friend class NetworkComponent;
    fl_network table_;
    std::uint64_t generation_id_;
    std::atomic<std::uint64_t> connections_{0};
    std::shared_ptr<const fl_network_host> io_;
    std::shared_ptr<Generation> generation_;
};

/// A connection's side of the plugin: stays on the generation it opened on until closed. Movable;
/// 16 bytes. Thread: the connection's loop. Every call runs under a pin and never throws.
class NetworkConnection {
public:
    NetworkConnection() = default;
    NetworkConnection(NetworkConnection&& other) noexcept
        : instance_(other.instance_), state_(other.state_) {
        other.instance_ = nullptr;
        other.state_ = nullptr;
    }
    NetworkConnection& operator=(NetworkConnection&& other) noexcept;
    /// Asserts that onClose() was called (or that it never opened).
    ~NetworkConnection();

    bool isOpen() const noexcept { return instance_ != nullptr; }
    std::uint64_t generation() const noexcept {
        return instance_ == nullptr ? 0 : instance_->generation();
    }

    fl_status onData(fl_conn* conn, fl_bytes in, std::size_t& consumed, fl_err& err);
    void onTimer(fl_conn* conn, std::uint32_t id);
    void onComplete(fl_conn* conn, std::uint64_t token, const fl_completion& completion);
    fl_status send(fl_conn* conn, const fl_transport_message& message, std::uint64_t token,
                   fl_err& err);
    void onShutdown(fl_conn* conn, std::uint32_t reason);
    /// Over: the plugin frees its state; this object is then as new.
    void onClose(fl_conn* conn, std::uint32_t reason);

private:
    friend class NetworkComponent;
    NetworkInstance* instance_ = nullptr;
    void* state_ = nullptr;
};

/// A network component's side of the plugin. New connections open on the newest generation. Made by
/// PluginManager::openNetwork. Close all connections before dropping the last reference; the
/// instance (and with it `io`) goes in the background.
class NetworkComponent {
public:
    ~NetworkComponent();
    NetworkComponent(const NetworkComponent&) = delete;
    NetworkComponent& operator=(const NetworkComponent&) = delete;

    /// Calls on_open on the newest instance. FL_E_CLOSED when the plugin is disabled or failed.
    /// Thread: the connection's loop.
    fl_status open(fl_conn* conn, const fl_peer& peer, NetworkConnection& out, fl_err& err) const;

    /// Generation that new connections get; 0 when there is none.
    std::uint64_t generation() const;
    const std::string& pluginId() const noexcept { return plugin_id_; }
    const std::string& typeId() const noexcept { return type_id_; }

private:
    friend class PluginManager;
    friend struct BindingAccess;
    NetworkComponent() = default;

    std::string plugin_id_;
    std::string type_id_;
    std::string config_;
    std::shared_ptr<const fl_network_host> io_;
    std::atomic<NetworkInstance*> current_{nullptr};
    std::weak_ptr<Reclaimer> reclaimer_;
};

} // namespace fairlead::plugin
