// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/json.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::test {

struct Reply {
    int status = 0;
    std::string text;
    std::map<std::string, std::string> headers; ///< names in lower case
    std::shared_ptr<base::Json> json;           ///< null when the body is none

    /// Value at "items/0/name" as text; JSON text for what is no string; "" when there is none.
    std::string at(const std::string& path) const;
    bool has(const std::string& path) const { return find(path) != nullptr; }
    const base::JsonValue* find(const std::string& path) const;
    std::string code() const { return at("code"); }
    /// "a/b=required c=type" of a refusal, sorted.
    std::string errors() const;
    /// Of an entry in `actions`: "ok", its reason code, or "none".
    std::string action(const std::string& name, const std::string& below = "") const;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A caller of the REST API. Every answer is checked against the server's own OpenAPI document, and
/// every refusal for the form of a problem; what does not fit fails the test.
class Client {
public:
    Client(std::uint16_t port, std::string token = {}) : port_(port), token_(std::move(token)) {}

    Reply get(const std::string& path, HeaderList headers = {});
    Reply post(const std::string& path, const std::string& body = {}, HeaderList headers = {});
    Reply patch(const std::string& path, const std::string& body, HeaderList headers = {});
    Reply remove(const std::string& path, HeaderList headers = {});
    Reply send(const std::string& method, const std::string& path, const std::string& body = {},
               HeaderList headers = {});
    /// Not below /api/v1, nothing is checked.
    Reply plain(const std::string& method, const std::string& path, const std::string& body = {},
                HeaderList headers = {});

    const std::string& token() const { return token_; }
    std::uint16_t port() const { return port_; }

private:
    std::uint16_t port_;
    std::string token_;
};

} // namespace fairlead::test
