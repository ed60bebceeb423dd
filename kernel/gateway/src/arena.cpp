// SPDX-License-Identifier: Apache-2.0
#include "arena.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::gateway {

namespace {

// Holds a usual property report with room to spare; larger calls add blocks for that call only.
constexpr std::size_t kFirstBlockBytes = 64 * 1024;
constexpr std::size_t kAlign = 16;

} // namespace

std::uint8_t* Arena::take(std::size_t bytes) {
    if (bytes > bytes_max_ || taken_ + bytes > bytes_max_) {
        return nullptr;
    }
    const std::size_t rounded = (bytes + kAlign - 1) / kAlign * kAlign;
    if (blocks_.empty() || used_ + rounded > blocks_.back().size) {
        const std::size_t size = std::max(kFirstBlockBytes, rounded);
        blocks_.push_back({std::make_unique<std::uint8_t[]>(size), size});
        used_ = 0;
    }
    std::uint8_t* out = blocks_.back().bytes.get() + used_;
    used_ += rounded;
    taken_ += rounded;
    return out;
}

void Arena::reset() noexcept {
    if (blocks_.size() > 1) {
        blocks_.resize(1);
    }
    used_ = 0;
    taken_ = 0;
}

fl_str Arena::keep(fl_str text, bool& ok) {
    if (text.n == 0) {
        return {nullptr, 0};
    }
    std::uint8_t* copy = take(text.n);
    if (copy == nullptr) {
        ok = false;
        return {nullptr, 0};
    }
    std::memcpy(copy, text.p, text.n);
    return {reinterpret_cast<const char*>(copy), text.n};
}

} // namespace fairlead::gateway
