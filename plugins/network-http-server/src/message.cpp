// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

namespace fairlead::http {

namespace {

constexpr std::string_view kHeaderPrefix = "header.";
constexpr std::string_view kQueryPrefix = "query.";

int base64Digit(char c) noexcept {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t at = kAlphabet.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

} // namespace

bool decodeBase64(std::string_view text, std::string& out) {
    if (text.size() % 4 != 0) {
        return false;
    }
    while (!text.empty() && text.back() == '=' && text.size() % 4 != 2) {
        text.remove_suffix(1);
    }
    std::uint32_t bits = 0;
    unsigned have = 0;
    for (const char c : text) {
        const int digit = base64Digit(c);
        if (digit < 0) {
            return false;
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out.push_back(static_cast<char>(bits >> have & 0xFFU));
        }
    }
    return true;
}

Refusal RequestMessage::build(const RequestHead& head) {
    method_ = head.method;
    if (const Refusal refusal = decodeTarget(head.target, target_)) {
        return refusal;
    }
    if (target_.asterisk) {
        return {400, "the target * belongs to OPTIONS"};
    }
    reserveNames(head);
    for (std::size_t i = 0; i < head.count; ++i) {
        const Header& h = head.headers[i];
        if (!validUtf8(h.value)) {
            return {400, "a header value is not UTF-8"};
        }
        add(named(kHeaderPrefix, h.name, true), h.value);
    }
    for (std::size_t i = 0; i < target_.count; ++i) {
        add(named(kQueryPrefix, target_.query[i].name, false), target_.query[i].value);
    }
    content_type_ = head.header("content-type");
    addBasicCredentials(head.header("authorization"));
    return {};
}

void RequestMessage::reserveNames(const RequestHead& head) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < head.count; ++i) {
        bytes += kHeaderPrefix.size() + head.headers[i].name.size();
    }
    for (std::size_t i = 0; i < target_.count; ++i) {
        bytes += kQueryPrefix.size() + target_.query[i].name.size();
    }
    names_.reserve(bytes);
}

std::string_view RequestMessage::named(std::string_view prefix, std::string_view name, bool lower) {
    const std::size_t start = names_.size();
    names_.append(prefix);
    for (const char c : name) {
        names_.push_back(lower ? lowerCase(c) : c);
    }
    return std::string_view(names_).substr(start);
}

void RequestMessage::addBasicCredentials(std::string_view authorization) {
    constexpr std::string_view kScheme = "basic ";
    if (!equalsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme)) {
        return;
    }
    if (!decodeBase64(authorization.substr(kScheme.size()), credentials_)) {
        return; // the protocol sees the header as it is
    }
    const std::string_view pair = credentials_;
    const std::size_t colon = pair.find(':');
    if (colon != std::string_view::npos && validUtf8(pair)) {
        add("username", pair.substr(0, colon));
        add("password", pair.substr(colon + 1));
    }
}

fl_transport_message RequestMessage::message() const noexcept {
    fl_transport_message out{};
    out.size = sizeof(out);
    out.kind = FL_TRANSPORT_DATA;
    out.address = sdk::str(target_.path);
    out.method = sdk::str(method_);
    out.content_type = sdk::str(content_type_);
    out.attributes = attributes_.data();
    out.attribute_count = count_;
    out.qos = -1;
    return out;
}

} // namespace fairlead::http
