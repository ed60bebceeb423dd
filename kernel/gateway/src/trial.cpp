// SPDX-License-Identifier: Apache-2.0
// The page's "try decode" and "try encode": an instance of its own, nothing stored or sent.
#include "call_sink.hpp"
#include "message_json.hpp"
#include "protocols_service.hpp"
#include "session_view.hpp"
#include "text.hpp"

#include "fairlead/plugin/manager.hpp"

namespace fairlead::gateway {

namespace {

constexpr std::size_t kTrialPayloadBytesMax = 256 * 1024;

device::DeviceEntry::Facts trialFacts(const std::string& device_id) {
    auto product = std::make_shared<device::ProductSnapshot>();
    product->id = "trial";
    device::DeviceEntry::Facts facts;
    facts.id = device_id.empty() ? "trial" : device_id;
    facts.product = std::move(product);
    facts.active = true;
    return facts;
}

base::Error trialError(fl_status status, const fl_err& error) {
    const std::string text{view(error)};
    return {base::Errc::Invalid, "protocol.trial",
            text.empty() ? "the protocol refused the message with status " + std::to_string(status)
                         : text};
}

} // namespace

base::Result<std::unique_ptr<plugin::ProtocolInstance>>
ProtocolsService::trialInstance(const Protocol& protocol) {
    return parts_.plugins->createProtocol(protocol.plugin_id, protocol.protocol, "{}");
}

base::Result<std::string> ProtocolsService::tryDecode(const std::string& id,
                                                      const DecodeTrial& trial) {
    if (trial.payload.size() > kTrialPayloadBytesMax) {
        return base::Error::limit("the payload of a trial has at most 256 KiB");
    }
    FL_ASSIGN(const Protocol protocol, get(id));
    FL_ASSIGN(const auto instance, trialInstance(protocol));
    fl_transport_message message{};
    message.size = sizeof message;
    message.kind = FL_TRANSPORT_DATA;
    message.address = borrow(trial.address);
    message.method = borrow(trial.method);
    message.payload = {reinterpret_cast<const std::uint8_t*>(trial.payload.data()),
                       trial.payload.size()};
    message.qos = -1;
    message.received_ms = base::utcNow();
    std::string device_id = trial.device_id;
    fl_err error{sizeof(fl_err), 0, 0, {}};
    if (device_id.empty()) {
        fl_identity identity{};
        identity.size = sizeof identity;
        if (instance->identify(message, identity, error) >= 0) {
            device_id = toString(identity.device_id);
        }
    }
    const auto facts = trialFacts(device_id);
    const std::string state;
    const SessionView session{facts, trial.transport, state};
    CallSink sink;
    sink.begin(&message);
    error = {sizeof(fl_err), 0, 0, {}};
    const fl_status status = instance->decode(message, session.table(), sink.table(), error);
    if (status < 0) {
        return trialError(status, error);
    }
    return toJson(sink.messages());
}

base::Result<std::string> ProtocolsService::tryEncode(const std::string& id,
                                                      const std::string& transport,
                                                      const std::string& device_message) {
    FL_ASSIGN(const Protocol protocol, get(id));
    FL_ASSIGN(const device::OwnedMessage message, parseDeviceMessage(device_message));
    FL_ASSIGN(const auto instance, trialInstance(protocol));
    const auto facts = trialFacts(message.device_id);
    const std::string state;
    const SessionView session{facts, transport, state};
    CallSink sink;
    sink.begin(nullptr);
    fl_err error{sizeof(fl_err), 0, 0, {}};
    const fl_device_message view = message.view();
    const fl_status status = instance->encode(view, session.table(), sink.table(), error);
    if (status < 0) {
        return trialError(status, error);
    }
    return toJson(sink.repliesNow());
}

} // namespace fairlead::gateway
