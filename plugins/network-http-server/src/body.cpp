// SPDX-License-Identifier: Apache-2.0
#include "body.hpp"

#include <algorithm>

namespace fairlead::http {

namespace {

int hexDigit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

} // namespace

void BodyReader::startLength(std::uint64_t bytes) {
    state_ = bytes == 0 ? State::Complete : State::Length;
    left_ = bytes;
}

void BodyReader::startChunked(std::size_t max_bytes) {
    state_ = State::ChunkLine;
    max_bytes_ = max_bytes;
    trailer_bytes_ = 0;
}

void BodyReader::clear() {
    std::string().swap(data_);
    std::string().swap(line_);
    state_ = State::Complete;
}

Refusal BodyReader::feed(std::string_view in, std::size_t& used) {
    used = 0;
    while (!complete()) {
        if (state_ == State::Length || state_ == State::ChunkData) {
            takeData(in, used);
            if (left_ > 0) {
                return {};
            }
            state_ = state_ == State::Length ? State::Complete : State::ChunkEnd;
            continue;
        }
        const std::size_t limit = state_ == State::ChunkEnd ? 0 : kChunkLineMax;
        if (const Refusal refusal =
                takeLine(in, used, state_ == State::Trailer ? kTrailerBytesMax : limit)) {
            return refusal;
        }
        if (!line_complete_) {
            return {};
        }
        if (const Refusal refusal = state_ == State::ChunkLine ? chunkLine()
                                    : state_ == State::Trailer ? trailerLine()
                                                               : Refusal{}) {
            return refusal;
        }
        if (state_ == State::ChunkEnd) {
            state_ = State::ChunkLine;
        }
        line_.clear();
    }
    return {};
}

void BodyReader::takeData(std::string_view in, std::size_t& used) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - used));
    data_.append(in.substr(used, n));
    used += n;
    left_ -= n;
}

// Gathers a line without its CR LF in line_.
Refusal BodyReader::takeLine(std::string_view in, std::size_t& used, std::size_t limit) {
    line_complete_ = false;
    const std::size_t lf = in.find('\n', used);
    const std::size_t end = lf == std::string_view::npos ? in.size() : lf;
    line_.append(in.substr(used, std::min(end - used, limit + 2)));
    used = lf == std::string_view::npos ? end : lf + 1;
    const std::size_t text = line_.size() - (!line_.empty() && line_.back() == '\r' ? 1 : 0);
    if (text > limit) {
        return {400, "a chunk is malformed or its line is too long"};
    }
    if (lf == std::string_view::npos) {
        return {};
    }
    if (line_.empty() || line_.back() != '\r') {
        return {400, "a line of the chunked body ends with LF alone"};
    }
    line_.pop_back();
    line_complete_ = true;
    return {};
}

Refusal BodyReader::chunkLine() {
    std::uint64_t size = 0;
    std::size_t digits = 0;
    while (digits < line_.size() && hexDigit(line_[digits]) >= 0) {
        size = size * 16 + static_cast<std::uint64_t>(hexDigit(line_[digits]));
        if (++digits > 15) {
            return {400, "a chunk size is malformed"};
        }
    }
    const std::string_view rest = std::string_view(line_).substr(digits);
    const bool extension = !rest.empty() && rest.front() == ';';
    if (digits == 0 || (!rest.empty() && !extension) || !isFieldText(rest)) {
        return {400, "a chunk size is malformed"};
    }
    if (size > max_bytes_ || data_.size() > max_bytes_ - size) {
        return {413, "the body is larger than the component allows"};
    }
    left_ = size;
    state_ = size == 0 ? State::Trailer : State::ChunkData;
    return {};
}

Refusal BodyReader::trailerLine() {
    if (line_.empty()) {
        state_ = State::Complete;
        return {};
    }
    trailer_bytes_ += line_.size();
    const std::size_t colon = line_.find(':');
    if (trailer_bytes_ > kTrailerBytesMax) {
        return {431, "the trailer is too long"};
    }
    if (colon == std::string::npos || !isTokenText(std::string_view(line_).substr(0, colon)) ||
        !isFieldText(line_)) {
        return {400, "a trailer field is malformed"};
    }
    return {};
}

} // namespace fairlead::http
