// SPDX-License-Identifier: Apache-2.0
#include "dtls_records.hpp"

#include <cstring>

namespace fairlead::network::dtls {

namespace {

constexpr unsigned kHandshakeRecord = 22;
constexpr unsigned kClientHello = 1;
constexpr unsigned kClientKeyExchange = 16;
constexpr std::size_t kMessageHeaderBytes = 12; // RFC 6347 4.2.2
constexpr std::size_t kHelloRandomEnd = 2 + 32; // version, random

std::size_t number(std::string_view from, std::size_t at, std::size_t bytes) noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        value = value << 8U | static_cast<unsigned char>(from[at + i]);
    }
    return value;
}

/// The content of an unencrypted handshake record, else empty.
std::string_view plainHandshake(std::string_view record) noexcept {
    const bool plain = number(record, 0, 1) == kHandshakeRecord && number(record, 3, 2) == 0;
    return plain ? record.substr(kRecordHeaderBytes) : std::string_view{};
}

struct Message {
    unsigned type = 0;
    bool whole = false;
    bool first = false; ///< begins with the message's first byte
    std::string_view body;
};

/// Takes the next message, or piece of one, off a record's content.
std::optional<Message> nextMessage(std::string_view& content) noexcept {
    if (content.size() < kMessageHeaderBytes) {
        return std::nullopt;
    }
    const std::size_t length = number(content, 1, 3);
    const std::size_t offset = number(content, 6, 3);
    const std::size_t bytes = number(content, 9, 3);
    if (bytes > content.size() - kMessageHeaderBytes) {
        return std::nullopt;
    }
    Message message;
    message.type = static_cast<unsigned char>(content[0]);
    message.whole = offset == 0 && bytes == length;
    message.first = offset == 0;
    message.body = content.substr(kMessageHeaderBytes, bytes);
    content.remove_prefix(kMessageHeaderBytes + bytes);
    return message;
}

std::optional<Message> helloAtFront(std::string_view datagram) noexcept {
    const std::size_t bytes = firstRecord(datagram);
    if (bytes == 0) {
        return std::nullopt;
    }
    std::string_view content = plainHandshake(datagram.substr(0, bytes));
    auto message = nextMessage(content);
    return message && message->type == kClientHello ? message : std::nullopt;
}

} // namespace

std::size_t firstRecord(std::string_view datagram) noexcept {
    if (datagram.size() < kRecordHeaderBytes) {
        return 0;
    }
    const std::size_t bytes = kRecordHeaderBytes + number(datagram, 11, 2);
    return bytes <= datagram.size() ? bytes : 0;
}

std::optional<std::uint64_t> helloRandom(std::string_view datagram) noexcept {
    const auto hello = helloAtFront(datagram);
    if (!hello || !hello->first || hello->body.size() < kHelloRandomEnd) {
        return std::nullopt;
    }
    // The last bytes: the first four are the time with some clients.
    std::uint64_t random = 0;
    std::memcpy(&random, hello->body.data() + kHelloRandomEnd - sizeof(random), sizeof(random));
    return random;
}

bool isHelloPiece(std::string_view datagram) noexcept {
    const auto hello = helloAtFront(datagram);
    return hello && !hello->first;
}

std::optional<std::string_view> pskIdentity(std::string_view datagram) noexcept {
    for (;;) {
        const std::size_t bytes = firstRecord(datagram);
        if (bytes == 0) {
            return std::nullopt;
        }
        std::string_view content = plainHandshake(datagram.substr(0, bytes));
        while (const auto message = nextMessage(content)) {
            if (message->type != kClientKeyExchange || !message->whole ||
                message->body.size() < 2) {
                continue;
            }
            const std::size_t length = number(message->body, 0, 2);
            if (length <= message->body.size() - 2) {
                return message->body.substr(2, length);
            }
        }
        datagram.remove_prefix(bytes);
    }
}

} // namespace fairlead::network::dtls
