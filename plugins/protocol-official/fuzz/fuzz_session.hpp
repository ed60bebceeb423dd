// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_protocol.hpp"

#include <cstdlib>
#include <memory>
#include <string_view>

namespace fairlead::official::fuzz {

/// One protocol for all inputs, as on an I/O loop, so that state left by one input shows in the
/// next.
struct Target {
    testkit::FakeHost host;
    testkit::ProtocolHarness protocol{std::make_unique<OfficialProtocol>(host.host(), "{}")};

    testkit::ProtocolHarness::Outcome decode(std::string_view transport, std::string_view address,
                                             std::string_view payload) {
        testkit::FakeSession session;
        session.transport = transport;
        session.device_id = "d1";
        session.product_id = "p";
        session.config = {{"secureKey", "admin"}, {"secureId", "id"}, {"bearer_token", "t"}};
        testkit::OwnedTransportMessage message;
        message.address = address;
        message.method = "POST";
        message.payload = payload;
        message.received_ms = 1700000000000;
        std::string device;
        std::string product;
        protocol.identify(message, device, product);
        protocol.authenticate(message, session);
        const auto out = protocol.decode(message, session);
        for (const auto& decoded : out.devices) {
            const bool own = decoded.device_id == "d1";
            const bool child = decoded.parent_id == "d1" && !decoded.device_id.empty();
            if (out.status >= 0 && !own && !child) {
                std::abort(); // a device spoke for another
            }
        }
        return out;
    }
};

inline Target& target() {
    static Target one;
    return one;
}

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

} // namespace fairlead::official::fuzz
