// SPDX-License-Identifier: Apache-2.0
// A request as a transport message, for types that begin with HTTP.
#pragma once

#include "fairlead/sdk/http/target.hpp"
#include "fairlead/sdk/message.hpp"

#include <array>
#include <string>
#include <string_view>

FL_SDK_BEGIN
namespace http {

/// A request as a transport message: path as address, headers, query and basic credentials as
/// attributes. Borrows from the request; not movable.
class RequestMessage {
public:
    RequestMessage() = default;
    RequestMessage(const RequestMessage&) = delete;
    RequestMessage& operator=(const RequestMessage&) = delete;

    /// Fills it; a refusal when target or a header cannot be expressed.
    Refusal build(const RequestHead& head);
    /// One more attribute after build, at most kFurther; both texts are borrowed.
    void attribute(std::string_view name, std::string_view value) noexcept { add(name, value); }
    /// Valid as long as this object and the request.
    fl_transport_message message() const noexcept;

private:
    void add(std::string_view name, std::string_view value) noexcept {
        if (count_ < attributes_.size()) {
            attributes_[count_++] = {str(name), str(value)};
        }
    }
    void reserveNames(const RequestHead& head);
    std::string_view named(std::string_view prefix, std::string_view name, bool lower);
    void addBasicCredentials(std::string_view authorization);

    static constexpr std::size_t kCredentials = 2;
    static constexpr std::size_t kFurther = 2;

    std::string_view method_;
    std::string_view content_type_;
    Target target_;
    std::string names_;       // prefixed names; must not move
    std::string credentials_; // "user:password"
    std::uint32_t count_ = 0;
    std::array<fl_attribute, kHeadersMax + kQueryMax + kCredentials + kFurther> attributes_;
};

/// Standard Base64 with padding; false when it is malformed.
bool decodeBase64(std::string_view text, std::string& out);

namespace message_detail {

inline constexpr std::string_view kHeaderPrefix = "header.";
inline constexpr std::string_view kQueryPrefix = "query.";

inline int base64Digit(char c) noexcept {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t at = kAlphabet.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

} // namespace message_detail

inline bool decodeBase64(std::string_view text, std::string& out) {
    if (text.size() % 4 != 0) {
        return false;
    }
    while (!text.empty() && text.back() == '=' && text.size() % 4 != 2) {
        text.remove_suffix(1);
    }
    std::uint32_t bits = 0;
    unsigned have = 0;
    for (const char c : text) {
        const int digit = message_detail::base64Digit(c);
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

inline Refusal RequestMessage::build(const RequestHead& head) {
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
        add(named(message_detail::kHeaderPrefix, h.name, true), h.value);
    }
    for (std::size_t i = 0; i < target_.count; ++i) {
        add(named(message_detail::kQueryPrefix, target_.query[i].name, false),
            target_.query[i].value);
    }
    content_type_ = head.header("content-type");
    addBasicCredentials(head.header("authorization"));
    return {};
}

inline void RequestMessage::reserveNames(const RequestHead& head) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < head.count; ++i) {
        bytes += message_detail::kHeaderPrefix.size() + head.headers[i].name.size();
    }
    for (std::size_t i = 0; i < target_.count; ++i) {
        bytes += message_detail::kQueryPrefix.size() + target_.query[i].name.size();
    }
    names_.reserve(bytes);
}

inline std::string_view RequestMessage::named(std::string_view prefix, std::string_view name,
                                              bool lower) {
    const std::size_t start = names_.size();
    names_.append(prefix);
    for (const char c : name) {
        names_.push_back(lower ? lowerCase(c) : c);
    }
    return std::string_view(names_).substr(start);
}

inline void RequestMessage::addBasicCredentials(std::string_view authorization) {
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

inline fl_transport_message RequestMessage::message() const noexcept {
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

} // namespace http
FL_SDK_END
