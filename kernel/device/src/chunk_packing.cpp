// SPDX-License-Identifier: Apache-2.0
#include "chunk_packing.hpp"

#include "fairlead/base/assert.hpp"

#include <zstd.h>

namespace fairlead::device {

namespace {

/// First byte of a packed blob; chunks themselves begin with their format, 1.
constexpr char kPacked = '\x5a';
/// The fast levels take 0.2 to 0.3 us for a message of 180 bytes; level 1 saves a tenth more bytes
/// and takes up to twice as long with few messages in a chunk.
constexpr int kLevel = -1;
/// Below it a frame's own head eats what is saved.
constexpr std::size_t kPackBytesMin = 96;

} // namespace

ChunkPacker::ChunkPacker() : context_(ZSTD_createCCtx()) {
    FL_ASSERT(context_ != nullptr);
}

ChunkPacker::~ChunkPacker() {
    ZSTD_freeCCtx(context_);
}

void ChunkPacker::pack(std::string& blob) {
    if (blob.size() < kPackBytesMin) {
        return;
    }
    const std::size_t room = ZSTD_compressBound(blob.size()) + 1;
    if (out_.size() < room) {
        out_.resize(room);
    }
    const std::size_t packed = ZSTD_compressCCtx(context_, out_.data() + 1, out_.size() - 1,
                                                 blob.data(), blob.size(), kLevel);
    if (ZSTD_isError(packed) == 0 && packed + 1 < blob.size()) {
        out_[0] = kPacked;
        blob.assign(out_, 0, packed + 1);
    }
}

std::optional<std::string_view> unpackChunk(std::string_view blob, std::string& buffer) {
    if (blob.empty() || blob.front() != kPacked) {
        return blob;
    }
    blob.remove_prefix(1);
    const unsigned long long size = ZSTD_getFrameContentSize(blob.data(), blob.size());
    if (size > kUnpackedChunkBytesMax) { // so are the values for "unknown" and "broken"
        return std::nullopt;
    }
    buffer.resize(static_cast<std::size_t>(size));
    const std::size_t got = ZSTD_decompress(buffer.data(), buffer.size(), blob.data(), blob.size());
    if (ZSTD_isError(got) != 0 || got != size) {
        return std::nullopt;
    }
    return std::string_view{buffer};
}

} // namespace fairlead::device
