// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

struct sockaddr;

namespace fairlead::network {

/// A file descriptor with an owner.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { reset(); }

    int get() const noexcept { return fd_; }
    bool isOpen() const noexcept { return fd_ >= 0; }
    int release() noexcept;
    void reset() noexcept;

private:
    int fd_ = -1;
};

struct ListenOptions {
    std::string host;
    std::uint16_t port = 0;
    int backlog = 4096;
    bool keep_alive = true;
    bool datagram = false; ///< UDP: bound only
};

struct Listeners {
    std::vector<Descriptor> sockets; ///< bound and listening, non-blocking, same port
    std::uint16_t port = 0;
};

/// `count` sockets that share one port (SO_REUSEPORT). The first is bound without sharing, so that
/// a port that anybody else has is refused even if they would share it.
base::Result<Listeners> listenShared(const ListenOptions& options, std::size_t count);

/// What datagrams wait in while a loop is busy. The system gives less where net.core.rmem_max says
/// so; that is logged once.
inline constexpr int kDatagramReceiveBytes = 8 << 20;

/// Has the peer's TCP asked whether it is still there.
bool setKeepAlive(int fd) noexcept;

/// "192.0.2.1:4711", "[2001:db8::1]:4711".
std::string addressText(const sockaddr* address);

} // namespace fairlead::network
