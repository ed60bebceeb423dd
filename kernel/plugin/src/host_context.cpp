// SPDX-License-Identifier: Apache-2.0
// Design notes. Every callback into a module is wrapped: it takes a pin, looks at the gate, and
// only then calls. close() shuts the gate; after a grace period nobody is inside, and late
// callbacks of the loop find the gate shut and drop. Blocking tasks are counted instead of pinned,
// so that a long one does not hold back the grace periods of other plugins.
#include "host_context.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/plugin/epoch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fairlead::plugin {
namespace {

constexpr std::int64_t kAllocatedBytesMax = 256LL * 1024 * 1024; // per plugin; codecs need far less
constexpr std::size_t kAlignMax = 64;
constexpr std::size_t kLogLineBytesMax = 4096;
constexpr std::uint32_t kLogLinesPerSecond = 200; // per plugin: enough to follow, not to flood
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

thread_local std::uint32_t current_roles = 0;

std::string_view view(fl_str s) {
    return s.n == 0 ? std::string_view() : std::string_view(s.p, s.n);
}

std::string_view cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) {
        --limit;
    }
    return text.substr(0, limit);
}

} // namespace

RoleScope::RoleScope(std::uint32_t role) noexcept : previous_(current_roles) {
    current_roles = role;
}
RoleScope::~RoleScope() {
    current_roles = previous_;
}

HostContext::HostContext(std::string plugin_id, std::uint64_t generation, HostServices& services,
                         LoopServices& loop)
    : plugin_id_(std::move(plugin_id)), services_(services), loop_(loop),
      gate_(std::make_shared<Gate>()) {
    gate_->generation = generation;
    fillHost();
    fillTimer();
    fillFd();
    fillExecutor();
    fillMetrics();
    fillState();
}

HostContext::~HostContext() {
    FL_ASSERT(closed_);
}

void HostContext::fillHost() {
    table_.size = sizeof(table_);
    table_.abi_minor = FL_ABI_MINOR;
    table_.ctx = this;
    table_.get_extension = [](void* ctx, const char* id) -> const void* {
        const HostContext& self = of(ctx);
        const Extension all[] = {
            {FL_HOST_TIMER, &self.timer_},       {FL_HOST_FD, &self.fd_},
            {FL_HOST_EXECUTOR, &self.executor_}, {FL_HOST_METRICS, &self.metrics_},
            {FL_HOST_STATE, &self.state_},       {FL_HOST_THREAD_CHECK, &self.thread_check_}};
        for (const Extension& e : all) {
            if (id != nullptr && std::strcmp(id, e.id) == 0) {
                return e.table;
            }
        }
        return nullptr;
    };
    table_.alloc = [](void* ctx, std::size_t n, std::size_t align) {
        return of(ctx).allocate(n, align);
    };
    table_.free = [](void* ctx, void* p) { of(ctx).release(p); };
    table_.log = [](void* ctx, std::uint32_t level, fl_str component, fl_str text) {
        of(ctx).log(level, view(component), view(text));
    };
    table_.now_ns = [](void*) { return base::monotonicNs(); };
    table_.utc_ms = [](void*) -> std::int64_t { return base::utcNow(); };
    thread_check_ = {
        sizeof(thread_check_), 0, this, [](void*) -> std::uint32_t {
            const bool pinned = epoch::own_slot != nullptr && epoch::own_slot->depth > 0;
            return current_roles != 0 ? current_roles : (pinned ? std::uint32_t{FL_THREAD_IO} : 0U);
        }};
}

void* HostContext::allocate(std::size_t n, std::size_t align) {
    if (align == 0 || align > kAlignMax || (align & (align - 1)) != 0 ||
        n > static_cast<std::size_t>(kAllocatedBytesMax)) {
        return nullptr;
    }
    // The size lives in one aligned block in front of what the plugin gets.
    const std::size_t total = (n + kAlignMax - 1) / kAlignMax * kAlignMax + kAlignMax;
    const auto bytes = static_cast<std::int64_t>(total);
    if (allocated_.fetch_add(bytes) + bytes > kAllocatedBytesMax) {
        allocated_.fetch_sub(bytes);
        return nullptr;
    }
    auto* block = static_cast<unsigned char*>(std::aligned_alloc(kAlignMax, total));
    if (block == nullptr) {
        allocated_.fetch_sub(bytes);
        return nullptr;
    }
    std::memcpy(block, &bytes, sizeof(bytes));
    return block + kAlignMax;
}

void HostContext::release(void* p) {
    if (p == nullptr) {
        return;
    }
    unsigned char* block = static_cast<unsigned char*>(p) - kAlignMax;
    std::int64_t bytes = 0;
    std::memcpy(&bytes, block, sizeof(bytes));
    allocated_.fetch_sub(bytes);
    std::free(block);
}

