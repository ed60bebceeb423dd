// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace fairlead::network {

/// Pauses between attempts: exponential with full jitter. Pure but for its random numbers.
class Backoff {
public:
    /// Even the luckiest pause, so that a peer that refuses at once is not asked in a circle.
    static constexpr std::uint64_t kLeastMs = 100;

    Backoff(std::uint64_t first_ms, std::uint64_t longest_ms, std::uint32_t seed)
        : first_ms_(std::max<std::uint64_t>(first_ms, 1)),
          longest_ms_(std::max(longest_ms, first_ms_)), bound_ms_(first_ms_), random_(seed) {}

    /// The pause after one more failure.
    std::uint64_t next() {
        const std::uint64_t least = std::min(kLeastMs, bound_ms_);
        const std::uint64_t pause =
            std::uniform_int_distribution<std::uint64_t>(least, bound_ms_)(random_);
        bound_ms_ = std::min(longest_ms_, bound_ms_ * 2);
        return pause;
    }
    void reset() noexcept { bound_ms_ = first_ms_; }
    std::uint64_t bound() const noexcept { return bound_ms_; } ///< of the next pause

private:
    std::uint64_t first_ms_;
    std::uint64_t longest_ms_;
    std::uint64_t bound_ms_;
    std::minstd_rand random_;
};

} // namespace fairlead::network
