// SPDX-License-Identifier: Apache-2.0
#include "call_guard.hpp"
#include "connection.hpp"
#include "fairlead/network/close_reason.hpp"
#include "shard.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// Design notes. Input is read into the loop's one buffer; what was kept of earlier reads is put in
// front of it first, so the plugin sees one piece and nothing is copied when nothing was kept. Only
// a large rest (a message of more than half the buffer) grows in memory of its own. Output is
// collected and written once per round by Shard::endRound, earlier only above the pause mark.

namespace fairlead::network {

namespace {

/// Rests up to this size are put in front of the next read in the loop's buffer.
constexpr std::size_t kKeptInlineMax = Shard::kReadBufferBytes / 2;
/// Kept input above which a plugin that waits for a completion gets no more of it.
constexpr std::size_t kKeptPauseBytes = std::size_t{64} << 10;
/// Written bytes at the front of the output that are worth moving the rest for.
constexpr std::size_t kOutputCompactBytes = std::size_t{64} << 10;

} // namespace

bool EngineConnection::mayFeed() const noexcept {
    return phase_ == Phase::Open && pauses_ == 0 && !busy_ && !output_high_;
}

bool EngineConnection::mayRead() const noexcept {
    return mayFeed() && !peer_ended_ && (pending_ == completed_ || kept_.size() < kKeptPauseBytes);
}

void EngineConnection::setInterest(std::uint8_t interest) {
    if (interest == interest_ || phase_ == Phase::Dead) {
        return;
    }
    watchFor(interest);
}

void EngineConnection::watchFor(std::uint8_t interest) {
    if (!shard_.poller().change(*this, fd_, interest_, interest) && interest != 0) {
        countError("watch_failed", "the system has no memory to watch the connection");
        if (phase_ == Phase::Handshake) {
            die();
        } else {
            abort(close_reason::kError);
        }
        return;
    }
    interest_ = interest;
}

void EngineConnection::disarm(std::uint8_t interest) {
    setInterest(static_cast<std::uint8_t>(interest_ & ~interest));
}

bool EngineConnection::waitsToWrite() const noexcept {
    return (interest_ & Poller::kWrite) != 0;
}

void EngineConnection::armRead() {
    if (phase_ == Phase::Dead || broken_ || (phase_ == Phase::Open && !mayRead()) ||
        phase_ == Phase::Closing) {
        return;
    }
    const auto wanted = static_cast<std::uint8_t>(interest_ | Poller::kRead);
    if (wanted != interest_ || std::exchange(unread_, false)) {
        watchFor(wanted);
    }
}

void EngineConnection::armWrite() {
    setInterest(static_cast<std::uint8_t>(interest_ | Poller::kWrite));
}

// An edge is reported once. Where nothing may be read now, the connection remembers it and asks
// again when it may: pausing and resuming without input cost no system call.
void EngineConnection::onReady(std::uint8_t ready) {
    end_seen_ = end_seen_ || (ready & Poller::kEnd) != 0;
    if (phase_ == Phase::Handshake) {
        if (pins == 0) { // else it waits for its turn
            continueHandshake();
        }
        return;
    }
    if ((ready & interest_ & Poller::kRead) != 0) {
        if (phase_ == Phase::Lingering || (phase_ == Phase::Open && mayRead())) {
            onReadable();
        } else {
            unread_ = true;
        }
    }
    if ((ready & interest_ & Poller::kWrite) != 0 && phase_ != Phase::Dead) {
        onWritable();
    }
}

void EngineConnection::onReadable() {
    switch (phase_) {
    case Phase::Handshake:
        continueHandshake();
        return;
    case Phase::Open:
        readSome();
        return;
    case Phase::Lingering:
        discardInput();
        return;
    case Phase::Closing:
    case Phase::Dead:
        return;
    }
}

void EngineConnection::onWritable() {
    if (!broken_) {
        writeSome();
    } else {
        disarm(Poller::kWrite);
    }
    if (phase_ == Phase::Closing) {
        shard_.enlistClosing(*this);
    }
}

void EngineConnection::readSome() {
    std::size_t budget = shard_.shared.options.read_bytes_per_round;
    unread_ = true;
    while (unread_ && budget > 0 && mayRead()) {
        unread_ = readOnce(budget);
    }
    if (tls_ != nullptr && mayRead() && tls_->hasPending()) {
        shard_.readAgain(id_); // the socket will not announce what OpenSSL holds
    }
    armRead();
}

bool EngineConnection::readOnce(std::size_t& budget) {
    char* const buffer = shard_.readBuffer();
    const bool in_front = kept_.size() <= kKeptInlineMax;
    const std::size_t front = in_front ? kept_.size() : 0;
    if (front > 0) {
        std::memcpy(buffer, kept_.data(), front);
    }
    const std::size_t room = std::min(Shard::kReadBufferBytes - front, budget);
    const IoResult result = receive(buffer + front, room);
    if (result.outcome != IoOutcome::Done) {
        readEnded(result);
        return false;
    }
    budget -= result.bytes;
    endpoint_->counters->bytes_in.add(result.bytes);
    if (!first_byte_) {
        noteFirstByte();
    }
    if (in_front) {
        feed(buffer, front + result.bytes);
    } else {
        kept_.append(buffer, result.bytes);
        feedKept();
    }
    // A plain socket that gave less than asked is empty; asking again would only cost a call,
    // unless the peer's end stands behind.
    return tls_ != nullptr || result.bytes == room || end_seen_;
}

IoResult EngineConnection::receive(char* data, std::size_t bytes) {
    if (tls_ != nullptr) {
        return tls_->read(data, bytes);
    }
    for (;;) {
        const ssize_t got = recv(fd_, data, bytes, MSG_DONTWAIT);
        if (got > 0) {
            return {IoOutcome::Done, static_cast<std::size_t>(got)};
        }
        if (got == 0) {
            return {IoOutcome::Ended};
        }
        if (errno != EINTR) {
            return {errno == EAGAIN ? IoOutcome::WantRead : IoOutcome::Failed};
        }
    }
}

void EngineConnection::readEnded(const IoResult& result) {
    switch (result.outcome) {
    case IoOutcome::WantWrite:
        armWrite();
        return;
    case IoOutcome::Ended:
        peer_ended_ = true;
        if (isWaiting()) {
            shard_.unwatch(*this);
            shard_.watchLinger(*this);
        }
        endIfDone();
        return;
    case IoOutcome::Failed:
        if (tls_ != nullptr) {
            countError("tls_failed", tls_->error());
        }
        abort(close_reason::kError);
        return;
    case IoOutcome::WantRead:
    case IoOutcome::Done:
        return;
    }
}

// Straight from the socket, also under TLS: nobody wants the content any more.
void EngineConnection::discardInput() {
    std::size_t budget = shard_.shared.options.read_bytes_per_round;
    while (budget > 0) {
        const std::size_t room = std::min(Shard::kReadBufferBytes, budget);
        const ssize_t got = recv(fd_, shard_.readBuffer(), room, MSG_DONTWAIT);
        if (got <= 0) {
            if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                peer_ended_ = true;
                shard_.enlistClosing(*this);
                return;
            }
            break;
        }
        budget -= static_cast<std::size_t>(got);
        unread_ = budget == 0;
    }
    armRead();
}

