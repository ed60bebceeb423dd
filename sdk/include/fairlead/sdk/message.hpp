// SPDX-License-Identifier: Apache-2.0
// Friendly views of the two messages of message.h, and builders for them. Views and builders
// borrow every text and byte range they are given; they own only their arrays.
#pragma once

#include "fairlead/message.h"
#include "fairlead/sdk/base.hpp"

#include <optional>
#include <vector>

FL_SDK_BEGIN

/// What a transport carried. Valid for the call that passed it.
class TransportView {
public:
    explicit TransportView(const fl_transport_message& raw) noexcept : raw_(&raw) {}

    const fl_transport_message& raw() const noexcept { return *raw_; }
    std::uint32_t kind() const noexcept { return raw_->kind; }
    bool isConnect() const noexcept { return raw_->kind == FL_TRANSPORT_CONNECT; }
    std::string_view address() const noexcept { return view(raw_->address); }
    std::string_view method() const noexcept { return view(raw_->method); }
    std::string_view contentType() const noexcept { return view(raw_->content_type); }
    std::string_view peer() const noexcept { return view(raw_->peer); }
    ByteView payload() const noexcept { return view(raw_->payload); }
    std::string_view text() const noexcept { return sdk::text(raw_->payload); }
    int qos() const noexcept { return raw_->qos; }
    std::uint32_t flags() const noexcept { return raw_->flags; }
    bool has(std::uint32_t flag) const noexcept { return (raw_->flags & flag) != 0; }
    int code() const noexcept { return raw_->code; }
    std::int64_t receivedMs() const noexcept { return raw_->received_ms; }
    std::span<const fl_attribute> attributes() const noexcept {
        return {raw_->attributes, raw_->attribute_count};
    }
    /// First attribute of that name, or nothing.
    std::optional<std::string_view> attribute(std::string_view name) const noexcept {
        for (const fl_attribute& a : attributes()) {
            if (view(a.name) == name) {
                return view(a.value);
            }
        }
        return std::nullopt;
    }

private:
    const fl_transport_message* raw_;
};

/// Builds a transport message. Reusable: clear() keeps the memory of the attribute list.
class TransportBuilder {
public:
    explicit TransportBuilder(std::uint32_t kind = FL_TRANSPORT_DATA) noexcept { clear(kind); }

    TransportBuilder& clear(std::uint32_t kind = FL_TRANSPORT_DATA) noexcept {
        raw_ = {};
        raw_.size = sizeof(raw_);
        raw_.kind = kind;
        raw_.qos = -1;
        attributes_.clear();
        return *this;
    }
    TransportBuilder& address(std::string_view v) noexcept { return set(raw_.address, str(v)); }
    TransportBuilder& method(std::string_view v) noexcept { return set(raw_.method, str(v)); }
    TransportBuilder& contentType(std::string_view v) noexcept {
        return set(raw_.content_type, str(v));
    }
    TransportBuilder& peer(std::string_view v) noexcept { return set(raw_.peer, str(v)); }
    TransportBuilder& payload(ByteView v) noexcept { return set(raw_.payload, bytes(v)); }
    TransportBuilder& payload(std::string_view v) noexcept { return set(raw_.payload, bytes(v)); }
    TransportBuilder& attribute(std::string_view name, std::string_view value) {
        attributes_.push_back({str(name), str(value)});
        return *this;
    }
    TransportBuilder& qos(int v) noexcept { return set(raw_.qos, v); }
    TransportBuilder& flags(std::uint32_t v) noexcept { return set(raw_.flags, v); }
    TransportBuilder& code(int v) noexcept { return set(raw_.code, v); }
    TransportBuilder& receivedMs(std::int64_t v) noexcept { return set(raw_.received_ms, v); }

    /// The message; valid until the builder is changed.
    const fl_transport_message& raw() const noexcept {
        raw_.attributes = attributes_.data();
        raw_.attribute_count = static_cast<std::uint32_t>(attributes_.size());
        return raw_;
    }

private:
    template <class T>
    TransportBuilder& set(T& member, T value) noexcept {
        member = value;
        return *this;
    }

    mutable fl_transport_message raw_;
    std::vector<fl_attribute> attributes_;
};

/// What a device means, or what is meant for it. Valid for the call that passed it.
class DeviceView {
public:
    explicit DeviceView(const fl_device_message& raw) noexcept : raw_(&raw) {}

    const fl_device_message& raw() const noexcept { return *raw_; }
    std::uint32_t kind() const noexcept { return raw_->kind; }
    bool has(std::uint32_t flag) const noexcept { return (raw_->flags & flag) != 0; }
    std::string_view deviceId() const noexcept { return view(raw_->device_id); }
    std::string_view parentId() const noexcept { return view(raw_->parent_id); }
    std::string_view messageId() const noexcept { return view(raw_->message_id); }
    std::int64_t timeMs() const noexcept { return raw_->time_ms; }
    std::string_view name() const noexcept { return view(raw_->name); }
    const fl_value& data() const noexcept { return raw_->data; }
    std::string_view code() const noexcept { return view(raw_->code); }
    std::string_view text() const noexcept { return view(raw_->text); }
    std::string_view headers() const noexcept { return view(raw_->headers); }
    std::span<const fl_property> properties() const noexcept {
        return {raw_->properties, raw_->property_count};
    }

private:
    const fl_device_message* raw_;
};

/// Builds a device message. Reusable: clear() keeps the memory of the property list.
class DeviceMessage {
public:
    explicit DeviceMessage(std::uint32_t kind = 0) noexcept { clear(kind); }

    DeviceMessage& clear(std::uint32_t kind) noexcept {
        raw_ = {};
        raw_.size = sizeof(raw_);
        raw_.kind = kind;
        properties_.clear();
        return *this;
    }
    DeviceMessage& device(std::string_view id) noexcept { return set(raw_.device_id, str(id)); }
    DeviceMessage& parent(std::string_view id) noexcept { return set(raw_.parent_id, str(id)); }
    DeviceMessage& message(std::string_view id) noexcept { return set(raw_.message_id, str(id)); }
    DeviceMessage& timeMs(std::int64_t v) noexcept { return set(raw_.time_ms, v); }
    DeviceMessage& name(std::string_view v) noexcept { return set(raw_.name, str(v)); }
    DeviceMessage& data(const fl_value& v) noexcept { return set(raw_.data, v); }
    DeviceMessage& text(std::string_view v) noexcept { return set(raw_.text, str(v)); }
    /// Further headers as the text of a JSON object.
    DeviceMessage& headers(std::string_view v) noexcept { return set(raw_.headers, str(v)); }
    DeviceMessage& flag(std::uint32_t v) noexcept { return set(raw_.flags, raw_.flags | v); }
    /// A reply in which the device refused.
    DeviceMessage& failed(std::string_view code, std::string_view why) noexcept {
        raw_.flags |= FL_DEVICE_FAILED;
        raw_.code = str(code);
        return text(why);
    }
    DeviceMessage& property(std::string_view id, const fl_value& value, std::int64_t time_ms = 0,
                            std::string_view state = {}) {
        properties_.push_back({str(id), value, time_ms, str(state)});
        return *this;
    }

    /// The message; valid until the builder is changed.
    const fl_device_message& raw() const noexcept {
        raw_.properties = properties_.data();
        raw_.property_count = static_cast<std::uint32_t>(properties_.size());
        return raw_;
    }

private:
    template <class T>
    DeviceMessage& set(T& member, T value) noexcept {
        member = value;
        return *this;
    }

    mutable fl_device_message raw_;
    std::vector<fl_property> properties_;
};

FL_SDK_END
