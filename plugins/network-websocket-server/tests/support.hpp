// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frame.hpp"
#include "server.hpp"

#include "fairlead/testkit/fake_host.hpp"
#include "fairlead/testkit/fake_network.hpp"

#include <cppunit/TestAssert.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::websocket::test {

inline constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ=="; // RFC 6455 section 1.3

/// A frame as a client sends it.
struct ClientFrame {
    int opcode = 1;
    std::string payload;
    bool fin = true;
    int rsv = 0; // three bits, RSV1 is 4
    bool masked = true;
    std::array<unsigned char, 4> mask{0x37, 0xFA, 0x21, 0x3D};

    std::string bytes() const {
        std::string out;
        out.push_back(static_cast<char>((fin ? 0x80 : 0) | (rsv << 4) | opcode));
        const std::size_t n = payload.size();
        const int flag = masked ? 0x80 : 0;
        const int field = n < 126 ? 0 : n <= 0xFFFF ? 2 : 8;
        out.push_back(static_cast<char>(flag | (field == 0   ? static_cast<int>(n)
                                                : field == 2 ? 126
                                                             : 127)));
        for (int i = field - 1; i >= 0; --i) {
            out.push_back(static_cast<char>(n >> (8 * i) & 0xFFU));
        }
        if (!masked) {
            return out + payload;
        }
        out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
        for (std::size_t i = 0; i < n; ++i) {
            out.push_back(
                static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % mask.size()]));
        }
        return out;
    }
};

inline std::string text(const std::string& payload, bool fin = true) {
    return ClientFrame{1, payload, fin}.bytes();
}
inline std::string binary(const std::string& payload, bool fin = true) {
    return ClientFrame{2, payload, fin}.bytes();
}
inline std::string more(const std::string& payload, bool fin = true) {
    return ClientFrame{0, payload, fin}.bytes();
}
inline std::string ping(const std::string& payload = {}) {
    return ClientFrame{9, payload}.bytes();
}
inline std::string pong(const std::string& payload = {}) {
    return ClientFrame{10, payload}.bytes();
}
inline std::string code(int value, const std::string& reason = {}) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)} + reason;
}
inline std::string closing(const std::string& payload) {
    return ClientFrame{8, payload}.bytes();
}

/// A frame as the server sent it.
struct ServerFrame {
    int opcode = 0;
    bool fin = false;
    int rsv = 0;
    std::string payload;

    int closeCode() const {
        return payload.size() < 2 ? 0
                                  : static_cast<unsigned char>(payload[0]) * 256 +
                                        static_cast<unsigned char>(payload[1]);
    }
};

/// Reads whole frames of a server: never masked, in the shortest form.
inline std::vector<ServerFrame> frames(std::string bytes) {
    std::vector<ServerFrame> out;
    while (!bytes.empty()) {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes.at(i)); };
        ServerFrame f;
        f.fin = (at(0) & 0x80) != 0;
        f.rsv = at(0) >> 4 & 7;
        f.opcode = at(0) & 15;
        CPPUNIT_ASSERT_MESSAGE("a server's frame is masked", (at(1) & 0x80) == 0);
        std::size_t n = at(1);
        const std::size_t field = n == 126 ? 2 : n == 127 ? 8 : 0;
        n = field == 0 ? n : 0;
        for (std::size_t i = 0; i < field; ++i) {
            n = n << 8 | at(2 + i);
        }
        CPPUNIT_ASSERT(field != 2 || n > 125);
        CPPUNIT_ASSERT(field != 8 || n > 0xFFFF);
        CPPUNIT_ASSERT(bytes.size() >= 2 + field + n);
        f.payload = bytes.substr(2 + field, n);
        bytes.erase(0, 2 + field + n);
        out.push_back(std::move(f));
    }
    return out;
}

inline std::string request(const std::string& target = "/p/d/socket?token=t",
                           const std::string& headers = {}, const char* key = kKey) {
    return "GET " + target +
           " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
           key + "\r\n" + headers + "\r\n";
}

class Bench {
public:
    explicit Bench(const std::string& config = "{}") {
        const fl_status status = net.create(sdk::NetworkFactory<WebSocketServer>::raw(), host.raw(),
                                            "websocket-server", config);
        CPPUNIT_ASSERT_EQUAL_MESSAGE(net.error(), fl_status{FL_OK}, status);
    }
    testkit::FakeConnection& open() { return *net.open("192.0.2.7:1234"); }
    /// An open WebSocket; the CONNECT is delivered[0], and messages after it are taken at once.
    testkit::FakeConnection& connected(const std::string& headers = {}) {
        testkit::FakeConnection& conn = open();
        conn.feed(request("/p/d/socket?token=t", headers));
        conn.complete();
        answer = conn.take();
        CPPUNIT_ASSERT_EQUAL_MESSAGE(answer, std::string("HTTP/1.1 101"), answer.substr(0, 12));
        conn.deliver_answer = FL_OK;
        return conn;
    }

    testkit::FakeHost host;
    testkit::FakeNetworkHost net;
    std::string answer; // of the last connected()
};

inline int statusOf(const std::string& answer) {
    CPPUNIT_ASSERT_EQUAL_MESSAGE(answer, std::string("HTTP/1.1 "), answer.substr(0, 9));
    return std::stoi(answer.substr(9, 3));
}
inline bool hasLine(const std::string& answer, const std::string& line) {
    return answer.find("\r\n" + line + "\r\n") != std::string::npos;
}

/// The only frame that the server wrote.
inline ServerFrame only(testkit::FakeConnection& conn) {
    const auto all = frames(conn.take());
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, all.size());
    return all.front();
}

/// The connection has failed: this code went out and the host was asked to close.
inline void assertFailed(testkit::FakeConnection& conn, int expected,
                         const std::string& message = {}) {
    CPPUNIT_ASSERT_MESSAGE(message, conn.closed);
    CPPUNIT_ASSERT_EQUAL_MESSAGE(message, std::uint32_t{FL_CLOSE_PROTOCOL}, conn.close_reason);
    const auto all = frames(conn.take());
    CPPUNIT_ASSERT_MESSAGE(message, !all.empty());
    CPPUNIT_ASSERT_EQUAL_MESSAGE(message, 8, all.back().opcode);
    CPPUNIT_ASSERT_EQUAL_MESSAGE(message + ": " + all.back().payload, expected,
                                 all.back().closeCode());
    CPPUNIT_ASSERT_MESSAGE(message, !conn.reports.empty());
}

} // namespace fairlead::websocket::test
