// SPDX-License-Identifier: Apache-2.0
// Reading a request's head (RFC 9112), strictly: what two parsers could read in two ways is
// refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::http {

/// Why a request is refused; the text is a literal. status 0: it is not.
struct Refusal {
    int status = 0;
    const char* text = nullptr;

    explicit operator bool() const noexcept { return status != 0; }
};

struct HeadLimits {
    std::size_t target = 8192;    // bytes of the request target
    std::size_t head = 16 * 1024; // bytes of the whole head
};

inline constexpr std::size_t kHeadersMax = 100; // as common servers have it

struct Header {
    std::string_view name;
    std::string_view value;
};

/// A head; borrows from the bytes it was read from.
struct RequestHead {
    std::string_view method;
    std::string_view target;
    int minor = 1; // HTTP/1.minor
    bool keep_alive = true;
    bool chunked = false;
    bool expect_continue = false;
    bool has_length = false;
    std::uint64_t content_length = 0;
    std::size_t count = 0;
    std::array<Header, kHeadersMax> headers;

    /// Value of the first header of that (lower-case) name; empty when there is none.
    std::string_view header(std::string_view name) const noexcept;
};

/// Looks for the end of the head. `scanned` is how many bytes an earlier call has looked at;
/// updated. `bytes` becomes the head's length with its empty line, 0 when it is not complete.
Refusal findHead(std::string_view in, const HeadLimits& limits, std::size_t& scanned,
                 std::size_t& bytes) noexcept;

/// Reads a complete head.
Refusal parseHead(std::string_view head, const HeadLimits& limits, RequestHead& out) noexcept;

bool equalsIgnoreCase(std::string_view a, std::string_view lower) noexcept;
bool isTokenText(std::string_view text) noexcept;
/// No control characters but tab.
bool isFieldText(std::string_view text) noexcept;
char lowerCase(char c) noexcept;

} // namespace fairlead::http
