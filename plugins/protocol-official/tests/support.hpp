// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_protocol.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <memory>
#include <string>
#include <string_view>

namespace fairlead::official::test {

inline constexpr std::int64_t kNow = 1700000000000;

inline std::string unhex(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    }
    return out;
}

inline std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto u = static_cast<unsigned char>(c);
        out += "0123456789abcdef"[u >> 4];
        out += "0123456789abcdef"[u & 15];
    }
    return out;
}

/// The protocol in the test kit's harness, with a session of device d1 of product p.
struct Fixture {
    testkit::FakeHost host;
    testkit::ProtocolHarness protocol;
    testkit::FakeSession session;

    explicit Fixture(std::string_view transport, std::string_view config = "{}")
        : protocol(std::make_unique<OfficialProtocol>(host.host(), config)) {
        session.transport = transport;
        session.device_id = "d1";
        session.product_id = "p";
        session.config = {{"secureId", "sid"}, {"secureKey", "skey"}, {"bearer_token", "token1"}};
    }

    static testkit::OwnedTransportMessage message(std::string_view address,
                                                  std::string_view payload) {
        testkit::OwnedTransportMessage out;
        out.address = address;
        out.payload = payload;
        out.received_ms = kNow;
        return out;
    }

    testkit::ProtocolHarness::Outcome decode(std::string_view address, std::string_view payload) {
        return protocol.decode(message(address, payload), session);
    }
};

} // namespace fairlead::official::test
