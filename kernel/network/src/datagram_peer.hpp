// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_core.hpp"
#include "connection.hpp"
#include "dtls_stream.hpp"
#include "fairlead/network/handler.hpp"
#include "fairlead/network/type.hpp"
#include "intrusive_list.hpp"
#include "owned_message.hpp"
#include "peer_address.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::network {

class DatagramPort;
class DatagramShard;

inline constexpr std::size_t kDatagramBytesMax = 65'507; // FL_NETWORK_DATAGRAM_BYTES_MAX
/// What waits for one peer while its handler is busy or a handshake waits for a key: datagrams, and
/// as many messages; and bytes of each of the two.
inline constexpr std::size_t kPeerKeptMax = 64;
inline constexpr std::size_t kPeerKeptBytesMax = std::size_t{128} << 10;

/// A peer of a datagram component, which is a connection to plugin and handler; see
/// datagram_peer.cpp for the design notes. Owned by its shard. Thread: the loop's.
class DatagramPeer final : public Connection {
public:
    DatagramPeer(ConnectionId id, std::shared_ptr<DatagramPort> port, const PeerAddress& from,
                 std::unique_ptr<DtlsStream> dtls);
    ~DatagramPeer() override;

    // Connection, for the handler.
    ConnectionId id() const noexcept override { return id_; }
    runtime::Loop& loop() noexcept override;
    const std::string& componentId() const noexcept override;
    std::string_view transport() const noexcept override;
    std::string_view peer() const noexcept override { return text_; }
    bool hasConnect() const noexcept override;
    void complete(std::uint64_t token, std::int32_t status,
                  const fl_transport_message* reply) override;
    std::int32_t send(const fl_transport_message& message, std::uint64_t token) override;
    void close(std::uint32_t reason, std::string_view text) override;
    void pauseReading() override { ++pauses_; }
    void resumeReading() override;

    // For the plugin, through the host table.
    static DatagramPeer& of(fl_conn* conn) noexcept {
        return *reinterpret_cast<DatagramPeer*>(conn);
    }
    std::int32_t pluginWrite(const void* data, std::size_t bytes);
    std::int32_t pluginDeliver(const fl_transport_message& message, std::uint32_t flags,
                               std::uint64_t token, std::string_view once_key);
    std::int32_t pluginRelease(std::string_view once_key, std::uint64_t token);
    void pluginSent(std::uint64_t token, std::int32_t status);
    void pluginClose(std::uint32_t reason, std::string_view text);
    void pluginSetTimer(std::uint32_t timer, std::uint64_t milliseconds);
    void pluginReport(std::string_view what, std::string_view detail);
    std::size_t outputBytes() const noexcept;
    std::int32_t pluginPutState(std::string_view key, std::string_view value);
    std::int32_t pluginGetState(std::string_view key, std::string_view& value);
    /// The peer for which a plugin runs on the calling thread, or nullptr.
    static DatagramPeer* current() noexcept;

    // For the port and the shard.
    void begin();
    /// A datagram as it came from the socket, not empty.
    void received(std::string_view datagram);
    /// The listener took in the hello with this random; `rest` came behind it.
    void startHandshake(std::uint64_t random, std::string_view rest);
    /// When a hello that just came is that of this session, and not of a new association.
    bool isOwnHello(std::uint64_t random) const noexcept { return hello_random_ == random; }
    void runDeferred();
    void runClosing();
    void handshakeExpired();
    void closeByHost(std::uint32_t reason);
    /// Ends a closing peer whatever still waits.
    void cutOff();
    bool isHandshaking() const noexcept { return phase_ == Phase::Handshake; }
    bool isClosing() const noexcept { return phase_ >= Phase::Closing; }
    bool isDead() const noexcept { return phase_ == Phase::Dead; }
    bool isHandlerTold() const noexcept { return handler_told_; }
    const Endpoint& endpoint() const noexcept;
    Handler* handler() const noexcept { return handler_; }
    DatagramPort& port() const noexcept { return *port_; }

