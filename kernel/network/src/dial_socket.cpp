// SPDX-License-Identifier: Apache-2.0
#include "dial_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace fairlead::network {

namespace {

// A local port out of the ephemeral range may be chosen as the source of a connect to itself, which
// TCP then completes (simultaneous open, RFC 9293 section 3.5): a connection with nobody.
bool reachedItself(int fd) {
    sockaddr_storage own{};
    sockaddr_storage peer{};
    socklen_t own_size = sizeof(own);
    socklen_t peer_size = sizeof(peer);
    return getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
           getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
           own_size == peer_size && std::memcmp(&own, &peer, own_size) == 0;
}

} // namespace

Descriptor connectingSocket(int family) {
    Descriptor fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int one = 1;
    if (fd.isOpen() && (setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
                        !setKeepAlive(fd.get()))) {
        fd.reset();
    }
    return fd;
}

int connectOutcome(int fd) {
    int code = 0;
    socklen_t size = sizeof(code);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
        return errno;
    }
    return code == 0 && reachedItself(fd) ? ECONNREFUSED : code;
}

} // namespace fairlead::network
