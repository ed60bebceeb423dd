// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compression.hpp"
#include "frame.hpp"
#include "utf8.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::websocket {

/// What the next bytes of the peer meant.
struct Event {
    enum class Kind : std::uint8_t { NeedMore, Text, Binary, Ping, Pong, Close, Violation };

    Kind kind = Kind::NeedMore;
    /// A message that was put together in the reader; it stays there (message()) until the next
    /// call. Otherwise the payload is in the scratch, and the reader has no part of it.
    bool buffered = false;
    std::uint16_t code = 0;   ///< Close: the peer's code or kNoStatus; Violation: ours
    std::string_view payload; ///< Close: the reason
    const char* why = nullptr;
};

/// Turns a client's frames into messages (RFC 6455 section 5). A message that came in one piece is
/// unmasked into the caller's scratch and costs no memory; others are collected here, checked while
/// they come, and refused as soon as they are wrong or too long.
class MessageReader {
public:
    /// Messages up to this size that are wholly there take the short way.
    using Scratch = std::array<char, 16 * 1024>;

    /// `bytes_max`: largest message, after expansion.
    explicit MessageReader(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

    void use(const CompressionTerms& terms) noexcept { terms_ = terms; }

    /// Reads up to the end of one message or control frame; `used` bytes of `in` are done with.
    Event next(std::string_view in, std::size_t& used, Scratch& scratch);
    /// The message of the last buffered event.
    std::string_view message() const noexcept { return message_; }
    /// Gives memory back that the next message may need again.
    void release() noexcept;

private:
    bool readHead(std::string_view in, Event& out);
    Event readControl(const FrameHead& head, std::string_view payload, Scratch& scratch);
    Event readWhole(const FrameHead& head, std::string_view payload, Scratch& scratch);
    bool begin(const FrameHead& head, Event& out);
    bool take(std::string_view piece, Event& out);
    bool expand(std::string_view piece, Event& out);
    bool append(std::string_view clear, Event& out);
    bool endMessage(Event& out);

    FrameHead frame_;              // being read
    bool in_frame_ = false;        // its head was consumed
    bool in_message_ = false;      // more fragments follow
    bool text_ = false;            // the message is one
    bool compressed_ = false;      // the message is
    std::uint64_t offset_ = 0;     // in the frame's payload
    std::uint64_t wire_bytes_ = 0; // of the message so far, as sent
    std::size_t bytes_max_;
    std::string message_;
    Utf8Checker utf8_;
    CompressionTerms terms_;
    std::unique_ptr<Inflater> inflater_;
};

} // namespace fairlead::websocket
