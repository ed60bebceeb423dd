// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace fairlead::network {

/// Slots for connections, in chunks that stay once allocated. A slot's generation tells its tenants
/// apart. Thread: one.
class Slab {
public:
    static constexpr std::uint32_t kChunk = 64;
    static constexpr std::uint32_t kSlotsMax = 1U << 24; ///< 24 bits of a ConnectionId

    explicit Slab(std::size_t loop) : loop_(loop) {}
    ~Slab() { FL_ASSERT(used_ == 0); }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    /// Constructs a connection from `arguments` and names it; nullptr when kSlotsMax are used.
    template <typename... Arguments>
    std::pair<EngineConnection*, ConnectionId> make(Arguments&&... arguments) {
        if (free_.empty() && !grow()) {
            return {nullptr, {}};
        }
        const std::uint32_t index = free_.back();
        free_.pop_back();
        Slot& slot = at(index);
        ++slot.generation;
        slot.connection = new (slot.memory) EngineConnection(std::forward<Arguments>(arguments)...);
        ++used_;
        return {slot.connection,
                {(std::uint64_t{loop_} << 56U) | (std::uint64_t{index} << 32U) | slot.generation}};
    }

    void destroy(EngineConnection& connection) noexcept {
        const std::uint32_t index = indexOf(connection.id());
        Slot& slot = at(index);
        FL_ASSERT(slot.connection == &connection);
        slot.connection->~EngineConnection();
        slot.connection = nullptr;
        free_.push_back(index);
        --used_;
    }

    EngineConnection* find(ConnectionId id) noexcept {
        const std::uint32_t index = indexOf(id);
        if (index >= size()) {
            return nullptr;
        }
        Slot& slot = at(index);
        return slot.generation == static_cast<std::uint32_t>(id.value) ? slot.connection : nullptr;
    }

    std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(chunks_.size()) * kChunk;
    }
    EngineConnection* tenant(std::uint32_t index) noexcept { return at(index).connection; }

private:
    struct Slot {
        alignas(EngineConnection) unsigned char memory[sizeof(EngineConnection)];
        EngineConnection* connection = nullptr;
        std::uint32_t generation = 0;
    };

    static std::uint32_t indexOf(ConnectionId id) noexcept {
        return static_cast<std::uint32_t>(id.value >> 32U) & (kSlotsMax - 1);
    }
    Slot& at(std::uint32_t index) noexcept { return chunks_[index / kChunk][index % kChunk]; }
    bool grow() {
        const std::uint32_t first = size();
        if (first + kChunk > kSlotsMax) {
            return false;
        }
        chunks_.push_back(std::make_unique<Slot[]>(kChunk));
        for (std::uint32_t i = kChunk; i > 0; --i) {
            free_.push_back(first + i - 1);
        }
        return true;
    }

    std::size_t loop_;
    std::size_t used_ = 0;
    std::vector<std::unique_ptr<Slot[]>> chunks_;
    std::vector<std::uint32_t> free_;
};

} // namespace fairlead::network
