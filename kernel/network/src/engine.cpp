// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/engine.hpp"

#include "component_core.hpp"
#include "component_metrics.hpp"
#include "datagram_shard.hpp"
#include "dialer.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/network/tls_context.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/loop.hpp"
#include "host_table.hpp"
#include "shard.hpp"
#include "socket.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <utility>

// Design notes. Control functions are serial (control lock), change the loops by tasks and wait for
// them; what only reads takes the short map lock. Instances are destroyed here, never on a loop:
// the engine keeps a reference of each until it is the last one.

namespace fairlead::network {

namespace {

/// How long drained connections may take for their last words before they are cut off.
constexpr std::chrono::milliseconds kLastWords{1'000};
constexpr std::chrono::milliseconds kLookAgain{20};
/// Drain time of connections whose handler goes away.
constexpr std::uint64_t kHandlerDrainMs = 2'000;

/// Part of the machine's memory that the peers of one component may take when nobody says how many
/// there may be; and what one takes, with its session and what plugin and gateway keep for it.
constexpr std::size_t kPeersMemoryPart = 8;
constexpr std::size_t kPlainPeerBytes = std::size_t{2} << 10;
constexpr std::size_t kDtlsPeerBytes = std::size_t{45} << 10;

std::size_t peersMax(bool secure, std::size_t connections_max) {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    const std::size_t memory =
        static_cast<std::size_t>(std::max(pages, 1L)) * static_cast<std::size_t>(page_bytes);
    return std::min(connections_max,
                    memory / kPeersMemoryPart / (secure ? kDtlsPeerBytes : kPlainPeerBytes));
}

bool isDatagram(const NetworkType& type) {
    return type.description().datagram && !type.description().stream;
}

base::Status checkType(const ComponentSpec& spec) {
    const TypeDescription& type = spec.type->description();
    const char* why = nullptr;
    if (!(type.stream || type.datagram)) {
        why = "only streams and datagrams are supported";
    } else if (type.client && !type.stream) {
        why = "only streams can be dialled";
    } else if (spec.tls != nullptr && !(isDatagram(*spec.type) ? type.dtls : type.tls)) {
        why = "it has no encryption";
    }
    if (why != nullptr) {
        return base::Error(base::Errc::Unsupported, "network.type_unsupported",
                           "Components of type " + type.id + " cannot be served so: " + why);
    }
    return {};
}

Shard::Match matchOf(const Selection& selection) {
    return [selection](const EngineConnection& c) { return selection.matches(c); };
}

struct Record {
    ComponentSpec spec;
    std::shared_ptr<ComponentCore> core;
    std::shared_ptr<Instance> instance;
    std::shared_ptr<DialBoard> board = nullptr; ///< of client types
};

base::Status checkTargets(const ComponentSpec& spec) {
    if (spec.targets.empty() || spec.targets.size() > kTargetsMax) {
        return base::Error(base::Errc::Invalid, "network.targets",
                           "A client needs 1 to " + std::to_string(kTargetsMax) +
                               " targets, but has " + std::to_string(spec.targets.size()));
    }
    return {};
}

} // namespace

struct Engine::Impl {
    Impl(std::vector<runtime::Loop*> given_loops, const EngineOptions& options)
        : loops(std::move(given_loops)), shared(options, loops.size()) {
        for (runtime::Loop* loop : loops) {
            shards.push_back(std::make_unique<Shard>(*loop, shared));
            datagrams.push_back(std::make_unique<DatagramShard>(*shards.back()));
        }
    }

    /// Runs `task(i)` on every loop and waits.
    void onLoops(const std::function<void(std::size_t)>& task);
    base::Result<std::uint16_t> open(const ComponentSpec& spec);
    base::Status openClient(const ComponentSpec& spec);
    std::shared_ptr<DialBoard> boardFor(const ComponentSpec& spec);
    base::Result<std::shared_ptr<Instance>> instantiate(const ComponentSpec& spec) const;
    void close(const std::string& id, std::uint64_t drain_ms);
    /// Drains the selected connections until `gone`, cutting off what takes too long. False when
    /// something unsent was cut off.
    bool settle(const Selection& selection, const std::function<bool()>& gone,
                std::uint64_t drain_ms);
    std::size_t count(const Selection& selection);
    void retire(std::shared_ptr<Instance> instance);
    void collect();

