// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_core.hpp"
#include "connection.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/loop.hpp"
#include "poller.hpp"
#include "slab.hpp"
#include "socket.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::network {

class Dialer;
class Listener;

/// The engine on one loop: its connections, listeners, read buffer and lists of the round. Thread:
/// the loop's, but for construction and destruction, while the loop does not run.
class Shard {
public:
    static constexpr std::size_t kReadBufferBytes = std::size_t{64} << 10;

    Shard(runtime::Loop& loop, EngineShared& shared);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // Control, posted by the engine.
    void add(std::shared_ptr<Endpoint> endpoint, Descriptor listener);
    void stopListening(const std::string& id); ///< and forgets the component
    void setHandler(const std::string& id, Handler* handler);
    void setInstance(const std::string& id, std::shared_ptr<Instance> instance);
    void setTls(const std::string& id, std::shared_ptr<TlsContext> tls);
    /// A component that dials from this loop.
    void add(std::shared_ptr<Endpoint> endpoint, std::vector<std::shared_ptr<Dialer>> dialers);
    void setRoutes(const std::string& id, std::shared_ptr<const Routes> routes);
    using Match = std::function<bool(const EngineConnection&)>;
    /// Closes the connections that match (Shutdown), spread over `duration_ms` at the most, but at
    /// least at the engine's drain pace.
    void drain(Match match, std::uint64_t duration_ms);

    /// Ends those that match and are closing at once. Number of them that had output to send.
    std::size_t cut(const Match& match);
    std::size_t count(const Match& match);

    EngineConnection* find(ConnectionId id) noexcept;
    void accepted(const std::shared_ptr<Endpoint>& endpoint, int fd, std::string peer);
    void dialed(const std::shared_ptr<Endpoint>& endpoint, int fd, std::string peer,
                std::shared_ptr<Dialer> dialer);

    // For connections.
    runtime::Loop& loop;
    EngineShared& shared;
    Poller& poller() noexcept { return poller_; }
    char* readBuffer() noexcept { return read_buffer_.get(); }
    void enlistDirty(EngineConnection& connection);
    void enlistWork(EngineConnection& connection);
    void enlistClosing(EngineConnection& connection);
    void bury(EngineConnection& connection);

    void watchHandshake(EngineConnection& c) { watch(handshakes_, c); }
    void watchFirstByte(EngineConnection& c) { watch(first_bytes_, c); }
    void watchLinger(EngineConnection& c) { watch(lingering_, c); }
    void unwatch(EngineConnection& connection);

    /// True when another handshake step may run in this round; else the connection was queued.
    bool admitHandshake(EngineConnection& connection);

    std::unique_ptr<std::string> takeOutput();
    void giveOutput(std::unique_ptr<std::string> output);

    /// Another read at the beginning of the next round.
    void readAgain(ConnectionId id);

    void countReport(const Endpoint& endpoint, std::string_view kind);
    /// Counts `kind` and writes a rate-limited line about it.
    void report(const Endpoint& endpoint, std::string_view kind, std::string_view peer,
                std::string_view detail);
    runtime::RateLimitedLog log;

    /// Descriptor kept in reserve, to turn away a connection when none are left.
    Descriptor reserve;
    bool descriptors_exhausted = false;

    /// What state_get gave out in the present call from the loop into a plugin.
    std::vector<std::shared_ptr<const std::string>> held_states;

private:
    struct Deadlines {
        std::uint64_t after_ms;
        IntrusiveList<EngineConnection> list;
    };
    struct Draining {
        Match match;
        std::uint64_t deadline_ms;
        std::uint32_t cursor = 0;
    };

    void open(const std::shared_ptr<Endpoint>& endpoint, int fd, std::string peer,
              std::shared_ptr<Dialer> dialer);
    template <typename Each>
    void eachDialer(const std::string& id, Each each);
    void endRound();
    void runLists();
    void sweepGraveyard();
    void release(EngineConnection& connection);
    void watch(Deadlines& deadlines, EngineConnection& connection);
    void armDeadlines();
    void checkDeadlines();
    void runHandshakes();
    void drainStep();

    Poller poller_;
    std::unique_ptr<char[]> read_buffer_;
    Slab slab_;
    std::map<std::string, std::shared_ptr<Endpoint>> endpoints_;
    std::map<std::string, std::shared_ptr<Listener>> listeners_;
    std::map<std::string, std::vector<std::shared_ptr<Dialer>>> dialers_;
    std::vector<EngineConnection*> dirty_;
    std::vector<EngineConnection*> work_;
    std::vector<EngineConnection*> closing_;
    std::vector<EngineConnection*> graveyard_;
    std::vector<EngineConnection*> running_; ///< the list being run; kept for its memory
    std::vector<std::unique_ptr<std::string>> outputs_;
    Deadlines handshakes_;
    Deadlines first_bytes_;
    Deadlines lingering_;
    std::uint64_t deadline_timer_ = 0;
    std::uint64_t deadline_due_ = 0;
    std::uint32_t handshake_steps_ = 0; ///< of this round
    std::deque<EngineConnection*> handshake_queue_;
    bool handshakes_posted_ = false;
    std::vector<Draining> draining_;
    bool drain_timer_ = false;
};

} // namespace fairlead::network
