// SPDX-License-Identifier: Apache-2.0
#include "owned_message.hpp"

#include <cstring>

namespace fairlead::network {

namespace {

/// Copies pieces one after the other into a buffer that is large enough.
class Packer {
public:
    explicit Packer(char* at) : at_(at) {}

    fl_str pack(fl_str text) {
        if (text.n == 0) {
            return {nullptr, 0};
        }
        std::memcpy(at_, text.p, text.n);
        const fl_str copy{at_, text.n};
        at_ += text.n;
        return copy;
    }

private:
    char* at_;
};

std::size_t textBytes(const fl_transport_message& m) {
    std::size_t n = m.address.n + m.method.n + m.content_type.n + m.peer.n + m.payload.n;
    for (std::uint32_t i = 0; i < m.attribute_count; ++i) {
        n += m.attributes[i].name.n + m.attributes[i].value.n;
    }
    return n;
}

} // namespace

OwnedMessage::OwnedMessage(const fl_transport_message& message)
    : message_(message), text_(textBytes(message)) {
    Packer packer(text_.data());
    message_.size = sizeof(message_);
    message_.address = packer.pack(message.address);
    message_.method = packer.pack(message.method);
    message_.content_type = packer.pack(message.content_type);
    message_.peer = packer.pack(message.peer);
    const fl_str payload =
        packer.pack({reinterpret_cast<const char*>(message.payload.p), message.payload.n});
    message_.payload = {reinterpret_cast<const std::uint8_t*>(payload.p), payload.n};
    attributes_.reserve(message.attribute_count);
    for (std::uint32_t i = 0; i < message.attribute_count; ++i) {
        const fl_str name = packer.pack(message.attributes[i].name);
        attributes_.push_back({name, packer.pack(message.attributes[i].value)});
    }
    message_.attributes = attributes_.data();
}

} // namespace fairlead::network
