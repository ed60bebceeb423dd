// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http.hpp"

#include <string>

namespace fairlead::http {

inline constexpr std::size_t kChunkLineMax = 256;     // size and extensions of a chunk
inline constexpr std::size_t kTrailerBytesMax = 4096; // trailer fields; they are not used

/// Collects a request's body that did not come with its head in one piece.
class BodyReader {
public:
    /// For a body of known length, or a chunked one.
    void startLength(std::uint64_t bytes);
    void startChunked(std::size_t max_bytes);

    /// Takes bytes; `used` tells how many were of the body.
    Refusal feed(std::string_view in, std::size_t& used);
    bool complete() const noexcept { return state_ == State::Complete; }

    std::string_view data() const noexcept { return data_; }
    /// Gives the memory back.
    void clear();

private:
    enum class State : std::uint8_t { Length, ChunkLine, ChunkData, ChunkEnd, Trailer, Complete };

    Refusal takeLine(std::string_view in, std::size_t& used, std::size_t limit);
    Refusal chunkLine();
    Refusal trailerLine();
    void takeData(std::string_view in, std::size_t& used);

    State state_ = State::Complete;
    std::uint64_t left_ = 0; // of the body or the chunk
    std::size_t max_bytes_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::string data_;
    std::string line_; // an incomplete line
    bool line_complete_ = false;
};

} // namespace fairlead::http
