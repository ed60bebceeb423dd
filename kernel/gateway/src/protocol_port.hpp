// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/factory/protocol.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace fairlead::gateway {

/// Whom a message names; the texts are reused from call to call.
struct Identity {
    std::string device_id;
    std::string product_id; ///< empty when the message does not name one
};

/// A protocol at work, as the data path calls it: one instance per loop behind it, exchanged
/// between two calls when a new generation is published. Calls for one loop index come from that
/// loop's thread only. Blocks: no.
class ProtocolPort {
public:
    virtual ~ProtocolPort() = default;

    virtual const std::string& id() const noexcept = 0;
    virtual std::uint64_t generation() const noexcept = 0;

    virtual fl_status identify(std::size_t loop, const fl_transport_message& message, Identity& out,
                               fl_err& error) = 0;
    virtual fl_status authenticate(std::size_t loop, const fl_transport_message& message,
                                   const fl_session_view& session, const fl_protocol_sink& sink,
                                   fl_err& error) = 0;
    virtual fl_status decode(std::size_t loop, const fl_transport_message& message,
                             const fl_session_view& session, const fl_protocol_sink& sink,
                             fl_err& error) = 0;
    virtual fl_status encode(std::size_t loop, const fl_device_message& message,
                             const fl_session_view& session, const fl_protocol_sink& sink,
                             fl_err& error) = 0;
};

} // namespace fairlead::gateway
