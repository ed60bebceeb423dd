// SPDX-License-Identifier: Apache-2.0
#include "frame.hpp"

#include <cstring>

namespace fairlead::websocket {

namespace {

constexpr unsigned kFin = 0x80;
constexpr unsigned kRsv1 = 0x40;
constexpr unsigned kRsv23 = 0x30;
constexpr unsigned kOpcode = 0x0F;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kLength = 0x7F;
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;

unsigned byteAt(std::string_view in, std::size_t at) noexcept {
    return static_cast<unsigned char>(in[at]);
}

// What is wrong with the first byte, or nothing.
const char* checkFirst(unsigned first, bool may_compress) noexcept {
    const unsigned opcode = first & kOpcode;
    if ((first & kRsv23) != 0 || ((first & kRsv1) != 0 && !may_compress)) {
        return "a reserved bit is set";
    }
    if ((opcode > 2 && opcode < 8) || opcode > 10) {
        return "the opcode is reserved";
    }
    if (opcode >= 8 && (first & kFin) == 0) {
        return "a control frame is fragmented";
    }
    if ((first & kRsv1) != 0 && opcode != 1 && opcode != 2) {
        return "a frame that does not begin a message is marked as compressed";
    }
    return nullptr;
}

const char* checkSecond(unsigned first, unsigned second) noexcept {
    if ((second & kMasked) == 0) {
        return "the frame is not masked";
    }
    if ((first & kOpcode) >= 8 && (second & kLength) > kControlPayloadMax) {
        return "a control frame has more than 125 bytes";
    }
    return nullptr;
}

std::uint64_t bigEndian(std::string_view in, std::size_t at, std::size_t bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        value = value << 8 | byteAt(in, at + i);
    }
    return value;
}

// Section 5.2: the shortest form must be used, and the topmost bit is 0.
const char* checkLength(std::uint64_t length, std::size_t field) noexcept {
    if ((field == 2 && length < kLength16) || (field == 8 && length <= 0xFFFF)) {
        return "the length is not in its shortest form";
    }
    return length >> 63 != 0 ? "the length is above 2^63" : nullptr;
}

} // namespace

bool isSendableCode(std::uint16_t code) noexcept {
    if (code >= 3000) {
        return code <= 4999;
    }
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

HeadResult readFrameHead(std::string_view in, bool may_compress, FrameHead& out,
                         const char*& why) noexcept {
    if (in.empty()) {
        return HeadResult::NeedMore;
    }
    const unsigned first = byteAt(in, 0);
    if ((why = checkFirst(first, may_compress)) != nullptr) {
        return HeadResult::Violation;
    }
    if (in.size() < 2) {
        return HeadResult::NeedMore;
    }
    const unsigned second = byteAt(in, 1);
    if ((why = checkSecond(first, second)) != nullptr) {
        return HeadResult::Violation;
    }
    const unsigned short_length = second & kLength;
    const std::size_t field = short_length == kLength16 ? 2 : short_length == kLength64 ? 8 : 0;
    if (in.size() < 2 + field) {
        return HeadResult::NeedMore;
    }
    out.length = field == 0 ? short_length : bigEndian(in, 2, field);
    if ((why = checkLength(out.length, field)) != nullptr) {
        return HeadResult::Violation;
    }
    out.bytes = 2 + field + out.mask.size();
    if (in.size() < out.bytes) {
        return HeadResult::NeedMore;
    }
    out.opcode = static_cast<Opcode>(first & kOpcode);
    out.fin = (first & kFin) != 0;
    out.compressed = (first & kRsv1) != 0;
    std::memcpy(out.mask.data(), in.data() + 2 + field, out.mask.size());
    return HeadResult::Complete;
}

std::size_t writeFrameHead(Opcode opcode, bool compressed, std::uint64_t length,
                           std::array<char, kFrameHeadMax>& out) noexcept {
    out[0] = static_cast<char>(kFin | (compressed ? kRsv1 : 0U) | static_cast<unsigned>(opcode));
    const std::size_t field = length < kLength16 ? 0 : length <= 0xFFFF ? 2 : 8;
    out[1] = static_cast<char>(field == 0 ? length : field == 2 ? kLength16 : kLength64);
    for (std::size_t i = 0; i < field; ++i) {
        out[2 + i] = static_cast<char>(length >> (8 * (field - 1 - i)) & 0xFFU);
    }
    return 2 + field;
}

void unmask(const char* in, char* out, std::size_t n, const std::array<std::uint8_t, 4>& mask,
            std::uint64_t offset) noexcept {
    std::array<std::uint8_t, 8> key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = mask[(offset + i) % mask.size()];
    }
    std::uint64_t wide = 0;
    std::memcpy(&wide, key.data(), sizeof(wide));
    std::size_t at = 0;
    for (; at + sizeof(wide) <= n; at += sizeof(wide)) {
        std::uint64_t word = 0;
        std::memcpy(&word, in + at, sizeof(word));
        word ^= wide;
        std::memcpy(out + at, &word, sizeof(word));
    }
    for (; at < n; ++at) {
        out[at] = static_cast<char>(static_cast<unsigned char>(in[at]) ^ key[at % key.size()]);
    }
}

} // namespace fairlead::websocket
