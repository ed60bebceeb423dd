// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::network {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const noexcept { return storage.ss_family; }
};
using SocketAddresses = std::vector<SocketAddress>;

/// Names to addresses on threads of its own: the system's look-up blocks for seconds.
/// Thread: any. Blocks: destruction, at most kLeaveMs; a look-up that takes longer is left to end
/// by itself, unheard.
class Resolver {
public:
    using Done = std::function<void(base::Result<SocketAddresses>)>;
    /// Tests put in one of their own; nullptr: the system's.
    using LookUp = std::function<base::Result<SocketAddresses>(const std::string&, std::uint16_t)>;

    /// Look-ups at once; a slow name server holds up others no longer than its own time-out.
    static constexpr std::size_t kThreads = 2;
    /// Every target has at most one look-up on its way, so only very many components get here.
    static constexpr std::size_t kQueueMax = 4096;
    static constexpr std::uint64_t kLeaveMs = 2'000;
    /// Addresses of a name that are tried.
    static constexpr std::size_t kAddressesMax = 8;

    explicit Resolver(LookUp look_up = nullptr);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// `done` is called on a thread of the resolver, which it must not hold up, and not at all when
    /// the resolver is gone. False: the queue is full.
    bool resolve(const std::string& host, std::uint16_t port, Done done);

    /// No answer comes after this returned. Blocks: no.
    void leave();

    /// The address when `host` is one already; else nothing.
    static SocketAddresses numeric(const std::string& host, std::uint16_t port);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

} // namespace fairlead::network
