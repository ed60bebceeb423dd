// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::network {

inline std::string_view viewOf(fl_str text) noexcept {
    return text.n == 0 ? std::string_view{} : std::string_view(text.p, text.n);
}

inline fl_str strOf(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

/// A copy of a transport message in one block of memory, for messages that must wait.
class OwnedMessage {
public:
    explicit OwnedMessage(const fl_transport_message& message);
    OwnedMessage(OwnedMessage&&) noexcept = default;
    OwnedMessage& operator=(OwnedMessage&&) noexcept = default;
    OwnedMessage(const OwnedMessage&) = delete;
    OwnedMessage& operator=(const OwnedMessage&) = delete;

    const fl_transport_message& get() const noexcept { return message_; }
    /// Memory it takes, for limits.
    std::size_t bytes() const noexcept {
        return sizeof(*this) + text_.size() + attributes_.size() * sizeof(fl_attribute);
    }

private:
    fl_transport_message message_;
    std::vector<char> text_; // moving a vector keeps its addresses
    std::vector<fl_attribute> attributes_;
};

} // namespace fairlead::network
