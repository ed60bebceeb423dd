// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_core.hpp"
#include "fairlead/network/handler.hpp"
#include "fairlead/network/type.hpp"
#include "intrusive_list.hpp"
#include "owned_message.hpp"
#include "tls_stream.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct fl_conn;
struct fl_dialed;

namespace fairlead::network {

class Dialer;
class Shard;

inline constexpr std::uint32_t kTimersPerConnection = 4; // FL_NETWORK_TIMERS
/// Calls upwards-to-plugin that wait because the plugin is just running; a handler that sends more
/// within one call is told Limit.
inline constexpr std::size_t kDeferredMax = 1024;

/// A connection of the engine: socket, TLS, input and output, what waits, and its plugin state.
/// Lives in a slot of its shard; see connection.cpp for the design notes. Thread: its loop's.
class EngineConnection final : public Connection {
public:
    EngineConnection(Shard& shard, std::shared_ptr<Endpoint> endpoint, int fd, std::string peer);
    ~EngineConnection() override;

    // Connection, for the handler.
    ConnectionId id() const noexcept override { return id_; }
    runtime::Loop& loop() noexcept override;
    const std::string& componentId() const noexcept override { return endpoint_->core->id; }
    std::string_view transport() const noexcept override { return endpoint_->core->transport; }
    std::string_view peer() const noexcept override { return peer_; }
    bool hasConnect() const noexcept override { return endpoint_->core->has_connect; }
    bool isOutgoing() const noexcept override { return dialer_ != nullptr; }
    bool isRelay() const noexcept override { return endpoint_->core->relay; }
    void complete(std::uint64_t token, std::int32_t status,
                  const fl_transport_message* reply) override;
    std::int32_t send(const fl_transport_message& message, std::uint64_t token) override;
    void close(std::uint32_t reason, std::string_view text) override;
    void pauseReading() override;
    void resumeReading() override;

    // For the plugin, through the host table.
    static EngineConnection& of(fl_conn* conn) noexcept {
        return *reinterpret_cast<EngineConnection*>(conn);
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
    std::int32_t pluginDialed(fl_dialed& out) const noexcept;
    void pluginReady();
    /// The connection for which a plugin runs on the calling thread, or nullptr.
    static EngineConnection* current() noexcept;

    // For the shard.
    /// Whom to tell how it goes; before begin.
    void dialedBy(std::shared_ptr<Dialer> dialer) { dialer_ = std::move(dialer); }
    void begin(ConnectionId id);
    /// What the poller found: a sum of Poller::kRead, kWrite and kEnd.
    void onReady(std::uint8_t ready);
    void onReadable();
    void continueHandshake();
    void flush();
    void runDeferred();
    void runClosing();
    void deadlinePassed();
    /// Closes from the engine's side: with on_shutdown and flushing.
    void closeByHost(std::uint32_t reason);
    bool isClosing() const noexcept { return phase_ >= Phase::Closing; }
    bool isHandlerTold() const noexcept { return handler_told_; }
    bool isFreeable() const noexcept { return phase_ == Phase::Dead && pins == 0; }
    const Endpoint& endpoint() const noexcept { return *endpoint_; }
    Handler* handler() const noexcept { return handler_; }

    Links<EngineConnection> links; ///< of the shard's deadline lists
    std::uint64_t deadline_ms = 0;
    bool in_dirty = false; ///< member of the shard's lists of this round
    bool in_work = false;
    bool in_closing = false;
    bool in_graveyard = false;
    /// Reasons why the slot must stay: entries of queues outside of the lists.
    std::uint32_t pins = 0;

private:
    enum class Phase : std::uint8_t {
        Handshake, ///< TLS; the plugin knows nothing yet
        Open,
        Closing,   ///< no more input; output is being flushed
        Lingering, ///< plugin told; waits for the peer's end or for what is still to be delivered
        Dead       ///< socket closed; the slot waits for its pins
    };
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
    };
    class Guard;

    // connection.cpp: life
    Extra& extra();
    bool hasBacklog() const noexcept { return extra_ != nullptr && !extra_->backlog.empty(); }
    bool isWaiting() const noexcept;
    void openUp();
    bool openPlugin();
    void beginClose(std::uint32_t reason, bool tell_plugin);
    void abort(std::uint32_t reason);
    void finish();
    void endIfDone();
    void tellPlugin();
    void tellHandler();
    void die();
    void countError(std::string_view kind, std::string_view detail);

    // connection_dial.cpp: what differs when the server dialled
    void startTls();
    void tellOpened();
    void tellEnded();
    void noteEnd(std::string_view kind, std::string_view detail);
    std::string handshakeError() const;

    // connection_io.cpp: bytes
    bool mayFeed() const noexcept;
    bool mayRead() const noexcept;
    void armRead();
    void armWrite();
    void disarm(std::uint8_t interest);
    void setInterest(std::uint8_t interest);
    void watchFor(std::uint8_t interest);
    bool waitsToWrite() const noexcept;
    void onWritable();
    void readSome();
    /// One read of the socket and its hand-over. False: the socket is empty, or over.
    bool readOnce(std::size_t& budget);
    IoResult receive(char* data, std::size_t bytes);
    void readEnded(const IoResult& result);
    void discardInput();
    void noteFirstByte();
    /// Gives `data` to the plugin and keeps what it leaves.
    void feed(const char* data, std::size_t bytes);
    void feedKept();
    std::optional<std::size_t> callOnData(const char* data, std::size_t bytes);
    void writeSome();
    IoResult transmit(const char* data, std::size_t bytes);
    void releaseOutput();

    // connection_calls.cpp: messages, completions, timers
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
    void releaseExtra();
    void timerFired(std::uint32_t timer);
    void armTimer(std::uint32_t timer, std::uint64_t now);
    void cancelTimers();

    fl_conn* asConn() noexcept { return reinterpret_cast<fl_conn*>(this); }

    Shard& shard_;
    ConnectionId id_;
    std::shared_ptr<Endpoint> endpoint_;
    std::shared_ptr<Instance> instance_;
    Handler* handler_;
    int fd_;
    Phase phase_;
    std::uint8_t interest_ = 0; ///< what the poller reports
    bool unread_ = false;       ///< the socket may hold input that will not be reported again
    bool end_seen_ = false;     ///< the peer's end stands behind the input
    bool output_high_ = false;
    bool busy_ = false; ///< the handler answered BUSY; waits for resumeReading
    bool first_byte_ = false;
    bool feed_again_ = false;
    bool peer_ended_ = false;
    bool broken_ = false; ///< nothing can be written any more
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
    InstanceState state_;
    std::unique_ptr<TlsStream> tls_;
    std::string kept_; ///< input that the plugin did not use yet
    std::unique_ptr<std::string> output_;
    std::size_t output_sent_ = 0; ///< of output_
    std::unique_ptr<std::array<Timer, kTimersPerConnection>> timers_;
    std::unique_ptr<Extra> extra_;
    std::string peer_;
    std::shared_ptr<Dialer> dialer_; ///< nullptr: it was accepted
};

} // namespace fairlead::network
