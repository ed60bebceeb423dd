// SPDX-License-Identifier: Apache-2.0
#include "reader.hpp"

#include <algorithm>

namespace fairlead::websocket {

namespace {

constexpr std::size_t kExpandStep = 8 * 1024; // bytes expanded at a time
// Data that cannot be compressed grows a little; and a stream that only pretends to bring data
// ends.
constexpr std::uint64_t kIncompressibleSlack = 1024;

Event violation(std::uint16_t code, const char* why) noexcept {
    Event out;
    out.kind = Event::Kind::Violation;
    out.code = code;
    out.why = why;
    return out;
}

bool refuse(Event& out, std::uint16_t code, const char* why) noexcept {
    out = violation(code, why);
    return false;
}

constexpr const char* kNotUtf8 = "the text is not UTF-8";
constexpr const char* kTooLong = "the message is longer than the component allows";

// RFC 6455 section 5.5.1: nothing, or a code and a reason in UTF-8.
Event closeOf(std::string_view payload) noexcept {
    Event out;
    out.kind = Event::Kind::Close;
    out.code = close_code::kNoStatus;
    if (payload.empty()) {
        return out;
    }
    if (payload.size() == 1) {
        return violation(close_code::kProtocolError, "the close frame has half a code");
    }
    out.code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                          static_cast<unsigned char>(payload[1]));
    if (!isSendableCode(out.code)) {
        return violation(close_code::kProtocolError, "the close code is not one a peer may send");
    }
    out.payload = payload.substr(2);
    return isUtf8(out.payload) ? out
                               : violation(close_code::kInvalidPayload,
                                           "the reason of the close frame is not UTF-8");
}

} // namespace

Event MessageReader::next(std::string_view in, std::size_t& used, Scratch& scratch) {
    used = 0;
    Event out;
    for (;;) {
        if (!in_frame_) {
            const std::string_view left = in.substr(used);
            if (!readHead(left, out)) {
                return out;
            }
            const std::size_t bytes = frame_.bytes;
            const bool whole = left.size() - bytes >= frame_.length;
            const std::string_view rest = left.substr(bytes);
            if (frame_.isControl()) {
                if (!whole) {
                    return {};
                }
                used += bytes + frame_.length;
                return readControl(frame_, rest.substr(0, frame_.length), scratch);
            }
            if (whole && !in_message_ && frame_.fin && !frame_.compressed &&
                frame_.opcode != Opcode::Continuation && frame_.length <= scratch.size() &&
                frame_.length <= bytes_max_) {
                used += bytes + frame_.length;
                return readWhole(frame_, rest.substr(0, frame_.length), scratch);
            }
            if (!begin(frame_, out)) {
                return out;
            }
            used += bytes;
        }
        const std::uint64_t due = frame_.length - offset_;
        const std::string_view piece =
            in.substr(used, static_cast<std::size_t>(std::min<std::uint64_t>(due, in.size())));
        if (!take(piece, out)) {
            return out;
        }
        used += piece.size();
        if (offset_ < frame_.length) {
            return {};
        }
        in_frame_ = false;
        if (frame_.fin) {
            endMessage(out);
            return out;
        }
    }
}

bool MessageReader::readHead(std::string_view in, Event& out) {
    const char* why = nullptr;
    switch (readFrameHead(in, terms_.agreed, frame_, why)) {
    case HeadResult::Complete:
        return true;
    case HeadResult::NeedMore:
        out = {};
        return false;
    case HeadResult::Violation:
        break;
    }
    return refuse(out, close_code::kProtocolError, why);
}

Event MessageReader::readControl(const FrameHead& head, std::string_view payload,
                                 Scratch& scratch) {
    unmask(payload.data(), scratch.data(), payload.size(), head.mask, 0);
    const std::string_view clear(scratch.data(), payload.size());
    if (head.opcode == Opcode::Close) {
        return closeOf(clear);
    }
    Event out;
    out.kind = head.opcode == Opcode::Ping ? Event::Kind::Ping : Event::Kind::Pong;
    out.payload = clear;
    return out;
}

