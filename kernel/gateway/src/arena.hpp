// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/abi.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fairlead::gateway {

/// Memory of one protocol call: handed out by moving a pointer, taken back at once. Keeps its first
/// block between calls, so that the steady state allocates nothing.
/// Thread: one loop's.
class Arena {
public:
    explicit Arena(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// 16-byte aligned, not zeroed; nullptr above the limit.
    std::uint8_t* take(std::size_t bytes);
    void reset() noexcept;

    /// A copy of `text` that lives until reset; as given when it is empty or the limit is reached
    /// (`ok` then becomes false).
    fl_str keep(fl_str text, bool& ok);

private:
    struct Block {
        std::unique_ptr<std::uint8_t[]> bytes;
        std::size_t size = 0;
    };

    std::size_t bytes_max_;
    std::size_t taken_ = 0;
    std::size_t used_ = 0; ///< of the last block
    std::vector<Block> blocks_;
};

} // namespace fairlead::gateway
