// SPDX-License-Identifier: Apache-2.0
#include "datagram_port.hpp"

#include "datagram_shard.hpp"
#include "dtls_records.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/network/close_reason.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

// Design notes. One socket for all peers of a component on this loop; the kernel sends a peer to
// the same one as long as their number does not change, which is why all are bound before the first
// datagram and none is closed alone. Peers are found by address. A datagram of a stranger makes a
// peer at once on plain UDP; behind DTLS it goes to the listener, which remembers nothing until the
// cookie comes back.
//
// A hello from a known address is a device that restarted, or a repetition, or somebody else's
// forgery: when its random is that of the session it belongs to it; else it must bring a cookie,
// like a stranger's, and then takes the old session's place (RFC 6347 4.2.8).

namespace fairlead::network {

namespace {

constexpr int kBatchesPerRound = 8;
/// Sending begins before the end of the round when this much waits.
constexpr std::size_t kFlushBytes = std::size_t{256} << 10;
constexpr std::uint32_t kListenCost = 1;

std::string textOf(const PeerAddress& address) {
    return addressText(&address.base);
}

} // namespace

DatagramPort::DatagramPort(DatagramShard& shard, std::shared_ptr<Endpoint> endpoint,
                           Descriptor socket)
    : shard_(shard), endpoint_(std::move(endpoint)),
      watch_(shard.streams.loop.context().get_executor(), socket.get()), fd_(socket.release()),
      map_(shard.hash_seed) {}

DatagramPort::~DatagramPort() {
    FL_ASSERT(closed_ && peers_ == 0);
}

void DatagramPort::stop() {
    stopped_ = true;
    listener_.reset();
    if (peers_ == 0) {
        closeSocket();
    }
}

void DatagramPort::gone() {
    if (--peers_ == 0 && stopped_) {
        closeSocket();
    }
}

void DatagramPort::closeSocket() {
    if (!output_.isEmpty()) {
        flush(); // the last words of the last peer
    }
    if (!output_.isEmpty()) {
        endpoint_->counters->refused.add(output_.count());
        shard_.streams.countReport(*endpoint_, "dropped_at_close");
    }
    closed_ = true;
    if (deadline_timer_ != 0) {
        shard_.streams.loop.cancel(std::exchange(deadline_timer_, 0));
    }
    boost::system::error_code ignored;
    watch_.close(ignored);
}

void DatagramPort::setTls(std::shared_ptr<TlsContext> tls) {
    endpoint_->tls = std::move(tls);
    listener_.reset();
}

void DatagramPort::armRead() {
    watch_.async_wait(Watch::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error && !self->closed_) {
                              self->receiveSome();
                          }
                      });
}

void DatagramPort::armWrite() {
    if (std::exchange(write_armed_, true)) {
        return;
    }
    watch_.async_wait(Watch::wait_write,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                          self->write_armed_ = false;
                          if (!error && !self->closed_) {
                              self->flush();
                          }
                      });
}

void DatagramPort::receiveSome() {
    ReceiveBatch& batch = shard_.batch;
    for (int round = 0; round < kBatchesPerRound && !closed_; ++round) {
        const int got = batch.receive(fd_);
        if (got < 0) {
            break; // nothing more, or the error of an earlier datagram that we sent
        }
        for (unsigned i = 0; i < static_cast<unsigned>(got); ++i) {
            if (batch.isCut(i)) {
                drop("datagram_too_long", batch.from(i), {});
            } else {
                arrived(batch.from(i), batch.datagram(i));
            }
        }
        if (static_cast<unsigned>(got) < ReceiveBatch::kDatagrams) {
            break;
        }
    }
    if (!closed_) {
        armRead();
    }
}

void DatagramPort::arrived(const PeerAddress& from, std::string_view datagram) {
    const std::size_t limit =
        endpoint_->core->datagram_bytes_max + (isSecure() ? DtlsStream::kRecordOverheadMax : 0);
    if (datagram.empty()) {
        drop("empty_datagram", from, {});
        return;
    }
    if (datagram.size() > std::max(limit, isSecure() ? std::size_t{DtlsStream::kMtu} : 0)) {
        drop("datagram_too_long", from, "longer than the component's largest datagram");
        return;
    }
    DatagramPeer* peer = map_.find(from);
    if (peer != nullptr) {
        toKnown(*peer, datagram);
    } else if (isSecure()) {
        listen(from, datagram);
    } else {
        peer = newPeer(from, nullptr);
        if (peer != nullptr) {
            peer->received(datagram);
        }
    }
}

