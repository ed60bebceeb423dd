// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fairlead::network {

namespace {

/// How long accepting rests when file descriptors or kernel memory are used up.
constexpr std::uint64_t kExhaustedPauseMs = 100;

} // namespace

Listener::Listener(Shard& shard, std::shared_ptr<Endpoint> endpoint, Descriptor socket)
    : shard_(shard), endpoint_(std::move(endpoint)),
      watch_(shard.loop.context().get_executor(), socket.get()), fd_(socket.release()) {}

void Listener::stop() {
    stopped_ = true;
    if (pause_timer_ != 0) {
        shard_.loop.cancel(std::exchange(pause_timer_, 0));
    }
    boost::system::error_code ignored;
    watch_.close(ignored);
    endpoint_.reset(); // the cancelled wait keeps the listener a little longer, but nothing else
}

void Listener::arm() {
    watch_.async_wait(Watch::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error && !self->stopped_) {
                              self->acceptSome();
                          }
                      });
}

void Listener::acceptSome() {
    for (std::uint32_t n = shard_.shared.options.accepts_per_round; n > 0; --n) {
        if (!acceptOne()) {
            break;
        }
        if (stopped_) {
            return;
        }
    }
    if (pause_timer_ == 0 && !stopped_) {
        arm();
    }
}

bool Listener::acceptOne() {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    auto* const base = reinterpret_cast<sockaddr*>(&address);
    Descriptor fd(accept4(fd_, base, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.isOpen()) {
        return acceptFailed(errno);
    }
    if (std::exchange(shard_.descriptors_exhausted, false)) {
        runtime::logInformation("network", "File descriptors are available again; accepting");
    }
    std::string peer = addressText(base);
    std::string_view why;
    if (!admit(why)) {
        endpoint_->counters->refused.add();
        shard_.report(*endpoint_, why, peer, {});
        return true;
    }
    shard_.accepted(endpoint_, fd.release(), std::move(peer));
    return true;
}

bool Listener::admit(std::string_view& why) const {
    if (endpoint_->handler == nullptr) {
        why = "refused_no_gateway";
        return false;
    }
    const std::size_t limit = endpoint_->core->connections_max;
    if (shard_.shared.alive.load(std::memory_order_relaxed) >=
            shard_.shared.options.connections_max ||
        (limit != 0 && endpoint_->core->alive.load(std::memory_order_relaxed) >= limit)) {
        why = "refused_connection_limit";
        return false;
    }
    return true;
}

bool Listener::acceptFailed(int code) {
    switch (code) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        if (!std::exchange(shard_.descriptors_exhausted, true)) {
            runtime::logError("network", "Cannot accept connections for component " +
                                             endpoint_->core->id + ": " + std::strerror(code) +
                                             "; raise the limit of open files or of connections");
        }
        shedOne();
        pause_timer_ = shard_.loop.runAfter(kExhaustedPauseMs, [self = shared_from_this()] {
            self->pause_timer_ = 0;
            self->arm();
        });
        return false;
    case EAGAIN:
        return false;
    default:
        return true; // the peer went away meanwhile, or was filtered: the next one
    }
}

// Turns one waiting peer away with the descriptor kept for this, so that it does not hang.
void Listener::shedOne() {
    if (!shard_.reserve.isOpen()) {
        shard_.reserve = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
        return;
    }
    shard_.reserve.reset();
    Descriptor turned_away(accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (turned_away.isOpen()) {
        endpoint_->counters->refused.add();
        shard_.countReport(*endpoint_, "refused_no_descriptors");
    }
    turned_away.reset();
    // When somebody else was faster: at the next failure.
    shard_.reserve = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

} // namespace fairlead::network