void HostContext::log(std::uint32_t level, std::string_view component, std::string_view text) {
    std::uint32_t dropped = 0;
    {
        const std::lock_guard lock(log_mutex_);
        const std::uint64_t second = base::monotonicNs() / kNsPerSecond;
        if (second != log_second_) {
            log_second_ = second;
            log_lines_ = 0;
            dropped = std::exchange(log_dropped_, 0);
        }
        if (++log_lines_ > kLogLinesPerSecond) {
            ++log_dropped_;
            return;
        }
    }
    if (dropped > 0) {
        services_.log(plugin_id_, FL_LOG_WARNING, "",
                      std::to_string(dropped) + " lines above 200 per second were dropped");
    }
    level = std::clamp<std::uint32_t>(level, FL_LOG_DEBUG, FL_LOG_ERROR);
    services_.log(plugin_id_, level, cut(component, 64), cut(text, kLogLineBytesMax));
}

void HostContext::fillTimer() {
    timer_.size = sizeof(timer_);
    timer_.ctx = this;
    timer_.start = [](void* ctx, std::uint64_t delay, std::uint64_t period, void (*fn)(void*),
                      void* arg) { return of(ctx).startTimer(delay, period, fn, arg); };
    timer_.cancel = [](void* ctx, std::uint64_t id) { of(ctx).cancelTimer(id); };
}

std::uint64_t HostContext::startTimer(std::uint64_t delay_ms, std::uint64_t period_ms,
                                      void (*fn)(void*), void* arg) {
    const std::lock_guard lock(mutex_);
    if (closed_ || fn == nullptr || timers_.size() >= FL_HOST_TIMERS_MAX) {
        return 0;
    }
    const std::uint64_t id = ++next_id_;
    const bool once = period_ms == 0;
    const auto fire = [this, gate = gate_, id, once, fn, arg] {
        Pin pin;
        if (!gate->open.load(std::memory_order_seq_cst)) {
            return; // the module, and with it `this`, may be gone
        }
        if (once) {
            const std::lock_guard inner(mutex_);
            if (timers_.erase(id) == 0) {
                return; // cancelled in the meantime
            }
        }
        pin.enter(gate->generation);
        const RoleScope role(FL_THREAD_HOST_LOOP);
        fn(arg);
    };
    timers_[id] = loop_.startTimer(delay_ms, period_ms, fire);
    return id;
}

void HostContext::cancelTimer(std::uint64_t id) {
    std::uint64_t inner = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto found = timers_.find(id);
        if (found == timers_.end()) {
            return;
        }
        inner = found->second;
        timers_.erase(found);
    }
    loop_.cancelTimer(inner);
}

void HostContext::fillFd() {
    fd_.size = sizeof(fd_);
    fd_.ctx = this;
    fd_.watch = [](void* ctx, std::int32_t fd, std::uint32_t events,
                   void (*fn)(void*, std::uint32_t),
                   void* arg) { return of(ctx).watch(fd, events, fn, arg); };
    fd_.change = [](void* ctx, std::uint64_t id, std::uint32_t events) {
        return of(ctx).changeWatch(id, events);
    };
    fd_.unwatch = [](void* ctx, std::uint64_t id) { of(ctx).unwatch(id); };
}

std::uint64_t HostContext::watch(int fd, std::uint32_t events, void (*fn)(void*, std::uint32_t),
                                 void* arg) {
    const std::lock_guard lock(mutex_);
    if (closed_ || fn == nullptr || watches_.size() >= FL_HOST_WATCHES_MAX) {
        return 0;
    }
    const auto ready = [gate = gate_, fn, arg](std::uint32_t what) {
        Pin pin;
        if (gate->open.load(std::memory_order_seq_cst)) {
            pin.enter(gate->generation);
            const RoleScope role(FL_THREAD_HOST_LOOP);
            fn(arg, what);
        }
    };
    const std::uint64_t inner = loop_.watch(fd, events, ready);
    if (inner == 0) {
        return 0;
    }
    watches_[++next_id_] = inner;
    return next_id_;
}

fl_status HostContext::changeWatch(std::uint64_t id, std::uint32_t events) {
    const std::lock_guard lock(mutex_);
    const auto found = watches_.find(id);
    if (found == watches_.end()) {
        return FL_E_NOT_FOUND;
    }
    return loop_.changeWatch(found->second, events) ? FL_OK : FL_E_IO;
}

void HostContext::unwatch(std::uint64_t id) {
    std::uint64_t inner = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto found = watches_.find(id);
        if (found == watches_.end()) {
            return;
        }
        inner = found->second;
        watches_.erase(found);
    }
    loop_.unwatch(inner);
}

