// SPDX-License-Identifier: Apache-2.0
#include "journal_format.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/text.hpp"

#include <cstring>

namespace fairlead::device {

namespace {

constexpr std::string_view kSegmentMagic = "FLJRNL01";
constexpr std::uint32_t kBlockMagic = 0x424c4a46; // "FJLB"

template <typename T>
void appendInteger(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof bytes);
}

template <typename T>
T integerAt(std::string_view bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

} // namespace

std::string encode(const SegmentHeader& header) {
    std::string out{kSegmentMagic};
    appendInteger(out, header.number);
    appendInteger(out, header.nonce);
    appendInteger(out, header.bytes);
    appendInteger(out, base::crc32c(0, out.data(), out.size()));
    out.resize(kSegmentHeaderBytes);
    return out;
}

std::optional<SegmentHeader> decodeSegmentHeader(std::string_view bytes) {
    constexpr std::size_t kCovered = 32;
    if (bytes.size() < kCovered + 4 || bytes.substr(0, 8) != kSegmentMagic ||
        integerAt<std::uint32_t>(bytes, kCovered) != base::crc32c(0, bytes.data(), kCovered)) {
        return std::nullopt;
    }
    return SegmentHeader{integerAt<std::uint64_t>(bytes, 8), integerAt<std::uint64_t>(bytes, 16),
                         integerAt<std::uint64_t>(bytes, 24)};
}

std::string encode(const BlockHeader& header) {
    std::string out;
    out.reserve(kBlockHeaderBytes);
    appendInteger(out, kBlockMagic);
    appendInteger(out, header.records);
    appendInteger(out, header.nonce);
    appendInteger(out, header.sequence);
    appendInteger(out, header.bytes);
    appendInteger(out, header.crc);
    appendInteger(out, base::crc32c(0, out.data(), out.size()));
    out.resize(kBlockHeaderBytes);
    return out;
}

std::optional<BlockHeader> decodeBlockHeader(std::string_view bytes, std::uint64_t nonce) {
    constexpr std::size_t kCovered = 32;
    if (bytes.size() < kBlockHeaderBytes || integerAt<std::uint32_t>(bytes, 0) != kBlockMagic ||
        integerAt<std::uint64_t>(bytes, 8) != nonce ||
        integerAt<std::uint32_t>(bytes, kCovered) != base::crc32c(0, bytes.data(), kCovered)) {
        return std::nullopt;
    }
    BlockHeader header;
    header.records = integerAt<std::uint32_t>(bytes, 4);
    header.nonce = nonce;
    header.sequence = integerAt<std::uint64_t>(bytes, 16);
    header.bytes = integerAt<std::uint32_t>(bytes, 24);
    header.crc = integerAt<std::uint32_t>(bytes, 28);
    return header;
}

void sealRecord(std::string& out, std::size_t start) {
    FL_ASSERT(out.size() > start + kRecordHeaderBytes);
    const char* content = out.data() + start + kRecordHeaderBytes;
    const auto length = static_cast<std::uint32_t>(out.size() - start - kRecordHeaderBytes);
    const std::uint32_t crc = base::crc32c(0, content, length);
    std::memcpy(out.data() + start, &length, sizeof length);
    std::memcpy(out.data() + start + sizeof length, &crc, sizeof crc);
}

std::optional<RecordView> nextRecord(std::string_view& records) {
    if (records.size() <= kRecordHeaderBytes) {
        return std::nullopt;
    }
    const auto length = integerAt<std::uint32_t>(records, 0);
    const std::string_view content = records.substr(kRecordHeaderBytes);
    if (length == 0 || length > content.size() ||
        integerAt<std::uint32_t>(records, 4) != base::crc32c(0, content.data(), length)) {
        return std::nullopt;
    }
    records.remove_prefix(kRecordHeaderBytes + length);
    return RecordView{static_cast<RecordKind>(content[0]), content.substr(1, length - 1)};
}

} // namespace fairlead::device