Event MessageReader::readWhole(const FrameHead& head, std::string_view payload, Scratch& scratch) {
    unmask(payload.data(), scratch.data(), payload.size(), head.mask, 0);
    Event out;
    out.payload = {scratch.data(), payload.size()};
    out.kind = head.opcode == Opcode::Text ? Event::Kind::Text : Event::Kind::Binary;
    if (out.kind == Event::Kind::Text && !isUtf8(out.payload)) {
        return violation(close_code::kInvalidPayload, kNotUtf8);
    }
    return out;
}

// Section 5.4: the order of fragments.
bool MessageReader::begin(const FrameHead& head, Event& out) {
    const bool continues = head.opcode == Opcode::Continuation;
    if (continues != in_message_) {
        return refuse(out, close_code::kProtocolError,
                      continues ? "a continuation without a message to continue"
                                : "a new message inside a fragmented one");
    }
    if (!continues) {
        message_.clear();
        utf8_.reset();
        wire_bytes_ = 0;
        text_ = head.opcode == Opcode::Text;
        compressed_ = head.compressed;
        in_message_ = true;
        if (compressed_ && !inflater_) {
            inflater_ = std::make_unique<Inflater>(terms_);
        }
    }
    const std::uint64_t room =
        compressed_ ? bytes_max_ + bytes_max_ / 8 + kIncompressibleSlack : bytes_max_;
    if (head.length > room || wire_bytes_ + head.length > room) {
        return refuse(out, close_code::kMessageTooBig, kTooLong);
    }
    wire_bytes_ += head.length;
    in_frame_ = true;
    offset_ = 0;
    return true;
}

bool MessageReader::take(std::string_view piece, Event& out) {
    if (!compressed_) {
        const std::size_t have = message_.size();
        message_.resize(have + piece.size());
        unmask(piece.data(), message_.data() + have, piece.size(), frame_.mask, offset_);
        offset_ += piece.size();
        return !text_ || utf8_.feed(std::string_view(message_).substr(have)) ||
               refuse(out, close_code::kInvalidPayload, kNotUtf8);
    }
    std::array<char, kExpandStep> clear;
    while (!piece.empty()) {
        const std::size_t n = std::min(piece.size(), clear.size());
        unmask(piece.data(), clear.data(), n, frame_.mask, offset_);
        offset_ += n;
        piece.remove_prefix(n);
        if (!expand({clear.data(), n}, out)) {
            return false;
        }
    }
    return true;
}

bool MessageReader::expand(std::string_view piece, Event& out) {
    std::array<char, kExpandStep> clear;
    std::size_t produced = 0;
    do {
        const std::size_t before = piece.size();
        if (!inflater_->step(piece, clear, produced)) {
            return refuse(out, close_code::kInvalidPayload, "the compressed data is malformed");
        }
        if (!append({clear.data(), produced}, out)) {
            return false;
        }
        if (produced == 0 && piece.size() == before) {
            break; // it wants more than there is
        }
    } while (!piece.empty() || produced == clear.size());
    return true;
}

bool MessageReader::append(std::string_view clear, Event& out) {
    if (message_.size() + clear.size() > bytes_max_) {
        return refuse(out, close_code::kMessageTooBig, kTooLong);
    }
    message_.append(clear);
    return !text_ || utf8_.feed(clear) || refuse(out, close_code::kInvalidPayload, kNotUtf8);
}

bool MessageReader::endMessage(Event& out) {
    in_message_ = false;
    if (compressed_) {
        if (!expand(kDeflateTail, out)) {
            return false;
        }
        inflater_->finish();
    }
    if (text_ && !utf8_.complete()) {
        return refuse(out, close_code::kInvalidPayload, kNotUtf8);
    }
    out = {};
    out.kind = text_ ? Event::Kind::Text : Event::Kind::Binary;
    out.buffered = true;
    out.payload = message_;
    return true;
}

void MessageReader::release() noexcept {
    if (in_message_) {
        return;
    }
    std::string().swap(message_);
    if (!terms_.client_takeover) {
        inflater_.reset();
    }
}

} // namespace fairlead::websocket
