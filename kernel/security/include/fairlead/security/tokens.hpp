// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/security/users.hpp"
#include "fairlead/storage/listing.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::security {

inline constexpr std::size_t kApiTokensPerUserMax = 100;
inline constexpr std::size_t kSessionsPerUserMax = 50; ///< the oldest ends when one more begins
/// Who was found for a token is remembered this long, so that a request costs no query.
inline constexpr std::int64_t kPrincipalCacheMs = 10'000;

enum class TokenKind { Session, Api };

/// Who is behind a request.
struct Principal {
    std::string token_id;
    TokenKind kind = TokenKind::Session;
    std::string user_id;
    std::string username;
    std::string display_name;
    std::vector<std::string> roles;
    std::vector<std::string> permissions; ///< patterns, for allows()
    bool must_change_password = false;
    std::optional<base::UtcMs> expires_at;
};

struct Login {
    std::string token; ///< shown once; only its SHA-256 is stored
    std::string csrf_token;
    base::UtcMs expires_at = 0;
};

struct ApiToken {
    std::string id;
    std::string name;
    std::string user_id;
    std::string username;
    std::vector<std::string> roles;
    std::string prefix; ///< first characters, to recognise it by
    std::optional<base::UtcMs> expires_at;
    std::optional<base::UtcMs> last_used_at;
    base::UtcMs created_at = 0;
    std::int64_t version = 1;
};

struct NewApiToken {
    std::string name;
    std::vector<std::string> roles;
    std::optional<base::UtcMs> expires_at;
};

struct CreatedApiToken {
    ApiToken token;
    std::string secret; ///< shown once
};

struct ApiTokenPage {
    std::vector<ApiToken> items;
    std::int64_t total = 0;
};

/// The CSRF token that belongs to a session token; the pages send it back in a header.
std::string csrfTokenOf(std::string_view token);

/// Login sessions and API tokens. Session tokens start with "fls_", API tokens with "flt_".
/// Thread: any. Blocks: database; resolve mostly not (cache).
///
/// Errors: Unauthorized with code "auth.required" (no such token, or ended) or "auth.expired";
/// Invalid, NotFound, Limit; Forbidden with code "token.roles" when a token would have more than
/// its user.
class TokenService {
public:
    TokenService(storage::Database& database, UserService& users);
    ~TokenService();

    base::Result<Login> openSession(const User& user, std::int64_t lifetime_ms);
    base::Result<Principal> resolve(std::string_view token);
    base::Status closeSession(std::string_view token);
    /// Ends every session of a user but `except` (a token id, may be empty).
    base::Status closeSessions(const std::string& user_id, const std::string& except);

    base::Result<CreatedApiToken> create(const std::string& user_id, const NewApiToken& token);
    /// `user_id` empty: of all users.
    base::Result<ApiTokenPage> list(const std::string& user_id,
                                    const storage::ListRequest& request);
    base::Result<ApiToken> get(const std::string& id);
    base::Status remove(const std::string& id);

    /// Forgets what is cached of a user; UserService::onChange calls it.
    void forgetUser(const std::string& user_id);

    /// Writes the times of last use in one batch and deletes ended sessions; about once a minute.
    base::Status maintain();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::security
