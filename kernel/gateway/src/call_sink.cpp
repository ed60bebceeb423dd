// SPDX-License-Identifier: Apache-2.0
#include "call_sink.hpp"

#include "text.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::gateway {

namespace {

// Decoded messages of one call: as much as its raw message may hold, with room for what a protocol
// adds (ids, names).
constexpr std::size_t kKeptBytesMax = 4u << 20;
// More replies to one message than any protocol needs; a loop in a plugin ends here.
constexpr std::size_t kRepliesMax = 64;

} // namespace

CallSink::CallSink() : scratch_(FL_PROTOCOL_SCRATCH_BYTES_MAX), kept_(kKeptBytesMax) {
    table_.size = sizeof table_;
    table_.ctx = this;
    table_.device = &CallSink::onDevice;
    table_.transport = &CallSink::onTransport;
    table_.set_state = &CallSink::onState;
    table_.scratch = &CallSink::onScratch;
    table_.close = &CallSink::onClose;
}

void CallSink::begin(const fl_transport_message* message) {
    scratch_.reset();
    kept_.reset();
    payload_ = message == nullptr ? fl_bytes{nullptr, 0} : message->payload;
    messages_.clear();
    now_.clear();
    after_.clear();
    state_.reset();
    close_.reset();
}

fl_str CallSink::keep(fl_str text, bool& ok) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(text.p);
    const bool in_payload = text.n > 0 && payload_.n > 0 && begin >= payload_.p &&
                            begin + text.n <= payload_.p + payload_.n;
    return in_payload ? text : kept_.keep(text, ok);
}

fl_value CallSink::keep(const fl_value& value, bool& ok) {
    fl_value out = value;
    out.s = keep(value.s, ok);
    return out;
}

fl_status CallSink::keepMessage(const fl_device_message& source) {
    if (messages_.size() >= FL_PROTOCOL_MESSAGES_MAX) {
        return FL_E_LIMIT;
    }
    fl_device_message out{};
    std::memcpy(&out, &source, std::min<std::size_t>(source.size, sizeof out));
    out.size = sizeof out;
    bool ok = true;
    const std::size_t bytes = sizeof(fl_property) * out.property_count;
    if (out.property_count > 0) {
        auto* copy = reinterpret_cast<fl_property*>(kept_.take(bytes));
        if (copy == nullptr) {
            return FL_E_LIMIT;
        }
        for (std::uint32_t i = 0; i < out.property_count; ++i) {
            const fl_property& from = source.properties[i];
            copy[i] = {keep(from.id, ok), keep(from.value, ok), from.time_ms, keep(from.state, ok)};
        }
        out.properties = copy;
    }
    out.device_id = keep(out.device_id, ok);
    out.parent_id = keep(out.parent_id, ok);
    out.message_id = keep(out.message_id, ok);
    out.name = keep(out.name, ok);
    out.data = keep(out.data, ok);
    out.code = keep(out.code, ok);
    out.text = keep(out.text, ok);
    out.headers = keep(out.headers, ok);
    if (!ok) {
        return FL_E_LIMIT;
    }
    messages_.push_back(out);
    return FL_OK;
}

fl_status CallSink::onDevice(void* ctx, const fl_device_message* message) noexcept {
    if (message == nullptr) {
        return FL_E_INVALID;
    }
    try {
        return static_cast<CallSink*>(ctx)->keepMessage(*message);
    } catch (...) {
        return FL_E_MEMORY;
    }
}

fl_status CallSink::onTransport(void* ctx, const fl_transport_message* message,
                                std::uint32_t when) noexcept {
    auto& self = *static_cast<CallSink*>(ctx);
    if (message == nullptr || when > FL_REPLY_AFTER_COMMIT) {
        return FL_E_INVALID;
    }
    auto& replies = when == FL_REPLY_NOW ? self.now_ : self.after_;
    if (replies.size() >= kRepliesMax) {
        return FL_E_LIMIT;
    }
    try {
        replies.emplace_back(*message);
        return FL_OK;
    } catch (...) {
        return FL_E_MEMORY;
    }
}

fl_status CallSink::onState(void* ctx, fl_bytes state) noexcept {
    if (state.n > FL_PROTOCOL_STATE_BYTES_MAX) {
        return FL_E_LIMIT;
    }
    try {
        auto& slot = static_cast<CallSink*>(ctx)->state_.emplace();
        if (state.n > 0) {
            slot.assign(reinterpret_cast<const char*>(state.p), state.n);
        }
        return FL_OK;
    } catch (...) {
        return FL_E_MEMORY;
    }
}

std::uint8_t* CallSink::onScratch(void* ctx, std::size_t bytes) noexcept {
    try {
        std::uint8_t* out = static_cast<CallSink*>(ctx)->scratch_.take(bytes);
        if (out != nullptr) {
            std::memset(out, 0, bytes);
        }
        return out;
    } catch (...) {
        return nullptr;
    }
}

fl_status CallSink::onClose(void* ctx, fl_str reason) noexcept {
    try {
        static_cast<CallSink*>(ctx)->close_ = toString(reason);
        return FL_OK;
    } catch (...) {
        return FL_E_MEMORY;
    }
}

} // namespace fairlead::gateway