void DatagramPort::toKnown(DatagramPeer& peer, std::string_view datagram) {
    if (isSecure()) {
        const auto random = dtls::helloRandom(datagram);
        if (random && !peer.isOwnHello(*random)) {
            listen(peer.address, datagram);
            return;
        }
    }
    peer.received(datagram);
}

void DatagramPort::listen(const PeerAddress& from, std::string_view datagram) {
    const auto random = dtls::helloRandom(datagram);
    if (!random && dtls::isHelloPiece(datagram)) {
        // A long hello before the cookie: its first piece is answered, the others are of no use.
        shard_.streams.countReport(*endpoint_, "dtls_hello_piece");
        return;
    }
    if (!random) {
        drop("dtls_stranger", from, "a record that belongs to no session, and is no hello");
        return;
    }
    if (stopped_ || !shard_.admitHandshake(*this, from, datagram, kListenCost)) {
        return;
    }
    if (listener_ == nullptr) {
        listener_ = std::make_unique<DtlsStream>(*endpoint_->tls, *this,
                                                 endpoint_->core->datagram_bytes_max);
    }
    // OpenSSL checks the cookie of the first record only, but would take in all of them.
    const std::size_t first = dtls::firstRecord(datagram);
    switch (listener_->listen(from, datagram.substr(0, first))) {
    case DtlsStream::Listened::No:
        return;
    case DtlsStream::Listened::Unusable:
        drop("dtls_hello_refused", from, {});
        listener_.reset();
        return;
    case DtlsStream::Listened::Yes:
        break;
    }
    if (DatagramPeer* former = map_.find(from)) {
        former->closeByHost(close_reason::kPeer);
    }
    DatagramPeer* peer = newPeer(from, std::move(listener_));
    if (peer != nullptr) {
        peer->startHandshake(*random, datagram.substr(first));
    }
}

DatagramPeer* DatagramPort::newPeer(const PeerAddress& from, std::unique_ptr<DtlsStream> dtls) {
    std::string_view why;
    if (!admit(why)) {
        refuse(why, from);
        return nullptr;
    }
    const bool secure = dtls != nullptr;
    if (secure && handshake_count_ >= shard_.streams.shared.options.dtls_handshakes_max) {
        // The oldest had the most time; refusing would let a few that stall shut out everybody.
        shard_.streams.countReport(*endpoint_, "evicted_handshake");
        handshakes_.front()->closeByHost(close_reason::kTimeout);
    }
    DatagramPeer* peer = shard_.make(shared_from_this(), from, std::move(dtls));
    if (peer == nullptr) {
        refuse("refused_connection_limit", from);
        return nullptr;
    }
    ++peers_;
    map_.insert(*peer);
    if (secure) {
        ++handshake_count_;
        watch(*peer, handshakes_, shard_.streams.shared.options.dtls_handshake_ms);
    } else {
        watch(*peer, open_, endpoint_->core->idle_ms);
    }
    peer->begin();
    return peer;
}

bool DatagramPort::isFull() const noexcept {
    const std::size_t limit = endpoint_->core->connections_max;
    return shard_.streams.shared.alive.load(std::memory_order_relaxed) >=
               shard_.streams.shared.options.connections_max ||
           (limit != 0 && endpoint_->core->alive.load(std::memory_order_relaxed) >= limit);
}

bool DatagramPort::admit(std::string_view& why) {
    if (endpoint_->handler == nullptr || stopped_) {
        why = "refused_no_gateway";
        return false;
    }
    // The evicted one is freed at the end of the round; until then there is one more.
    if (isFull() && !evictOne()) {
        why = "refused_connection_limit";
        return false;
    }
    return true;
}

bool DatagramPort::evictOne() {
    DatagramPeer* silent = open_.front();
    const std::uint64_t silence_ms = shard_.streams.shared.options.evictable_ms;
    if (silent == nullptr ||
        nowMs() + endpoint_->core->idle_ms < silent->deadline_ms + silence_ms) {
        return false;
    }
    shard_.streams.countReport(*endpoint_, "evicted_silent_peer");
    silent->closeByHost(close_reason::kTimeout);
    return true;
}

