// SPDX-License-Identifier: Apache-2.0
// The HTTP connection on the fake host: the first byte chooses the size of the pieces. The same
// stream, whole and in pieces, must deliver the same requests; every answer must be well formed.
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cstdlib>

using namespace fairlead;
using testkit::FakeConnection;

namespace {

constexpr const char* kConfig =
    R"({"maxUriLength":128,"maxHeaderSize":512,"maxBodySize":300,"httpHeaders":{"X-A":"1"}})";

// A sequence of whole responses; one to HEAD has no body after its head.
void checkOutput(std::string_view out) {
    constexpr std::string_view kStart = "HTTP/1.1 ";
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    while (!out.empty()) {
        const std::size_t end = out.find("\r\n\r\n");
        if (out.substr(0, kStart.size()) != kStart || end == std::string_view::npos) {
            std::abort();
        }
        const std::size_t at = out.substr(0, end).find(kLength);
        std::size_t length = 0;
        for (std::size_t i = at + kLength.size(); at < end && out[i] >= '0' && out[i] <= '9'; ++i) {
            length = length * 10 + static_cast<std::size_t>(out[i] - '0');
        }
        out.remove_prefix(end + 4);
        if (!out.empty() && out.substr(0, kStart.size()) != kStart) {
            if (out.size() < length) {
                std::abort();
            }
            out.remove_prefix(length);
        }
    }
}

struct Run {
    std::string trace;

    Run(std::string_view stream, std::size_t step, bool full) {
        testkit::FakeHost host;
        testkit::FakeNetworkHost net;
        if (net.create(sdk::NetworkFactory<http::HttpServer>::raw(), host.raw(), "http-server",
                       kConfig) != FL_OK) {
            std::abort();
        }
        FakeConnection& conn = *net.open();
        for (std::size_t at = 0; at < stream.size(); at += step) {
            conn.deliver_answer = full ? fl_status{FL_E_BUSY} : fl_status{FL_PENDING};
            conn.feed(stream.substr(at, step));
            conn.deliver_answer = FL_PENDING;
            conn.feed("");
            while (conn.complete()) {
                conn.feed("");
            }
        }
        checkOutput(conn.output());
        for (const auto& d : conn.delivered) {
            trace += d.message.method + ' ' + d.message.address + '\n' + d.message.payload + '\n';
            for (const auto& [name, value] : d.message.attributes) {
                trace.append(name).append("=").append(value).append("\n");
            }
        }
        trace += conn.closed ? "closed" : "open";
        (void)conn.fireTimer(0);
        conn.shutdown();
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t step = 1 + data[0] % 37U;
    const Run whole(stream, stream.size() + 1, false);
    const Run split(stream, step, false);
    const Run full(stream, step, true);
    if (whole.trace != split.trace || whole.trace != full.trace) {
        std::abort();
    }
    return 0;
}
