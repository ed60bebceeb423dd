// SPDX-License-Identifier: Apache-2.0
#include "dialer.hpp"

#include "dial_socket.hpp"
#include "fairlead/network/close_reason.hpp"

#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

// Design notes. States: Idle ↔ Connecting → Connected → Waiting → Connecting … The socket is
// watched here only until it is connected; then the connection has it, and nothing happens here
// until ended(). Whatever is on its way (look-up, connect, timer) carries the attempt's number or
// is cancelled, so that stop and a new beginning need not wait for it. New attempts are posted:
// ended() comes in the middle of the round's lists.

namespace fairlead::network {

namespace {

const char* endText(std::uint32_t reason) noexcept {
    switch (reason) {
    case close_reason::kPeer:
        return "The other side closed the connection";
    case close_reason::kTimeout:
        return "The other side was silent for too long";
    case close_reason::kProtocol:
        return "The other side broke the protocol";
    case close_reason::kLimit:
        return "A limit of the connection was passed";
    case close_reason::kKicked:
        return "The connection was ended by an operator";
    case close_reason::kTakenOver:
        return "The device has connected in another way";
    case close_reason::kUnauthorized:
        return "The device is not known or not active";
    case close_reason::kLocal:
        return "The connection was ended on request of the device or its protocol";
    case close_reason::kShutdown:
        return "The component was restarted";
    default:
        return "The connection broke";
    }
}

std::string connectText(const SocketAddress& address, int code) {
    return "Connecting to " + addressText(address.get()) + " failed: " + std::strerror(code);
}

} // namespace

const char* toText(DialState state) noexcept {
    switch (state) {
    case DialState::Connecting:
        return "connecting";
    case DialState::Connected:
        return "connected";
    case DialState::Waiting:
        return "waiting";
    case DialState::Idle:
        break;
    }
    return "idle";
}

std::string targetText(const DialTarget& target) {
    const bool v6 = target.host.find(':') != std::string::npos;
    return (v6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
}

Dialer::Dialer(Shard& shard, std::shared_ptr<Endpoint> endpoint,
               std::shared_ptr<const DialPlan> plan, std::size_t target)
    : shard_(shard), endpoint_(std::move(endpoint)), plan_(std::move(plan)), target_(target),
      backoff_(plan_->options.first_ms, plan_->options.longest_ms, std::random_device{}()) {}

void Dialer::stop() {
    stopped_ = true;
    forgetAttempt();
    endpoint_.reset(); // what is on its way keeps the dialer a little longer, but nothing else
}

void Dialer::handlerChanged() {
    if (stopped_ || handed_over_) {
        return; // ended() looks again
    }
    if (!hasHandler()) {
        rest();
    } else if (state_ == DialState::Idle) {
        attempt();
    }
}

void Dialer::hurry() {
    if (!stopped_ && state_ == DialState::Waiting) {
        forgetAttempt();
        backoff_.reset();
        attempt();
    }
}

void Dialer::renew() {
    if (stopped_) {
        return;
    }
    EngineConnection* connection = handed_over_ ? shard_.find(connection_) : nullptr;
    if (connection != nullptr) {
        connection->closeByHost(close_reason::kShutdown);
    } else {
        hurry();
    }
}

void Dialer::rest() {
    forgetAttempt();
    error_.clear();
    failures_ = 0;
    backoff_.reset();
    publish(DialState::Idle);
}

void Dialer::attempt() {
    ++attempt_;
    publish(DialState::Connecting);
    const std::uint64_t open = shard_.shared.alive.load(std::memory_order_relaxed);
    if (open >= shard_.shared.options.connections_max) {
        failed("The server has as many connections as it may have");
        return;
    }
    lookUp();
}

void Dialer::lookUp() {
    const DialTarget& target = plan_->targets[target_];
    next_address_ = 0;
    addresses_ = Resolver::numeric(target.host, target.port);
    if (!addresses_.empty()) {
        tryNext();
        return;
    }
    limitTime();
    const bool taken =
        plan_->resolver->resolve(target.host, target.port,
                                 [weak = weak_from_this(), &loop = shard_.loop,
                                  attempt = attempt_](base::Result<SocketAddresses> found) {
                                     loop.post([weak, attempt, found = std::move(found)]() mutable {
                                         if (const auto self = weak.lock()) {
                                             self->lookedUp(attempt, std::move(found));
                                         }
                                     });
                                 });
    if (!taken) {
        failed("Too many names wait to be looked up");
    }
}

void Dialer::lookedUp(std::uint64_t attempt, base::Result<SocketAddresses> found) {
    if (stopped_ || attempt != attempt_ || state_ != DialState::Connecting || handed_over_) {
        return;
    }
    if (!found) {
        failed(found.error().message());
        return;
    }
    addresses_ = std::move(*found);
    tryNext();
}

void Dialer::tryNext() {
    std::string why = "The name \"" + host() + "\" has no address";
    while (next_address_ < addresses_.size()) {
        if (connectTo(addresses_[next_address_++], why)) {
            return;
        }
    }
    failed(std::move(why));
}

// True when the connect is on its way, or done.
bool Dialer::connectTo(const SocketAddress& address, std::string& why) {
    Descriptor fd = connectingSocket(address.family());
    if (!fd.isOpen()) {
        why = std::string("No socket can be made: ") + std::strerror(errno);
        return false;
    }
    int result = 0;
    do {
        result = ::connect(fd.get(), address.get(), address.size);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EINPROGRESS) {
        why = connectText(address, errno);
        return false;
    }
    boost::system::error_code error;
    watch_.emplace(shard_.loop.context().get_executor());
    watch_->assign(fd.release(), error);
    if (error) {
        watch_.reset();
        why = "The socket cannot be watched: " + error.message();
        return false;
    }
    limitTime();
    watch_->async_wait(Watch::wait_write, [self = shared_from_this(), attempt = attempt_](
                                              const boost::system::error_code& failure) {
        if (!failure) {
            self->connectDone(attempt);
        }
    });
    return true;
}

void Dialer::connectDone(std::uint64_t attempt) {
    if (stopped_ || attempt != attempt_ || !watch_) {
        return;
    }
    const SocketAddress& address = addresses_[next_address_ - 1];
    const int code = connectOutcome(watch_->native_handle());
    if (code == 0) {
        handOver();
        return;
    }
    error_ = connectText(address, code);
    watch_.reset();
    if (next_address_ < addresses_.size()) {
        tryNext();
    } else {
        failed(error_);
    }
}

void Dialer::handOver() {
    const int fd = watch_->release();
    forgetAttempt();
    noted_.clear();
    connection_ = {};
    handed_over_ = true;
    shard_.dialed(endpoint_, fd, network::addressText(addresses_[next_address_ - 1].get()),
                  shared_from_this());
}

void Dialer::limitTime() {
    if (timer_ != 0) {
        shard_.loop.cancel(timer_);
    }
    timer_ = shard_.loop.runAfter(
        plan_->options.connect_ms, [self = shared_from_this(), attempt = attempt_] {
            self->timer_ = 0;
            if (self->stopped_ || attempt != self->attempt_) {
                return;
            }
            const std::string limit = std::to_string(self->plan_->options.connect_ms) + " ms";
            if (!self->watch_) {
                self->failed("The name \"" + self->host() + "\" was not looked up within " + limit);
                return;
            }
            self->watch_.reset();
            if (self->next_address_ < self->addresses_.size()) {
                self->tryNext();
            } else {
                self->failed("No connection to " + self->addressText() + " within " + limit);
            }
        });
}

void Dialer::forgetAttempt() {
    if (timer_ != 0) {
        shard_.loop.cancel(std::exchange(timer_, 0));
    }
    watch_.reset();
    ++attempt_;
}

void Dialer::opened(ConnectionId id) {
    connection_ = id;
    if (!plan_->logs_in) {
        ready();
    }
}

void Dialer::ready() {
    if (stopped_ || state_ == DialState::Connected) {
        return;
    }
    error_.clear();
    noted_.clear();
    failures_ = 0;
    connected_ms_ = shard_.loop.monotonicMs();
    publish(DialState::Connected);
}

void Dialer::note(std::string_view why) {
    if (!why.empty()) {
        noted_ = why.substr(0, 256);
    }
}

void Dialer::ended(std::uint32_t reason) {
    handed_over_ = false;
    connection_ = {};
    if (stopped_) {
        return;
    }
    if (!hasHandler()) {
        rest();
        return;
    }
    const bool was_connected = state_ == DialState::Connected;
    if (was_connected && shard_.loop.monotonicMs() - connected_ms_ >= plan_->options.stable_ms) {
        backoff_.reset();
    }
    if (reason == close_reason::kShutdown) {
        // Somebody changed something: the other side is not to blame.
        backoff_.reset();
        publish(DialState::Connecting);
        const std::uint64_t next = ++attempt_;
        shard_.loop.post([self = shared_from_this(), next] {
            if (!self->stopped_ && next == self->attempt_) {
                self->state_ = DialState::Idle;
                self->handlerChanged();
            }
        });
        return;
    }
    failed(noted_.empty() ? std::string(endText(reason)) : noted_);
}

void Dialer::failed(std::string why) {
    error_ = std::move(why);
    ++failures_;
    forgetAttempt();
    shard_.report(*endpoint_, "dial_failed", addressText(), error_);
    endpoint_->counters->errors.add();
    pause();
}

void Dialer::pause() {
    const std::uint64_t milliseconds = backoff_.next();
    publish(DialState::Waiting, milliseconds);
    timer_ = shard_.loop.runAfter(milliseconds, [self = shared_from_this()] {
        self->timer_ = 0;
        if (!self->stopped_) {
            self->attempt();
        }
    });
}

void Dialer::publish(DialState state, std::uint64_t pause_ms) {
    state_ = state;
    TargetStatus status;
    status.address = addressText();
    status.state = state;
    status.since = shard_.loop.utcMs();
    status.next_attempt =
        state == DialState::Waiting ? status.since + static_cast<base::UtcMs>(pause_ms) : 0;
    status.failures = failures_;
    status.last_error = error_;
    plan_->board->set(target_, std::move(status));
}

std::string Dialer::addressText() const {
    return targetText(plan_->targets[target_]);
}

} // namespace fairlead::network
