// SPDX-License-Identifier: Apache-2.0
#include "publisher.hpp"

#include "clock.hpp"

#include <algorithm>

namespace fairlead::bench {
namespace {

// A lost connection is tried again this much later, while a server restarts.
constexpr std::int64_t kRetryNs = kSecondNs / 20;

} // namespace

Publisher::Publisher(Context& context, unsigned number)
    : MqttClient(context, number), topic_(context.topic.text(values())),
      next_seq_(context.options.first_seq) {
    if (context.options.qos > 0) {
        slots_.resize(context.options.in_flight);
        for (unsigned i = context.options.in_flight; i-- > 0;) {
            free_.push_back(static_cast<std::uint16_t>(i));
        }
    }
}

bool Publisher::finished() const noexcept {
    const std::uint64_t count = context_.options.count;
    return count > 0 && sent_ >= count && inFlight() == 0;
}

bool Publisher::mayStart() const noexcept {
    const Options& o = context_.options;
    if (context_.stopping || (o.count > 0 && sent_ >= o.count)) {
        return false;
    }
    if (o.rate > 0 && due_.empty()) {
        return false;
    }
    return o.qos > 0 ? !free_.empty() : inFlight() < o.in_flight;
}

void Publisher::pump() {
    if (state() != State::Open) {
        return;
    }
    const Options& o = context_.options;
    // Closed loop at QoS 0: whole batches, so that the server sees one PINGREQ per batch.
    if (o.qos == 0 && o.rate == 0 && inFlight() > 0) {
        return;
    }
    const std::int64_t now = o.rate > 0 ? 0 : nowNs();
    while (mayStart()) {
        if (o.rate > 0) {
            start(due_.front());
            due_.pop_front();
        } else {
            start(now);
        }
    }
    ping();
    flush();
}

void Publisher::start(std::int64_t due_ns) {
    // Time stamps of one client never repeat, so that the history tells all messages apart.
    last_ms_ = std::max(last_ms_ + 1, utcMs());
    Slot slot{Step::Sent, false, next_seq_++, due_ns, last_ms_};
    std::uint16_t id = 0;
    if (context_.options.qos > 0) {
        const std::uint16_t index = free_.back();
        free_.pop_back();
        slots_[index] = slot;
        ++busy_;
        id = static_cast<std::uint16_t>(index + 1);
    } else {
        unpinged_.push_back(due_ns);
    }
    putMessage(slot, id, false);
    ++sent_;
    ++context_.sent_all;
}

void Publisher::putMessage(const Slot& slot, std::uint16_t id, bool duplicate) {
    payload_.clear();
    context_.payload.append(payload_, values(slot.seq, slot.ms));
    putPublish(out(), {topic_, payload_, context_.options.qos, duplicate, id, context_.options.v5});
}

void Publisher::ping() {
    if (ping_out_ || unpinged_.empty()) {
        return;
    }
    pinged_.swap(unpinged_);
    ping_out_ = true;
    putEmpty(out(), PacketType::Pingreq);
}

void Publisher::finish(Slot& slot, std::int64_t now_ns) {
    context_.count(slot.due_ns, now_ns);
    if (!context_.options.acked_log.empty()) {
        const std::size_t index = slot.seq - context_.options.first_seq;
        acked_.resize(std::max(acked_.size(), index + 1));
        acked_[index] = true;
    }
    slot.step = Step::Free;
    --busy_;
    free_.push_back(static_cast<std::uint16_t>(&slot - slots_.data()));
}

void Publisher::onAck(const Packet& packet, std::int64_t now_ns) {
    const std::uint16_t id = packet.id();
    if (id == 0 || id > slots_.size() || slots_[id - 1U].step == Step::Free) {
        ++context_.duplicate_acks;
        return;
    }
    Slot& slot = slots_[id - 1U];
    if (packet.reason() >= 0x80) {
        ++context_.refused;
        context_.error("acknowledged with reason " + std::to_string(packet.reason()));
        slot.step = Step::Free;
        --busy_;
        free_.push_back(static_cast<std::uint16_t>(id - 1));
        return;
    }
    if (packet.type == PacketType::Pubrec) {
        slot.step = Step::Released;
        putAck(out(), PacketType::Pubrel, id);
        return;
    }
    finish(slot, now_ns);
}

void Publisher::onPacket(const Packet& packet, std::int64_t now_ns) {
    switch (packet.type) {
    case PacketType::Puback:
    case PacketType::Pubrec:
    case PacketType::Pubcomp:
        onAck(packet, now_ns);
        break;
    case PacketType::Pingresp:
        ping_out_ = false;
        for (const std::int64_t due_ns : pinged_) {
            context_.count(due_ns, now_ns);
        }
        pinged_.clear();
        break;
    default:
        break;
    }
    // Answers that came together are answered together: the packet after this one may free more.
    if (context_.options.qos == 0 || context_.options.in_flight == 1) {
        pump();
    } else {
        while (mayStart()) {
            start(context_.options.rate > 0 ? due_.front() : now_ns);
            if (context_.options.rate > 0) {
                due_.pop_front();
            }
        }
    }
}

void Publisher::onOpen(bool) {
    retry_ns_ = 0;
    if (busy_ > 0) {
        resend();
    }
    if (context_.window_end_ns > 0) {
        pump();
    }
}

// In the order in which they were first sent (MQTT 3.1.1, 4.6).
void Publisher::resend() {
    std::vector<std::uint16_t> order;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].step != Step::Free) {
            order.push_back(static_cast<std::uint16_t>(i));
        }
    }
    std::sort(order.begin(), order.end(),
              [this](unsigned a, unsigned b) { return slots_[a].seq < slots_[b].seq; });
    for (const std::uint16_t index : order) {
        Slot& slot = slots_[index];
        const auto id = static_cast<std::uint16_t>(index + 1);
        if (slot.step == Step::Released) {
            putAck(out(), PacketType::Pubrel, id);
            continue;
        }
        if (!slot.resent) {
            resent_.push_back(slot.seq);
        }
        slot.resent = true;
        ++context_.resent;
        putMessage(slot, id, true);
    }
}

void Publisher::onLost() {
    ping_out_ = false;
    pinged_.clear(); // QoS 0 messages may be gone
    unpinged_.clear();
    if (context_.options.resume) {
        retry_ns_ = nowNs() + kRetryNs;
    }
}

void Publisher::retry() {
    retry_ns_ = 0;
    ++context_.reconnects;
    open();
    if (state() == State::Failed) {
        retry_ns_ = nowNs() + kRetryNs;
    }
}

std::string Publisher::ackedLine() const {
    std::string out = "{\"client\":\"" + id() +
                      "\",\"first\":" + std::to_string(context_.options.first_seq) +
                      ",\"sent\":" + std::to_string(sent_) + ",\"acked\":[";
    bool first = true;
    for (std::size_t i = 0; i < acked_.size();) {
        if (!acked_[i]) {
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < acked_.size() && acked_[end]) {
            ++end;
        }
        const std::uint64_t base = context_.options.first_seq;
        out += (first ? "[" : ",[") + std::to_string(base + i) + "," +
               std::to_string(base + end - 1) + "]";
        first = false;
        i = end;
    }
    out += "],\"resent\":[";
    for (std::size_t i = 0; i < resent_.size(); ++i) {
        out += (i == 0 ? "" : ",") + std::to_string(resent_[i]);
    }
    return out + "]}\n";
}

} // namespace fairlead::bench