void EngineConnection::noteFirstByte() {
    first_byte_ = true;
    shard_.unwatch(*this);
}

std::optional<std::size_t> EngineConnection::callOnData(const char* data, std::size_t bytes) {
    fl_err error{};
    error.size = sizeof(error);
    std::size_t consumed = 0;
    std::int32_t status = 0;
    {
        const Guard guard(*this);
        status = instance_->onData(asConn(), state_,
                                   {reinterpret_cast<const std::uint8_t*>(data), bytes}, consumed,
                                   error);
    }
    if (status < 0) {
        if (phase_ == Phase::Open) {
            countError("malformed_input", {error.text, std::min<std::size_t>(error.len, 244)});
        }
        beginClose(close_reason::kProtocol, false);
        return std::nullopt;
    }
    if (consumed > bytes) {
        countError("plugin_fault", "it says it used more bytes than it was given");
        beginClose(close_reason::kError, false);
        return std::nullopt;
    }
    return phase_ == Phase::Open ? std::optional<std::size_t>(consumed) : std::nullopt;
}

void EngineConnection::feed(const char* data, std::size_t bytes) {
    feed_again_ = false;
    const auto consumed = callOnData(data, bytes);
    if (!consumed) {
        return;
    }
    const std::size_t rest = bytes - *consumed;
    if (rest == 0) {
        if (kept_.capacity() > 15) { // beyond what a string holds in itself
            std::string().swap(kept_);
        } else {
            kept_.clear();
        }
        return;
    }
    if (rest > endpoint_->core->buffered_bytes_max) {
        countError("input_limit", "a message is longer than the component's limit");
        closeByHost(close_reason::kLimit);
        return;
    }
    kept_.assign(data + *consumed, rest);
}

