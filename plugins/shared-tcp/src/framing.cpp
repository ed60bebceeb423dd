// SPDX-License-Identifier: Apache-2.0
#include "framing.hpp"

#include <algorithm>

namespace fairlead::tcp {

namespace {

Frame whole(Bytes in, std::size_t bytes) noexcept {
    return {Cut::Frame, in.first(bytes), bytes};
}

Frame cutDelimited(const Framing& framing, Bytes in, std::size_t& scanned) noexcept {
    const auto* first = reinterpret_cast<const char*>(in.data());
    const std::string_view text(first, in.size());
    const std::size_t at = text.find(framing.delimiter, std::min(scanned, in.size()));
    if (at == std::string_view::npos) {
        // The delimiter may have begun in the last bytes.
        const std::size_t tail = framing.delimiter.size() - 1;
        scanned = in.size() > tail ? in.size() - tail : 0;
        return {scanned > framing.max_frame ? Cut::TooLong : Cut::Incomplete, {}, 0};
    }
    scanned = 0;
    if (at > framing.max_frame) {
        return {Cut::TooLong, {}, 0};
    }
    return {Cut::Frame, in.first(at), at + framing.delimiter.size()};
}

std::uint64_t readLength(const Framing& framing, Bytes field) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
        const std::size_t at = framing.little ? field.size() - 1 - i : i;
        value = (value << 8) | field[at];
    }
    return value;
}

Frame cutLengthField(const Framing& framing, Bytes in) noexcept {
    const std::size_t header = std::size_t{framing.offset} + framing.length;
    if (in.size() < header) {
        return {};
    }
    const std::uint64_t body = readLength(framing, in.subspan(framing.offset, framing.length));
    if (header > framing.max_frame || body > framing.max_frame - header) {
        return {Cut::TooLong, {}, 0};
    }
    const std::size_t total = header + static_cast<std::size_t>(body);
    return in.size() < total ? Frame{} : whole(in, total);
}

int hexDigit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Appends the byte that two hex digits at `text[at]` mean.
bool putHex(std::string_view text, std::size_t at, std::string& out) {
    if (at + 2 > text.size() || hexDigit(text[at]) < 0 || hexDigit(text[at + 1]) < 0) {
        return false;
    }
    out.push_back(static_cast<char>(hexDigit(text[at]) * 16 + hexDigit(text[at + 1])));
    return true;
}

bool putEscape(std::string_view text, std::size_t& at, std::string& out) {
    constexpr std::string_view kNames = "rnt0\\";
    constexpr std::string_view kBytes{"\r\n\t\0\\", 5};
    if (++at >= text.size()) {
        return false;
    }
    const std::size_t i = kNames.find(text[at]);
    if (i != std::string_view::npos) {
        out.push_back(kBytes[i]);
        return true;
    }
    const bool hex = text[at] == 'x' && putHex(text, at + 1, out);
    at += 2;
    return hex;
}

bool unescape(std::string_view text, std::string& out) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            out.push_back(text[at]);
        } else if (!putEscape(text, at, out)) {
            return false;
        }
    }
    return true;
}

} // namespace

Frame cutFrame(const Framing& framing, Bytes in, std::size_t& scanned) noexcept {
    switch (framing.rule) {
    case Rule::FixedLength:
        return in.size() < framing.size ? Frame{} : whole(in, framing.size);
    case Rule::Delimited:
        return cutDelimited(framing, in, scanned);
    case Rule::LengthField:
        return cutLengthField(framing, in);
    default:
        return in.empty() ? Frame{} : whole(in, std::min(in.size(), framing.max_frame));
    }
}

std::optional<std::string> parseDelimiter(std::string_view text) {
    return parseBytes(text, kDelimiterBytesMax);
}

std::optional<std::string> parseBytes(std::string_view text, std::size_t most) {
    std::string out;
    bool ok = true;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        for (std::size_t at = 2; ok && at < text.size(); at += 2) {
            ok = putHex(text, at, out);
        }
    } else {
        ok = unescape(text, out);
    }
    if (!ok || out.empty() || out.size() > most) {
        return std::nullopt;
    }
    return out;
}

} // namespace fairlead::tcp
