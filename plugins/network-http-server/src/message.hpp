// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "target.hpp"

#include "fairlead/sdk/message.hpp"

namespace fairlead::http {

/// A request as a transport message: path as address, headers, query and basic credentials as
/// attributes. Borrows from the request; not movable.
class RequestMessage {
public:
    RequestMessage() = default;
    RequestMessage(const RequestMessage&) = delete;
    RequestMessage& operator=(const RequestMessage&) = delete;

    /// Fills it; a refusal when target or a header cannot be expressed.
    Refusal build(const RequestHead& head);
    /// Valid as long as this object and the request.
    fl_transport_message message() const noexcept;

private:
    void add(std::string_view name, std::string_view value) noexcept {
        attributes_[count_++] = {sdk::str(name), sdk::str(value)};
    }
    void reserveNames(const RequestHead& head);
    std::string_view named(std::string_view prefix, std::string_view name, bool lower);
    void addBasicCredentials(std::string_view authorization);

    static constexpr std::size_t kCredentials = 2;

    std::string_view method_;
    std::string_view content_type_;
    Target target_;
    std::string names_;       // prefixed names; must not move
    std::string credentials_; // "user:password"
    std::uint32_t count_ = 0;
    std::array<fl_attribute, kHeadersMax + kQueryMax + kCredentials> attributes_;
};

/// Standard Base64 with padding; false when it is malformed.
bool decodeBase64(std::string_view text, std::string& out);

} // namespace fairlead::http
