// SPDX-License-Identifier: Apache-2.0
#include "owned_transport.hpp"

#include "text.hpp"

namespace fairlead::gateway {

OwnedTransport::OwnedTransport(const fl_transport_message& source)
    : plain_(source), address_(toString(source.address)), method_(toString(source.method)),
      content_type_(toString(source.content_type)) {
    if (source.payload.n > 0) {
        payload_.assign(reinterpret_cast<const char*>(source.payload.p), source.payload.n);
    }
    for (std::uint32_t i = 0; i < source.attribute_count; ++i) {
        attributes_.emplace_back(toString(source.attributes[i].name),
                                 toString(source.attributes[i].value));
    }
}

fl_transport_message OwnedTransport::view() const {
    attribute_views_.clear();
    for (const auto& [name, value] : attributes_) {
        attribute_views_.push_back({borrow(name), borrow(value)});
    }
    fl_transport_message out = plain_;
    out.size = sizeof out;
    out.address = borrow(address_);
    out.method = borrow(method_);
    out.content_type = borrow(content_type_);
    out.peer = {nullptr, 0};
    out.payload = {reinterpret_cast<const std::uint8_t*>(payload_.data()), payload_.size()};
    out.attributes = attribute_views_.data();
    out.attribute_count = static_cast<std::uint32_t>(attribute_views_.size());
    return out;
}

} // namespace fairlead::gateway
