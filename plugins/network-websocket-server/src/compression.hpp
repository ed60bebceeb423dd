// SPDX-License-Identifier: Apache-2.0
// permessage-deflate, RFC 7692.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::websocket {

inline constexpr int kWindowBitsMin = 9; // zlib has no raw stream with a window of 256 bytes
inline constexpr int kWindowBitsMax = 15;

struct CompressionSettings {
    bool enabled = false;
    int window_bits = 12;          // of both sides, as far as the client lets us say
    bool context_takeover = false; // keep the window between messages
    std::size_t bytes_min = 256;   // shorter downlinks are not worth it
};

/// What both sides agreed on.
struct CompressionTerms {
    bool agreed = false;
    bool server_takeover = false;
    bool client_takeover = false;
    std::uint8_t server_bits = kWindowBitsMax;
    std::uint8_t client_bits = kWindowBitsMax;
};

/// Chooses the first offer of a Sec-WebSocket-Extensions header that we can meet; `answer` becomes
/// the value of our header, empty when there is none. False when the header is malformed
/// (RFC 6455 section 9.1).
bool negotiate(std::string_view offers, const CompressionSettings& settings,
               CompressionTerms& terms, std::string& answer);

/// The peer's compressed stream. Throws std::bad_alloc when it cannot be made.
class Inflater {
public:
    explicit Inflater(const CompressionTerms& terms);
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Expands from the front of `in`, which it advances, into `out`. False when the data is not
    /// DEFLATE. Call again while `in` is not empty or `out` was filled.
    bool step(std::string_view& in, std::span<char> out, std::size_t& produced);
    /// The message is over.
    void finish();

private:
    bool nextStream();

    z_stream stream_{};
    bool takeover_;
};

/// Our compressed stream. Throws std::bad_alloc when it cannot be made.
class Deflater {
public:
    explicit Deflater(const CompressionTerms& terms);
    ~Deflater();
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    /// Compresses a message that is not empty; `out` is replaced.
    void message(std::string_view in, std::string& out);

private:
    z_stream stream_{};
    bool takeover_;
};

/// What every compressed message lacks at its end, section 7.2.2.
inline constexpr std::string_view kDeflateTail{"\0\0\xFF\xFF", 4};

} // namespace fairlead::websocket
