// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/message.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// A device message that owns what it points to; movable across threads. Used for commands and
/// replies, not on the uplink's hot path.
class OwnedMessage {
public:
    OwnedMessage() = default;
    explicit OwnedMessage(const fl_device_message& source);
    OwnedMessage(OwnedMessage&&) noexcept = default;
    OwnedMessage& operator=(OwnedMessage&&) noexcept = default;
    OwnedMessage(const OwnedMessage& other);
    OwnedMessage& operator=(const OwnedMessage& other);

    std::uint32_t kind = 0;
    std::uint32_t flags = 0;
    std::string device_id;
    std::string parent_id;
    std::string message_id;
    std::int64_t time_ms = 0;
    std::string name;
    std::string code;
    std::string text;
    std::string headers;

    void setData(const fl_value& value);
    const fl_value& data() const noexcept { return data_; }
    void addProperty(std::string_view id, const fl_value& value, std::int64_t time_ms = 0);
    const std::vector<fl_property>& properties() const noexcept { return properties_; }

    /// A view of this message; valid while it lives unchanged.
    fl_device_message view() const noexcept;

private:
    fl_str keep(fl_str text);
    fl_value keep(const fl_value& value);

    std::deque<std::string> storage_; ///< addresses stay when it grows or is moved
    std::vector<fl_property> properties_;
    fl_value data_{};
};

} // namespace fairlead::device
