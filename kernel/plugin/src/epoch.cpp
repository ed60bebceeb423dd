// SPDX-License-Identifier: Apache-2.0
// Design notes. Readers mark themselves with plain stores; a store and a following load may be
// reordered by the processor, so the one who frees makes every core of the process pass a barrier
// (membarrier PRIVATE_EXPEDITED, 0.3 µs) between unpublishing and looking at the marks. Either the
// reader's mark is then visible, or the reader's load comes after the barrier and sees the new
// pointer. Slots are never freed, so looking at them needs no lock.
#include "fairlead/plugin/epoch.hpp"

#include "fairlead/base/assert.hpp"

#include <algorithm>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fairlead::plugin {
namespace epoch {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true; // ThreadSanitizer does not know membarrier
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

struct Node {
    Slot slot;
    Node* next = nullptr;
};

std::atomic<Node*> head{nullptr};
std::atomic<std::uint64_t> barrier{0};

bool membarrier(int command) {
    return ::syscall(SYS_membarrier, command, 0U, 0) == 0;
}

struct Owner {
    ~Owner() {
        if (own_slot != nullptr) {
            FL_ASSERT(own_slot->depth == 0);
            Slot* mine = own_slot;
            own_slot = nullptr;
            mine->used.store(false, std::memory_order_release);
        }
    }
    void touch() const noexcept {}
};

Slot* reuse() {
    for (Node* n = head.load(std::memory_order_acquire); n != nullptr; n = n->next) {
        bool free = false;
        if (n->slot.used.compare_exchange_strong(free, true, std::memory_order_acq_rel)) {
            return &n->slot;
        }
    }
    return nullptr;
}

Slot* add() {
    Node* node = new Node;
    node->slot.used.store(true, std::memory_order_relaxed);
    node->next = head.load(std::memory_order_relaxed);
    while (!head.compare_exchange_weak(node->next, node, std::memory_order_acq_rel)) {
    }
    return &node->slot;
}

} // namespace

const bool asymmetric = !kSanitized && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
constinit thread_local Slot* own_slot = nullptr;

Slot& claimSlot() {
    static thread_local const Owner owner; // gives the slot back when the thread ends
    owner.touch();
    Slot* slot = reuse();
    own_slot = slot != nullptr ? slot : add();
    return *own_slot;
}

} // namespace epoch

GracePeriod::GracePeriod() {
    if (epoch::asymmetric) {
        FL_ASSERT(epoch::membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
    } else {
        epoch::barrier.fetch_add(1, std::memory_order_seq_cst);
    }
    for (const auto* n = epoch::head.load(std::memory_order_acquire); n != nullptr; n = n->next) {
        const std::uint64_t sequence = n->slot.sequence.load(std::memory_order_seq_cst);
        if ((sequence & 1U) != 0) {
            waiting_.push_back({&n->slot, sequence});
        }
    }
}

bool GracePeriod::passed() {
    std::erase_if(waiting_, [](const Waiting& w) {
        return w.slot->sequence.load(std::memory_order_acquire) != w.sequence;
    });
    return waiting_.empty();
}

std::vector<std::uint64_t> GracePeriod::heldBy() const {
    std::vector<std::uint64_t> out;
    for (const Waiting& w : waiting_) {
        if (w.slot->sequence.load(std::memory_order_acquire) == w.sequence) {
            out.push_back(w.slot->generation.load(std::memory_order_relaxed));
        }
    }
    return out;
}

} // namespace fairlead::plugin
