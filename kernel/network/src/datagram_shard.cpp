// SPDX-License-Identifier: Apache-2.0
#include "datagram_shard.hpp"

#include "datagram_port.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/network/close_reason.hpp"

#include <algorithm>
#include <random>
#include <utility>

// Design notes. As with streams, what peers want done at the end of a round stands in lists (work:
// calls that were put off and datagrams that were kept; closing), which endRound runs until they
// are empty, at most kPassesMax times. Then the sockets send, then what is dead is freed.

namespace fairlead::network {

namespace {

constexpr int kPassesMax = 8;
constexpr std::uint64_t kDrainStepMs = 20;
constexpr std::size_t kPeersMax = std::size_t{1} << 24U; // 24 bits of a ConnectionId
/// Datagrams of all peers of a loop that wait for handlers.
constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;
/// Datagrams that wait for their turn in a flood of handshakes: some seconds' worth.
constexpr std::size_t kPostponedMax = 8'192;
/// What a step of a handshake costs, in units of an answer to a hello.
constexpr std::uint32_t kStepCost = 4;

std::uint64_t randomSeed() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

} // namespace

DatagramShard::DatagramShard(Shard& given)
    : streams(given), cookies(given.loop.monotonicMs()), hash_seed(randomSeed()) {
    streams.loop.onRoundEnd([this] { endRound(); });
}

DatagramShard::~DatagramShard() {
    FL_ASSERT(ports_.empty() && free_.size() == slots_.size());
}

void DatagramShard::add(std::shared_ptr<Endpoint> endpoint, Descriptor socket) {
    const std::string id = endpoint->core->id;
    FL_ASSERT(ports_.count(id) == 0);
    auto port = std::make_shared<DatagramPort>(*this, std::move(endpoint), std::move(socket));
    port->start();
    ports_.emplace(id, std::move(port));
}

void DatagramShard::stopListening(const std::string& id) {
    const auto found = ports_.find(id);
    if (found != ports_.end()) {
        found->second->stop();
        ports_.erase(found);
    }
}

void DatagramShard::setHandler(const std::string& id, Handler* handler) {
    const auto found = ports_.find(id);
    if (found != ports_.end()) {
        found->second->endpoint().handler = handler;
    }
}

void DatagramShard::setInstance(const std::string& id, std::shared_ptr<Instance> instance) {
    const auto found = ports_.find(id);
    if (found != ports_.end()) {
        found->second->endpoint().instance = std::move(instance);
    }
}

void DatagramShard::setTls(const std::string& id, std::shared_ptr<TlsContext> tls) {
    const auto found = ports_.find(id);
    if (found != ports_.end()) {
        found->second->setTls(std::move(tls));
    }
}

DatagramPeer* DatagramShard::make(std::shared_ptr<DatagramPort> port, const PeerAddress& from,
                                  std::unique_ptr<DtlsStream> dtls) {
    if (free_.empty()) {
        if (slots_.size() == kPeersMax) {
            return nullptr;
        }
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    ++slot.generation;
    const ConnectionId id{kPeerBit | std::uint64_t{streams.loop.index()} << 56U |
                          std::uint64_t{index} << 32U | slot.generation};
    port->endpoint().core->alive.fetch_add(1, std::memory_order_relaxed);
    streams.shared.alive.fetch_add(1, std::memory_order_relaxed);
    slot.peer = std::make_unique<DatagramPeer>(id, std::move(port), from, std::move(dtls));
    return slot.peer.get();
}

DatagramPeer* DatagramShard::findAny(ConnectionId id) noexcept {
    const std::uint32_t index = indexOf(id);
    if (index >= slots_.size() || slots_[index].peer == nullptr ||
        slots_[index].generation != static_cast<std::uint32_t>(id.value)) {
        return nullptr;
    }
    return slots_[index].peer.get();
}

DatagramPeer* DatagramShard::find(ConnectionId id) noexcept {
    DatagramPeer* peer = findAny(id);
    return peer == nullptr || peer->isHandlerTold() || peer->isHandshaking() ? nullptr : peer;
}

void DatagramShard::release(DatagramPeer& peer) {
    // Port and instance must be let go before somebody sees the count: they may be waited for.
    std::shared_ptr<DatagramPort> port = peer.port().shared_from_this();
    const std::shared_ptr<ComponentCore> core = peer.endpoint().core;
    const std::uint32_t index = indexOf(peer.id());
    slots_[index].peer.reset();
    free_.push_back(index);
    port->gone();
    port.reset();
    EngineShared& shared = streams.shared;
    core->alive.fetch_sub(1, std::memory_order_release);
    shared.alive.fetch_sub(1, std::memory_order_release);
    if (shared.waiters.load(std::memory_order_acquire) > 0) {
        const std::lock_guard lock(shared.mutex);
        shared.freed.notify_all();
    }
}

void DatagramShard::enlistWork(DatagramPeer& peer) {
    if (!std::exchange(peer.in_work, true)) {
        work_.push_back(&peer);
    }
}

void DatagramShard::enlistClosing(DatagramPeer& peer) {
    if (!std::exchange(peer.in_closing, true)) {
        closing_.push_back(&peer);
    }
}

void DatagramShard::enlistOutput(const std::shared_ptr<DatagramPort>& port) {
    if (!std::exchange(port->in_output, true)) {
        output_.push_back(port);
    }
}

void DatagramShard::runLists() {
    running_.swap(work_);
    for (DatagramPeer* peer : running_) {
        peer->in_work = false;
        peer->runDeferred();
    }
    running_.clear();
    running_.swap(closing_);
    for (DatagramPeer* peer : running_) {
        peer->in_closing = false;
        peer->runClosing();
    }
    running_.clear();
}

void DatagramShard::endRound() {
    handshake_cost_ = 0;
    if (!postponed_.empty()) {
        // Not before: what a task posts may still run in its own round, whose budget is spent.
        streams.loop.post([this] { runPostponed(); });
    }
    for (int pass = 0; pass < kPassesMax && !(work_.empty() && closing_.empty()); ++pass) {
        runLists();
    }
    for (const auto& port : output_) {
        port->in_output = false;
        port->flush();
    }
    output_.clear();
    if (work_.empty() && closing_.empty()) {
        sweepGraveyard();
    } else {
        streams.loop.post([] {}); // makes another round
    }
}

void DatagramShard::sweepGraveyard() {
    for (DatagramPeer* peer : graveyard_) {
        release(*peer);
    }
    graveyard_.clear();
}

bool DatagramShard::mayKeep(std::size_t bytes) noexcept {
    if (kept_bytes_ + bytes > kKeptBytesMax) {
        return false;
    }
    kept_bytes_ += bytes;
    return true;
}

bool DatagramShard::mayCost(std::uint32_t cost) const noexcept {
    return handshake_cost_ + cost <= kStepCost * streams.shared.options.handshake_steps_per_round;
}

bool DatagramShard::admitHandshake(DatagramPort& port, const PeerAddress& from,
                                   std::string_view datagram, std::uint32_t cost) {
    if (mayCost(cost)) {
        handshake_cost_ += cost;
        return true;
    }
    if (postponed_.size() >= kPostponedMax) {
        port.endpoint().counters->refused.add();
        streams.report(port.endpoint(), "refused_handshake_flood", addressText(&from.base), {});
        return false;
    }
    postponed_.push_back({port.weak_from_this(), from, std::string(datagram)});
    return false; // endRound sees to it
}

void DatagramShard::runPostponed() {
    // None is taken out that would only queue up again.
    for (std::size_t left = postponed_.size();
         left > 0 && handshake_cost_ < kStepCost * streams.shared.options.handshake_steps_per_round;
         --left) {
        const Postponed item = std::move(postponed_.front());
        postponed_.pop_front();
        if (const auto port = item.port.lock()) {
            port->arrived(item.from, item.datagram);
        }
    }
}

void DatagramShard::drain(const Selection& selection, std::uint64_t duration_ms) {
    draining_.push_back({selection, streams.loop.monotonicMs() + duration_ms});
    if (!std::exchange(drain_timer_, true)) {
        drainStep();
    }
}

void DatagramShard::drainStep() {
    const std::uint64_t now = streams.loop.monotonicMs();
    const std::uint64_t pace =
        1 + streams.shared.options.drain_per_second * kDrainStepMs / 1000 / streams.shared.loops;
    for (Draining& drain : draining_) {
        const std::uint64_t steps =
            drain.deadline_ms > now ? (drain.deadline_ms - now) / kDrainStepMs : 0;
        const std::uint64_t left = slots_.size() - drain.cursor;
        std::uint64_t quota = steps == 0 ? left : std::max(pace, left / steps + 1);
        for (; drain.cursor < slots_.size() && quota > 0; ++drain.cursor) {
            DatagramPeer* peer = slots_[drain.cursor].peer.get();
            if (peer != nullptr && !peer->isClosing() && drain.selection.matches(*peer)) {
                peer->closeByHost(close_reason::kShutdown);
                --quota;
            }
        }
    }
    std::erase_if(draining_, [this](const Draining& d) { return d.cursor >= slots_.size(); });
    drain_timer_ = !draining_.empty();
    if (drain_timer_) {
        streams.loop.runAfter(kDrainStepMs, [this] { drainStep(); });
    }
}

void DatagramShard::cut(const Selection& selection) {
    for (Slot& slot : slots_) {
        if (slot.peer != nullptr && slot.peer->isClosing() && selection.matches(*slot.peer)) {
            slot.peer->cutOff();
        }
    }
}

std::size_t DatagramShard::count(const Selection& selection) {
    std::size_t found = 0;
    for (const Slot& slot : slots_) {
        found += slot.peer != nullptr && selection.matches(*slot.peer) ? 1U : 0U;
    }
    return found;
}

} // namespace fairlead::network
