// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/TestAssert.h>

#include <string>
#include <vector>

namespace fairlead::http::test {

class Bench {
public:
    explicit Bench(const std::string& config = "{}") {
        const fl_status status =
            net.create(sdk::NetworkFactory<HttpServer>::raw(), host.raw(), "http-server", config);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net.error(), fl_status{FL_OK}, status);
    }
    testkit::FakeConnection& open() { return *net.open("192.0.2.7:1234"); }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
};

/// A response as a client reads it.
struct Response {
    int status = 0;
    std::string head;
    std::string body;

    bool has(const std::string& line) const {
        return head.find("\r\n" + line + "\r\n") != std::string::npos;
    }
};

/// Reads all responses; `head_only` says that none has a body (answers to HEAD).
inline std::vector<Response> parse(std::string bytes, bool head_only = false) {
    std::vector<Response> out;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find("\r\n\r\n");
        CPPUNIT_ASSERT_MESSAGE(bytes, end != std::string::npos);
        Response r;
        r.head = bytes.substr(0, end + 2);
        CPPUNIT_ASSERT_MESSAGE(bytes, r.head.substr(0, 9) == "HTTP/1.1 ");
        r.status = std::stoi(r.head.substr(9, 3));
        const std::size_t length = r.head.find("\r\nContent-Length: ");
        CPPUNIT_ASSERT(length != std::string::npos || r.status == 204 || r.status < 200);
        const std::size_t n =
            length == std::string::npos || head_only ? 0 : std::stoul(r.head.substr(length + 18));
        CPPUNIT_ASSERT(bytes.size() >= end + 4 + n);
        r.body = bytes.substr(end + 4, n);
        bytes.erase(0, end + 4 + n);
        out.push_back(std::move(r));
    }
    return out;
}

inline Response only(testkit::FakeConnection& conn, bool head_only = false) {
    const auto all = parse(conn.take(), head_only);
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, all.size());
    return all.front();
}

inline std::string post(const std::string& path, const std::string& body,
                        const std::string& headers = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
inline std::string chunked(const std::string& chunks, const std::string& headers = {}) {
    return "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" + headers + "\r\n" +
           chunks;
}

} // namespace fairlead::http::test
