// SPDX-License-Identifier: Apache-2.0
#include "datagram_peer.hpp"

#include "datagram_guard.hpp"
#include "datagram_port.hpp"
#include "datagram_shard.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/network/close_reason.hpp"

#include <algorithm>
#include <utility>

// Design notes.
//
// Phases: [Handshake →] Open → Closing → [Lingering →] Dead. A peer leaves Open by beginClose only,
// which frees its address at once and leaves the rest to the end of the round, so that no caller
// finds its peer gone when a call returns. Lingering waits for the handler to take what the plugin
// delivered, at most linger_ms. A dead peer is freed when the round is over.
//
// The plugin is never called while it runs for the same peer: a Guard is around each call, and what
// arrives meanwhile (complete, send) is deferred to the end of the round.
//
// Nobody can be told to stop sending. While the handler is busy, or asked for a pause, datagrams
// are kept, a few for each peer and a bounded sum for a loop; the ones beyond are dropped and
// counted.

namespace fairlead::network {

thread_local DatagramPeer* DatagramPeer::Guard::running_peer = nullptr;

DatagramPeer* DatagramPeer::current() noexcept {
    return Guard::running_peer;
}

DatagramPeer::DatagramPeer(ConnectionId id, std::shared_ptr<DatagramPort> port,
                           const PeerAddress& from, std::unique_ptr<DtlsStream> dtls)
    : address(from), port_(std::move(port)), id_(id), handler_(port_->endpoint().handler),
      phase_(dtls == nullptr ? Phase::Open : Phase::Handshake), dtls_(std::move(dtls)),
      text_(addressText(&from.base)) {}

DatagramPeer::~DatagramPeer() {
    FL_ASSERT(phase_ == Phase::Dead);
}

DatagramShard& DatagramPeer::shard() const noexcept {
    return port_->shard();
}

runtime::Loop& DatagramPeer::loop() noexcept {
    return shard().streams.loop;
}

const Endpoint& DatagramPeer::endpoint() const noexcept {
    return port_->endpoint();
}

const std::string& DatagramPeer::componentId() const noexcept {
    return endpoint().core->id;
}

std::string_view DatagramPeer::transport() const noexcept {
    return endpoint().core->transport;
}

bool DatagramPeer::hasConnect() const noexcept {
    return endpoint().core->has_connect;
}

DatagramPeer::Extra& DatagramPeer::extra() {
    if (extra_ == nullptr) {
        extra_ = std::make_unique<Extra>();
    }
    return *extra_;
}

void DatagramPeer::begin() {
    endpoint().counters->connections.add();
    endpoint().counters->accepted.add();
    if (phase_ == Phase::Open) {
        openUp();
    }
}

void DatagramPeer::openUp() {
    instance_ = endpoint().instance;
    handler_open_ = true;
    {
        const Guard guard(*this);
        handler_->opened(*this);
    }
    if (phase_ == Phase::Open) {
        openPlugin();
    }
}

bool DatagramPeer::openPlugin() {
    const std::string server_name = dtls_ == nullptr ? std::string{} : dtls_->serverName();
    const std::string subject = dtls_ == nullptr ? std::string{} : dtls_->clientSubject();
    const std::string identity = dtls_ == nullptr ? std::string{} : dtls_->pskIdentity();
    const Peer peer{text_, server_name, subject, dtls_ != nullptr, identity};
    fl_err error{};
    error.size = sizeof(error);
    std::int32_t status = 0;
    {
        const Guard guard(*this);
        status = instance_->onOpen(asConn(), peer, state_, error);
    }
    plugin_open_ = status >= 0;
    if (!plugin_open_) {
        endpoint().counters->refused.add();
        countError("open_refused", {error.text, std::min<std::size_t>(error.len, 244)});
        beginClose(close_reason::kError, false);
    }
    return plugin_open_;
}

void DatagramPeer::received(std::string_view datagram) {
    switch (phase_) {
    case Phase::Handshake:
        handshakeWith(datagram);
        return;
    case Phase::Open:
        if (dtls_ != nullptr) {
            receiveRecords(datagram);
            return;
        }
        port_->touch(*this);
        input(datagram);
        return;
    case Phase::Closing: // refused when it opened; its address is free, so nothing else comes here
    case Phase::Lingering:
    case Phase::Dead:
        endpoint().counters->refused.add();
        return;
    }
}

void DatagramPeer::input(std::string_view datagram) {
    endpoint().counters->bytes_in.add(datagram.size());
    if (pauses_ > 0 || busy_ || hasKept()) {
        keep(datagram);
    } else {
        callOnData(datagram);
    }
}

void DatagramPeer::callOnData(std::string_view datagram) {
    fl_err error{};
    error.size = sizeof(error);
    std::size_t consumed = 0;
    std::int32_t status = 0;
    {
        const Guard guard(*this);
        status = instance_->onData(
            asConn(), state_,
            {reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size()}, consumed,
            error);
    }
    if (status < 0) {
        countError("malformed_input", {error.text, std::min<std::size_t>(error.len, 244)});
    }
}

void DatagramPeer::keep(std::string_view datagram) {
    Extra& e = extra();
    if (e.kept.size() >= kPeerKeptMax || e.kept_bytes + datagram.size() > kPeerKeptBytesMax ||
        !shard().mayKeep(datagram.size())) {
        endpoint().counters->refused.add();
        shard().streams.report(endpoint(), "dropped_busy", text_,
                               "more datagrams wait for this peer than are kept");
        return;
    }
    e.kept_bytes += datagram.size();
    e.kept.emplace_back(datagram);
}

std::string DatagramPeer::takeKept() {
    Extra& e = *extra_;
    std::string datagram = std::move(e.kept.front());
    e.kept.pop_front();
    e.kept_bytes -= datagram.size();
    shard().giveBack(datagram.size());
    return datagram;
}

void DatagramPeer::dropKept(std::string_view why) {
    if (!hasKept()) {
        return;
    }
    endpoint().counters->refused.add(extra_->kept.size());
    shard().streams.report(endpoint(), why, text_, {});
    shard().giveBack(std::exchange(extra_->kept_bytes, 0));
    extra_->kept.clear();
}

void DatagramPeer::feedKept() {
    while (phase_ == Phase::Open && pauses_ == 0 && !busy_ && hasKept()) {
        callOnData(takeKept());
    }
}

std::int32_t DatagramPeer::pluginWrite(const void* data, std::size_t bytes) {
    if (phase_ != Phase::Open && !may_write_) {
        return FL_E_CLOSED;
    }
    if (bytes == 0) {
        return FL_OK;
    }
    if (bytes > (dtls_ == nullptr ? kDatagramBytesMax : dtls_->plainBytesMax())) {
        countError("output_too_long", "a datagram is longer than the transport carries");
        return FL_E_LIMIT;
    }
    if (dtls_ == nullptr) {
        if (!port_->send(address, data, bytes)) {
            return FL_E_BUSY;
        }
    } else {
        if (!port_->hasRoom()) {
            endpoint().counters->refused.add();
            shard().streams.report(endpoint(), "output_limit", text_,
                                   "the network does not take what is sent");
            return FL_E_BUSY;
        }
        if (dtls_->write(data, bytes).outcome != IoOutcome::Done) {
            countError("dtls_failed", dtls_->error());
            beginClose(close_reason::kError, false);
            return FL_E_CLOSED;
        }
    }
    endpoint().counters->bytes_out.add(bytes);
    return FL_OK;
}

std::size_t DatagramPeer::outputBytes() const noexcept {
    return port_->outputBytes();
}

void DatagramPeer::resumeReading() {
    if (pauses_ > 0) {
        --pauses_;
    }
    if (pauses_ == 0) {
        busy_ = false;
        shard().enlistWork(*this);
    }
}

void DatagramPeer::close(std::uint32_t reason, std::string_view) {
    closeByHost(reason);
}

void DatagramPeer::closeByHost(std::uint32_t reason) {
    if (phase_ == Phase::Handshake) {
        die();
        return;
    }
    beginClose(reason, true);
}

void DatagramPeer::pluginClose(std::uint32_t reason, std::string_view text) {
    if (phase_ == Phase::Open && reason == close_reason::kProtocol) {
        countError("closed_by_protocol", text);
    }
    beginClose(reason, false);
}

void DatagramPeer::beginClose(std::uint32_t reason, bool tell_plugin) {
    if (phase_ != Phase::Open) {
        return;
    }
    phase_ = Phase::Closing;
    close_reason_ = static_cast<std::uint8_t>(reason);
    tell_shutdown_ = tell_plugin;
    cancelTimers();
    port_->forget(*this);
    shard().enlistClosing(*this);
}

void DatagramPeer::runClosing() {
    if (phase_ == Phase::Closing) {
        if (std::exchange(tell_shutdown_, false) && plugin_open_) {
            const Guard guard(*this);
            may_write_ = true;
            instance_->onShutdown(asConn(), state_, close_reason_);
            may_write_ = false;
        }
        if (dtls_ != nullptr) {
            dtls_->shutdown();
        }
        phase_ = Phase::Lingering;
        dropKept("dropped_at_close");
        tellPlugin();
        if (hasBacklog()) {
            own_timer_ = loop().runAfter(shard().streams.shared.options.linger_ms, [this] {
                own_timer_ = 0;
                cutOff();
            });
        } else {
            tellHandler();
        }
    }
    if (phase_ == Phase::Lingering && handler_told_) {
        die();
    }
}

void DatagramPeer::cutOff() {
    if (phase_ != Phase::Lingering) {
        return;
    }
    if (hasBacklog()) {
        countError("dropped_at_close", {});
        extra_->backlog.clear();
    }
    if (!handler_told_) {
        tellHandler();
    }
    die();
}

void DatagramPeer::tellPlugin() {
    if (std::exchange(plugin_open_, false)) {
        const Guard guard(*this);
        instance_->onClose(asConn(), state_, close_reason_);
    }
    instance_.reset();
}

void DatagramPeer::tellHandler() {
    handler_told_ = true;
    failDeferredSends();
    if (std::exchange(handler_open_, false)) {
        handler_->closed(*this, close_reason_);
    }
    extra_.reset();
}

void DatagramPeer::die() {
    FL_ASSERT(!plugin_open_ && !handler_open_ && phase_ != Phase::Dead);
    phase_ = Phase::Dead;
    handler_told_ = true;
    dropKept("dropped_at_close");
    port_->forget(*this);
    cancelTimers();
    if (own_timer_ != 0) {
        loop().cancel(std::exchange(own_timer_, 0));
    }
    dtls_.reset();
    endpoint().counters->connections.subtract();
    shard().bury(*this);
}

void DatagramPeer::countError(std::string_view kind, std::string_view detail) {
    endpoint().counters->errors.add();
    shard().streams.report(endpoint(), kind, text_, detail);
}

} // namespace fairlead::network
