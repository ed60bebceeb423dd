// SPDX-License-Identifier: Apache-2.0
// Design notes. A delivery runs through: whose is it (resolve) → right credentials (authenticate) →
// what does it mean (decode) → is it taken (submit) → effects. Only submit takes; everything before
// may be repeated after FL_E_BUSY. Types with a CONNECT and stream types authenticate once per
// connection and hold a session; request types (HTTP) authenticate each message, and the session is
// the device's, not the connection's. A connection that the server dialled may stand for a device
// by configuration, which is then neither identified nor authenticated; relays are in relay.cpp.
#include "component_handler.hpp"

#include "link.hpp"
#include "psk.hpp"
#include "session_view.hpp"
#include "text.hpp"

#include "fairlead/factory/network.h"

#include <algorithm>

namespace fairlead::gateway {

namespace {

bool isRequestType(std::string_view transport) {
    return transport == "HTTP" || transport == "CoAP" || transport == "UDP";
}

// Datagrams reach a device wherever it was heard last; over HTTP the server cannot speak first.
bool isDatagramType(std::string_view transport) {
    return transport == "CoAP" || transport == "UDP";
}

// Longest id of a device; longer identities need not be looked for.
constexpr std::size_t kDeviceIdBytesMax = 64;

// How long a device counts as online after its last request, when its product says nothing.
constexpr std::int64_t kRequestKeepAliveMs = 600'000;

// A product that names no gateway may come through every gateway that speaks its protocol.
bool serves(const Binding& binding, const device::ProductSnapshot& product) {
    return product.gateway_id.empty() ? product.protocol_id == binding.protocol_id
                                      : product.gateway_id == binding.gateway_id;
}

// No connection's end will tell that the device has gone: silence does.
bool endsBySilence(const network::Connection& connection) {
    return isRequestType(connection.transport()) || connection.isRelay();
}

std::int64_t keepAliveMs(const device::DeviceEntry::Facts& facts,
                         const network::Connection& connection) {
    if (facts.product->keep_alive_seconds > 0) {
        return facts.product->keep_alive_seconds * 1000;
    }
    return endsBySilence(connection) ? kRequestKeepAliveMs : 0;
}

/// The device that a dialled connection stands for; empty when it says nothing of it.
std::string_view namedDevice(const network::Connection& connection,
                             const fl_transport_message& message) {
    if (!connection.isOutgoing() || connection.isRelay()) {
        return {};
    }
    for (std::uint32_t i = 0; i < message.attribute_count; ++i) {
        if (view(message.attributes[i].name) == "device_id") {
            return view(message.attributes[i].value);
        }
    }
    return {};
}

} // namespace

void ComponentHandler::opened(network::Connection& connection) {
    connection.user = new ConnectionState;
    LoopContext& context = contextOf(connection.loop());
    context.add(connection);
    if (connection.isRelay()) {
        // Packet identifiers belong to the connection's session with the broker, not to a device.
        stateOf(connection).once_scope = component_id_ + "/";
        relay_->set({&context, connection.id().value});
    }
}

void ComponentHandler::closed(network::Connection& connection, std::uint32_t reason) {
    const std::unique_ptr<ConnectionState> state{static_cast<ConnectionState*>(connection.user)};
    connection.user = nullptr;
    contextOf(connection.loop()).remove(connection);
    if (connection.isRelay()) {
        relay_->clear(connection.id().value);
    }
    if (!state) {
        return;
    }
    for (const ConnectionState::Send& send : state->sends) {
        send.sent(base::Error{base::Errc::Closed, "the device's connection has ended"});
    }
    if (state->session) {
        parts_.sessions->close(state->session, fromAbi(reason));
    }
}

std::int32_t ComponentHandler::deliver(network::Connection& connection,
                                       const fl_transport_message& message, std::uint32_t flags,
                                       std::uint64_t token, std::string_view once_key) {
    Delivery delivery{
        connection, stateOf(connection), contextOf(connection.loop()), message, flags, token,
        once_key};
    if (delivery.state.finished) {
        return FL_E_CLOSED;
    }
    if (connection.isRelay()) {
        return relayed(delivery);
    }
    if (message.kind == FL_TRANSPORT_CONNECT) {
        return connect(delivery);
    }
    if (isRequestType(connection.transport())) {
        return request(delivery);
    }
    if (delivery.state.connecting) {
        if (!delivery.state.held) {
            delivery.state.held = true;
            connection.pauseReading();
        }
        return FL_E_BUSY;
    }
    if (delivery.state.session) {
        return uplink(delivery, delivery.state.peer, delivery.state.session);
    }
    return connection.hasConnect() ? FL_E_UNAUTHORIZED : firstMessage(delivery);
}

ComponentHandler::Lookup ComponentHandler::resolve(Delivery& delivery, Peer& out) {
    const auto bindings = this->bindings();
    Lookup best = Lookup::Unnamed;
    const std::string_view named = namedDevice(delivery.connection, delivery.message);
    for (const BindingPtr& binding : *bindings) {
        Identity& identity = delivery.context.identity();
        fl_err error{sizeof(fl_err), 0, 0, {}};
        if (!named.empty()) {
            identity.device_id = named;
            identity.product_id.clear();
        } else if (binding->protocol->identify(delivery.context.index(), delivery.message, identity,
                                               error) < 0) {
            continue;
        }
        const Lookup found = lookUp(delivery, binding, out);
        if (found == Lookup::Found || found == Lookup::Waiting) {
            return found;
        }
        best = best == Lookup::Forbidden ? best : found;
    }
    return best;
}

ComponentHandler::Lookup ComponentHandler::lookUp(Delivery& delivery, const BindingPtr& binding,
                                                  Peer& out) {
    const Identity& identity = delivery.context.identity();
    const device::DevicePtr device = parts_.registry->find(identity.device_id);
    if (!device) {
        if (delivery.state.missing_device == identity.device_id) {
            return Lookup::Unknown;
        }
        load(delivery, identity.device_id);
        return Lookup::Waiting;
    }
    Peer found;
    found.binding = binding;
    found.device = device;
    const device::DeviceEntry::Facts& facts = found.facts();
    if (!serves(*binding, *facts.product)) {
        return Lookup::Unknown; // Another gateway's device; the next binding may be the one.
    }
    const bool other_product =
        !identity.product_id.empty() && identity.product_id != facts.product->id;
    const bool barred = other_product || !facts.product->published || !facts.active;
    out = std::move(found);
    if (barred) {
        return Lookup::Forbidden;
    }
    return Lookup::Found;
}

void ComponentHandler::load(Delivery& delivery, const std::string& device_id) {
    delivery.connection.pauseReading();
    LoopContext& context = delivery.context;
    const std::uint64_t id = delivery.connection.id().value;
    parts_.registry->load(
        device_id, [&context, id, device_id](const base::Result<device::DevicePtr>& r) {
            context.loop().post([&context, id, device_id, found = r.hasValue()] {
                if (network::Connection* connection = context.find(id)) {
                    stateOf(*connection).missing_device = found ? std::string{} : device_id;
                    connection->resumeReading();
                }
            });
        });
}

fl_status ComponentHandler::admit(Delivery& delivery, Peer& peer) {
    if (namedDevice(delivery.connection, delivery.message).empty()) {
        return authenticate(delivery, peer);
    }
    delivery.context.sink().begin(&delivery.message); // nothing of a call before
    return FL_OK;
}

fl_status ComponentHandler::authenticate(Delivery& delivery, Peer& peer) {
    const SessionView session{peer.facts(), delivery.connection.transport(),
                              delivery.state.protocol_state};
    CallSink& sink = delivery.context.sink();
    sink.begin(&delivery.message);
    fl_err error{sizeof(fl_err), 0, 0, {}};
    return peer.binding->protocol->authenticate(delivery.context.index(), delivery.message,
                                                session.table(), sink.table(), error);
}

device::SessionPtr ComponentHandler::openSession(Delivery& delivery, Peer& peer) {
    const std::string transport{delivery.connection.transport()};
    device::SessionInfo info{peer.binding->gateway_id, component_id_, transport,
                             std::string{delivery.connection.peer()},
                             keepAliveMs(peer.facts(), delivery.connection)};
    std::shared_ptr<device::SessionLink> link;
    if (delivery.connection.isRelay()) {
        link = std::make_shared<RelayLink>(relay_, peer.binding, peer.device, *parts_.sessions);
    } else if (isDatagramType(transport)) {
        link = std::make_shared<DatagramLink>(*parts_.sessions, peer.device, transport);
    } else if (isRequestType(transport)) {
        link = std::make_shared<RequestLink>();
    } else {
        link = std::make_shared<ConnectionLink>(delivery.context, delivery.connection.id().value);
    }
    return parts_.sessions->open(peer.device, std::move(link), std::move(info));
}

std::int32_t ComponentHandler::refuse(Delivery& delivery, const BindingPtr& binding,
                                      fl_status status) {
    if (binding) {
        LoopCounters::add(binding->counters[delivery.context.index()].rejected, 1);
    }
    return status;
}

std::int32_t ComponentHandler::connect(Delivery& delivery) {
    if (delivery.state.session || delivery.state.connecting) {
        return FL_E_CONFLICT;
    }
    Peer peer;
    switch (resolve(delivery, peer)) {
    case Lookup::Waiting:
        return FL_E_BUSY;
    case Lookup::Unnamed:
    case Lookup::Unknown:
        delivery.state.finished = true;
        delivery.context.completeLater(delivery.connection, delivery.token, FL_E_NOT_FOUND, {});
        return FL_PENDING;
    case Lookup::Forbidden:
        delivery.state.finished = true;
        refuse(delivery, peer.binding, FL_E_FORBIDDEN);
        delivery.context.completeLater(delivery.connection, delivery.token, FL_E_FORBIDDEN, {});
        return FL_PENDING;
    case Lookup::Found:
        break;
    }
    const fl_status status = admit(delivery, peer);
    if (status < 0) {
        delivery.state.finished = true;
        refuse(delivery, peer.binding, status);
        delivery.context.completeLater(delivery.connection, delivery.token, status,
                                       std::move(delivery.context.sink().repliesNow()));
        return FL_PENDING;
    }
    delivery.state.once_scope = component_id_ + "/" + peer.device->id();
    delivery.state.peer = std::move(peer);
    if (delivery.context.sink().state()) {
        delivery.state.protocol_state = *delivery.context.sink().state();
    }
    finishConnect(delivery);
    return FL_PENDING;
}

void ComponentHandler::finishConnect(Delivery& delivery) {
    delivery.state.connecting = true;
    // The session opens after the answer was written: a command must not overtake the CONNACK.
    auto then = [this, &context = delivery.context, id = delivery.connection.id().value] {
        network::Connection* connection = context.find(id);
        if (connection == nullptr) {
            return;
        }
        ConnectionState& state = stateOf(*connection);
        const fl_transport_message none{};
        Delivery late{*connection, state, context, none, 0, 0, {}};
        state.session = openSession(late, state.peer);
        state.connecting = false;
        if (state.held) {
            state.held = false;
            connection->resumeReading();
        }
    };
    delivery.context.completeLater(delivery.connection, delivery.token, FL_OK, {}, std::move(then));
}

std::int32_t ComponentHandler::firstMessage(Delivery& delivery) {
    Peer peer;
    const Lookup found = resolve(delivery, peer);
    if (found == Lookup::Waiting) {
        return FL_E_BUSY;
    }
    if (found == Lookup::Unnamed) {
        return FL_E_NOT_FOUND; // A keepalive, say; the log-in may follow within its time.
    }
    if (found != Lookup::Found) {
        delivery.state.finished = true;
        delivery.connection.close(FL_CLOSE_UNAUTHORIZED, "no such device, or it is not active");
        return refuse(delivery, peer.binding,
                      found == Lookup::Forbidden ? FL_E_FORBIDDEN : FL_E_NOT_FOUND);
    }
    const fl_status status = admit(delivery, peer);
    answerNow(delivery, status);
    if (status < 0) {
        delivery.state.finished = true;
        return refuse(delivery, peer.binding, status);
    }
    if (delivery.context.sink().state()) {
        delivery.state.protocol_state = *delivery.context.sink().state();
    }
    delivery.state.once_scope = component_id_ + "/" + peer.device->id();
    delivery.state.peer = std::move(peer);
    delivery.state.session = openSession(delivery, delivery.state.peer);
    return uplink(delivery, delivery.state.peer, delivery.state.session);
}

std::int32_t ComponentHandler::request(Delivery& delivery) {
    Peer peer;
    const Lookup found = resolve(delivery, peer);
    if (found == Lookup::Waiting) {
        return FL_E_BUSY;
    }
    if (found != Lookup::Found) {
        return refuse(delivery, peer.binding,
                      found == Lookup::Forbidden ? FL_E_FORBIDDEN : FL_E_NOT_FOUND);
    }
    const fl_status status = authenticate(delivery, peer);
    if (status < 0) {
        refuse(delivery, peer.binding, status);
        if (delivery.context.sink().repliesNow().empty()) {
            return status;
        }
        delivery.context.completeLater(delivery.connection, delivery.token, status,
                                       std::move(delivery.context.sink().repliesNow()));
        return FL_PENDING;
    }
    const device::SessionPtr session = requestSession(delivery, peer);
    delivery.state.once_scope = component_id_ + "/" + peer.device->id();
    delivery.state.peer = std::move(peer);
    return uplink(delivery, delivery.state.peer, session);
}

// A device that is connected otherwise keeps that session, for only there it may be reached.
device::SessionPtr ComponentHandler::requestSession(Delivery& delivery, Peer& peer) {
    device::SessionPtr session = parts_.sessions->find(peer.device->id());
    if (!isDatagramType(delivery.connection.transport())) {
        return session ? session : openSession(delivery, peer);
    }
    auto* const former = session ? session->link().get() : nullptr;
    auto* link = dynamic_cast<DatagramLink*>(former);
    if (link == nullptr && (former == nullptr || dynamic_cast<RequestLink*>(former) != nullptr)) {
        session = openSession(delivery, peer);
        link = dynamic_cast<DatagramLink*>(session->link().get());
    }
    if (link != nullptr) {
        link->heard(delivery.context, delivery.connection.id().value, peer.binding);
        delivery.state.protocol_state = link->state();
    } else {
        delivery.state.protocol_state.clear();
    }
    return session;
}

std::int32_t ComponentHandler::uplink(Delivery& delivery, Peer& peer,
                                      const device::SessionPtr& session) {
    if (!peer.binding->open.load(std::memory_order_relaxed)) {
        return FL_E_CLOSED;
    }
    if (delivery.context.lane().full()) {
        delivery.context.waitForLane(delivery.connection);
        return FL_E_BUSY;
    }
    const std::int32_t decoded = decode(delivery, peer);
    if (decoded < 0) {
        refuse(delivery, peer.binding, decoded);
        if (isRequestType(delivery.connection.transport()) &&
            !delivery.context.sink().repliesNow().empty()) {
            delivery.context.completeLater(delivery.connection, delivery.token, decoded,
                                           std::move(delivery.context.sink().repliesNow()));
            return FL_PENDING;
        }
        answerNow(delivery, decoded);
        return decoded;
    }
    bool waiting = false;
    if (!resolveDevices(delivery, peer, waiting)) {
        return waiting ? FL_E_BUSY : refuse(delivery, peer.binding, FL_E_NOT_FOUND);
    }
    const std::int32_t taken = submit(delivery, peer);
    if (taken == FL_E_BUSY) {
        return taken;
    }
    LoopCounters& counters = peer.binding->counters[delivery.context.index()];
    LoopCounters::add(counters.messages_up, 1);
    LoopCounters::add(counters.bytes_up, delivery.message.payload.n);
    if (taken >= 0) {
        session->touch(delivery.context.loop().utcMs());
        applyEffects(delivery, peer, session);
    }
    return taken;
}

std::int32_t ComponentHandler::decode(Delivery& delivery, Peer& peer) {
    const SessionView session{peer.facts(), delivery.connection.transport(),
                              delivery.state.protocol_state};
    CallSink& sink = delivery.context.sink();
    sink.begin(&delivery.message);
    fl_err error{sizeof(fl_err), 0, 0, {}};
    return peer.binding->protocol->decode(delivery.context.index(), delivery.message,
                                          session.table(), sink.table(), error);
}

bool ComponentHandler::resolveDevices(Delivery& delivery, const Peer& peer, bool& waiting) {
    auto& devices = delivery.context.devices();
    devices.clear();
    const auto messages = delivery.context.sink().messages();
    const auto own = [&peer](const fl_device_message& message) {
        const std::string_view id = view(message.device_id);
        return id.empty() || id == peer.device->id();
    };
    if (std::all_of(messages.begin(), messages.end(), own)) {
        return true; // none: all are the peer's
    }
    for (const fl_device_message& message : messages) {
        if (own(message)) {
            devices.push_back(peer.device);
            continue;
        }
        const std::string_view id = view(message.device_id);
        device::DevicePtr child = parts_.registry->find(id);
        if (!child) {
            if (delivery.state.missing_device == id) {
                return false;
            }
            waiting = true;
            load(delivery, std::string{id});
            return false;
        }
        // A gateway device speaks for its own children only.
        if (child->facts()->parent_id != peer.device->id()) {
            return false;
        }
        devices.push_back(std::move(child));
    }
    return true;
}

std::int32_t ComponentHandler::submit(Delivery& delivery, Peer& peer) {
    CallSink& sink = delivery.context.sink();
    const bool durable = (delivery.flags & FL_DELIVER_DURABLE) != 0;
    const auto messages = sink.messages();
    const bool only_keepalive = std::all_of(messages.begin(), messages.end(), [](const auto& m) {
        return m.kind == FL_DEVICE_KEEPALIVE;
    });
    if (only_keepalive && delivery.once_key.empty() && !delivery.connection.hasConnect()) {
        // Nothing to keep: keep-alives, time requests. Their answers leave at once.
        auto& now = sink.repliesNow();
        auto& after = sink.repliesAfterCommit();
        now.insert(now.end(), std::make_move_iterator(after.begin()),
                   std::make_move_iterator(after.end()));
        after.clear();
        if (isRequestType(delivery.connection.transport()) && !now.empty()) {
            delivery.context.completeLater(delivery.connection, delivery.token, FL_OK,
                                           std::move(now));
            now.clear();
            return FL_PENDING;
        }
        return FL_OK;
    }
    device::Uplink uplink;
    uplink.device = &peer.device;
    uplink.facts = &peer.facts();
    uplink.raw = &delivery.message;
    uplink.transport = delivery.connection.transport();
    uplink.protocol = peer.binding->protocol->id();
    uplink.protocol_generation = static_cast<std::uint32_t>(peer.binding->protocol->generation());
    uplink.messages = messages;
    uplink.devices = delivery.context.devices();
    uplink.once_scope = delivery.state.once_scope;
    uplink.once_key = delivery.once_key;
    const device::Ticket ticket{durable ? delivery.connection.id().value : 0, delivery.token};
    switch (delivery.context.lane().submit(uplink, ticket)) {
    case device::Admission::Accepted:
        break;
    case device::Admission::Duplicate:
        return FL_DUPLICATE;
    case device::Admission::Full:
        delivery.context.waitForLane(delivery.connection);
        return FL_E_BUSY;
    case device::Admission::Refused:
        return FL_E_LIMIT;
    }
    for (OwnedTransport& reply : sink.repliesAfterCommit()) {
        delivery.state.replies.push_back({delivery.token, std::move(reply)});
    }
    return durable ? FL_PENDING : FL_OK;
}

void ComponentHandler::applyEffects(Delivery& delivery, const Peer& peer,
                                    const device::SessionPtr& session) {
    CallSink& sink = delivery.context.sink();
    if (sink.state()) {
        delivery.state.protocol_state = *sink.state();
        if (isDatagramType(delivery.connection.transport())) {
            if (auto* link = dynamic_cast<DatagramLink*>(session->link().get())) {
                link->setState(delivery.state.protocol_state);
            }
        }
    }
    applyPresence(delivery, peer, session);
    if (sink.repliesNow().empty() && !sink.closeReason()) {
        return;
    }
    const std::optional<std::string> close = sink.closeReason();
    answerNow(delivery, FL_OK);
    if (close && delivery.connection.isRelay()) {
        parts_.sessions->close(session, device::CloseReason::Device);
    } else if (close) {
        delivery.connection.close(FL_CLOSE_LOCAL, *close);
    }
}

void ComponentHandler::applyPresence(Delivery& delivery, const Peer& peer,
                                     const device::SessionPtr& session) {
    const auto messages = delivery.context.sink().messages();
    const auto& devices = delivery.context.devices();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const bool offline = messages[i].kind == FL_DEVICE_OFFLINE;
        if (devices.empty() || devices[i] == peer.device) {
            // A device that says goodbye over its own connection is gone when that ends; over HTTP
            // the word itself is the end.
            if (offline && endsBySilence(delivery.connection)) {
                parts_.sessions->close(session, device::CloseReason::Device);
            }
            continue;
        }
        device::SessionPtr child = parts_.sessions->find(devices[i]->id());
        if (offline) {
            if (child) {
                parts_.sessions->close(child, device::CloseReason::Device);
            }
        } else {
            if (!child) {
                child = parts_.sessions->openChild(devices[i], session);
            }
            child->touch(delivery.context.loop().utcMs());
        }
    }
}

