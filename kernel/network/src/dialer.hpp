// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backoff.hpp"
#include "dial_board.hpp"
#include "resolver.hpp"
#include "shard.hpp"
#include "watch.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::network {

/// What the dialers of one component share. Immutable; the board has a lock of its own.
struct DialPlan {
    std::vector<DialTarget> targets;
    DialOptions options;
    bool logs_in = false; ///< connected only when the type says ready
    Resolver* resolver = nullptr;
    std::shared_ptr<DialBoard> board;
};

/// Keeps one connection to one target: looks it up, connects without blocking, hands the socket to
/// the shard like an accepted one, and does it again, with pauses, when that ends. Belongs to one
/// loop; its connection lives there as well. Thread: the loop's.
class Dialer final : public std::enable_shared_from_this<Dialer> {
public:
    Dialer(Shard& shard, std::shared_ptr<Endpoint> endpoint, std::shared_ptr<const DialPlan> plan,
           std::size_t target);

    void start() { handlerChanged(); }
    /// For good. A connection that lives is the engine's to drain.
    void stop();
    /// A gateway came or went: dials at once, or rests.
    void handlerChanged();
    /// Something that the target may have failed for was changed: does not wait any longer.
    void hurry();
    /// What a connection is told at its beginning changed: ends it and dials again at once.
    void renew();

    // Told by the connection.
    std::size_t target() const noexcept { return target_; }
    const std::string& host() const noexcept { return plan_->targets[target_].host; }
    void opened(ConnectionId id); ///< bytes can flow
    void ready();                 ///< the type has logged in
    void note(std::string_view why);
    void ended(std::uint32_t reason);

private:
    void attempt();
    void lookUp();
    void lookedUp(std::uint64_t attempt, base::Result<SocketAddresses> found);
    void tryNext();
    bool connectTo(const SocketAddress& address, std::string& why);
    void connectDone(std::uint64_t attempt);
    void handOver();
    void limitTime();
    void forgetAttempt();
    void failed(std::string why);
    void pause();
    void rest();
    void publish(DialState state, std::uint64_t pause_ms = 0);
    bool hasHandler() const noexcept { return endpoint_->handler != nullptr; }
    std::string addressText() const;

    Shard& shard_;
    std::shared_ptr<Endpoint> endpoint_;
    std::shared_ptr<const DialPlan> plan_;
    std::size_t target_;
    Backoff backoff_;
    DialState state_ = DialState::Idle;
    std::uint64_t attempt_ = 0; ///< names the attempt at hand; late results carry another number
    std::uint64_t timer_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t connected_ms_ = 0;
    std::string error_; ///< why the target is not connected
    std::string noted_; ///< what the connection at hand said of its end
    SocketAddresses addresses_;
    std::size_t next_address_ = 0;
    std::optional<Watch> watch_; ///< of a connect on its way
    ConnectionId connection_;    ///< the one that lives; value 0: none
    bool handed_over_ = false;   ///< a connection has the socket and has not ended
    bool stopped_ = false;
};

} // namespace fairlead::network
