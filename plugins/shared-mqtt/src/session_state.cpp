// SPDX-License-Identifier: Apache-2.0
#include "session_state.hpp"

#include "topic.hpp"

#include <algorithm>

namespace fairlead::mqtt {

namespace {

constexpr std::uint8_t kFormat = 1;

void putLong(std::string& out, std::string_view v) {
    putU32(out, static_cast<std::uint32_t>(v.size()));
    out.append(v);
}

std::uint64_t u64(Reader& in) noexcept {
    const std::uint64_t high = in.u32();
    return (high << 32) | in.u32();
}

void putMessage(std::string& out, const StoredMessage& m) {
    putU8(out, m.qos);
    putU8(out, m.retain ? 1 : 0);
    putU64(out, static_cast<std::uint64_t>(m.expires_ms));
    putString(out, m.topic);
    putLong(out, m.properties);
    putLong(out, m.payload);
}

bool readMessage(Reader& in, StoredMessage& m) {
    m.qos = in.u8();
    m.retain = in.u8() != 0;
    m.expires_ms = static_cast<std::int64_t>(u64(in));
    m.topic = textOf(in.binary());
    m.properties = textOf(in.take(in.u32()));
    m.payload = textOf(in.take(in.u32()));
    return !in.failed() && m.qos <= 2 && validTopicName(m.topic);
}

bool readOutgoing(Reader& in, Outgoing& o) {
    o.packet_id = in.u16();
    const std::uint8_t state = in.u8();
    if (state > static_cast<std::uint8_t>(Outgoing::State::Released) ||
        !readMessage(in, o.message) || o.message.qos == 0) {
        return false;
    }
    o.state = static_cast<Outgoing::State>(state);
    o.duplicate = o.state != Outgoing::State::Queued;
    return o.packet_id != 0 || o.state == Outgoing::State::Queued;
}

bool readSubscriptions(Reader& in, SessionState& out) {
    const std::uint16_t count = in.u16();
    for (unsigned i = 0; i < count && !in.failed(); ++i) {
        Subscription s;
        s.options = in.u8();
        s.id = in.u32();
        s.filter = textOf(in.binary());
        if (in.failed() || !parseFilter(s.filter).valid) {
            return false;
        }
        out.subscriptions.push_back(std::move(s));
    }
    return !in.failed();
}

} // namespace

bool SessionState::holdsAny() const noexcept {
    return std::any_of(held_blocks.begin(), held_blocks.end(), [](auto b) { return b != 0; });
}

std::size_t SessionState::filterBytes() const noexcept {
    std::size_t sum = 0;
    for (const Subscription& s : subscriptions) {
        sum += s.filter.size();
    }
    return sum;
}

bool SessionState::resumable(std::int64_t now_ms) const noexcept {
    constexpr std::uint32_t kNever = 0xFFFFFFFF;
    if (expiry == 0) {
        return false;
    }
    return closed_ms == 0 || expiry == kNever || closed_ms + std::int64_t{expiry} * 1000 > now_ms;
}

Grant SessionState::grantFor(std::string_view topic) const {
    Grant grant;
    for (const Subscription& s : subscriptions) {
        if (!matches(parseFilter(s.filter).filter, topic)) {
            continue;
        }
        const Filter options{s.filter, s.options};
        grant.covered = true;
        grant.qos = std::max(grant.qos, options.qos());
        grant.retain_as_published = grant.retain_as_published || options.retainAsPublished();
        if (s.id != 0) {
            putU8(grant.ids, static_cast<std::uint8_t>(Property::SubscriptionId));
            putVarint(grant.ids, s.id);
        }
    }
    return grant;
}

std::string encodeSession(const SessionState& state) {
    std::string out;
    putU8(out, kFormat);
    putU32(out, state.expiry);
    putU64(out, static_cast<std::uint64_t>(state.closed_ms));
    putU16(out, state.next_id);
    out.append(textOf(state.held_blocks));
    putU16(out, static_cast<std::uint16_t>(state.subscriptions.size()));
    for (const Subscription& s : state.subscriptions) {
        putU8(out, s.options);
        putU32(out, s.id);
        putString(out, s.filter);
    }
    // Oldest first and until the room is used: what is left out is lost with the connection.
    for (const Outgoing& o : state.outgoing) {
        if (out.size() + o.message.bytes() > kStateBytesMax) {
            break;
        }
        putU16(out, o.packet_id);
        putU8(out, static_cast<std::uint8_t>(o.state));
        putMessage(out, o.message);
    }
    return out;
}

bool decodeSession(Bytes blob, SessionState& out) {
    Reader in(blob);
    if (in.u8() != kFormat) {
        return false;
    }
    out.expiry = in.u32();
    out.closed_ms = static_cast<std::int64_t>(u64(in));
    out.next_id = in.u16();
    const Bytes blocks = in.take(out.held_blocks.size());
    if (in.failed()) {
        return false;
    }
    std::copy(blocks.begin(), blocks.end(), out.held_blocks.begin());
    if (!readSubscriptions(in, out)) {
        return false;
    }
    while (!in.atEnd()) {
        Outgoing o;
        if (!readOutgoing(in, o)) {
            return false;
        }
        out.outgoing.push_back(std::move(o));
    }
    return !in.failed();
}

std::string encodeRetained(const std::vector<StoredMessage>& messages) {
    std::string out;
    putU8(out, kFormat);
    for (const StoredMessage& m : messages) {
        putMessage(out, m);
    }
    return out;
}

bool decodeRetained(Bytes blob, std::vector<StoredMessage>& out) {
    Reader in(blob);
    if (in.u8() != kFormat) {
        return false;
    }
    while (!in.atEnd()) {
        StoredMessage m;
        if (!readMessage(in, m)) {
            return false;
        }
        out.push_back(std::move(m));
    }
    return !in.failed();
}

} // namespace fairlead::mqtt
