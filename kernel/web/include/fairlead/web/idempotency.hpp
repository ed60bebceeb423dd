// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/http.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fairlead::web {

/// Remembers the answers of creating requests, so that a repeated one (the answer was lost) is
/// answered and not done again. Thread: any. Memory: kEntriesMax answers of kBodyBytesMax, oldest
/// out first, each kept kKeepMs.
class IdempotencyCache {
public:
    static constexpr std::size_t kEntriesMax = 512;
    static constexpr std::size_t kKeyCharsMax = 200;
    static constexpr std::size_t kBodyBytesMax = 64 * 1024;
    static constexpr std::int64_t kKeepMs = 10 * 60 * 1000;

    IdempotencyCache();
    ~IdempotencyCache();

    /// The former answer; or nothing, and then `finish` or `abandon` must follow. Errors: Conflict
    /// while the first one is still at work ("idempotency.in_progress"), Unsupported when the body
    /// differs ("idempotency.mismatch"), Busy when every entry is at work.
    base::Result<std::optional<Response>> begin(const std::string& key, const std::string& body,
                                                std::int64_t now_ms);
    void finish(const std::string& key, const Response& response);
    void abandon(const std::string& key);

    std::size_t entries() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::web
