// SPDX-License-Identifier: Apache-2.0
// What equipment may send: the same stream whole and in pieces must give the same frames, whatever
// the store answers meanwhile. The first byte chooses the rule, the second the pieces.
#include "client.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>
#include <string>

using namespace fairlead;

namespace {

const char* const kConfigs[] = {
    R"({"targets":[{}],"parserType":"FIXED_LENGTH","parserConfiguration":{"size":3},"firstBytes":"a"})",
    R"({"targets":[{"deviceId":"d"}],"parserType":"DELIMITED","parserConfiguration":{"delimited":"0x0d0a"}})",
    R"({"targets":[{}],"parserType":"LENGTH_FIELD","parserConfiguration":{"length":2},"maxFrameLength":300})",
    R"({"targets":[{"deviceId":"d"}],"parserType":"LENGTH_FIELD","parserConfiguration":{"length":8,"little":true}})"};

struct Setup {
    explicit Setup(unsigned choice) {
        (void)net.create(sdk::NetworkFactory<tcp_client::TcpClient>::raw(), host.raw(),
                         "tcp-client", kConfigs[choice % 4]);
        net.target = 0;
        conn = net.open();
    }
    std::string trace() {
        std::string out;
        for (const auto& d : conn->delivered) {
            out += d.message.payload + '\n';
        }
        return out + (conn->closed ? "closed" : "open");
    }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
    testkit::FakeConnection* conn = nullptr;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view stream(reinterpret_cast<const char*>(data + 2), size - 2);
    Setup whole(data[0]);
    whole.conn->feed(stream);
    Setup split(data[0]);
    const std::size_t step = 1 + data[1] % 13U;
    for (std::size_t at = 0; at < stream.size(); at += step) {
        if ((data[1] & 0x40U) != 0) { // the store is behind: the frame comes again
            split.conn->deliver_answer = FL_E_BUSY;
            split.conn->feed(stream.substr(at, step));
            split.conn->deliver_answer = FL_PENDING;
            split.conn->feed("");
        } else {
            split.conn->feed(stream.substr(at, step));
        }
    }
    if (whole.trace() != split.trace()) {
        std::abort();
    }
    split.conn->completeAll((data[1] & 0x80U) != 0 ? fl_status{FL_E_IO} : fl_status{FL_OK});
    split.conn->shutdown();
    return 0;
}
