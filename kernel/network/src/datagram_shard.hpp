// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "datagram_peer.hpp"
#include "dtls_cookies.hpp"
#include "receive_batch.hpp"
#include "shard.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::network {

class DatagramPort;

/// The datagram side of the engine on one loop, beside the Shard of its streams: sockets, peers,
/// and what is done at the end of a round. Thread: the loop's, but for construction and
/// destruction, while the loop does not run.
class DatagramShard {
public:
    explicit DatagramShard(Shard& streams);
    ~DatagramShard();
    DatagramShard(const DatagramShard&) = delete;
    DatagramShard& operator=(const DatagramShard&) = delete;

    static bool isPeer(ConnectionId id) noexcept { return (id.value & kPeerBit) != 0; }

    // Control, posted by the engine.
    void add(std::shared_ptr<Endpoint> endpoint, Descriptor socket);
    /// Takes no new peers; the socket stays for those that there are.
    void stopListening(const std::string& id);
    void setHandler(const std::string& id, Handler* handler);
    void setInstance(const std::string& id, std::shared_ptr<Instance> instance);
    void setTls(const std::string& id, std::shared_ptr<TlsContext> tls);
    /// As Shard's: closes those that match at the engine's drain pace.
    void drain(const Selection& selection, std::uint64_t duration_ms);
    void cut(const Selection& selection);
    std::size_t count(const Selection& selection);

    /// Those that the handler knows.
    DatagramPeer* find(ConnectionId id) noexcept;

    // For ports and peers.
    Shard& streams; ///< loop, options, reports, the buffer for plain text
    ReceiveBatch batch;
    DtlsCookies cookies;
    const std::uint64_t hash_seed;
    /// Constructs a peer. nullptr when there is no slot.
    DatagramPeer* make(std::shared_ptr<DatagramPort> port, const PeerAddress& from,
                       std::unique_ptr<DtlsStream> dtls);
    DatagramPeer* findAny(ConnectionId id) noexcept;
    void enlistWork(DatagramPeer& peer);
    void enlistClosing(DatagramPeer& peer);
    void enlistOutput(const std::shared_ptr<DatagramPort>& port);
    void bury(DatagramPeer& peer) { graveyard_.push_back(&peer); }

    /// True when `cost` may still be spent on handshakes in this round; else false, and the
    /// datagram goes to the port again in a later round, or is dropped and counted when too many
    /// wait.
    bool admitHandshake(DatagramPort& port, const PeerAddress& from, std::string_view datagram,
                        std::uint32_t cost);
    void chargeHandshake(std::uint32_t cost) noexcept { handshake_cost_ += cost; }

    /// True when `bytes` more may be kept for peers that wait; giveBack then returns them.
    bool mayKeep(std::size_t bytes) noexcept;
    void giveBack(std::size_t bytes) noexcept { kept_bytes_ -= bytes; }

    std::vector<std::shared_ptr<const std::string>> held_states;

private:
    static constexpr std::uint64_t kPeerBit = std::uint64_t{1} << 63U;

    struct Slot {
        std::unique_ptr<DatagramPeer> peer;
        std::uint32_t generation = 0;
    };
    struct Draining {
        Selection selection;
        std::uint64_t deadline_ms;
        std::size_t cursor = 0;
    };
    struct Postponed {
        std::weak_ptr<DatagramPort> port;
        PeerAddress from;
        std::string datagram;
    };

    static std::uint32_t indexOf(ConnectionId id) noexcept {
        return static_cast<std::uint32_t>(id.value >> 32U) & 0xFFFFFFU;
    }
    void endRound();
    void runLists();
    void sweepGraveyard();
    void release(DatagramPeer& peer);
    bool mayCost(std::uint32_t cost) const noexcept;
    void runPostponed();
    void drainStep();

    std::map<std::string, std::shared_ptr<DatagramPort>> ports_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<DatagramPeer*> work_;
    std::vector<DatagramPeer*> closing_;
    std::vector<DatagramPeer*> running_;
    std::vector<DatagramPeer*> graveyard_;
    std::vector<std::shared_ptr<DatagramPort>> output_;
    std::deque<Postponed> postponed_;
    std::uint32_t handshake_cost_ = 0; ///< of this round
    std::size_t kept_bytes_ = 0;
    std::vector<Draining> draining_;
    bool drain_timer_ = false;
};

} // namespace fairlead::network
