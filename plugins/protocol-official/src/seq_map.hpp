// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/factory/protocol.h"
#include "fairlead/sdk/base.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::official {

/// Sequence numbers of downlink frames and the message ids they stand for, kept in the session's
/// state so that they outlive this generation of the plugin. Bounded: the oldest pair makes room.
///
/// Layout of the state: u8 version (1), u16 next number, then pairs of u16 number, u8 length, id.
class SeqMap {
public:
    /// Commands of one device that may wait at a time with their message id known.
    static constexpr std::size_t kPairsMax = 32;
    /// No message id; never assigned, nor is 0.
    static constexpr std::uint16_t kNone = 0xFFFF;

    /// An unknown or broken state counts as an empty one.
    explicit SeqMap(sdk::ByteView state) noexcept;

    /// A number for `message_id`, from 1 to 65534 and round again.
    std::uint16_t assign(std::string_view message_id);
    /// Remembers a number the caller chose.
    void put(std::uint16_t seq, std::string_view message_id);
    /// The message id; empty when the number is not known (any more).
    std::string_view find(std::uint16_t seq) const noexcept;
    sdk::ByteView state() const noexcept { return {bytes_.data(), size_}; }

private:
    static constexpr std::size_t kHeader = 3;

    std::size_t pairBytes(std::size_t at) const noexcept { return 3U + bytes_[at + 2]; }
    void erase(std::size_t at) noexcept;

    std::array<std::uint8_t, FL_PROTOCOL_STATE_BYTES_MAX> bytes_;
    std::size_t size_ = kHeader;
    std::size_t pairs_ = 0;
};

} // namespace fairlead::official