void ComponentHandler::answerNow(Delivery& delivery, const std::int32_t status) {
    auto& sink = delivery.context.sink();
    if (sink.repliesNow().empty() && status >= 0) {
        return;
    }
    const std::vector<OwnedTransport> replies = std::move(sink.repliesNow());
    sink.repliesNow().clear();
    if (isRequestType(delivery.connection.transport())) {
        return; // A request has one answer, and it goes with the completion.
    }
    for (const OwnedTransport& reply : replies) {
        // Token 0: nobody waits for the outcome of an answer.
        static_cast<void>(delivery.connection.send(reply.view(), 0));
    }
    if (status < 0 && sink.closeReason() && !delivery.connection.isRelay()) {
        delivery.connection.close(FL_CLOSE_UNAUTHORIZED, *sink.closeReason());
    }
}

std::int32_t ComponentHandler::release(network::Connection& connection, std::string_view once_key,
                                       std::uint64_t token) {
    LoopContext& context = contextOf(connection.loop());
    const ConnectionState& state = stateOf(connection);
    const device::Ticket ticket{connection.id().value, token};
    switch (context.lane().release(state.once_scope, once_key, ticket)) {
    case device::Admission::Accepted:
        return FL_PENDING;
    case device::Admission::Duplicate:
        return FL_OK;
    case device::Admission::Full:
        context.waitForLane(connection);
        return FL_E_BUSY;
    case device::Admission::Refused:
        return FL_E_INVALID;
    }
    return FL_E_FAILED;
}