void HostContext::fillExecutor() {
    executor_.size = sizeof(executor_);
    executor_.ctx = this;
    executor_.post = [](void* ctx, void (*fn)(void*), void* arg) { return of(ctx).post(fn, arg); };
    executor_.run = [](void* ctx, void (*fn)(void*), void* arg) { return of(ctx).run(fn, arg); };
}

fl_status HostContext::post(void (*fn)(void*), void* arg) {
    if (!gate_->open.load(std::memory_order_seq_cst)) {
        return FL_E_CLOSED;
    }
    if (gate_->tasks.fetch_add(1) >= FL_HOST_TASKS_MAX) {
        gate_->tasks.fetch_sub(1);
        return FL_E_LIMIT;
    }
    loop_.post([gate = gate_, fn, arg] {
        gate->tasks.fetch_sub(1);
        Pin pin;
        if (gate->open.load(std::memory_order_seq_cst)) {
            pin.enter(gate->generation);
            const RoleScope role(FL_THREAD_HOST_LOOP);
            fn(arg);
        }
    });
    return FL_OK;
}

fl_status HostContext::run(void (*fn)(void*), void* arg) {
    // Counted before the gate is looked at: close() first shuts it, then waits for the count.
    if (gate_->runs.fetch_add(1, std::memory_order_seq_cst) >= FL_HOST_TASKS_MAX) {
        gate_->runs.fetch_sub(1);
        return FL_E_LIMIT;
    }
    if (!gate_->open.load(std::memory_order_seq_cst)) {
        gate_->runs.fetch_sub(1);
        return FL_E_CLOSED;
    }
    const bool taken = services_.execute([gate = gate_, fn, arg] {
        if (gate->open.load(std::memory_order_seq_cst)) {
            fn(arg);
        }
        gate->runs.fetch_sub(1, std::memory_order_seq_cst);
    });
    if (!taken) {
        gate_->runs.fetch_sub(1);
        return FL_E_BUSY;
    }
    return FL_OK;
}

void HostContext::fillMetrics() {
    metrics_.size = sizeof(metrics_);
    metrics_.ctx = this;
    metrics_.add = [](void* ctx, fl_str name, double delta) {
        return delta < 0 ? fl_status{FL_E_INVALID} : of(ctx).metric(view(name), delta, false);
    };
    metrics_.set = [](void* ctx, fl_str name, double value) {
        return of(ctx).metric(view(name), value, true);
    };
}

fl_status HostContext::metric(std::string_view name, double value, bool gauge) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (name.empty() || name.size() > FL_METRIC_NAME_BYTES_MAX || !std::isfinite(value) ||
        !std::all_of(name.begin(), name.end(), good)) {
        return FL_E_INVALID;
    }
    {
        const std::lock_guard lock(mutex_);
        const std::string key(name);
        if (metric_names_.count(key) == 0) {
            if (metric_names_.size() >= FL_METRIC_NAMES_MAX) {
                return FL_E_LIMIT;
            }
            metric_names_.insert(key);
        }
    }
    if (gauge) {
        services_.setGauge(plugin_id_, name, value);
    } else {
        services_.addCounter(plugin_id_, name, value);
    }
    return FL_OK;
}

void HostContext::fillState() {
    state_.size = sizeof(state_);
    state_.ctx = this;
    state_.put = [](void* ctx, fl_str key, fl_bytes value) -> fl_status {
        if (key.n == 0 || key.n > FL_HOST_STATE_KEY_BYTES_MAX ||
            value.n > FL_HOST_STATE_VALUE_BYTES_MAX) {
            return FL_E_LIMIT;
        }
        const std::string_view text(reinterpret_cast<const char*>(value.p), value.n);
        return of(ctx).services_.putState(of(ctx).plugin_id_, view(key), text) ? FL_OK : FL_E_IO;
    };
    state_.get = [](void* ctx, fl_str key, void (*take)(void*, fl_bytes), void* arg) -> fl_status {
        const auto found = of(ctx).services_.getState(of(ctx).plugin_id_, view(key));
        if (!found) {
            return FL_E_NOT_FOUND;
        }
        take(arg, {reinterpret_cast<const std::uint8_t*>(found->data()), found->size()});
        return FL_OK;
    };
    state_.remove = [](void* ctx, fl_str key) -> fl_status {
        return of(ctx).services_.removeState(of(ctx).plugin_id_, view(key)) ? FL_OK : FL_E_IO;
    };
}

void HostContext::close() {
    std::unordered_map<std::uint64_t, std::uint64_t> timers;
    std::unordered_map<std::uint64_t, std::uint64_t> watches;
    gate_->open.store(false, std::memory_order_seq_cst);
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        timers.swap(timers_);
        watches.swap(watches_);
    }
    for (const auto& [ours, inner] : timers) {
        loop_.cancelTimer(inner);
    }
    for (const auto& [ours, inner] : watches) {
        loop_.unwatch(inner);
    }
}

} // namespace fairlead::plugin
