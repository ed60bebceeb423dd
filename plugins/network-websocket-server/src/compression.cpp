// SPDX-License-Identifier: Apache-2.0
#include "compression.hpp"

#include "fairlead/sdk/http/request.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <optional>

namespace fairlead::websocket {

namespace {

namespace http = sdk::http;

constexpr std::size_t kDeflateStep = 16 * 1024; // bytes by which the output grows
constexpr std::size_t kDictionaryBytes = 32 * 1024;
constexpr int kRaw = -1; // zlib: no header, no checksum

struct Parameter {
    std::string_view name;
    std::optional<std::string> value;
};

/// One extension of the header: extension-token *( ";" extension-param ).
struct Offer {
    static constexpr std::size_t kParametersMax = 8; // four are defined
    std::string_view name;
    std::array<Parameter, kParametersMax> parameters;
    std::size_t count = 0;
    bool too_many = false;
};

/// Reads the header's grammar, RFC 6455 section 9.1.
class OfferReader {
public:
    explicit OfferReader(std::string_view text) : left_(text) {}

    bool atEnd() {
        skipBlanks();
        return left_.empty();
    }
    bool next(Offer& out) {
        if (!token(out.name)) {
            return false;
        }
        while (take(';')) {
            Parameter p;
            if (!parameter(p)) {
                return false;
            }
            if (out.count < Offer::kParametersMax) {
                out.parameters[out.count++] = std::move(p);
            } else {
                out.too_many = true;
            }
        }
        return true;
    }
    /// Empty elements of the list are nothing.
    bool separator() {
        bool found = false;
        while (take(',')) {
            found = true;
        }
        return found;
    }

private:
    void skipBlanks() {
        left_.remove_prefix(std::min(left_.find_first_not_of(" \t"), left_.size()));
    }
    bool take(char c) {
        skipBlanks();
        if (left_.empty() || left_.front() != c) {
            return false;
        }
        left_.remove_prefix(1);
        return true;
    }
    bool token(std::string_view& out) {
        skipBlanks();
        out = left_.substr(0, left_.find_first_of(" \t,;=\""));
        left_.remove_prefix(out.size());
        return http::isTokenText(out);
    }
    bool parameter(Parameter& out) {
        if (!token(out.name)) {
            return false;
        }
        if (!take('=')) {
            return true;
        }
        if (take('"')) {
            return quoted(out.value.emplace());
        }
        std::string_view value;
        if (!token(value)) {
            return false;
        }
        out.value = value;
        return true;
    }
    // What is in quotes must be a token when they and the backslashes are gone.
    bool quoted(std::string& out) {
        while (!left_.empty()) {
            char c = left_.front();
            left_.remove_prefix(1);
            if (c == '"') {
                return http::isTokenText(out);
            }
            if (c == '\\') {
                if (left_.empty()) {
                    return false;
                }
                c = left_.front();
                left_.remove_prefix(1);
            }
            out.push_back(c);
        }
        return false;
    }

    std::string_view left_;
};

/// A permessage-deflate offer as section 7.1 reads it.
struct Wishes {
    bool server_no_takeover = false;
    bool client_no_takeover = false;
    std::optional<int> server_bits;
    std::optional<int> client_bits; // 15 when the parameter has no value
};

// 8 to 15 without leading zeros.
std::optional<int> windowBits(const std::string& text) {
    if (text == "8" || text == "9") {
        return text[0] - '0';
    }
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') {
        return 10 + text[1] - '0';
    }
    return std::nullopt;
}

bool setFlag(const Parameter& p, bool& flag) {
    return !p.value && !std::exchange(flag, true);
}

bool setBits(const Parameter& p, bool value_needed, std::optional<int>& bits) {
    if (bits || (value_needed && !p.value)) {
        return false;
    }
    bits = p.value ? windowBits(*p.value) : std::optional<int>(kWindowBitsMax);
    return bits.has_value();
}

// Nothing when the offer has unknown, repeated or wrong parameters: such an offer is declined.
std::optional<Wishes> readWishes(const Offer& offer) {
    Wishes out;
    if (offer.name != "permessage-deflate" || offer.too_many) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < offer.count; ++i) {
        const Parameter& p = offer.parameters[i];
        const bool fine =
            p.name == "server_no_context_takeover"   ? setFlag(p, out.server_no_takeover)
            : p.name == "client_no_context_takeover" ? setFlag(p, out.client_no_takeover)
            : p.name == "server_max_window_bits"     ? setBits(p, true, out.server_bits)
            : p.name == "client_max_window_bits"     ? setBits(p, false, out.client_bits)
                                                     : false;
        if (!fine) {
            return std::nullopt;
        }
    }
    if (out.server_bits && *out.server_bits < kWindowBitsMin) {
        return std::nullopt;
    }
    return out;
}

