// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine_fixture.hpp"

#include <string>
#include <string_view>

namespace fairlead::test {

/// A UDP socket that talks to one port only, with a limit of 20 s on everything.
class UdpClient {
public:
    explicit UdpClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const timeval limit{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
            throw std::runtime_error("cannot connect: " + std::string(std::strerror(errno)));
        }
    }
    UdpClient(UdpClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UdpClient(const UdpClient&) = delete;
    ~UdpClient() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    int fd() const { return fd_; }
    void write(std::string_view datagram) const {
        if (::send(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(datagram.size())) {
            throw std::runtime_error("cannot send: " + std::string(std::strerror(errno)));
        }
    }
    /// The next datagram, or "<late>" when none came in time.
    std::string read() const {
        std::string datagram(65536, '\0');
        const ssize_t n = recv(fd_, datagram.data(), datagram.size(), 0);
        if (n < 0) {
            return "<late>";
        }
        datagram.resize(static_cast<std::size_t>(n));
        return datagram;
    }
    /// The answer to a line, without its line feed.
    std::string ask(std::string_view line) const {
        write(std::string(line) + "\n");
        std::string answer = read();
        if (!answer.empty() && answer.back() == '\n') {
            answer.pop_back();
        }
        return answer;
    }
    bool hasInput(int milliseconds) const {
        pollfd p{fd_, POLLIN, 0};
        return poll(&p, 1, milliseconds) == 1;
    }
    /// "127.0.0.1:4711"
    std::string address() const {
        sockaddr_in own{};
        socklen_t size = sizeof(own);
        getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
        return "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
    }

private:
    int fd_;
};

/// The line type over datagrams.
inline network::ComponentSpec gramSpec(EngineFixture& f, const std::string& id = "a") {
    network::ComponentSpec spec = f.spec(id);
    spec.type = f.types->find("grams");
    return spec;
}

} // namespace fairlead::test
