// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "call_guard.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/network/close_reason.hpp"
#include "shard.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

// Design notes.
//
// Phases: [Handshake →] Open → Closing → Lingering → Dead. A connection leaves Open by beginClose
// only, which does nothing but mark it and put it on the shard's closing list; everything else
// happens at the end of the round, so no caller finds its connection gone when a call returns.
// Closing flushes, then sends FIN and tells the plugin, then the handler (after what the plugin
// delivered in on_close, a will, was taken). Lingering reads until the peer ends too, because
// closing a socket with unread input would make the kernel reset it and lose our last bytes. One
// deadline (linger_ms) covers all of it.
//
// The plugin is never called while it runs for the same connection: a Guard is around each call,
// and what arrives meanwhile (complete, send) is deferred to the end of the round.
//
// A slot is freed at the end of a round when it is Dead and nothing points at it: queues outside of
// the shard's lists hold pins.

namespace fairlead::network {

thread_local EngineConnection* EngineConnection::Guard::running_connection = nullptr;

EngineConnection* EngineConnection::current() noexcept {
    return Guard::running_connection;
}

EngineConnection::EngineConnection(Shard& shard, std::shared_ptr<Endpoint> endpoint, int fd,
                                   std::string peer)
    : shard_(shard), endpoint_(std::move(endpoint)), handler_(endpoint_->handler), fd_(fd),
      phase_(endpoint_->tls == nullptr ? Phase::Open : Phase::Handshake), peer_(std::move(peer)) {}

EngineConnection::~EngineConnection() {
    FL_ASSERT(phase_ == Phase::Dead && pins == 0);
}

runtime::Loop& EngineConnection::loop() noexcept {
    return shard_.loop;
}

EngineConnection::Extra& EngineConnection::extra() {
    if (extra_ == nullptr) {
        extra_ = std::make_unique<Extra>();
    }
    return *extra_;
}

void EngineConnection::begin(ConnectionId id) {
    id_ = id;
    endpoint_->counters->connections.add();
    endpoint_->counters->accepted.add();
    if (phase_ == Phase::Handshake) {
        tls_ = std::make_unique<TlsStream>(*endpoint_->tls, fd_);
        shard_.watchHandshake(*this);
        startTls();
        return;
    }
    openUp();
    armRead();
}

void EngineConnection::continueHandshake() {
    if (phase_ != Phase::Handshake || !shard_.admitHandshake(*this)) {
        return;
    }
    switch (tls_->handshake().outcome) {
    case IoOutcome::Done:
        shard_.unwatch(*this);
        phase_ = Phase::Open;
        openUp();
        readSome(); // the socket will not announce what OpenSSL has read already
        return;
    case IoOutcome::WantRead:
        armRead();
        return;
    case IoOutcome::WantWrite:
        armWrite();
        return;
    case IoOutcome::Ended:
    case IoOutcome::Failed:
        countError("tls_handshake_failed", handshakeError());
        die();
        return;
    }
}

void EngineConnection::openUp() {
    instance_ = endpoint_->instance;
    handler_open_ = true;
    {
        const Guard guard(*this);
        handler_->opened(*this);
    }
    if (phase_ != Phase::Open || !openPlugin()) {
        return;
    }
    if (phase_ == Phase::Open && dialer_ == nullptr) {
        shard_.watchFirstByte(*this);
    }
    tellOpened();
}

bool EngineConnection::openPlugin() {
    const std::string server_name = tls_ == nullptr ? std::string{} : tls_->serverName();
    const std::string subject = tls_ == nullptr ? std::string{} : tls_->clientSubject();
    const Peer peer{peer_, server_name, subject, tls_ != nullptr};
    fl_err error{};
    error.size = sizeof(error);
    std::int32_t status = 0;
    {
        const Guard guard(*this);
        status = instance_->onOpen(asConn(), peer, state_, error);
    }
    plugin_open_ = status >= 0;
    if (!plugin_open_) {
        endpoint_->counters->refused.add();
        countError("open_refused", {error.text, std::min<std::size_t>(error.len, 244)});
        beginClose(close_reason::kError, false);
    }
    return plugin_open_;
}

void EngineConnection::close(std::uint32_t reason, std::string_view text) {
    noteEnd({}, text);
    closeByHost(reason);
}

void EngineConnection::closeByHost(std::uint32_t reason) {
    if (phase_ == Phase::Handshake) {
        close_reason_ = static_cast<std::uint8_t>(reason);
        die();
        return;
    }
    beginClose(reason, true);
}

void EngineConnection::pluginClose(std::uint32_t reason, std::string_view text) {
    if (phase_ == Phase::Open && reason == close_reason::kProtocol) {
        countError("closed_by_protocol", text);
    }
    noteEnd({}, text);
    beginClose(reason, false);
}

void EngineConnection::beginClose(std::uint32_t reason, bool tell_plugin) {
    if (phase_ != Phase::Open) {
        return;
    }
    phase_ = Phase::Closing;
    close_reason_ = static_cast<std::uint8_t>(reason);
    tell_shutdown_ = tell_plugin;
    cancelTimers();
    shard_.unwatch(*this);
    shard_.watchLinger(*this);
    shard_.enlistClosing(*this);
}

void EngineConnection::abort(std::uint32_t reason) {
    broken_ = true;
    releaseOutput();
    beginClose(reason, false);
    shard_.enlistClosing(*this); // when it was closing already, it need not flush any more
}

void EngineConnection::runClosing() {
    if (phase_ == Phase::Closing) {
        if (std::exchange(tell_shutdown_, false) && plugin_open_ && !broken_) {
            const Guard guard(*this);
            may_write_ = true;
            instance_->onShutdown(asConn(), state_, close_reason_);
            may_write_ = false;
        }
        if (!broken_ && !waitsToWrite()) {
            writeSome();
        }
        if (!broken_ && outputBytes() > 0) {
            return; // onWritable comes back here
        }
        finish();
    }
    if (phase_ == Phase::Lingering && handler_told_ && (peer_ended_ || broken_)) {
        die();
    }
}

void EngineConnection::finish() {
    phase_ = Phase::Lingering;
    releaseOutput();
    if (!broken_) {
        if (tls_ != nullptr) {
            tls_->shutdown();
        }
        ::shutdown(fd_, SHUT_WR);
    }
    tellPlugin();
    if (!hasBacklog()) {
        tellHandler();
    }
    if (!broken_ && !peer_ended_) {
        armRead();
    }
}

void EngineConnection::tellPlugin() {
    if (std::exchange(plugin_open_, false)) {
        const Guard guard(*this);
        instance_->onClose(asConn(), state_, close_reason_);
    }
    instance_.reset();
    std::string().swap(kept_);
}

void EngineConnection::tellHandler() {
    handler_told_ = true;
    failDeferredSends();
    if (std::exchange(handler_open_, false)) {
        handler_->closed(*this, close_reason_);
    }
    extra_.reset();
}

void EngineConnection::die() {
    FL_ASSERT(!plugin_open_ && !handler_open_);
    phase_ = Phase::Dead;
    handler_told_ = true;
    shard_.unwatch(*this);
    cancelTimers();
    releaseOutput();
    tls_.reset();
    interest_ = 0;
    ::close(fd_); // leaves the poller's set with it
    endpoint_->counters->connections.subtract();
    shard_.bury(*this);
    tellEnded();
}

void EngineConnection::deadlinePassed() {
    switch (phase_) {
    case Phase::Handshake:
        countError("tls_handshake_timeout", {});
        die();
        return;
    case Phase::Open:
        if (peer_ended_) {
            beginClose(close_reason::kPeer, false);
            return;
        }
        countError("first_byte_timeout", {});
        closeByHost(close_reason::kTimeout);
        return;
    case Phase::Closing:
        abort(close_reason_);
        shard_.watchLinger(*this); // for what on_close may still deliver
        return;
    case Phase::Lingering:
        if (hasBacklog()) {
            countError("dropped_at_close", {});
            extra_->backlog.clear();
        }
        if (!handler_told_) {
            tellHandler();
        }
        die();
        return;
    case Phase::Dead:
        return;
    }
}

bool EngineConnection::isWaiting() const noexcept {
    return pending_ != completed_ || feed_again_ || outputBytes() > 0 ||
           (extra_ != nullptr &&
            !(extra_->backlog.empty() && extra_->held.empty() && extra_->deferred.empty()));
}

// A peer that shut down its sending side still gets the answers to what it sent.
void EngineConnection::endIfDone() {
    if (peer_ended_ && phase_ == Phase::Open && !isWaiting()) {
        beginClose(close_reason::kPeer, false);
    }
}

void EngineConnection::countError(std::string_view kind, std::string_view detail) {
    endpoint_->counters->errors.add();
    noteEnd(kind, detail);
    shard_.report(*endpoint_, kind, peer_, detail);
}

} // namespace fairlead::network
