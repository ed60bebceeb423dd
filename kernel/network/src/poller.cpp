// SPDX-License-Identifier: Apache-2.0
#include "poller.hpp"

#include "connection.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <system_error>

// Design notes. A connection that dies in a batch of events may still be named by later ones of it:
// its slot is freed at the end of the round, after the batch, and a dead connection ignores events.

namespace fairlead::network {

namespace {

/// Events of one round; the rest is reported again in the next.
constexpr int kEventsMax = 512;

/// How many connections ahead memory is asked for: with thousands of them none is in the cache.
constexpr int kAhead = 2;

int openSet() {
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
    return fd;
}

std::uint32_t toEpoll(std::uint8_t interest) noexcept {
    const std::uint32_t read = (interest & Poller::kRead) != 0 ? std::uint32_t{EPOLLIN} : 0U;
    const std::uint32_t write = (interest & Poller::kWrite) != 0 ? std::uint32_t{EPOLLOUT} : 0U;
    return read | write | EPOLLRDHUP | std::uint32_t{EPOLLET};
}

/// Errors and hang-ups are for whoever asked for anything.
std::uint8_t fromEpoll(std::uint32_t events) noexcept {
    constexpr std::uint32_t kBoth = EPOLLERR | EPOLLHUP;
    std::uint8_t interest = 0;
    if ((events & (EPOLLIN | kBoth)) != 0) {
        interest |= Poller::kRead;
    }
    if ((events & (EPOLLRDHUP | kBoth)) != 0) {
        interest |= Poller::kRead | Poller::kEnd;
    }
    if ((events & (EPOLLOUT | kBoth)) != 0) {
        interest |= Poller::kWrite;
    }
    return interest;
}

} // namespace

Poller::Poller(runtime::Loop& loop)
    : set_(openSet()), watch_(loop.context().get_executor(), dup(set_.get())) {
    arm();
}

bool Poller::change(EngineConnection& connection, int fd, std::uint8_t before, std::uint8_t after) {
    epoll_event event{};
    event.events = toEpoll(after);
    event.data.ptr = &connection;
    const int operation = before == 0 ? EPOLL_CTL_ADD : after == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return epoll_ctl(set_.get(), operation, fd, &event) == 0;
}

void Poller::arm() {
    watch_.async_wait(Watch::wait_read, [this](const boost::system::error_code& error) {
        if (!error) {
            dispatch();
            arm();
        }
    });
}

void Poller::dispatch() {
    std::array<epoll_event, kEventsMax> events;
    const int count = epoll_wait(set_.get(), events.data(), kEventsMax, 0);
    const auto at = [&events](int i) { return events[static_cast<std::size_t>(i)]; };
    for (int i = 0; i < count; ++i) {
        if (i + kAhead < count) {
            static_cast<EngineConnection*>(at(i + kAhead).data.ptr)->prefetch();
        }
        static_cast<EngineConnection*>(at(i).data.ptr)->onReady(fromEpoll(at(i).events));
    }
}

} // namespace fairlead::network
