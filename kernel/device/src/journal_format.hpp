// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::device {

// A segment file: a header of kSegmentHeaderBytes, then commit blocks. A block: a header of
// kBlockHeaderBytes, records, zeros up to the next multiple of kBlockAlignment. A record: length
// and CRC-32C of what follows (4 bytes each), then kind and content. All numbers little-endian.
//
// Every segment has a random nonce that its blocks repeat. So neither what a reused file held
// before, nor a payload that imitates a block, is ever taken for one.

inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::size_t kBlockHeaderBytes = 48;
inline constexpr std::size_t kBlockAlignment = 16;
inline constexpr std::size_t kRecordHeaderBytes = 8;
/// Largest record: a transport message of 1 MiB with what was made of it.
inline constexpr std::size_t kRecordBytesMax = (1U << 20) + (256U << 10);

enum class RecordKind : std::uint8_t {
    Uplink = 1,
    Release = 2,
    StatePut = 3,
    StateRemove = 4,
    Downlink = 5,
    Session = 6
};

struct SegmentHeader {
    std::uint64_t number = 0;
    std::uint64_t nonce = 0;
    std::uint64_t bytes = 0; ///< size of the file
};

struct BlockHeader {
    std::uint64_t nonce = 0;
    std::uint64_t sequence = 0; ///< of the block, over all segments without a gap
    std::uint32_t records = 0;
    std::uint32_t bytes = 0; ///< of the records, without padding
    std::uint32_t crc = 0;   ///< CRC-32C of the records
};

std::string encode(const SegmentHeader& header);
std::optional<SegmentHeader> decodeSegmentHeader(std::string_view bytes);

std::string encode(const BlockHeader& header);
/// Nothing when `bytes` is not a header of that nonce.
std::optional<BlockHeader> decodeBlockHeader(std::string_view bytes, std::uint64_t nonce);

/// Bytes that a block of so many bytes of records takes in the file.
constexpr std::uint64_t blockBytes(std::uint64_t records_bytes) {
    return (kBlockHeaderBytes + records_bytes + kBlockAlignment - 1) / kBlockAlignment *
           kBlockAlignment;
}

/// Fills in length and CRC of the record that starts at `start` and ends at the end of `out`.
void sealRecord(std::string& out, std::size_t start);

struct RecordView {
    RecordKind kind = RecordKind::Uplink;
    std::string_view content;
};

/// Takes the next record off `records`; nothing at the end or when it is damaged (then `records` is
/// not empty).
std::optional<RecordView> nextRecord(std::string_view& records);

} // namespace fairlead::device
