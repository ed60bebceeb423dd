// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol_port.hpp"

#include "fairlead/plugin/protocol.hpp"

#include <memory>

namespace fairlead::gateway {

/// ProtocolPort over a protocol plugin. Answers FL_E_CLOSED while the plugin is not running.
class PluginPort final : public ProtocolPort {
public:
    PluginPort(std::string protocol_id, std::shared_ptr<plugin::ProtocolBinding> binding)
        : id_(std::move(protocol_id)), binding_(std::move(binding)) {}

    const std::string& id() const noexcept override { return id_; }
    std::uint64_t generation() const noexcept override {
        return generation_.load(std::memory_order_relaxed);
    }

    fl_status identify(std::size_t loop, const fl_transport_message& message, Identity& out,
                       fl_err& error) override;
    fl_status authenticate(std::size_t loop, const fl_transport_message& message,
                           const fl_session_view& session, const fl_protocol_sink& sink,
                           fl_err& error) override;
    fl_status decode(std::size_t loop, const fl_transport_message& message,
                     const fl_session_view& session, const fl_protocol_sink& sink,
                     fl_err& error) override;
    fl_status encode(std::size_t loop, const fl_device_message& message,
                     const fl_session_view& session, const fl_protocol_sink& sink,
                     fl_err& error) override;

private:
    void note(const plugin::ProtocolInstance& instance) noexcept;

    std::string id_;
    std::shared_ptr<plugin::ProtocolBinding> binding_;
    std::atomic<std::uint64_t> generation_{0};
};

} // namespace fairlead::gateway
