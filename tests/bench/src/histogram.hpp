// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace fairlead::bench {

/// Counts durations with a relative error below 1.6 %: 64 buckets per power of two. Up to 2^40 ns,
/// 18 minutes; longer ones count as that. The largest is exact.
class Histogram {
public:
    void add(std::int64_t ns, std::uint64_t times = 1) noexcept {
        const std::uint64_t v = ns < 0 ? 0 : static_cast<std::uint64_t>(ns);
        max_ = v > max_ ? v : max_;
        sum_ += static_cast<double>(v) * static_cast<double>(times);
        count_ += times;
        buckets_[bucket(v)] += times;
    }

    std::uint64_t count() const noexcept { return count_; }
    double maxUs() const noexcept { return static_cast<double>(max_) / 1000; }
    double meanUs() const noexcept {
        return count_ == 0 ? 0 : sum_ / static_cast<double>(count_) / 1000;
    }

    /// Microseconds that a share `q` (0 to 1) of the durations stays within.
    double quantileUs(double q) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (unsigned i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > wanted || (seen == count_ && seen > 0)) {
                const auto upper = static_cast<double>(middle(i));
                return (upper > static_cast<double>(max_) ? static_cast<double>(max_) : upper) /
                       1000;
            }
        }
        return 0;
    }

private:
    static constexpr unsigned kSubBits = 6;
    static constexpr unsigned kPowers = 40;

    static unsigned bucket(std::uint64_t v) noexcept {
        if (v < (1U << kSubBits)) {
            return static_cast<unsigned>(v);
        }
        const unsigned power = 63U - static_cast<unsigned>(__builtin_clzll(v));
        if (power >= kPowers) {
            return kBuckets - 1;
        }
        const auto sub = static_cast<unsigned>(v >> (power - kSubBits)) & ((1U << kSubBits) - 1);
        return ((power - kSubBits + 1) << kSubBits) + sub;
    }

    static std::uint64_t middle(unsigned index) noexcept {
        const unsigned group = index >> kSubBits;
        const std::uint64_t sub = index & ((1U << kSubBits) - 1);
        if (group == 0) {
            return sub;
        }
        const unsigned shift = group - 1;
        return (((1ULL << kSubBits) + sub) << shift) + ((1ULL << shift) >> 1);
    }

    static constexpr unsigned kBuckets = (kPowers - kSubBits + 1) << kSubBits;

    std::array<std::uint64_t, kBuckets> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

} // namespace fairlead::bench
