// SPDX-License-Identifier: Apache-2.0
#include "loop.hpp"

#include "clock.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace fairlead::bench {
namespace {

// More events per call than connections become ready between two calls at the rates measured here.
constexpr int kEventsMax = 1024;
// Source addresses 127.0.0.2 to 127.0.0.17: 28,000 ports each.
constexpr unsigned kSources = 16;

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(2);
}

} // namespace

Loop::Loop() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) {
        die("epoll_create1");
    }
}

Loop::~Loop() {
    ::close(fd_);
}

void Loop::add(int fd, Handler* handler, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = handler;
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll_ctl add");
    }
}

void Loop::change(int fd, Handler* handler, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = handler;
    if (epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event) != 0) {
        die("epoll_ctl mod");
    }
}

void Loop::run(std::int64_t ns) {
    std::array<epoll_event, kEventsMax> events;
    timespec wait{};
    wait.tv_sec = ns / kSecondNs;
    wait.tv_nsec = ns % kSecondNs;
    const int n = epoll_pwait2(fd_, events.data(), kEventsMax, &wait, nullptr);
    if (n < 0 && errno != EINTR) {
        die("epoll_pwait2");
    }
    for (int i = 0; i < n; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        static_cast<Handler*>(event.data.ptr)->onEvents(event.events);
    }
}

bool Stream::connect(const Endpoint& endpoint, unsigned index) {
    close();
    out_.clear();
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        return false;
    }
    const int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (endpoint.spread) {
        setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(0x7F000002U + index % kSources);
        if (bind(fd_, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) {
            close();
            return false;
        }
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(endpoint.port);
    if (inet_pton(AF_INET, endpoint.host.c_str(), &to.sin_addr) != 1) {
        std::fprintf(stderr, "not an IPv4 address: %s\n", endpoint.host.c_str());
        std::exit(2);
    }
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
        close();
        return false;
    }
    wants_write_ = true;
    loop_.add(fd_, owner_, EPOLLIN | EPOLLOUT);
    return true;
}

int Stream::connectError() const {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

bool Stream::flush() {
    std::size_t done = 0;
    while (done < out_.size()) {
        const ssize_t n = send(fd_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
        if (n <= 0) {
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
                break;
            }
            return false;
        }
        done += static_cast<std::size_t>(n);
    }
    out_.erase(0, done);
    if (wants_write_ != !out_.empty()) {
        wants_write_ = !out_.empty();
        loop_.change(fd_, owner_, wants_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    return true;
}

std::ptrdiff_t Stream::read(char* room, std::size_t n) const {
    const ssize_t got = recv(fd_, room, n, 0);
    if (got > 0) {
        return got;
    }
    const bool again = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    return again ? 0 : -1;
}

void Stream::close(bool abort) {
    if (fd_ < 0) {
        return;
    }
    if (abort) {
        const linger hard{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    ::close(fd_);
    fd_ = -1;
}

void raiseDescriptorLimit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

} // namespace fairlead::bench
