// SPDX-License-Identifier: Apache-2.0
#include "shard.hpp"

#include "dialer.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/network/close_reason.hpp"
#include "listener.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

// Design notes. What connections want done at the end of a round stands in three lists: work (calls
// that were put off, input to be given again), closing and dirty (output). endRound runs them until
// they are empty, at most kPassesMax times; what is left makes another round. The graveyard comes
// last, when nothing of the round points at a connection any more.

namespace fairlead::network {

namespace {

constexpr int kPassesMax = 8;
/// Output buffers kept for reuse: enough for the connections of a busy round, 16 MiB at the most.
constexpr std::size_t kOutputsKept = 256;
constexpr std::size_t kOutputKeptBytes = std::size_t{64} << 10;
constexpr std::uint64_t kDrainStepMs = 20;

} // namespace

Shard::Shard(runtime::Loop& given_loop, EngineShared& given_shared)
    : loop(given_loop), shared(given_shared), log(runtime::Log::global(), "network"),
      reserve(::open("/dev/null", O_RDONLY | O_CLOEXEC)), poller_(given_loop),
      // 64 bytes more, so that a vectorised parser may read past the end.
      read_buffer_(std::make_unique<char[]>(kReadBufferBytes + 64)),
      slab_(given_loop.index()), handshakes_{given_shared.options.handshake_ms, {}},
      first_bytes_{given_shared.options.first_byte_ms, {}}, lingering_{
                                                                given_shared.options.linger_ms,
                                                                {}} {
    loop.onRoundEnd([this] { endRound(); });
}

Shard::~Shard() {
    FL_ASSERT(endpoints_.empty() && listeners_.empty());
}

void Shard::add(std::shared_ptr<Endpoint> endpoint, Descriptor listener) {
    const std::string& id = endpoint->core->id;
    FL_ASSERT(endpoints_.count(id) == 0);
    auto made = std::make_shared<Listener>(*this, endpoint, std::move(listener));
    made->start();
    listeners_.emplace(id, std::move(made));
    endpoints_.emplace(id, std::move(endpoint));
}

void Shard::stopListening(const std::string& id) {
    const auto found = listeners_.find(id);
    if (found != listeners_.end()) {
        found->second->stop();
        listeners_.erase(found);
    }
    eachDialer(id, [](Dialer& dialer) { dialer.stop(); });
    dialers_.erase(id);
    endpoints_.erase(id);
}

template <typename Each>
void Shard::eachDialer(const std::string& id, Each each) {
    const auto found = dialers_.find(id);
    if (found != dialers_.end()) {
        for (const auto& dialer : found->second) {
            each(*dialer);
        }
    }
}

void Shard::add(std::shared_ptr<Endpoint> endpoint, std::vector<std::shared_ptr<Dialer>> dialers) {
    const std::string id = endpoint->core->id;
    FL_ASSERT(endpoints_.count(id) == 0);
    endpoints_.emplace(id, std::move(endpoint));
    dialers_.emplace(id, std::move(dialers));
    eachDialer(id, [](Dialer& dialer) { dialer.start(); });
}

void Shard::setRoutes(const std::string& id, std::shared_ptr<const Routes> routes) {
    const auto found = endpoints_.find(id);
    if (found != endpoints_.end()) {
        found->second->routes = std::move(routes);
        eachDialer(id, [](Dialer& dialer) { dialer.renew(); });
    }
}

void Shard::setHandler(const std::string& id, Handler* handler) {
    const auto found = endpoints_.find(id);
    if (found != endpoints_.end()) {
        found->second->handler = handler;
        eachDialer(id, [](Dialer& dialer) { dialer.handlerChanged(); });
    }
}

void Shard::setInstance(const std::string& id, std::shared_ptr<Instance> instance) {
    const auto found = endpoints_.find(id);
    if (found != endpoints_.end()) {
        found->second->instance = std::move(instance);
    }
}

void Shard::setTls(const std::string& id, std::shared_ptr<TlsContext> tls) {
    const auto found = endpoints_.find(id);
    if (found != endpoints_.end()) {
        found->second->tls = std::move(tls);
        eachDialer(id, [](Dialer& dialer) { dialer.hurry(); });
    }
}

EngineConnection* Shard::find(ConnectionId id) noexcept {
    EngineConnection* connection = slab_.find(id);
    return connection == nullptr || connection->isHandlerTold() ? nullptr : connection;
}

void Shard::accepted(const std::shared_ptr<Endpoint>& endpoint, int fd, std::string peer) {
    open(endpoint, fd, std::move(peer), nullptr);
}

void Shard::dialed(const std::shared_ptr<Endpoint>& endpoint, int fd, std::string peer,
                   std::shared_ptr<Dialer> dialer) {
    open(endpoint, fd, std::move(peer), std::move(dialer));
}

void Shard::open(const std::shared_ptr<Endpoint>& endpoint, int fd, std::string peer,
                 std::shared_ptr<Dialer> dialer) {
    const auto made = slab_.make(*this, endpoint, fd, std::move(peer));
    if (made.first == nullptr) {
        const Descriptor closed(fd);
        endpoint->counters->refused.add();
        if (dialer != nullptr) {
            dialer->ended(close_reason::kLimit);
        }
        return;
    }
    made.first->dialedBy(std::move(dialer));
    endpoint->core->alive.fetch_add(1, std::memory_order_relaxed);
    shared.alive.fetch_add(1, std::memory_order_relaxed);
    made.first->begin(made.second);
}

void Shard::release(EngineConnection& connection) {
    // The endpoint must be let go before somebody sees the count: it holds the instance.
    const std::shared_ptr<ComponentCore> core = connection.endpoint().core;
    slab_.destroy(connection);
    core->alive.fetch_sub(1, std::memory_order_release);
    shared.alive.fetch_sub(1, std::memory_order_release);
    if (shared.waiters.load(std::memory_order_acquire) > 0) {
        const std::lock_guard lock(shared.mutex);
        shared.freed.notify_all();
    }
}

void Shard::enlistDirty(EngineConnection& connection) {
    if (!std::exchange(connection.in_dirty, true)) {
        dirty_.push_back(&connection);
    }
}

void Shard::enlistWork(EngineConnection& connection) {
    if (!std::exchange(connection.in_work, true)) {
        work_.push_back(&connection);
    }
}

void Shard::enlistClosing(EngineConnection& connection) {
    if (!std::exchange(connection.in_closing, true)) {
        closing_.push_back(&connection);
    }
}

void Shard::bury(EngineConnection& connection) {
    if (!std::exchange(connection.in_graveyard, true)) {
        graveyard_.push_back(&connection);
    }
}

void Shard::runLists() {
    running_.swap(work_);
    for (EngineConnection* connection : running_) {
        connection->in_work = false;
        connection->runDeferred();
    }
    running_.clear();
    running_.swap(closing_);
    for (EngineConnection* connection : running_) {
        connection->in_closing = false;
        connection->runClosing();
    }
    running_.clear();
    running_.swap(dirty_);
    for (EngineConnection* connection : running_) {
        connection->in_dirty = false;
        connection->flush();
    }
    running_.clear();
}

void Shard::endRound() {
    handshake_steps_ = 0;
    for (int pass = 0; pass < kPassesMax; ++pass) {
        if (work_.empty() && closing_.empty() && dirty_.empty()) {
            sweepGraveyard();
            return;
        }
        runLists();
    }
    loop.post([] {}); // makes another round
}

void Shard::sweepGraveyard() {
    for (EngineConnection* connection : graveyard_) {
        connection->in_graveyard = false;
        if (connection->isFreeable()) {
            release(*connection);
        }
    }
    graveyard_.clear();
}

void Shard::watch(Deadlines& deadlines, EngineConnection& connection) {
    unwatch(connection);
    connection.deadline_ms = loop.monotonicMs() + deadlines.after_ms;
    deadlines.list.pushBack(connection);
    if (deadline_timer_ == 0 || connection.deadline_ms < deadline_due_) {
        armDeadlines();
    }
}

void Shard::unwatch(EngineConnection& connection) {
    handshakes_.list.remove(connection);
    first_bytes_.list.remove(connection);
    lingering_.list.remove(connection);
}

void Shard::armDeadlines() {
    std::uint64_t due = 0;
    for (const Deadlines* deadlines : {&handshakes_, &first_bytes_, &lingering_}) {
        if (!deadlines->list.empty()) {
            const std::uint64_t first = deadlines->list.front()->deadline_ms;
            due = due == 0 ? first : std::min(due, first);
        }
    }
    if (deadline_timer_ != 0) {
        loop.cancel(std::exchange(deadline_timer_, 0));
    }
    if (due != 0) {
        const std::uint64_t now = loop.monotonicMs();
        deadline_due_ = due;
        deadline_timer_ = loop.runAfter(due > now ? due - now : 1, [this] {
            deadline_timer_ = 0;
            checkDeadlines();
        });
    }
}

void Shard::checkDeadlines() {
    const std::uint64_t now = loop.monotonicMs();
    for (Deadlines* deadlines : {&handshakes_, &first_bytes_, &lingering_}) {
        while (!deadlines->list.empty() && deadlines->list.front()->deadline_ms <= now) {
            EngineConnection& connection = *deadlines->list.front();
            deadlines->list.remove(connection);
            connection.deadlinePassed();
        }
    }
    armDeadlines();
}

bool Shard::admitHandshake(EngineConnection& connection) {
    if (handshake_steps_ < shared.options.handshake_steps_per_round) {
        ++handshake_steps_;
        return true;
    }
    ++connection.pins;
    handshake_queue_.push_back(&connection);
    if (!std::exchange(handshakes_posted_, true)) {
        loop.post([this] { runHandshakes(); });
    }
    return false;
}

void Shard::runHandshakes() {
    handshakes_posted_ = false;
    // Those that do not get their turn queue up again, behind.
    for (std::size_t left = handshake_queue_.size();
         left > 0 && handshake_steps_ < shared.options.handshake_steps_per_round; --left) {
        EngineConnection& connection = *handshake_queue_.front();
        handshake_queue_.pop_front();
        --connection.pins;
        connection.continueHandshake();
        if (connection.isFreeable()) {
            bury(connection);
        }
    }
    if (!handshake_queue_.empty() && !std::exchange(handshakes_posted_, true)) {
        loop.post([this] { runHandshakes(); });
    }
}

void Shard::readAgain(ConnectionId id) {
    loop.post([this, id] {
        EngineConnection* connection = find(id);
        if (connection != nullptr) {
            connection->onReadable();
        }
    });
}

std::unique_ptr<std::string> Shard::takeOutput() {
    if (outputs_.empty()) {
        return std::make_unique<std::string>();
    }
    auto output = std::move(outputs_.back());
    outputs_.pop_back();
    return output;
}

void Shard::giveOutput(std::unique_ptr<std::string> output) {
    if (outputs_.size() < kOutputsKept && output->capacity() <= kOutputKeptBytes) {
        output->clear();
        outputs_.push_back(std::move(output));
    }
}

void Shard::countReport(const Endpoint& endpoint, std::string_view kind) {
    ReportTable::Entry& entry = endpoint.counters->reports.add(kind);
    if (entry.metric == nullptr) {
        entry.metric = runtime::Metrics::global().counter(
            "fairlead_network_reports_total", "Violations and refusals of devices, by kind",
            {{"component", endpoint.core->id}, {"kind", entry.name}});
    }
    entry.metric->add();
}

void Shard::report(const Endpoint& endpoint, std::string_view kind, std::string_view peer,
                   std::string_view detail) {
    countReport(endpoint, kind);
    const std::string& id = endpoint.core->id;
    std::string text = "Component " + id + ": " + std::string(kind) + " from " + std::string(peer);
    if (!detail.empty()) {
        text.append(": ").append(detail.substr(0, 256));
    }
    log.log(runtime::LogLevel::Warning, id + "/" + std::string(kind), std::move(text),
            runtime::LogContext().add("component", id).add("peer", peer).text());
}

void Shard::drain(Match match, std::uint64_t duration_ms) {
    draining_.push_back({std::move(match), loop.monotonicMs() + duration_ms, 0});
    if (!std::exchange(drain_timer_, true)) {
        drainStep();
    }
}

std::size_t Shard::cut(const Match& match) {
    std::size_t unsent = 0;
    for (std::uint32_t i = 0; i < slab_.size(); ++i) {
        EngineConnection* connection = slab_.tenant(i);
        if (connection != nullptr && connection->isClosing() && match(*connection)) {
            unsent += connection->outputBytes() > 0 ? 1U : 0U;
            unwatch(*connection);
            connection->deadlinePassed();
        }
    }
    return unsent;
}

std::size_t Shard::count(const Match& match) {
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < slab_.size(); ++i) {
        EngineConnection* connection = slab_.tenant(i);
        found += connection != nullptr && match(*connection) ? 1U : 0U;
    }
    return found;
}

void Shard::drainStep() {
    const std::uint64_t now = loop.monotonicMs();
    const std::uint64_t pace =
        1 + shared.options.drain_per_second * kDrainStepMs / 1000 / shared.loops;
    for (Draining& drain : draining_) {
        const std::uint64_t steps =
            drain.deadline_ms > now ? (drain.deadline_ms - now) / kDrainStepMs : 0;
        const std::uint64_t left = slab_.size() - drain.cursor;
        std::uint64_t quota = steps == 0 ? left : std::max(pace, left / steps + 1);
        for (; drain.cursor < slab_.size() && quota > 0; ++drain.cursor) {
            EngineConnection* connection = slab_.tenant(drain.cursor);
            if (connection != nullptr && !connection->isClosing() && drain.match(*connection)) {
                connection->closeByHost(close_reason::kShutdown);
                --quota;
            }
        }
    }
    std::erase_if(draining_, [this](const Draining& d) { return d.cursor >= slab_.size(); });
    drain_timer_ = !draining_.empty();
    if (drain_timer_) {
        loop.runAfter(kDrainStepMs, [this] { drainStep(); });
    }
}

} // namespace fairlead::network