void agree(const Wishes& wishes, const CompressionSettings& settings, CompressionTerms& terms,
           std::string& answer) {
    terms.agreed = true;
    terms.server_takeover = settings.context_takeover && !wishes.server_no_takeover;
    terms.client_takeover = settings.context_takeover && !wishes.client_no_takeover;
    const int server = std::min(settings.window_bits, wishes.server_bits.value_or(kWindowBitsMax));
    terms.server_bits = static_cast<std::uint8_t>(server);
    answer = "permessage-deflate";
    answer += terms.server_takeover ? "" : "; server_no_context_takeover";
    answer += terms.client_takeover ? "" : "; client_no_context_takeover";
    if (wishes.server_bits || server < kWindowBitsMax) {
        answer += "; server_max_window_bits=" + std::to_string(server);
    }
    if (wishes.client_bits) { // else the client does not understand a limit
        const int client = std::min(settings.window_bits, *wishes.client_bits);
        answer += "; client_max_window_bits=" + std::to_string(client);
        // Some clients whose library has no window of 256 bytes use 512 and say 256.
        terms.client_bits = static_cast<std::uint8_t>(std::max(client, kWindowBitsMin));
    }
}

Bytef* bytesOf(std::string_view text) noexcept {
    // zlib does not write there; its type lacks the const.
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

} // namespace

bool negotiate(std::string_view offers, const CompressionSettings& settings,
               CompressionTerms& terms, std::string& answer) {
    OfferReader reader(offers);
    reader.separator();
    while (!reader.atEnd()) {
        Offer offer;
        if (!reader.next(offer) || (!reader.separator() && !reader.atEnd())) {
            return false;
        }
        if (settings.enabled && !terms.agreed) {
            if (const auto wishes = readWishes(offer)) {
                agree(*wishes, settings, terms, answer);
            }
        }
    }
    return true;
}

Inflater::Inflater(const CompressionTerms& terms) : takeover_(terms.client_takeover) {
    if (inflateInit2(&stream_, kRaw * terms.client_bits) != Z_OK) {
        throw std::bad_alloc();
    }
}

Inflater::~Inflater() {
    inflateEnd(&stream_);
}

bool Inflater::step(std::string_view& in, std::span<char> out, std::size_t& produced) {
    stream_.next_in = bytesOf(in);
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
    in = in.substr(in.size() - stream_.avail_in);
    produced = out.size() - stream_.avail_out;
    if (result == Z_STREAM_END) {
        return nextStream();
    }
    return result == Z_OK || result == Z_BUF_ERROR;
}

// A message may hold blocks that are marked as final (section 7.2.3.4); what follows is another
// stream, which still sees the window.
bool Inflater::nextStream() {
    if (!takeover_) {
        return inflateReset(&stream_) == Z_OK;
    }
    std::array<Bytef, kDictionaryBytes> window;
    uInt bytes = 0;
    return inflateGetDictionary(&stream_, window.data(), &bytes) == Z_OK &&
           inflateReset(&stream_) == Z_OK &&
           inflateSetDictionary(&stream_, window.data(), bytes) == Z_OK;
}

void Inflater::finish() {
    if (!takeover_) {
        inflateReset(&stream_);
    }
}

Deflater::Deflater(const CompressionTerms& terms) : takeover_(terms.server_takeover) {
    // The same share of memory for the hash as zlib's defaults of 15 and 8 have.
    const int memory = terms.server_bits - 7;
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw * terms.server_bits, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
    }
}

Deflater::~Deflater() {
    deflateEnd(&stream_);
}

void Deflater::message(std::string_view in, std::string& out) {
    out.clear();
    stream_.next_in = bytesOf(in);
    stream_.avail_in = static_cast<uInt>(in.size());
    do {
        const std::size_t have = out.size();
        out.resize(have + kDeflateStep);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + have);
        stream_.avail_out = kDeflateStep;
        ::deflate(&stream_, Z_SYNC_FLUSH);
        out.resize(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    if (out.ends_with(kDeflateTail)) {
        out.resize(out.size() - kDeflateTail.size());
    }
    if (!takeover_) {
        deflateReset(&stream_);
    }
}

} // namespace fairlead::websocket
