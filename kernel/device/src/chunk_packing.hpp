// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;

namespace fairlead::device {

/// Unpacked bytes of one chunk: a chunk closes at 256 KiB, its last entry may be a whole journal
/// record. A blob that claims more is broken.
inline constexpr std::size_t kUnpackedChunkBytesMax = 16U << 20;

/// Compresses chunks with Zstandard before they become rows: devices repeat themselves, so a tenth
/// to a third of the bytes is left, and writing rows costs far more than compressing them. Thread:
/// one.
class ChunkPacker {
public:
    ChunkPacker();
    ~ChunkPacker();
    ChunkPacker(const ChunkPacker&) = delete;
    ChunkPacker& operator=(const ChunkPacker&) = delete;

    /// Replaces `blob` by its packed form, unless that would not be shorter.
    void pack(std::string& blob);

private:
    ZSTD_CCtx_s* context_;
    std::string out_;
};

/// The chunk in a row's blob: `blob` itself when it is not packed, else what it holds, in `buffer`.
/// Nothing when it is broken. Thread: any.
std::optional<std::string_view> unpackChunk(std::string_view blob, std::string& buffer);

} // namespace fairlead::device
