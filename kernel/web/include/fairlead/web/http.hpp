// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::web {

/// Header fields in order of arrival; names compare without case.
class Headers {
public:
    struct Field {
        std::string name;
        std::string value;
    };

    /// The first value, or nothing.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    /// The first value, or empty text.
    std::string_view get(std::string_view name) const noexcept;
    void add(std::string name, std::string value);
    /// Replaces every field of that name.
    void set(std::string_view name, std::string value);
    const std::vector<Field>& all() const noexcept { return fields_; }

private:
    std::vector<Field> fields_;
};

/// A request without any trace of the HTTP library. Lives for one handleRequest.
struct Request {
    std::string id;     ///< ours, in X-Request-Id and in the logs
    std::string method; ///< upper case
    std::string path;   ///< still percent-encoded, without the query
    std::string query;  ///< still percent-encoded
    Headers headers;
    std::string address; ///< of the client, behind trusted proxies
    bool secure = false;

    /// The body, not yet read; nullptr when there is none. Owner: the server.
    std::istream* stream = nullptr;
    std::int64_t content_length = -1; ///< -1: chunked
    bool consumed = false;            ///< set by who read the body to its end

    std::string body; ///< set once read
};

/// Takes a piece of a streamed body; false when the client is gone.
using Sink = std::function<bool(std::string_view)>;

/// Asks the server to hand the connection to the event hub instead of answering.
struct EventStreamStart;

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    Headers headers;
    /// Instead of `body`: writes it piece by piece; false cuts the connection, so that the client
    /// can tell a broken body from a whole one.
    std::function<bool(const Sink&)> stream;
    std::shared_ptr<EventStreamStart> events;
};

/// Percent-decoded; nothing when the text is malformed or holds a NUL. `plus` turns "+" into blank.
std::optional<std::string> percentDecode(std::string_view text, bool plus);
std::string percentEncode(std::string_view text);

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

/// "a=1&b=2" decoded; nothing when malformed or longer than kQueryPairsMax pairs.
std::optional<QueryPairs> parseQuery(std::string_view text);
inline constexpr std::size_t kQueryPairsMax = 64;

/// Value of a cookie in a Cookie header, or empty text.
std::string_view cookie(std::string_view header, std::string_view name) noexcept;

bool equalNoCase(std::string_view a, std::string_view b) noexcept;

} // namespace fairlead::web
