// SPDX-License-Identifier: Apache-2.0
#include "plugin_port.hpp"

namespace fairlead::gateway {

void PluginPort::note(const plugin::ProtocolInstance& instance) noexcept {
    if (generation_.load(std::memory_order_relaxed) != instance.generation()) {
        generation_.store(instance.generation(), std::memory_order_relaxed);
    }
}

fl_status PluginPort::identify(std::size_t loop, const fl_transport_message& message, Identity& out,
                               fl_err& error) {
    const plugin::ProtocolUse instance = binding_->use(loop);
    if (!instance) {
        return FL_E_CLOSED;
    }
    note(*instance);
    fl_identity found{};
    found.size = sizeof found;
    const fl_status status = instance->identify(message, found, error);
    if (status >= 0) {
        // Copied under the pin: the texts may lie in the module.
        out.device_id.assign(found.device_id.p == nullptr ? "" : found.device_id.p,
                             found.device_id.n);
        out.product_id.assign(found.product_id.p == nullptr ? "" : found.product_id.p,
                              found.product_id.n);
    }
    return status;
}

fl_status PluginPort::authenticate(std::size_t loop, const fl_transport_message& message,
                                   const fl_session_view& session, const fl_protocol_sink& sink,
                                   fl_err& error) {
    const plugin::ProtocolUse instance = binding_->use(loop);
    return instance ? instance->authenticate(message, session, sink, error) : FL_E_CLOSED;
}

fl_status PluginPort::decode(std::size_t loop, const fl_transport_message& message,
                             const fl_session_view& session, const fl_protocol_sink& sink,
                             fl_err& error) {
    const plugin::ProtocolUse instance = binding_->use(loop);
    return instance ? instance->decode(message, session, sink, error) : FL_E_CLOSED;
}

fl_status PluginPort::encode(std::size_t loop, const fl_device_message& message,
                             const fl_session_view& session, const fl_protocol_sink& sink,
                             fl_err& error) {
    const plugin::ProtocolUse instance = binding_->use(loop);
    return instance ? instance->encode(message, session, sink, error) : FL_E_CLOSED;
}

} // namespace fairlead::gateway
