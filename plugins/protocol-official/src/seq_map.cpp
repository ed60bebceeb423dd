// SPDX-License-Identifier: Apache-2.0
#include "seq_map.hpp"

#include "limits.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::official {

static_assert(3 + SeqMap::kPairsMax * (3 + 120) <= FL_PROTOCOL_STATE_BYTES_MAX,
              "ids up to 120 bytes leave room for all pairs; longer ones push older pairs out");
static_assert(kMessageIdBytesMax <= 255, "the length of an id is one byte");

namespace {
constexpr std::uint8_t kVersion = 1;
constexpr std::uint16_t kLast = 65534;
} // namespace

SeqMap::SeqMap(sdk::ByteView state) noexcept {
    bytes_[0] = kVersion;
    bytes_[1] = 0;
    bytes_[2] = 1;
    if (state.size() < kHeader || state.size() > bytes_.size() || state[0] != kVersion) {
        return;
    }
    std::copy(state.begin(), state.end(), bytes_.begin());
    std::size_t at = kHeader;
    while (at + 3 <= state.size() && at + pairBytes(at) <= state.size()) {
        at += pairBytes(at);
        ++pairs_;
    }
    size_ = at;
}

void SeqMap::erase(std::size_t at) noexcept {
    const std::size_t n = pairBytes(at);
    std::memmove(bytes_.data() + at, bytes_.data() + at + n, size_ - at - n);
    size_ -= n;
    --pairs_;
}

std::uint16_t SeqMap::assign(std::string_view message_id) {
    if (message_id.empty()) {
        return kNone;
    }
    auto seq = static_cast<std::uint16_t>(bytes_[1] << 8 | bytes_[2]);
    seq = seq == 0 || seq > kLast ? 1 : seq;
    const std::uint16_t next = seq == kLast ? 1 : static_cast<std::uint16_t>(seq + 1);
    bytes_[1] = static_cast<std::uint8_t>(next >> 8);
    bytes_[2] = static_cast<std::uint8_t>(next & 0xFF);
    put(seq, message_id);
    return seq;
}

void SeqMap::put(std::uint16_t seq, std::string_view message_id) {
    if (message_id.empty() || message_id.size() > kMessageIdBytesMax) {
        return;
    }
    for (std::size_t at = kHeader; at < size_; at += pairBytes(at)) {
        if ((bytes_[at] << 8 | bytes_[at + 1]) == seq) {
            erase(at);
            break;
        }
    }
    const std::size_t n = 3 + message_id.size();
    while (pairs_ >= kPairsMax || size_ + n > bytes_.size()) {
        erase(kHeader);
    }
    bytes_[size_] = static_cast<std::uint8_t>(seq >> 8);
    bytes_[size_ + 1] = static_cast<std::uint8_t>(seq & 0xFF);
    bytes_[size_ + 2] = static_cast<std::uint8_t>(message_id.size());
    std::memcpy(bytes_.data() + size_ + 3, message_id.data(), message_id.size());
    size_ += n;
    ++pairs_;
}

std::string_view SeqMap::find(std::uint16_t seq) const noexcept {
    for (std::size_t at = kHeader; at < size_; at += pairBytes(at)) {
        if ((bytes_[at] << 8 | bytes_[at + 1]) == seq) {
            return {reinterpret_cast<const char*>(bytes_.data()) + at + 3, bytes_[at + 2]};
        }
    }
    return {};
}

} // namespace fairlead::official
