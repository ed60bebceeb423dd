// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "properties.hpp"

#include "fairlead/sdk/message.hpp"

#include <array>
#include <charconv>

namespace fairlead::mqtt {

// The flags of message.h with the type that they are combined in.
inline constexpr std::uint32_t kRetainFlag = FL_TRANSPORT_RETAIN;
inline constexpr std::uint32_t kDuplicateFlag = FL_TRANSPORT_DUPLICATE;
inline constexpr std::uint32_t kWillFlag = FL_TRANSPORT_WILL;

/// Attributes of a transport message in a fixed array; names of user properties are put together
/// in a text of its own, so messages without any allocate nothing. Not movable: it is pointed into.
class Attributes {
public:
    Attributes() = default;
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    void add(std::string_view name, std::string_view value) noexcept {
        items_[count_++] = {sdk::str(name), sdk::str(value)};
    }
    void addUserProperties(const Properties& properties);
    /// What of a PUBLISH's or will's properties the message's own members do not hold.
    void addPublishProperties(const Properties& properties);

    /// A message that refers to these attributes.
    fl_transport_message message(std::uint32_t kind) const noexcept {
        fl_transport_message out{};
        out.size = sizeof(out);
        out.kind = kind;
        out.attributes = items_.data();
        out.attribute_count = count_;
        return out;
    }

private:
    static constexpr std::size_t kOwnMax = 6; // attributes besides user properties

    std::array<fl_attribute, kOwnMax + kUserPropertiesMax> items_;
    std::uint32_t count_ = 0;
    std::array<char, 12> expiry_;
    std::string names_;
};

/// "q2/<packet id>": the exactly-once key of a QoS 2 uplink.
class OnceKey {
public:
    /// Empty, as for messages that need none.
    OnceKey() noexcept = default;
    explicit OnceKey(std::uint16_t packet_id) noexcept {
        text_[0] = 'q';
        text_[1] = '2';
        text_[2] = '/';
        const auto end = std::to_chars(text_.data() + 3, text_.data() + text_.size(), packet_id);
        size_ = static_cast<std::size_t>(end.ptr - text_.data());
    }
    std::string_view view() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, 8> text_;
    std::size_t size_ = 0;
};

} // namespace fairlead::mqtt
