// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/protocol.hpp"

namespace fairlead::example {

/// `<device> <property> <number> [secret]` ⇒ one property report, answered with the same line.
class EchoProtocol final : public sdk::Protocol {
public:
    EchoProtocol(sdk::Host host, std::string_view config);
    static const sdk::ProtocolDescription& description();

    sdk::Status identify(const sdk::TransportView& message, sdk::Identity& out) override;
    sdk::Status authenticate(const sdk::TransportView& message, const sdk::SessionView& session,
                             sdk::ProtocolSink& sink) override;
    sdk::Status decode(const sdk::TransportView& message, const sdk::SessionView& session,
                       sdk::ProtocolSink& sink) override;
    sdk::Status encode(const sdk::DeviceView& message, const sdk::SessionView& session,
                       sdk::ProtocolSink& sink) override;

private:
    sdk::Host host_;
    sdk::DeviceMessage report_;
};

} // namespace fairlead::example
