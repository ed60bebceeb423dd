// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "peer_address.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace fairlead::network {

/// Elements by address: chains through the elements themselves (members `address`, `map_next`,
/// `map_hash`), so that neither a look-up nor an insertion allocates. Owns none of them. Thread:
/// one.
template <typename T>
class AddressMap {
public:
    explicit AddressMap(std::uint64_t seed) : seed_(seed), buckets_(kBucketsMin, nullptr) {}
    AddressMap(const AddressMap&) = delete;
    AddressMap& operator=(const AddressMap&) = delete;

    std::size_t size() const noexcept { return size_; }

    T* find(const PeerAddress& address) const noexcept {
        const auto hash = static_cast<std::uint32_t>(address.hash(seed_));
        for (T* at = buckets_[hash & mask()]; at != nullptr; at = at->map_next) {
            if (at->map_hash == hash && at->address == address) {
                return at;
            }
        }
        return nullptr;
    }

    /// The address must not be there.
    void insert(T& element) {
        if (size_ >= buckets_.size()) {
            grow();
        }
        element.map_hash = static_cast<std::uint32_t>(element.address.hash(seed_));
        link(element);
        ++size_;
    }

    /// Nothing when this very element is not in the map.
    void remove(T& element) noexcept {
        for (T** at = &buckets_[element.map_hash & mask()]; *at != nullptr; at = &(*at)->map_next) {
            if (*at == &element) {
                *at = std::exchange(element.map_next, nullptr);
                --size_;
                return;
            }
        }
    }

private:
    static constexpr std::size_t kBucketsMin = 64; // a power of two, as all sizes

    std::uint32_t mask() const noexcept { return static_cast<std::uint32_t>(buckets_.size() - 1); }
    void link(T& element) noexcept {
        T*& first = buckets_[element.map_hash & mask()];
        element.map_next = first;
        first = &element;
    }
    void grow() {
        std::vector<T*> old(buckets_.size() * 2, nullptr);
        old.swap(buckets_);
        for (T* at : old) {
            while (at != nullptr) {
                T* const next = at->map_next;
                link(*at);
                at = next;
            }
        }
    }

    std::uint64_t seed_;
    std::size_t size_ = 0;
    std::vector<T*> buckets_;
};

} // namespace fairlead::network
