// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "text.hpp"

#include "fairlead/device/entry.hpp"
#include "fairlead/factory/protocol.h"

#include <string>
#include <string_view>

namespace fairlead::gateway {

/// fl_session_view of a device; borrows everything it is given.
class SessionView {
public:
    SessionView(const device::DeviceEntry::Facts& facts, std::string_view transport,
                const std::string& state)
        : facts_(facts) {
        table_.size = sizeof table_;
        table_.transport = borrow(transport);
        table_.device_id = borrow(facts.id);
        table_.product_id = borrow(facts.product->id);
        table_.state = {reinterpret_cast<const std::uint8_t*>(state.data()), state.size()};
        table_.ctx = this;
        table_.config = &SessionView::config;
    }
    SessionView(const SessionView&) = delete;
    SessionView& operator=(const SessionView&) = delete;

    const fl_session_view& table() const noexcept { return table_; }

private:
    static fl_str config(void* ctx, fl_str key) noexcept {
        const auto& self = *static_cast<const SessionView*>(ctx);
        return borrow(device::configuration(self.facts_, view(key)));
    }

    const device::DeviceEntry::Facts& facts_;
    fl_session_view table_{};
};

} // namespace fairlead::gateway
