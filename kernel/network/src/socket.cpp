// SPDX-License-Identifier: Apache-2.0
#include "socket.hpp"

#include "fairlead/runtime/log.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fairlead::network {

namespace {

// A dead peer is noticed after 60 + 4 x 15 seconds without an answer of its TCP.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;

union Address {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

socklen_t lengthOf(const Address& address) noexcept {
    return address.base.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

base::Result<Address> parseAddress(const std::string& host, std::uint16_t port) {
    Address address{};
    if (inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        return address;
    }
    if (inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        return address;
    }
    return base::Error(base::Errc::Invalid, "network.host",
                       "The local address \"" + host +
                           "\" is not an IPv4 or IPv6 address; use 0.0.0.0 for all addresses");
}

bool set(int fd, int level, int option, int value) noexcept {
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

base::Error listenError(const ListenOptions& options, int code) {
    const std::string where = options.host + ":" + std::to_string(options.port);
    switch (code) {
    case EADDRINUSE:
        return {base::Errc::Conflict, "network.port_in_use",
                "Port " + std::to_string(options.port) + " on " + options.host +
                    " is in use by another program or component; stop it or choose another port"};
    case EADDRNOTAVAIL:
        return {base::Errc::Io, "network.listen_failed",
                "This machine has no address " + options.host +
                    "; choose one of its own or 0.0.0.0 for all"};
    case EACCES:
        return {base::Errc::Io, "network.listen_failed",
                "Listening on " + where +
                    " is not permitted; ports below 1024 need the right to bind them"};
    case EMFILE:
    case ENFILE:
        return {base::Errc::Io, "network.listen_failed",
                "Listening on " + where +
                    " failed: no file descriptors are left; raise the limit of open files"};
    default:
        return {base::Errc::Io, "network.listen_failed",
                "Listening on " + where + " failed: " + std::strerror(code)};
    }
}

/// A burst of devices must not be lost before the loop comes round.
bool enlargeBuffers(int fd) noexcept {
    if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kDatagramReceiveBytes) &&
        !set(fd, SOL_SOCKET, SO_RCVBUF, kDatagramReceiveBytes)) {
        return false;
    }
    int given = 0;
    socklen_t size = sizeof(given);
    static std::atomic<bool> warned{false};
    // The kernel answers twice what it was asked for, its own bookkeeping included.
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &given, &size) == 0 &&
        given < 2 * kDatagramReceiveBytes && !warned.exchange(true)) {
        runtime::logWarning("network",
                            "The system gives UDP sockets a receive buffer of " +
                                std::to_string(given / 2) + " instead of " +
                                std::to_string(kDatagramReceiveBytes) +
                                " bytes, so bursts of datagrams may be lost; raise the sysctl "
                                "net.core.rmem_max");
    }
    return true;
}

/// Options that accepted sockets inherit are set here once instead of on each of them.
bool configure(int fd, const ListenOptions& options) noexcept {
    if (options.datagram) {
        // Without SO_REUSEADDR, with which two programs could have the same UDP port.
        return enlargeBuffers(fd);
    }
    bool ok = set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (options.keep_alive) {
        ok = ok && setKeepAlive(fd);
    }
    return ok;
}

base::Result<Descriptor> bindOne(const Address& address, const ListenOptions& options, bool first) {
    const int kind = options.datagram ? SOCK_DGRAM : SOCK_STREAM;
    Descriptor fd(socket(address.base.sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.isOpen() || !configure(fd.get(), options) ||
        (!first && !set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) ||
        bind(fd.get(), &address.base, lengthOf(address)) != 0 ||
        (first && !set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1))) {
        return listenError(options, errno);
    }
    return fd;
}

base::Result<std::uint16_t> boundPort(int fd, const ListenOptions& options) {
    Address address{};
    socklen_t size = sizeof(address);
    if (getsockname(fd, &address.base, &size) != 0) {
        return listenError(options, errno);
    }
    return ntohs(address.base.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

} // namespace

bool setKeepAlive(int fd) noexcept {
    return set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds) &&
           set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds) &&
           set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

int Descriptor::release() noexcept {
    return std::exchange(fd_, -1);
}

void Descriptor::reset() noexcept {
    if (fd_ >= 0) {
        close(std::exchange(fd_, -1));
    }
}

base::Result<Listeners> listenShared(const ListenOptions& options, std::size_t count) {
    FL_ASSIGN(Address address, parseAddress(options.host, options.port));
    Listeners result;
    for (std::size_t i = 0; i < count; ++i) {
        FL_ASSIGN(Descriptor fd, bindOne(address, options, i == 0));
        if (i == 0) {
            FL_ASSIGN(result.port, boundPort(fd.get(), options));
            address.v4.sin_port = htons(result.port); // the same place in both families
        }
        result.sockets.push_back(std::move(fd));
    }
    // All are bound before the first listens: none of them answers when a later one fails.
    for (const Descriptor& fd : result.sockets) {
        if (!options.datagram && listen(fd.get(), options.backlog) != 0) {
            return listenError(options, errno);
        }
    }
    return result;
}

std::string addressText(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6->sin6_port));
    }
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(v4->sin_port));
}

} // namespace fairlead::network
