// SPDX-License-Identifier: Apache-2.0
#include "fairlead/testkit/fake_host.hpp"

#include <cstdlib>

namespace fairlead::testkit {
namespace {
constexpr std::int64_t kEpochMs = 1'704'067'200'000; // 2024-01-01T00:00:00Z
constexpr std::size_t kAlignMax = 64;
} // namespace

FakeHost::FakeHost() {
    table_ = {};
    table_.size = sizeof(table_);
    table_.abi_minor = FL_ABI_MINOR;
    table_.ctx = this;
    table_.get_extension = [](void* ctx, const char* id) -> const void* {
        FakeHost& self = of(ctx);
        const std::lock_guard lock(self.mutex_);
        const auto found = self.extensions_.find(std::string_view(id));
        return found == self.extensions_.end() ? nullptr : found->second;
    };
    table_.alloc = [](void* ctx, std::size_t n, std::size_t align) -> void* {
        if (align == 0 || align > kAlignMax || (align & (align - 1)) != 0) {
            return nullptr;
        }
        void* p = std::aligned_alloc(kAlignMax, (n + kAlignMax) / kAlignMax * kAlignMax);
        of(ctx).allocations_ += p != nullptr ? 1 : 0;
        return p;
    };
    table_.free = [](void* ctx, void* p) {
        of(ctx).allocations_ -= p != nullptr ? 1 : 0;
        std::free(p);
    };
    table_.log = [](void* ctx, std::uint32_t level, fl_str component, fl_str text) {
        FakeHost& self = of(ctx);
        const std::lock_guard lock(self.mutex_);
        self.lines_.push_back(
            {level, std::string(sdk::view(component)), std::string(sdk::view(text))});
    };
    table_.now_ns = [](void* ctx) { return of(ctx).nowNs(); };
    table_.utc_ms = [](void* ctx) { return of(ctx).utcMs(); };
}

std::vector<FakeHost::Line> FakeHost::lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
}

std::int64_t FakeHost::utcMs() const {
    return kEpochMs + static_cast<std::int64_t>(now_ns_ / 1'000'000);
}

void FakeHost::offer(const std::string& id, const void* table) {
    const std::lock_guard lock(mutex_);
    extensions_[id] = table;
}

} // namespace fairlead::testkit
