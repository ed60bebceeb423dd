// SPDX-License-Identifier: Apache-2.0
// The type on the fake host: whatever the configuration says and the datagrams are, each datagram
// is handed over once as it is, and answers leave one by one.
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>

using namespace fairlead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    testkit::FakeHost host;
    testkit::FakeNetworkHost any;
    static_cast<void>(
        any.create(sdk::NetworkFactory<udp::UdpServer>::raw(), host.raw(), "udp", input));
    testkit::FakeNetworkHost net;
    if (net.create(sdk::NetworkFactory<udp::UdpServer>::raw(), host.raw(), "udp") != FL_OK) {
        std::abort();
    }
    testkit::FakeConnection& conn = *net.openSecure("192.0.2.1:4711", input, input);
    for (std::size_t at = 0; at < input.size(); at += 16) {
        const std::string_view datagram = input.substr(at, 16);
        if (conn.feedDatagram(datagram) != FL_OK ||
            conn.delivered.back().message.payload != datagram) {
            std::abort();
        }
        conn.complete(FL_OK, &conn.delivered.back().message);
        if (conn.takeWrites() != std::vector<std::string>{std::string(datagram)}) {
            std::abort();
        }
    }
    return 0;
}
