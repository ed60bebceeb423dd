// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mqtt_client.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace fairlead::bench {

/// Publishes with at most --in-flight messages not acknowledged, and remembers which were sent,
/// acknowledged and sent again. QoS 0 has no acknowledgement: a PINGREQ after the messages makes
/// the server's PINGRESP say that it has read them.
class Publisher final : public MqttClient {
public:
    Publisher(Context& context, unsigned number);

    /// Open loop: a message became due. It waits here when the window is full.
    void due(std::int64_t due_ns) { due_.push_back(due_ns); }
    /// Sends what may be sent now.
    void pump();
    std::size_t inFlight() const noexcept { return busy_ + pinged_.size() + unpinged_.size(); }
    std::size_t waiting() const noexcept { return due_.size(); }
    bool finished() const noexcept;
    /// One line of JSON for the log of acknowledged messages.
    std::string ackedLine() const;
    /// When to connect again, 0: not lost.
    std::int64_t retryNs() const noexcept { return retry_ns_; }
    void retry();

protected:
    void onOpen(bool session_present) override;
    void onPacket(const Packet& packet, std::int64_t now_ns) override;
    void onLost() override;

private:
    enum class Step : std::uint8_t { Free, Sent, Released };
    struct Slot {
        Step step = Step::Free;
        bool resent = false;
        std::uint64_t seq = 0;
        std::int64_t due_ns = 0;
        std::int64_t ms = 0; ///< time stamp in the payload: the same when it is sent again
    };

    bool mayStart() const noexcept;
    void start(std::int64_t due_ns);
    void putMessage(const Slot& slot, std::uint16_t id, bool duplicate);
    void ping();
    void finish(Slot& slot, std::int64_t now_ns);
    void onAck(const Packet& packet, std::int64_t now_ns);
    void resend();

    std::string topic_;
    std::string payload_; // scratch
    std::vector<Slot> slots_;
    std::vector<std::uint16_t> free_;
    std::deque<std::int64_t> due_;
    std::vector<std::int64_t> unpinged_; // QoS 0: due times since the last PINGREQ
    std::vector<std::int64_t> pinged_;   // and of those before it
    bool ping_out_ = false;
    std::size_t busy_ = 0;
    std::uint64_t next_seq_;
    std::uint64_t sent_ = 0;
    std::int64_t last_ms_ = 0;
    std::int64_t retry_ns_ = 0;
    std::vector<bool> acked_;           // by seq - first_seq, when a log is wanted
    std::vector<std::uint64_t> resent_; // seqs
};

} // namespace fairlead::bench