void ComponentHandler::sent(network::Connection& connection, std::uint64_t token,
                            std::int32_t status) {
    auto& sends = stateOf(connection).sends;
    const auto found = std::find_if(sends.begin(), sends.end(),
                                    [&](const auto& send) { return send.token == token; });
    if (found == sends.end()) {
        return;
    }
    const auto callback = std::move(found->sent);
    sends.erase(found);
    if (status < 0) {
        callback(toError(status, "the device did not take the message"));
    } else {
        callback({});
    }
}

std::int32_t ComponentHandler::pskOf(runtime::Loop& loop, std::string_view identity,
                                     std::string& key, std::function<void()> ready) {
    if (identity.empty() || identity.size() > kDeviceIdBytesMax) {
        return FL_E_NOT_FOUND;
    }
    const device::DevicePtr device = parts_.registry->find(identity);
    if (!device) {
        parts_.registry->load(std::string{identity},
                              [&loop, ready = std::move(ready)](
                                  const base::Result<device::DevicePtr>&) { loop.post(ready); });
        return FL_PENDING;
    }
    const auto facts = device->facts();
    const auto bindings = this->bindings();
    const bool served = std::any_of(bindings->begin(), bindings->end(), [&](const BindingPtr& b) {
        return serves(*b, *facts->product);
    });
    if (!served || !facts->active || !facts->product->published) {
        return FL_E_FORBIDDEN;
    }
    key = keyOf(device::configuration(*facts, kPskSetting));
    return key.empty() ? FL_E_NOT_FOUND : FL_OK;
}

base::Status ComponentHandler::putState(runtime::Loop& loop, std::string_view component,
                                        std::string_view key, std::string_view value) {
    return contextOf(loop).lane().putState(component, key, value);
}

std::shared_ptr<const std::string>
ComponentHandler::getState(runtime::Loop& loop, std::string_view component, std::string_view key) {
    return contextOf(loop).lane().state(component, key);
}

} // namespace fairlead::gateway