    std::vector<runtime::Loop*> loops;
    EngineShared shared;
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<std::unique_ptr<DatagramShard>> datagrams; // beside each of them
    std::mutex control;
    bool stopped = false;   // guarded by control
    mutable std::mutex map; // guards components and handlers
    std::map<std::string, Record> components;
    std::map<std::string, Handler*> handlers;
    std::map<std::string, std::shared_ptr<const Routes>> routes;
    std::function<void(const std::string&)> on_targets; // immutable after the first open
    Resolver resolver;
    std::mutex retired_mutex;
    std::vector<std::shared_ptr<Instance>> retired;
};

void Engine::Impl::onLoops(const std::function<void(std::size_t)>& task) {
    std::latch done(static_cast<std::ptrdiff_t>(loops.size()));
    for (std::size_t i = 0; i < loops.size(); ++i) {
        FL_ASSERT(!loops[i]->isCurrent());
        loops[i]->post([&task, &done, i] {
            task(i);
            done.count_down();
        });
    }
    done.wait();
}

base::Result<std::shared_ptr<Instance>> Engine::Impl::instantiate(const ComponentSpec& spec) const {
    auto table = isDatagram(*spec.type) ? datagramHostTable() : hostTable();
    auto instance = spec.type->create(std::move(table), spec.id, spec.configuration);
    if (!instance) {
        return std::move(instance).error().within("The type " + spec.type->description().id +
                                                  " refused the configuration");
    }
    return instance;
}

base::Result<std::uint16_t> Engine::Impl::open(const ComponentSpec& given) {
    FL_TRY(checkType(given));
    ComponentSpec spec = given;
    const bool datagram = isDatagram(*spec.type);
    if (datagram && spec.connections_max == 0) {
        spec.connections_max = peersMax(spec.tls != nullptr, shared.options.connections_max);
    }
    FL_ASSIGN(Listeners listeners, listenShared({spec.host, spec.port, shared.options.backlog,
                                                 spec.keep_alive, datagram},
                                                shards.size()));
    FL_ASSIGN(auto instance, instantiate(spec));
    auto core = std::make_shared<ComponentCore>(spec, shards.size());
    Handler* handler = nullptr;
    {
        const std::lock_guard lock(map);
        components.emplace(spec.id, Record{spec, core, instance});
        const auto found = handlers.find(spec.id);
        handler = found == handlers.end() ? nullptr : found->second;
    }
    onLoops([&](std::size_t i) {
        auto endpoint = std::make_shared<Endpoint>(
            Endpoint{core, core->counters[i].get(), instance, spec.tls, handler, nullptr});
        if (datagram) {
            datagrams[i]->add(std::move(endpoint), std::move(listeners.sockets[i]));
        } else {
            shards[i]->add(std::move(endpoint), std::move(listeners.sockets[i]));
        }
    });
    publishMetrics(core);
    return listeners.port;
}

std::shared_ptr<DialBoard> Engine::Impl::boardFor(const ComponentSpec& spec) {
    std::vector<TargetStatus> targets;
    for (const DialTarget& target : spec.targets) {
        TargetStatus status;
        status.address = targetText(target);
        status.since = base::utcNow();
        targets.push_back(std::move(status));
    }
    std::function<void()> changed;
    if (on_targets) {
        changed = [listener = on_targets, id = spec.id] { listener(id); };
    }
    return std::make_shared<DialBoard>(std::move(targets), std::move(changed));
}

base::Status Engine::Impl::openClient(const ComponentSpec& spec) {
    FL_TRY(checkType(spec));
    FL_TRY(checkTargets(spec));
    FL_ASSIGN(auto instance, instantiate(spec));
    auto core = std::make_shared<ComponentCore>(spec, shards.size());
    const TypeDescription& type = spec.type->description();
    const auto plan = std::make_shared<const DialPlan>(
        DialPlan{spec.targets, spec.dial, type.connect, &resolver, boardFor(spec)});
    Endpoint endpoint{core, nullptr, instance, spec.tls, nullptr, nullptr};
    {
        const std::lock_guard lock(map);
        components.emplace(spec.id, Record{spec, core, instance, plan->board});
        const auto handler = handlers.find(spec.id);
        endpoint.handler = handler == handlers.end() ? nullptr : handler->second;
        const auto found = routes.find(spec.id);
        endpoint.routes = found == routes.end() ? nullptr : found->second;
    }
    // A target belongs to one loop; those of many small components are spread by the name.
    const std::size_t first = std::hash<std::string>{}(spec.id);
    onLoops([&](std::size_t i) {
        auto own = std::make_shared<Endpoint>(endpoint);
        own->counters = core->counters[i].get();
        std::vector<std::shared_ptr<Dialer>> dialers;
        for (std::size_t t = 0; t < spec.targets.size(); ++t) {
            if ((first + t) % shards.size() == i) {
                dialers.push_back(std::make_shared<Dialer>(*shards[i], own, plan, t));
            }
        }
        shards[i]->add(std::move(own), std::move(dialers));
    });
    publishMetrics(core);
    return {};
}

std::size_t Engine::Impl::count(const Selection& selection) {
    std::atomic<std::size_t> sum{0};
    onLoops([&](std::size_t i) {
        sum.fetch_add(shards[i]->count(matchOf(selection)) + datagrams[i]->count(selection));
    });
    return sum.load();
}

bool Engine::Impl::settle(const Selection& selection, const std::function<bool()>& gone,
                          std::uint64_t drain_ms) {
    onLoops([&](std::size_t i) {
        shards[i]->drain(matchOf(selection), drain_ms);
        datagrams[i]->drain(selection, drain_ms);
    });
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(drain_ms) + kLastWords;
    std::atomic<std::size_t> cut{0};
    shared.waiters.fetch_add(1);
    while (!gone()) {
        if (std::chrono::steady_clock::now() >= deadline) {
            onLoops([&](std::size_t i) {
                cut.fetch_add(shards[i]->cut(matchOf(selection)));
                datagrams[i]->cut(selection);
            });
        }
        std::unique_lock lock(shared.mutex);
        shared.freed.wait_for(lock, kLookAgain);
    }
    shared.waiters.fetch_sub(1);
    return cut.load() == 0;
}

void Engine::Impl::close(const std::string& id, std::uint64_t drain_ms) {
    Record record;
    {
        const std::lock_guard lock(map);
        const auto found = components.find(id);
        if (found == components.end()) {
            return;
        }
        record = found->second;
    }
    const std::shared_ptr<ComponentCore> core = record.core;
    withdrawMetrics(*core);
    onLoops([&](std::size_t i) {
        shards[i]->stopListening(id);
        datagrams[i]->stopListening(id);
    });
    settle(
        {core, nullptr}, [&] { return core->alive.load() == 0; }, drain_ms);
    {
        const std::lock_guard lock(map);
        components.erase(id);
    }
    retire(std::move(record.instance));
}

void Engine::Impl::retire(std::shared_ptr<Instance> instance) {
    {
        const std::lock_guard lock(retired_mutex);
        retired.push_back(std::move(instance));
    }
    collect();
}

void Engine::Impl::collect() {
    std::vector<std::shared_ptr<Instance>> gone;
    const std::lock_guard lock(retired_mutex);
    for (auto& instance : retired) {
        if (instance.use_count() == 1) {
            gone.push_back(std::move(instance));
        }
    }
    std::erase(retired, nullptr);
}

Engine::Engine(std::vector<runtime::Loop*> loops, EngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(loops), options)) {
    // OpenSSL writes without MSG_NOSIGNAL: a peer that is gone must be an error, not our end.
    std::signal(SIGPIPE, SIG_IGN);
}

Engine::~Engine() {
    FL_ASSERT(impl_->components.empty() && impl_->shared.alive.load() == 0);
}

base::Result<std::uint16_t> Engine::open(const ComponentSpec& spec) {
    const std::lock_guard lock(impl_->control);
    FL_ASSERT(spec.type != nullptr && !isOpen(spec.id));
    if (impl_->stopped) {
        return base::Error(base::Errc::Closed, "The server is stopping");
    }
    impl_->collect();
    if (spec.type->description().client) {
        FL_TRY(impl_->openClient(spec));
        return std::uint16_t{0};
    }
    return impl_->open(spec);
}

void Engine::close(const std::string& id, std::uint64_t drain_ms) {
    const std::lock_guard lock(impl_->control);
    impl_->close(id, drain_ms);
}

void Engine::setHandler(const std::string& id, Handler* handler) {
    const std::lock_guard lock(impl_->control);
    Handler* former = nullptr;
    std::shared_ptr<ComponentCore> core;
    {
        const std::lock_guard map_lock(impl_->map);
        former = std::exchange(impl_->handlers[id], handler);
        if (handler == nullptr) {
            impl_->handlers.erase(id);
        }
        const auto found = impl_->components.find(id);
        core = found == impl_->components.end() ? nullptr : found->second.core;
    }
    if (core == nullptr || former == handler) {
        return;
    }
    impl_->onLoops([&](std::size_t i) {
        impl_->shards[i]->setHandler(id, handler);
        impl_->datagrams[i]->setHandler(id, handler);
    });
    if (former == nullptr) {
        return;
    }
    const Selection served{core, former};
    impl_->settle(
        served, [&] { return impl_->count(served) == 0; }, kHandlerDrainMs);
}

base::Status Engine::replaceInstance(const std::string& id, std::shared_ptr<NetworkType> type,
                                     const std::string& configuration) {
    const std::lock_guard lock(impl_->control);
    ComponentSpec spec;
    {
        const std::lock_guard map_lock(impl_->map);
        const auto found = impl_->components.find(id);
        if (found == impl_->components.end()) {
            return base::Error::notFound("No component " + id + " is open");
        }
        spec = found->second.spec;
    }
    spec.type = std::move(type);
    spec.configuration = configuration;
    FL_ASSIGN(auto instance, impl_->instantiate(spec));
    impl_->onLoops([&](std::size_t i) {
        impl_->shards[i]->setInstance(id, instance);
        impl_->datagrams[i]->setInstance(id, instance);
    });
    {
        const std::lock_guard map_lock(impl_->map);
        Record& record = impl_->components.at(id);
        record.spec = spec;
        instance.swap(record.instance);
    }
    impl_->retire(std::move(instance));
    return {};
}

base::Status Engine::replaceTls(const std::string& id, std::shared_ptr<TlsContext> tls) {
    const std::lock_guard lock(impl_->control);
    if (!isOpen(id)) {
        return base::Error::notFound("No component " + id + " is open");
    }
    impl_->onLoops([&](std::size_t i) {
        impl_->shards[i]->setTls(id, tls);
        impl_->datagrams[i]->setTls(id, tls);
    });
    return {};
}

void Engine::setRoutes(const std::string& id, std::vector<std::string> routes) {
    const std::lock_guard lock(impl_->control);
    std::shared_ptr<const Routes> shared;
    {
        const std::lock_guard map_lock(impl_->map);
        auto& slot = impl_->routes[id];
        if (slot != nullptr ? slot->texts == routes : routes.empty()) {
            return;
        }
        slot = std::make_shared<const Routes>(std::move(routes));
        shared = slot;
        if (slot->texts.empty()) {
            impl_->routes.erase(id);
        }
    }
    impl_->onLoops([&](std::size_t i) { impl_->shards[i]->setRoutes(id, shared); });
}

std::vector<TargetStatus> Engine::targets(const std::string& id) const {
    const std::lock_guard lock(impl_->map);
    const auto found = impl_->components.find(id);
    return found == impl_->components.end() || found->second.board == nullptr
               ? std::vector<TargetStatus>{}
               : found->second.board->all();
}

void Engine::onTargets(std::function<void(const std::string& id)> listener) {
    impl_->on_targets = std::move(listener);
}

bool Engine::isOpen(const std::string& id) const {
    const std::lock_guard lock(impl_->map);
    return impl_->components.count(id) != 0;
}

ComponentCounters Engine::counters(const std::string& id) const {
    const std::lock_guard lock(impl_->map);
    const auto found = impl_->components.find(id);
    return found == impl_->components.end() ? ComponentCounters{} : sumOf(*found->second.core);
}

std::vector<std::pair<std::string, std::uint64_t>> Engine::reports(const std::string& id) const {
    std::map<std::string, std::uint64_t> sums;
    const std::lock_guard lock(impl_->map);
    const auto found = impl_->components.find(id);
    if (found == impl_->components.end()) {
        return {};
    }
    for (const auto& loop : found->second.core->counters) {
        loop->reports.visit(
            [&](std::string_view kind, std::uint64_t count) { sums[std::string(kind)] += count; });
    }
    return {sums.begin(), sums.end()};
}

std::vector<std::string> Engine::componentIds() const {
    std::vector<std::string> ids;
    const std::lock_guard lock(impl_->map);
    for (const auto& entry : impl_->components) {
        ids.push_back(entry.first);
    }
    return ids;
}

std::size_t Engine::loopOf(ConnectionId id) const noexcept {
    // The highest bit tells datagram peers from streams.
    const std::size_t index = static_cast<std::size_t>(id.value >> 56U) & 0x7FU;
    for (std::size_t i = 0; i < impl_->loops.size(); ++i) {
        if (impl_->loops[i]->index() == index) {
            return i;
        }
    }
    return 0;
}

Connection* Engine::find(ConnectionId id) noexcept {
    if (DatagramShard::isPeer(id)) {
        return impl_->datagrams[loopOf(id)]->find(id);
    }
    return impl_->shards[loopOf(id)]->find(id);
}

void Engine::collect() {
    impl_->collect();
}

bool Engine::stop(std::uint64_t drain_ms) {
    const std::lock_guard lock(impl_->control);
    if (std::exchange(impl_->stopped, true)) {
        return true;
    }
    const std::vector<std::string> ids = componentIds();
    impl_->onLoops([&](std::size_t i) {
        for (const std::string& id : ids) {
            impl_->shards[i]->stopListening(id);
            impl_->datagrams[i]->stopListening(id);
        }
    });
    const bool orderly = impl_->settle(
        {}, [&] { return impl_->shared.alive.load() == 0; }, drain_ms);
    for (const std::string& id : ids) {
        impl_->close(id, 0);
    }
    return orderly;
}

} // namespace fairlead::network