void EngineConnection::feedKept() {
    feed_again_ = false;
    const auto consumed = callOnData(kept_.data(), kept_.size());
    if (!consumed) {
        return;
    }
    kept_.erase(0, *consumed);
    if (kept_.empty()) {
        std::string().swap(kept_);
    } else if (kept_.size() > endpoint_->core->buffered_bytes_max) {
        countError("input_limit", "a message is longer than the component's limit");
        closeByHost(close_reason::kLimit);
    }
}

std::int32_t EngineConnection::pluginWrite(const void* data, std::size_t bytes) {
    if ((phase_ != Phase::Open && !may_write_) || broken_) {
        return FL_E_CLOSED;
    }
    if (bytes == 0) {
        return FL_OK;
    }
    const EngineOptions& options = shard_.shared.options;
    if (outputBytes() + bytes > options.output_bytes_max) {
        countError("output_limit", "the peer does not read what it is sent");
        abort(close_reason::kLimit);
        return FL_E_LIMIT;
    }
    if (output_ == nullptr) {
        output_ = shard_.takeOutput();
    }
    output_->append(static_cast<const char*>(data), bytes);
    shard_.enlistDirty(*this);
    if (outputBytes() > options.output_pause_bytes) {
        output_high_ = true;
        if (!waitsToWrite()) {
            writeSome();
        }
    }
    return broken_ ? FL_E_CLOSED : FL_OK;
}

std::size_t EngineConnection::outputBytes() const noexcept {
    return output_ == nullptr ? 0 : output_->size() - output_sent_;
}

void EngineConnection::flush() {
    if (!waitsToWrite() && !broken_ && phase_ == Phase::Open) {
        writeSome();
    }
}

void EngineConnection::writeSome() {
    while (outputBytes() > 0) {
        const std::size_t asked = outputBytes();
        const IoResult result = transmit(output_->data() + output_sent_, asked);
        if (result.outcome == IoOutcome::Done) {
            output_sent_ += result.bytes;
            endpoint_->counters->bytes_out.add(result.bytes);
            continue;
        }
        if (result.outcome == IoOutcome::WantRead) {
            disarm(Poller::kWrite);
            armRead();
            return;
        }
        if (result.outcome != IoOutcome::WantWrite) {
            abort(close_reason::kError);
            return;
        }
        if (output_sent_ > kOutputCompactBytes) {
            output_->erase(0, output_sent_);
            output_sent_ = 0;
        }
        armWrite();
        break;
    }
    if (output_high_ && outputBytes() <= shard_.shared.options.output_pause_bytes / 4) {
        output_high_ = false;
        shard_.enlistWork(*this); // kept input and the socket may go on
    }
    if (outputBytes() == 0) {
        disarm(Poller::kWrite);
        releaseOutput();
        endIfDone();
    }
}

IoResult EngineConnection::transmit(const char* data, std::size_t bytes) {
    if (tls_ != nullptr) {
        return tls_->write(data, bytes);
    }
    for (;;) {
        const ssize_t sent = ::send(fd_, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            return {IoOutcome::Done, static_cast<std::size_t>(sent)};
        }
        if (errno != EINTR) {
            return {errno == EAGAIN ? IoOutcome::WantWrite : IoOutcome::Failed};
        }
    }
}

void EngineConnection::releaseOutput() {
    if (output_ != nullptr) {
        shard_.giveOutput(std::move(output_));
    }
    output_sent_ = 0;
}

void EngineConnection::pauseReading() {
    ++pauses_;
}

void EngineConnection::resumeReading() {
    if (pauses_ > 0) {
        --pauses_;
    }
    if (pauses_ == 0) {
        busy_ = false;
        shard_.enlistWork(*this);
    }
}

} // namespace fairlead::network
