// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "arena.hpp"
#include "owned_transport.hpp"

#include "fairlead/factory/protocol.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// Takes what a protocol emits during one call and keeps it until the next call. The copies lie in
/// an arena; text that points into the message's own payload is not copied.
/// Thread: one loop's. Limits: those of factory/protocol.h.
class CallSink {
public:
    CallSink();

    /// Begins a call; `message` may be nullptr (encode).
    void begin(const fl_transport_message* message);

    const fl_protocol_sink& table() const noexcept { return table_; }

    std::span<const fl_device_message> messages() const noexcept { return messages_; }
    std::vector<OwnedTransport>& repliesNow() noexcept { return now_; }
    std::vector<OwnedTransport>& repliesAfterCommit() noexcept { return after_; }
    const std::optional<std::string>& state() const noexcept { return state_; }
    const std::optional<std::string>& closeReason() const noexcept { return close_; }

private:
    static fl_status onDevice(void* ctx, const fl_device_message* message) noexcept;
    static fl_status onTransport(void* ctx, const fl_transport_message* message,
                                 std::uint32_t when) noexcept;
    static fl_status onState(void* ctx, fl_bytes state) noexcept;
    static std::uint8_t* onScratch(void* ctx, std::size_t bytes) noexcept;
    static fl_status onClose(void* ctx, fl_str reason) noexcept;

    fl_status keepMessage(const fl_device_message& message);
    fl_str keep(fl_str text, bool& ok);
    fl_value keep(const fl_value& value, bool& ok);

    fl_protocol_sink table_{};
    Arena scratch_;
    Arena kept_;
    fl_bytes payload_{};
    std::vector<fl_device_message> messages_;
    std::vector<OwnedTransport> now_;
    std::vector<OwnedTransport> after_;
    std::optional<std::string> state_;
    std::optional<std::string> close_;
};

} // namespace fairlead::gateway
