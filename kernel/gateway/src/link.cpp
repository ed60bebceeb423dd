// SPDX-License-Identifier: Apache-2.0
#include "link.hpp"

#include "session_view.hpp"
#include "text.hpp"

#include "fairlead/factory/network.h"

namespace fairlead::gateway {

std::uint32_t toAbi(device::CloseReason reason) noexcept {
    switch (reason) {
    case device::CloseReason::Peer:
        return FL_CLOSE_PEER;
    case device::CloseReason::Error:
        return FL_CLOSE_ERROR;
    case device::CloseReason::Timeout:
        return FL_CLOSE_TIMEOUT;
    case device::CloseReason::TakenOver:
        return FL_CLOSE_TAKEN_OVER;
    case device::CloseReason::Kicked:
        return FL_CLOSE_KICKED;
    case device::CloseReason::Shutdown:
        return FL_CLOSE_SHUTDOWN;
    case device::CloseReason::Device:
        return FL_CLOSE_LOCAL;
    }
    return FL_CLOSE_ERROR;
}

device::CloseReason fromAbi(std::uint32_t reason) noexcept {
    switch (reason) {
    case FL_CLOSE_PEER:
        return device::CloseReason::Peer;
    case FL_CLOSE_TIMEOUT:
        return device::CloseReason::Timeout;
    case FL_CLOSE_TAKEN_OVER:
        return device::CloseReason::TakenOver;
    case FL_CLOSE_KICKED:
        return device::CloseReason::Kicked;
    case FL_CLOSE_SHUTDOWN:
        return device::CloseReason::Shutdown;
    case FL_CLOSE_LOCAL:
        return device::CloseReason::Device;
    default:
        return device::CloseReason::Error;
    }
}

base::Error toError(fl_status status, const std::string& what) {
    const auto kind = status < 0 && status >= FL_E_CANCELLED ? static_cast<base::Errc>(-status)
                                                             : base::Errc::Failed;
    return {kind, what + " (" + base::toText(kind) + ")"};
}

void ConnectionLink::send(device::OwnedMessage message, std::function<void(base::Status)> sent) {
    auto shared = std::make_shared<device::OwnedMessage>(std::move(message));
    context_.loop().post([&context = context_, id = connection_, shared, sent = std::move(sent)] {
        network::Connection* connection = context.find(id);
        if (connection == nullptr) {
            sent(base::Error{base::Errc::Closed, "the device's connection has ended"});
            return;
        }
        ConnectionState& state = stateOf(*connection);
        if (!state.peer.binding || !state.session) {
            sent(base::Error{base::Errc::Closed, "the device is not logged in"});
            return;
        }
        // Held here: what is sent may end the session.
        const device::SessionPtr session = state.session;
        const BindingPtr binding = state.peer.binding;
        const auto why = sendDown({context, *connection, *binding, *session->device(),
                                   session->info().transport, state.protocol_state},
                                  *shared, sent);
        if (why) {
            connection->close(FL_CLOSE_KICKED, *why);
        }
    });
}

void ConnectionLink::close(device::CloseReason reason) {
    context_.loop().post([&context = context_, id = connection_, reason] {
        if (network::Connection* connection = context.find(id)) {
            connection->close(toAbi(reason), "the session was ended by the server");
        }
    });
}

void RequestLink::send(device::OwnedMessage, std::function<void(base::Status)> sent) {
    sent(base::Error{base::Errc::Unsupported, "device.no_downlink",
                     "the device is connected over HTTP, which cannot carry commands to it; use a "
                     "gateway on MQTT or TCP"});
}

void DatagramLink::heard(LoopContext& context, std::uint64_t connection,
                         const BindingPtr& binding) {
    if (last_.load(std::memory_order_relaxed) == connection &&
        last_binding_.load(std::memory_order_relaxed) == binding.get()) {
        return;
    }
    const std::lock_guard lock{mutex_};
    context_ = &context;
    connection_ = connection;
    binding_ = binding;
    last_.store(connection, std::memory_order_relaxed);
    last_binding_.store(binding.get(), std::memory_order_relaxed);
}

std::string DatagramLink::state() const {
    const std::lock_guard lock{mutex_};
    return state_;
}

void DatagramLink::setState(std::string state) {
    const std::lock_guard lock{mutex_};
    state_ = std::move(state);
}

void DatagramLink::send(device::OwnedMessage message, std::function<void(base::Status)> sent) {
    LoopContext* context = nullptr;
    std::uint64_t connection = 0;
    BindingPtr binding;
    {
        const std::lock_guard lock{mutex_};
        context = context_;
        connection = connection_;
        binding = binding_;
    }
    if (context == nullptr) {
        sent(base::Error{base::Errc::Closed, "the device's session has ended"});
        return;
    }
    auto shared = std::make_shared<device::OwnedMessage>(std::move(message));
    context->loop().post(
        [self = shared_from_this(), context, connection, binding, shared, sent = std::move(sent)] {
            self->sendOn(*context, connection, binding, *shared, sent);
        });
}

void DatagramLink::sendOn(LoopContext& context, std::uint64_t connection, const BindingPtr& binding,
                          const device::OwnedMessage& message,
                          const std::function<void(base::Status)>& sent) {
    network::Connection* peer = context.find(connection);
    if (peer == nullptr) {
        sent(base::Error{base::Errc::Closed, "device.address_unknown",
                         "the device has been silent for too long, its address may be another by "
                         "now; commands reach it again after its next message"});
        return;
    }
    const std::string before = state();
    std::string after = before;
    const auto why =
        sendDown({context, *peer, *binding, *device_, transport_, after}, message, sent);
    if (after != before) {
        setState(std::move(after));
    }
    if (why) {
        if (const auto session = sessions_.find(device_->id())) {
            sessions_.close(session, device::CloseReason::Kicked);
        }
    }
}

namespace {

// Sends one encoded message; registers `sent` when the transport will report later.
void sendOne(network::Connection& connection, const OwnedTransport& message,
             const std::function<void(base::Status)>& sent) {
    ConnectionState& state = stateOf(connection);
    const std::size_t most = connection.isRelay() ? kRelaySendsMax : kPendingSendsMax;
    if (state.sends.size() >= most) {
        sent(base::Error::limit("the connection has " + std::to_string(most) +
                                " unacknowledged downlinks; try again later"));
        return;
    }
    const std::uint64_t token = state.next_send++;
    // Registered before the call: the plugin may report from within it.
    state.sends.push_back({token, sent});
    const fl_status status = connection.send(message.view(), token);
    if (status == FL_PENDING) {
        return;
    }
    for (std::size_t i = 0; i < state.sends.size(); ++i) {
        if (state.sends[i].token == token) {
            state.sends.erase(state.sends.begin() + static_cast<std::ptrdiff_t>(i));
            break;
        }
    }
    if (status < 0) {
        sent(toError(status, "the transport refused the message"));
    } else {
        sent({});
    }
}

} // namespace

std::optional<std::string> sendDown(const Downlink& to, const device::OwnedMessage& message,
                                    const std::function<void(base::Status)>& sent) {
    CallSink& sink = to.context.sink();
    sink.begin(nullptr);
    const auto facts = to.device.facts();
    const SessionView session{*facts, to.transport, to.state};
    fl_err error{sizeof(fl_err), 0, 0, {}};
    const fl_device_message view = message.view();
    const fl_status status =
        to.binding.protocol->encode(to.context.index(), view, session.table(), sink.table(), error);
    if (status < 0) {
        std::string reason = "the protocol cannot encode this message";
        if (error.len > 0) {
            reason += ": " + std::string{gateway::view(error)};
        }
        sent(toError(status, reason));
        return std::nullopt;
    }
    if (sink.state()) {
        to.state = *sink.state();
    }
    // Moved out: a callback below may lead to another call that uses the sink.
    const std::vector<OwnedTransport> out = std::move(sink.repliesNow());
    LoopCounters& counters = to.binding.counters[to.context.index()];
    std::optional<std::string> why = sink.closeReason();
    if (!why && message.kind == FL_DEVICE_DISCONNECT) {
        why = "disconnected on request";
    }
    // Only the last of several messages reports for all: they leave in order.
    for (std::size_t i = 0; i < out.size(); ++i) {
        LoopCounters::add(counters.messages_down, 1);
        LoopCounters::add(counters.bytes_down, out[i].view().payload.n);
        const bool last = i + 1 == out.size();
        sendOne(
            to.connection, out[i], last ? sent : [](const base::Status&) {});
    }
    if (out.empty()) {
        sent({});
    }
    return why;
}

} // namespace fairlead::gateway
