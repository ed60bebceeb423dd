// SPDX-License-Identifier: Apache-2.0
#include "handshake.hpp"

#include "fairlead/sdk/http/message.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>

namespace fairlead::websocket {

namespace {

namespace http = sdk::http;
using http::Refusal;
using http::RequestHead;

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kShaBytes = 20;

struct Field {
    std::string_view value; // of the first
    std::size_t count = 0;
};

Field field(const RequestHead& head, std::string_view name) noexcept {
    Field out;
    for (std::size_t i = 0; i < head.count; ++i) {
        if (http::equalsIgnoreCase(head.headers[i].name, name)) {
            out.value = out.count++ == 0 ? head.headers[i].value : out.value;
        }
    }
    return out;
}

// Calls f(element) for each element of all headers of that name.
template <class F>
void forEachOf(const RequestHead& head, std::string_view name, F&& f) {
    for (std::size_t i = 0; i < head.count; ++i) {
        if (http::equalsIgnoreCase(head.headers[i].name, name)) {
            http::forEachElement(head.headers[i].value, f);
        }
    }
}

bool hasToken(const RequestHead& head, std::string_view name, std::string_view token) {
    bool found = false;
    forEachOf(head, name,
              [&](std::string_view each) { found = found || http::equalsIgnoreCase(each, token); });
    return found;
}

Refusal checkRequest(const RequestHead& head) {
    if (head.method != "GET") {
        return {405, "a WebSocket is opened with GET"};
    }
    if (head.minor < 1) {
        return {505, "a WebSocket needs HTTP/1.1"};
    }
    if (head.chunked || head.content_length > 0) {
        return {400, "the opening request has a body"};
    }
    if (!hasToken(head, "upgrade", "websocket")) {
        return {426, "this port speaks WebSocket"};
    }
    if (!hasToken(head, "connection", "upgrade")) {
        return {400, "the Connection header does not name Upgrade"};
    }
    const Field version = field(head, "sec-websocket-version");
    if (version.count != 1 || version.value != "13") {
        return {426, "the WebSocket version must be 13"};
    }
    return {};
}

Refusal checkKey(const RequestHead& head, Upgrade& out) {
    const Field key = field(head, "sec-websocket-key");
    std::string bytes;
    if (key.count != 1 || !http::decodeBase64(key.value, bytes) || bytes.size() != kKeyBytes) {
        return {400, "Sec-WebSocket-Key is not 16 bytes in Base64, given once"};
    }
    out.key = key.value;
    return {};
}

// Only browsers send an origin; one that sends several is none of them.
Refusal checkOrigin(const RequestHead& head, const Settings& settings) {
    const Field origin = field(head, "origin");
    if (origin.count == 0 || settings.origins.empty()) {
        return {};
    }
    const bool known = std::any_of(
        settings.origins.begin(), settings.origins.end(), [&](const std::string& allowed) {
            return std::equal(
                allowed.begin(), allowed.end(), origin.value.begin(), origin.value.end(),
                [](char a, char b) { return http::lowerCase(a) == http::lowerCase(b); });
        });
    return origin.count == 1 && known ? Refusal{} : Refusal{403, "the origin is not allowed"};
}

// The client's list is in the order of its preference, section 4.1.
Refusal chooseSubprotocol(const RequestHead& head, const Settings& settings, Upgrade& out) {
    bool valid = true;
    forEachOf(head, "sec-websocket-protocol", [&](std::string_view offered) {
        valid = valid && http::isTokenText(offered);
        const auto known =
            std::find(settings.subprotocols.begin(), settings.subprotocols.end(), offered);
        if (out.subprotocol.empty() && known != settings.subprotocols.end()) {
            out.subprotocol = *known;
        }
    });
    return valid ? Refusal{} : Refusal{400, "Sec-WebSocket-Protocol is malformed"};
}

Refusal chooseExtensions(const RequestHead& head, const Settings& settings, Upgrade& out) {
    for (std::size_t i = 0; i < head.count; ++i) {
        const http::Header& h = head.headers[i];
        if (http::equalsIgnoreCase(h.name, "sec-websocket-extensions") &&
            !negotiate(h.value, settings.compression, out.compression, out.extensions)) {
            return {400, "Sec-WebSocket-Extensions is malformed"};
        }
    }
    return {};
}

} // namespace

Refusal readUpgrade(const RequestHead& head, const Settings& settings, Upgrade& out) {
    Refusal refusal = checkRequest(head);
    if (!refusal) {
        refusal = checkKey(head, out);
    }
    if (!refusal) {
        refusal = checkOrigin(head, settings);
    }
    if (!refusal) {
        refusal = chooseSubprotocol(head, settings, out);
    }
    return refusal ? refusal : chooseExtensions(head, settings, out);
}

bool pathAllowed(const Settings& settings, std::string_view path) noexcept {
    return settings.paths.empty() ||
           std::any_of(settings.paths.begin(), settings.paths.end(), [&](const std::string& p) {
               const std::string_view pattern = p;
               return pattern.back() == '*'
                          ? path.starts_with(pattern.substr(0, pattern.size() - 1))
                          : path == pattern;
           });
}

std::string acceptKey(std::string_view key) {
    std::string text(key);
    text.append(kGuid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int bytes = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &bytes, EVP_sha1(), nullptr) != 1) {
        throw std::bad_alloc();
    }
    std::array<unsigned char, 4 * ((kShaBytes + 2) / 3) + 1> out{};
    const int n = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(bytes));
    return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(n)};
}

std::string upgradeAnswer(const Upgrade& upgrade) {
    std::string out = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: ";
    out.append(acceptKey(upgrade.key)).append("\r\n");
    if (!upgrade.subprotocol.empty()) {
        out.append("Sec-WebSocket-Protocol: ").append(upgrade.subprotocol).append("\r\n");
    }
    if (!upgrade.extensions.empty()) {
        out.append("Sec-WebSocket-Extensions: ").append(upgrade.extensions).append("\r\n");
    }
    return out.append("\r\n");
}

std::string_view refusalHeaders(int status) noexcept {
    switch (status) {
    case 401:
        return "WWW-Authenticate: Bearer\r\n";
    case 405:
        return "Allow: GET\r\n";
    case 426: // RFC 9110 section 7.8: Upgrade is named by Connection
        return "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    case 429:
    case 503:
        return "Retry-After: 1\r\n";
    default:
        return {};
    }
}

} // namespace fairlead::websocket