void DatagramPort::refuse(std::string_view why, const PeerAddress& from) {
    endpoint_->counters->refused.add();
    shard_.streams.report(*endpoint_, why, textOf(from), {});
}

void DatagramPort::drop(std::string_view kind, const PeerAddress& from, std::string_view detail) {
    endpoint_->counters->errors.add();
    shard_.streams.report(*endpoint_, kind, textOf(from), detail);
}

bool DatagramPort::hasRoom() const noexcept {
    return output_.bytes() <= shard_.streams.shared.options.output_bytes_max;
}

bool DatagramPort::send(const PeerAddress& to, const void* data, std::size_t bytes) {
    if (closed_ || !hasRoom()) {
        endpoint_->counters->refused.add();
        shard_.streams.report(*endpoint_, "output_limit", textOf(to),
                              "the network does not take what is sent");
        return false;
    }
    output_.add(to, data, bytes);
    shard_.enlistOutput(shared_from_this());
    if (output_.bytes() > kFlushBytes && !write_armed_) {
        flush();
    }
    return true;
}

void DatagramPort::sendRecord(const PeerAddress& to, const void* data, std::size_t bytes) {
    send(to, data, bytes);
}

void DatagramPort::flush() {
    while (!closed_) {
        switch (output_.send(fd_)) {
        case SendBatch::Sent::All:
            return;
        case SendBatch::Sent::Later:
            armWrite();
            return;
        case SendBatch::Sent::Some:
            endpoint_->counters->errors.add();
            shard_.streams.report(*endpoint_, "send_failed", "the network", std::strerror(errno));
        }
    }
}

void DatagramPort::watch(DatagramPeer& peer, IntrusiveList<DatagramPeer>& list,
                         std::uint64_t after_ms) {
    peer.deadline_ms = nowMs() + after_ms;
    list.pushBack(peer);
    if (deadline_timer_ == 0 || peer.deadline_ms < deadline_due_) {
        armDeadlines();
    }
}

void DatagramPort::touch(DatagramPeer& peer) {
    peer.deadline_ms = nowMs() + endpoint_->core->idle_ms;
    open_.remove(peer);
    open_.pushBack(peer);
}

void DatagramPort::handshakeDone(DatagramPeer& peer) {
    handshakes_.remove(peer);
    --handshake_count_;
    watch(peer, open_, endpoint_->core->idle_ms);
}

void DatagramPort::forget(DatagramPeer& peer) {
    if (peer.links.list == &handshakes_) {
        --handshake_count_;
    }
    handshakes_.remove(peer);
    open_.remove(peer);
    map_.remove(peer);
}

void DatagramPort::armDeadlines() {
    std::uint64_t due = 0;
    for (const IntrusiveList<DatagramPeer>* list : {&handshakes_, &open_}) {
        if (!list->empty()) {
            const std::uint64_t first = list->front()->deadline_ms;
            due = due == 0 ? first : std::min(due, first);
        }
    }
    if (deadline_timer_ != 0) {
        shard_.streams.loop.cancel(std::exchange(deadline_timer_, 0));
    }
    if (due != 0 && !closed_) {
        const std::uint64_t now = nowMs();
        deadline_due_ = due;
        deadline_timer_ = shard_.streams.loop.runAfter(due > now ? due - now : 1, [this] {
            deadline_timer_ = 0;
            checkDeadlines();
        });
    }
}

void DatagramPort::checkDeadlines() {
    const std::uint64_t now = nowMs();
    while (!handshakes_.empty() && handshakes_.front()->deadline_ms <= now) {
        handshakes_.front()->handshakeExpired();
    }
    while (!open_.empty() && open_.front()->deadline_ms <= now) {
        open_.front()->closeByHost(close_reason::kTimeout);
    }
    armDeadlines();
}

DtlsCookies& DatagramPort::cookies() noexcept {
    return shard_.cookies;
}

std::uint64_t DatagramPort::nowMs() const noexcept {
    return shard_.streams.loop.monotonicMs();
}

} // namespace fairlead::network
