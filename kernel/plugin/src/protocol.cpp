// SPDX-License-Identifier: Apache-2.0
#include "fairlead/plugin/protocol.hpp"

#include "generation.hpp"
#include "reclaimer.hpp"

namespace fairlead::plugin {

ProtocolInstance::ProtocolInstance(std::shared_ptr<Generation> generation, const fl_protocol& table)
    : table_(table), generation_id_(generation->number()), generation_(std::move(generation)) {
    generation_->instances.fetch_add(1, std::memory_order_acq_rel);
}

ProtocolInstance::~ProtocolInstance() {
    generation_->destroyInstance(table_.destroy, table_.self, nullptr);
}

fl_status ProtocolInstance::identify(const fl_transport_message& message, fl_identity& out,
                                     fl_err& err) {
    if (table_.identify == nullptr) {
        return FL_E_UNSUPPORTED;
    }
    Pin pin;
    pin.enter(generation_id_);
    return table_.identify(table_.self, &message, &out, &err);
}

fl_status ProtocolInstance::authenticate(const fl_transport_message& message,
                                         const fl_session_view& session,
                                         const fl_protocol_sink& sink, fl_err& err) {
    if (table_.authenticate == nullptr) {
        return FL_E_UNSUPPORTED;
    }
    Pin pin;
    pin.enter(generation_id_);
    return table_.authenticate(table_.self, &message, &session, &sink, &err);
}

fl_status ProtocolInstance::decode(const fl_transport_message& message,
                                   const fl_session_view& session, const fl_protocol_sink& sink,
                                   fl_err& err) {
    Pin pin;
    pin.enter(generation_id_);
    return table_.decode(table_.self, &message, &session, &sink, &err);
}

fl_status ProtocolInstance::encode(const fl_device_message& message, const fl_session_view& session,
                                   const fl_protocol_sink& sink, fl_err& err) {
    Pin pin;
    pin.enter(generation_id_);
    return table_.encode(table_.self, &message, &session, &sink, &err);
}

ProtocolBinding::~ProtocolBinding() {
    const Instances* all = current_.exchange(nullptr, std::memory_order_seq_cst);
    if (all == nullptr) {
        return;
    }
    if (const auto reclaimer = reclaimer_.lock()) {
        reclaimer->retire({[] { return true; }, [all] { delete all; }, {}, {}});
    } else {
        delete all; // the manager stopped; nobody calls any more
    }
}

} // namespace fairlead::plugin