    const PeerAddress address;
    DatagramPeer* map_next = nullptr; ///< of the port's AddressMap
    std::uint32_t map_hash = 0;
    Links<DatagramPeer> links; ///< of the port's lists: handshaking, or by last datagram
    std::uint64_t deadline_ms = 0;
    bool in_work = false; ///< member of the shard's lists of this round
    bool in_closing = false;

private:
    enum class Phase : std::uint8_t {
        Handshake, ///< DTLS; plugin and handler know nothing yet
        Open,
        Closing,   ///< told at the end of the round
        Lingering, ///< plugin told; what it delivered still waits for the handler
        Dead
    };
    enum class Key : std::uint8_t { Unasked, Waiting, Answered };
    struct Timer {
        std::uint64_t handle = 0; ///< of the loop; 0: none
        std::uint64_t armed_ms = 0;
        std::uint64_t due_ms = 0; ///< 0: cancelled
    };
    struct Waiting { ///< a deliver or release that the handler could not take
        std::optional<OwnedMessage> message;
        std::string once_key;
        std::uint64_t token;
        std::uint32_t flags;
    };
    struct Held { ///< a result that must not overtake the ones before
        std::uint64_t after;
        std::uint64_t token;
        std::int32_t status;
    };
    enum class Call : std::uint8_t { Complete, Answer, Send };
    struct Deferred { ///< a call that came while the plugin was running
        Call call;
        std::optional<OwnedMessage> message;
        std::uint64_t token;
        std::int32_t status;
    };
    struct Extra { ///< rarely needed state
        std::deque<Waiting> backlog;
        std::size_t backlog_bytes = 0;
        std::deque<Held> held;
        std::deque<Deferred> deferred;
        std::deque<std::string> kept; ///< datagrams; plain text once the handshake is over
        std::size_t kept_bytes = 0;
    };
    class Guard;

    // datagram_peer.cpp: life and datagrams
    Extra& extra();
    bool hasBacklog() const noexcept { return extra_ != nullptr && !extra_->backlog.empty(); }
    bool hasKept() const noexcept { return extra_ != nullptr && !extra_->kept.empty(); }
    void openUp();
    bool openPlugin();
    void input(std::string_view datagram);
    void callOnData(std::string_view datagram);
    void keep(std::string_view datagram);
    std::string takeKept();
    void dropKept(std::string_view why);
    void feedKept();
    void beginClose(std::uint32_t reason, bool tell_plugin);
    void tellPlugin();
    void tellHandler();
    void die();
    void countError(std::string_view kind, std::string_view detail);

    // datagram_dtls.cpp: sessions
    void handshakeWith(std::string_view datagram);
    /// False: the datagram has to wait for the answer.
    bool findKey(std::string_view datagram);
    void askKey(const std::string& identity);
    void keyReady();
    void handshakeStep(std::string_view datagram);
    void finishHandshake();
    void failHandshake(std::string_view kind, std::string_view detail);
    void armRetransmit();
    void receiveRecords(std::string_view datagram);
    /// The records of `datagram` (empty: of what is left over). False when there was none.
    bool readRecords(std::string_view datagram);

    // datagram_calls.cpp: messages, completions, timers
    std::int32_t handDown(const Waiting& item);
    std::int32_t enqueue(Waiting item);
    void retryBacklog();
    void settle(std::uint64_t token, std::int32_t status);
    void completeFromHandler(std::uint64_t token, std::int32_t status,
                             const fl_transport_message* reply);
    void completeNow(std::uint64_t token, std::int32_t status, const fl_transport_message* reply);
    std::int32_t sendToPlugin(const fl_transport_message& message, std::uint64_t token);
    void runDeferredCalls();
    void failDeferredSends();
    void timerFired(std::uint32_t timer);
    void armTimer(std::uint32_t timer, std::uint64_t now);
    void cancelTimers();

    fl_conn* asConn() noexcept { return reinterpret_cast<fl_conn*>(this); }
    DatagramShard& shard() const noexcept;

    const std::shared_ptr<DatagramPort> port_;
    const ConnectionId id_;
    std::shared_ptr<Instance> instance_;
    Handler* const handler_;
    Phase phase_;
    Key key_ = Key::Unasked;
    bool busy_ = false; ///< the handler answered BUSY; waits for resumeReading
    bool tell_shutdown_ = false;
    bool plugin_open_ = false;
    bool handler_open_ = false;
    bool handler_told_ = false;
    bool may_write_ = false;
    std::uint8_t close_reason_ = 0;
    std::uint16_t in_call_ = 0;
    std::uint32_t pauses_ = 0;
    std::uint64_t pending_ = 0;   ///< deliveries that the handler answered PENDING
    std::uint64_t completed_ = 0; ///< of them
    std::uint64_t hello_random_ = 0;
    std::uint64_t own_timer_ = 0; ///< of the loop: retransmission, or the end of lingering
    InstanceState state_;
    std::unique_ptr<DtlsStream> dtls_;
    std::unique_ptr<std::array<Timer, kTimersPerConnection>> timers_;
    std::unique_ptr<Extra> extra_;
    std::string text_; ///< of the address
};

} // namespace fairlead::network
