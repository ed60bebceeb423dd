// SPDX-License-Identifier: Apache-2.0
#include "fairlead/device/owned_message.hpp"

namespace fairlead::device {

namespace {

std::string ownedText(fl_str text) {
    return text.n == 0 ? std::string{} : std::string{text.p, text.n};
}

fl_str viewOf(const std::string& text) {
    return fl_str{text.data(), text.size()};
}

} // namespace

OwnedMessage::OwnedMessage(const fl_device_message& source)
    : kind(source.kind), flags(source.flags), device_id(ownedText(source.device_id)),
      parent_id(ownedText(source.parent_id)), message_id(ownedText(source.message_id)),
      time_ms(source.time_ms), name(ownedText(source.name)), code(ownedText(source.code)),
      text(ownedText(source.text)), headers(ownedText(source.headers)), data_(keep(source.data)) {
    properties_.reserve(source.property_count);
    for (std::uint32_t i = 0; i < source.property_count; ++i) {
        const fl_property& p = source.properties[i];
        properties_.push_back(fl_property{keep(p.id), keep(p.value), p.time_ms, keep(p.state)});
    }
}

OwnedMessage::OwnedMessage(const OwnedMessage& other) : OwnedMessage(other.view()) {}

OwnedMessage& OwnedMessage::operator=(const OwnedMessage& other) {
    if (this != &other) {
        *this = OwnedMessage(other.view());
    }
    return *this;
}

fl_str OwnedMessage::keep(fl_str text_to_keep) {
    if (text_to_keep.n == 0) {
        return fl_str{nullptr, 0};
    }
    return viewOf(storage_.emplace_back(text_to_keep.p, text_to_keep.n));
}

fl_value OwnedMessage::keep(const fl_value& value) {
    fl_value kept = value;
    kept.s = value.kind >= FL_VALUE_STRING ? keep(value.s) : fl_str{nullptr, 0};
    return kept;
}

void OwnedMessage::setData(const fl_value& value) {
    data_ = keep(value);
}

void OwnedMessage::addProperty(std::string_view id, const fl_value& value, std::int64_t at_ms) {
    const fl_str kept = keep(fl_str{id.data(), id.size()});
    properties_.push_back(fl_property{kept, keep(value), at_ms, fl_str{nullptr, 0}});
}

fl_device_message OwnedMessage::view() const noexcept {
    fl_device_message out{};
    out.size = sizeof out;
    out.kind = kind;
    out.flags = flags;
    out.property_count = static_cast<std::uint32_t>(properties_.size());
    out.properties = properties_.data();
    out.device_id = viewOf(device_id);
    out.parent_id = viewOf(parent_id);
    out.message_id = viewOf(message_id);
    out.time_ms = time_ms;
    out.name = viewOf(name);
    out.data = data_;
    out.code = viewOf(code);
    out.text = viewOf(text);
    out.headers = viewOf(headers);
    return out;
}

} // namespace fairlead::device
