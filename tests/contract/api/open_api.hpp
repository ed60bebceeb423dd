// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client.hpp"

#include <string>

namespace fairlead::test {

/// The server's OpenAPI document, read once, and a validator of the part of JSON Schema that it
/// uses. Written apart from the server's own, so that the two check each other.
class OpenApi {
public:
    static OpenApi& of(std::uint16_t port);

    /// What is wrong with an answer; "" when it is as the document says.
    std::string check(const std::string& method, const std::string& path, const Reply& reply) const;

    const base::Json& document() const { return document_; }

private:
    explicit OpenApi(std::uint16_t port);
    const base::JsonValue* operation(const std::string& method, const std::string& path) const;
    std::string validate(const base::JsonValue& schema, const base::JsonValue& value,
                         const std::string& at) const;
    std::string validateObject(const base::JsonValue& schema, const base::JsonValue& value,
                               const std::string& at) const;

    base::Json document_;
};

} // namespace fairlead::test
