// SPDX-License-Identifier: Apache-2.0
// Framing on the fake host: the first byte chooses the rule, the second the size of the pieces. The
// same stream, whole and in pieces, with and without a store that is full in between, must give the
// same frames.
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

const char* const kConfigs[] = {
    R"({"parserType":"FIXED_LENGTH","parserConfiguration":{"size":3}})",
    R"({"parserType":"DELIMITED","parserConfiguration":{"delimited":"\\n"},"maxFrameLength":64})",
    R"({"parserType":"DELIMITED","parserConfiguration":{"delimited":"aab"},"maxFrameLength":64})",
    R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":1},"maxFrameLength":200})",
    R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":2,"offset":1,"little":true}})",
    R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":3}})",
    R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":4,"offset":2}})",
    R"({"parserType":"LENGTH_FIELD","parserConfiguration":{"length":8,"little":true}})"};

std::string run(unsigned rule, std::string_view stream, std::size_t step, bool full) {
    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
    if (net.create(sdk::NetworkFactory<tcp::TcpServer>::raw(), host.raw(), "tcp-server",
                   kConfigs[rule % 8]) != FL_OK) {
        std::abort();
    }
    FakeConnection& conn = *net.open();
    for (std::size_t at = 0; at < stream.size(); at += step) {
        conn.deliver_answer = full ? fl_status{FL_E_BUSY} : fl_status{FL_PENDING};
        conn.feed(stream.substr(at, step));
        conn.deliver_answer = FL_PENDING;
        conn.feed("");
    }
    conn.completeAll();
    std::string out;
    for (const auto& d : conn.delivered) {
        if (d.message.payload.empty()) {
            std::abort();
        }
        out += d.message.payload + '|';
    }
    return out + (conn.closed ? "closed" : "open");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view stream(reinterpret_cast<const char*>(data + 2), size - 2);
    const std::string whole = run(data[0], stream, stream.size() + 1, false);
    const std::size_t step = 1 + data[1] % 29U;
    if (whole != run(data[0], stream, step, false) || whole != run(data[0], stream, step, true)) {
        std::abort();
    }
    (void)tcp::parseDelimiter(stream);
    return 0;
}
