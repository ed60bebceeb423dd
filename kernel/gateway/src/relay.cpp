// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include "component_handler.hpp"
#include "link.hpp"
#include "text.hpp"

#include "fairlead/factory/network.h"

// Design notes. A message over a relay runs through the same steps as any other, but each is
// identified by itself and none is authenticated: the broker has let the device in, and whoever
// binds a product to the gateway trusts that broker for it. What the steps keep per connection
// (session, protocol state) is lent to them for the call and taken back.

namespace fairlead::gateway {

namespace {

base::Error notConnected() {
    return {base::Errc::Closed, "device.relay_down",
            "the server is not connected to the broker that the device is behind"};
}

} // namespace

void RelayLink::send(device::OwnedMessage message, std::function<void(base::Status)> sent) {
    const auto place = route_->get();
    if (!place) {
        sent(notConnected());
        return;
    }
    auto shared = std::make_shared<device::OwnedMessage>(std::move(message));
    place->context->loop().post(
        [self = shared_from_this(), place = *place, shared, sent = std::move(sent)] {
            network::Connection* connection = place.context->find(place.connection);
            if (connection == nullptr) {
                sent(notConnected());
                return;
            }
            self->sendOn(*place.context, *connection, *shared, sent);
        });
}

void RelayLink::sendOn(LoopContext& context, network::Connection& connection,
                       const device::OwnedMessage& message,
                       const std::function<void(base::Status)>& sent) {
    const device::SessionPtr session = sessions_.find(device_->id());
    if (!session || !binding_->open.load(std::memory_order_relaxed)) {
        sent(base::Error{base::Errc::Closed, "the device's session has ended"});
        return;
    }
    const auto why = sendDown(
        {context, connection, *binding_, *device_, session->info().transport, protocol_state},
        message, sent);
    if (why || message.kind == FL_DEVICE_DISCONNECT) {
        sessions_.close(session, device::CloseReason::Kicked);
    }
}

std::int32_t ComponentHandler::relayed(Delivery& delivery) {
    if (delivery.message.kind == FL_TRANSPORT_CONNECT) {
        return FL_E_UNSUPPORTED;
    }
    Peer peer;
    const Lookup found = resolve(delivery, peer);
    if (found == Lookup::Waiting) {
        return FL_E_BUSY;
    }
    if (found != Lookup::Found) {
        return refuse(delivery, peer.binding,
                      found == Lookup::Forbidden ? FL_E_FORBIDDEN : FL_E_NOT_FOUND);
    }
    const device::SessionPtr session = relaySession(delivery, peer);
    const auto link = std::dynamic_pointer_cast<RelayLink>(session->link());
    std::string& state = delivery.state.protocol_state;
    if (link) {
        state.swap(link->protocol_state);
    } else {
        state.clear(); // the device is connected in another way, which has a state of its own
    }
    const std::int32_t status = uplink(delivery, peer, session);
    if (link) {
        state.swap(link->protocol_state);
    }
    return status;
}

// A device that is connected directly stays so: commands go the shortest way.
device::SessionPtr ComponentHandler::relaySession(Delivery& delivery, Peer& peer) {
    device::SessionPtr session = parts_.sessions->find(peer.device->id());
    if (session) {
        const auto link = std::dynamic_pointer_cast<RelayLink>(session->link());
        const bool direct =
            !link && std::dynamic_pointer_cast<RequestLink>(session->link()) == nullptr;
        if (direct || (link && link->route() == relay_)) {
            return session;
        }
    }
    return openSession(delivery, peer);
}

} // namespace fairlead::gateway
