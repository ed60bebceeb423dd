// SPDX-License-Identifier: Apache-2.0
#include "datagram_guard.hpp"
#include "datagram_peer.hpp"
#include "datagram_port.hpp"
#include "datagram_shard.hpp"

#include <utility>

// Design notes. The same as for streams (connection_calls.cpp), without what streams have: input
// that a plugin leaves for later, and a socket that can be left unread. The backlog is bounded by
// number and bytes instead, because nothing else holds a sender back.

namespace fairlead::network {

std::int32_t DatagramPeer::handDown(const Waiting& item) {
    const Guard guard(*this);
    if (!item.message) {
        return handler_->release(*this, item.once_key, item.token);
    }
    return handler_->deliver(*this, item.message->get(), item.flags, item.token, item.once_key);
}

std::int32_t DatagramPeer::enqueue(Waiting item) {
    Extra& e = extra();
    const std::size_t bytes =
        sizeof(Waiting) + item.once_key.size() + (item.message ? item.message->bytes() : 0);
    if (e.backlog.size() >= kPeerKeptMax || e.backlog_bytes + bytes > kPeerKeptBytesMax) {
        endpoint().counters->refused.add();
        countError("backlog_limit", "the store is behind and too much waits");
        return FL_E_LIMIT;
    }
    e.backlog_bytes += bytes;
    e.backlog.push_back(std::move(item));
    return FL_PENDING;
}

std::int32_t DatagramPeer::pluginDeliver(const fl_transport_message& message, std::uint32_t flags,
                                         std::uint64_t token, std::string_view once_key) {
    if (!handler_open_) {
        return FL_E_CLOSED;
    }
    if (hasBacklog()) {
        return enqueue({OwnedMessage(message), std::string(once_key), token, flags});
    }
    const std::int32_t status = handler_->deliver(*this, message, flags, token, once_key);
    if (status == FL_E_BUSY) {
        busy_ = true;
        return enqueue({OwnedMessage(message), std::string(once_key), token, flags});
    }
    (status < 0 ? endpoint().counters->refused : endpoint().counters->messages_in).add();
    if (status == FL_PENDING) {
        ++pending_;
        return status;
    }
    if (message.kind == FL_TRANSPORT_CONNECT) {
        // A CONNECT is always answered by on_complete.
        extra().deferred.push_back({Call::Answer, std::nullopt, token, status});
        return FL_PENDING;
    }
    return status;
}

std::int32_t DatagramPeer::pluginRelease(std::string_view once_key, std::uint64_t token) {
    if (!handler_open_) {
        return FL_E_CLOSED;
    }
    if (hasBacklog()) {
        return enqueue({std::nullopt, std::string(once_key), token, 0});
    }
    const std::int32_t status = handler_->release(*this, once_key, token);
    if (status == FL_E_BUSY) {
        busy_ = true;
        return enqueue({std::nullopt, std::string(once_key), token, 0});
    }
    if (status == FL_PENDING) {
        ++pending_;
    }
    return status;
}

void DatagramPeer::retryBacklog() {
    while (hasBacklog() && !busy_) {
        Waiting item = std::move(extra_->backlog.front());
        const std::int32_t status = handDown(item);
        if (status == FL_E_BUSY) {
            busy_ = true;
            extra_->backlog.front() = std::move(item);
            return;
        }
        extra_->backlog.pop_front();
        if (item.message) {
            (status < 0 ? endpoint().counters->refused : endpoint().counters->messages_in).add();
        }
        if (status == FL_PENDING) {
            ++pending_;
        } else {
            settle(item.token, status);
        }
    }
    if (extra_ != nullptr && extra_->backlog.empty()) {
        extra_->backlog_bytes = 0;
    }
}

void DatagramPeer::settle(std::uint64_t token, std::int32_t status) {
    if (pending_ != completed_) {
        extra().held.push_back({pending_, token, status});
    } else {
        completeNow(token, status, nullptr);
    }
}

void DatagramPeer::complete(std::uint64_t token, std::int32_t status,
                            const fl_transport_message* reply) {
    if (in_call_ == 0) {
        completeFromHandler(token, status, reply);
        return;
    }
    auto copy = reply == nullptr ? std::nullopt : std::make_optional<OwnedMessage>(*reply);
    extra().deferred.push_back({Call::Complete, std::move(copy), token, status});
}

void DatagramPeer::completeFromHandler(std::uint64_t token, std::int32_t status,
                                       const fl_transport_message* reply) {
    ++completed_;
    if (status < 0) {
        endpoint().counters->refused.add(); // taken up, and found wrong later
    }
    completeNow(token, status, reply);
    while (extra_ != nullptr && !extra_->held.empty() && extra_->held.front().after <= completed_) {
        const Held held = extra_->held.front();
        extra_->held.pop_front();
        completeNow(held.token, held.status, nullptr);
    }
}

void DatagramPeer::completeNow(std::uint64_t token, std::int32_t status,
                               const fl_transport_message* reply) {
    if (!plugin_open_) {
        return;
    }
    const Guard guard(*this);
    instance_->onComplete(asConn(), state_, token, status, reply);
}

std::int32_t DatagramPeer::send(const fl_transport_message& message, std::uint64_t token) {
    if (phase_ != Phase::Open) {
        return FL_E_CLOSED;
    }
    if (in_call_ == 0) {
        return sendToPlugin(message, token);
    }
    Extra& e = extra();
    if (e.deferred.size() >= kDeferredMax) {
        return FL_E_LIMIT;
    }
    e.deferred.push_back({Call::Send, OwnedMessage(message), token, FL_OK});
    return FL_PENDING;
}

std::int32_t DatagramPeer::sendToPlugin(const fl_transport_message& message, std::uint64_t token) {
    // What the handler sent before it closed the connection still goes out: an answer that says
    // why.
    const bool closing = phase_ == Phase::Closing && tell_shutdown_;
    if (!plugin_open_ || (phase_ != Phase::Open && !closing)) {
        return FL_E_CLOSED;
    }
    fl_err error{};
    error.size = sizeof(error);
    const Guard guard(*this);
    may_write_ = closing;
    const std::int32_t status = instance_->send(asConn(), state_, message, token, error);
    may_write_ = false;
    if (status >= 0) {
        endpoint().counters->messages_out.add();
    }
    return status;
}

void DatagramPeer::pluginSent(std::uint64_t token, std::int32_t status) {
    if (handler_open_) {
        handler_->sent(*this, token, status);
    }
}

void DatagramPeer::runDeferredCalls() {
    // Those that come while these run wait for the next pass.
    std::size_t left = extra_ == nullptr ? 0 : extra_->deferred.size();
    for (; left > 0 && extra_ != nullptr && !extra_->deferred.empty(); --left) {
        Deferred call = std::move(extra_->deferred.front());
        extra_->deferred.pop_front();
        const fl_transport_message* message = call.message ? &call.message->get() : nullptr;
        if (call.call == Call::Complete) {
            completeFromHandler(call.token, call.status, message);
        } else if (call.call == Call::Answer) {
            settle(call.token, call.status);
        } else {
            const std::int32_t status = sendToPlugin(*message, call.token);
            if (status != FL_PENDING) {
                pluginSent(call.token, status);
            }
        }
    }
}

void DatagramPeer::failDeferredSends() {
    while (extra_ != nullptr && !extra_->deferred.empty()) {
        const Deferred call = std::move(extra_->deferred.front());
        extra_->deferred.pop_front();
        if (call.call == Call::Send) {
            pluginSent(call.token, FL_E_CLOSED);
        }
    }
}

void DatagramPeer::runDeferred() {
    if (phase_ == Phase::Dead || phase_ == Phase::Handshake) {
        return;
    }
    if (pauses_ == 0) {
        retryBacklog();
    }
    runDeferredCalls();
    if (extra_ != nullptr && !extra_->deferred.empty()) {
        shard().enlistWork(*this);
    }
    if (phase_ == Phase::Lingering && !handler_told_ && !hasBacklog()) {
        tellHandler();
        shard().enlistClosing(*this);
        return;
    }
    feedKept();
}

std::int32_t DatagramPeer::pluginPutState(std::string_view key, std::string_view value) {
    if (!handler_open_) {
        return FL_E_CLOSED;
    }
    const base::Status status = handler_->putState(loop(), endpoint().core->id, key, value);
    return status ? FL_OK : -static_cast<std::int32_t>(status.error().kind());
}

std::int32_t DatagramPeer::pluginGetState(std::string_view key, std::string_view& value) {
    if (!handler_open_) {
        return FL_E_CLOSED;
    }
    auto found = handler_->getState(loop(), endpoint().core->id, key);
    if (found == nullptr || found->empty()) {
        return FL_E_NOT_FOUND;
    }
    value = *found;
    shard().held_states.push_back(std::move(found));
    return FL_OK;
}

void DatagramPeer::pluginReport(std::string_view what, std::string_view detail) {
    countError(what, detail);
}

void DatagramPeer::pluginSetTimer(std::uint32_t timer, std::uint64_t milliseconds) {
    if (timer >= kTimersPerConnection || phase_ != Phase::Open) {
        return;
    }
    if (timers_ == nullptr) {
        if (milliseconds == 0) {
            return;
        }
        timers_ = std::make_unique<std::array<Timer, kTimersPerConnection>>();
    }
    Timer& t = (*timers_)[timer];
    const std::uint64_t now = loop().monotonicMs();
    t.due_ms = milliseconds == 0 ? 0 : now + milliseconds;
    // Keep-alive timers are pushed back with every message: one that fires too early just looks at
    // due_ms again, which is cheaper than moving it in the wheel each time.
    if (t.due_ms != 0 && (t.handle == 0 || t.due_ms < t.armed_ms)) {
        armTimer(timer, now);
    }
}

void DatagramPeer::armTimer(std::uint32_t timer, std::uint64_t now) {
    Timer& t = (*timers_)[timer];
    if (t.handle != 0) {
        loop().cancel(t.handle);
    }
    t.armed_ms = t.due_ms;
    t.handle = loop().runAfter(t.due_ms - now, [this, timer] { timerFired(timer); });
}

void DatagramPeer::timerFired(std::uint32_t timer) {
    Timer& t = (*timers_)[timer];
    t.handle = 0;
    if (t.due_ms == 0 || !plugin_open_ || phase_ != Phase::Open) {
        return;
    }
    const std::uint64_t now = loop().monotonicMs();
    if (t.due_ms > now) {
        armTimer(timer, now);
        return;
    }
    t.due_ms = 0;
    const Guard guard(*this);
    instance_->onTimer(asConn(), state_, timer);
}

void DatagramPeer::cancelTimers() {
    if (timers_ == nullptr) {
        return;
    }
    for (Timer& t : *timers_) {
        t.due_ms = 0;
        if (t.handle != 0) {
            loop().cancel(std::exchange(t.handle, 0));
        }
    }
}

} // namespace fairlead::network
