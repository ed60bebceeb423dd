// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/tokens.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/security/roles.hpp"
#include "fairlead/storage/database.hpp"
#include "role_text.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

// Design notes. A token is 32 random bytes; the database and the cache know only its SHA-256, which
// is enough for random tokens (nothing to guess, so no slow hash). Who was found is cached for
// kPrincipalCacheMs; changes made on this node forget the user's entries at once, those of other
// nodes become visible when the entry ends.

namespace fairlead::security {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;
using storage::Row;
using storage::Session;
using storage::Value;

namespace {

constexpr std::string_view kSessionPrefix = "fls_";
constexpr std::string_view kApiPrefix = "flt_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenCharsMax = 128;
/// Characters that are shown to recognise a token by: 32 of its 256 random bits.
constexpr std::size_t kShownChars = 12;
/// Entries of the cache; a principal is about 1 KB.
constexpr std::size_t kCacheMax = 10'000;

constexpr const char* kTokenColumns =
    "t.id, t.name, t.user_id, u.username, t.roles, t.prefix, t.expires_at, t.last_used_at, "
    "t.created_at, t.version";

ApiToken toToken(const Row& row) {
    ApiToken token;
    token.id = row.text(0);
    token.name = row.text(1);
    token.user_id = row.text(2);
    token.username = row.text(3);
    token.roles = splitRoles(row.text(4));
    token.prefix = row.text(5);
    if (!row.isNull(6)) {
        token.expires_at = row.integer(6);
    }
    if (!row.isNull(7)) {
        token.last_used_at = row.integer(7);
    }
    token.created_at = row.integer(8);
    token.version = row.integer(9);
    return token;
}

storage::ListSpec listSpec(const std::string& user_id) {
    storage::ListSpec spec;
    spec.select = kTokenColumns;
    spec.from = "api_tokens t JOIN users u ON u.id=t.user_id";
    if (!user_id.empty()) {
        spec.where = "t.user_id=?";
        spec.where_values = {user_id};
    }
    spec.key = "t.id";
    spec.default_sort = "-createdAt";
    spec.sortable = {{"createdAt", "t.created_at"}, {"name", "t.name"}};
    spec.searched = {"t.name", "t.prefix", "u.username"};
    spec.search = storage::ListSpec::Search::Contains;
    return spec;
}

// The roles that a user with `held` could give away.
std::vector<std::string> coveredRoles(const std::vector<std::string>& roles,
                                      const std::vector<std::string>& held) {
    const std::vector<std::string> patterns = permissionsOf(held);
    std::vector<std::string> out;
    std::copy_if(roles.begin(), roles.end(), std::back_inserter(out), [&](const std::string& id) {
        const Role* role = findRole(id);
        return role != nullptr &&
               std::all_of(role->permissions.begin(), role->permissions.end(),
                           [&](std::string_view p) { return allows(patterns, p); });
    });
    return out;
}

Error required() {
    return {Errc::Unauthorized, "auth.required", "Log in, or send a valid token"};
}

} // namespace

std::string csrfTokenOf(std::string_view token) {
    constexpr std::string_view kPurpose = "fairlead csrf token";
    std::array<std::uint8_t, 32> out{};
    unsigned size = 0;
    FL_ASSERT(HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
                   reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size(),
                   out.data(), &size) != nullptr);
    return base::toHex(out);
}

struct TokenService::Impl {
    struct Cached {
        Principal principal;
        base::UtcMs until = 0;
    };

    Impl(storage::Database& d, UserService& u) : database(d), users(u) {}

    Result<Principal> load(std::string_view token, const std::string& hash);
    std::optional<Principal> cached(const std::string& hash, base::UtcMs now);
    void remember(const std::string& hash, const Principal& principal, base::UtcMs now,
                  std::uint64_t read_in);
    void forget(const std::function<bool(const std::string&, const Principal&)>& which);

    std::uint64_t currentGeneration() {
        const std::lock_guard lock(mutex);
        return generation;
    }

    storage::Database& database;
    UserService& users;
    std::mutex mutex;
    std::map<std::string, Cached> cache;          // guarded by mutex, as the next two
    std::uint64_t generation = 0;                 ///< raised when something is forgotten
    std::map<std::string, base::UtcMs> last_used; ///< API token id → time, not yet written
};

std::optional<Principal> TokenService::Impl::cached(const std::string& hash, base::UtcMs now) {
    const std::lock_guard lock(mutex);
    const auto it = cache.find(hash);
    if (it == cache.end() || it->second.until <= now) {
        return std::nullopt;
    }
    if (it->second.principal.kind == TokenKind::Api) {
        last_used[it->second.principal.token_id] = now;
    }
    return it->second.principal;
}

void TokenService::Impl::remember(const std::string& hash, const Principal& principal,
                                  base::UtcMs now, std::uint64_t read_in) {
    const std::lock_guard lock(mutex);
    if (read_in != generation) {
        return; // Something was forgotten since it was read; it may have been this.
    }
    if (cache.size() >= kCacheMax) {
        cache.clear();
    }
    cache[hash] = {principal, now + kPrincipalCacheMs};
    if (principal.kind == TokenKind::Api) {
        last_used[principal.token_id] = now;
    }
}

void TokenService::Impl::forget(
    const std::function<bool(const std::string&, const Principal&)>& which) {
    const std::lock_guard lock(mutex);
    ++generation;
    std::erase_if(cache,
                  [&](const auto& item) { return which(item.first, item.second.principal); });
}

Result<Principal> TokenService::Impl::load(std::string_view token, const std::string& hash) {
    const bool api = token.starts_with(kApiPrefix);
    const char* sql = api ? "SELECT t.id, t.expires_at, u.id, u.username, u.display_name, u.roles, "
                            "u.enabled, u.must_change_password, t.roles FROM api_tokens t JOIN "
                            "users u ON u.id=t.user_id WHERE t.token_hash=?"
                          : "SELECT t.id, t.expires_at, u.id, u.username, u.display_name, u.roles, "
                            "u.enabled, u.must_change_password, u.roles FROM login_sessions t JOIN "
                            "users u ON u.id=t.user_id WHERE t.token_hash=?";
    Principal principal;
    FL_TRY(database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query(sql, {hash}));
        if (rows.empty() || rows[0].integer(6) == 0) {
            return required();
        }
        const Row& row = rows[0];
        principal.kind = api ? TokenKind::Api : TokenKind::Session;
        principal.token_id = row.text(0);
        if (!row.isNull(1)) {
            principal.expires_at = row.integer(1);
        }
        principal.user_id = row.text(2);
        principal.username = row.text(3);
        principal.display_name = row.text(4);
        principal.must_change_password = row.integer(7) != 0;
        // A token keeps only what its user still has.
        principal.roles = coveredRoles(splitRoles(row.text(8)), splitRoles(row.text(5)));
        principal.permissions = permissionsOf(principal.roles);
        return {};
    }));
    return principal;
}

TokenService::TokenService(storage::Database& database, UserService& users)
    : impl_(std::make_unique<Impl>(database, users)) {
    users.onChange([this](const std::string& id) { forgetUser(id); });
}

TokenService::~TokenService() = default;

Result<Login> TokenService::openSession(const User& user, std::int64_t lifetime_ms) {
    Login login;
    login.token = std::string(kSessionPrefix) + base::randomHex(kTokenBytes);
    login.csrf_token = csrfTokenOf(login.token);
    const base::UtcMs now = base::utcNow();
    login.expires_at = now + lifetime_ms;
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_TRY(s.execute(
            "INSERT INTO login_sessions (id, user_id, token_hash, created_at, "
            "expires_at) VALUES (?,?,?,?,?)",
            {base::newId(), user.id, base::sha256Hex(login.token), now, login.expires_at}));
        FL_ASSIGN(const auto old,
                  s.query("SELECT id FROM login_sessions WHERE user_id=? ORDER BY created_at DESC, "
                          "id DESC LIMIT 1000 OFFSET ?",
                          {user.id, static_cast<std::int64_t>(kSessionsPerUserMax)}));
        for (const Row& row : old) {
            FL_TRY(s.execute("DELETE FROM login_sessions WHERE id=?", {row.text(0)}));
        }
        return {};
    }));
    return login;
}

Result<Principal> TokenService::resolve(std::string_view token) {
    if (token.size() > kTokenCharsMax ||
        !(token.starts_with(kSessionPrefix) || token.starts_with(kApiPrefix))) {
        return required();
    }
    const std::string hash = base::sha256Hex(token);
    const base::UtcMs now = base::utcNow();
    std::optional<Principal> principal = impl_->cached(hash, now);
    if (!principal) {
        const std::uint64_t read_in = impl_->currentGeneration();
        FL_ASSIGN(principal, impl_->load(token, hash));
        impl_->remember(hash, *principal, now, read_in);
    }
    if (principal->expires_at && *principal->expires_at <= now) {
        return Error(Errc::Unauthorized, "auth.expired",
                     principal->kind == TokenKind::Session ? "The login has ended; log in again"
                                                           : "The API token has expired");
    }
    return *principal;
}

Status TokenService::closeSession(std::string_view token) {
    const std::string hash = base::sha256Hex(token);
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_TRY(s.execute("DELETE FROM login_sessions WHERE token_hash=?", {hash}));
        return {};
    }));
    impl_->forget([&](const std::string& key, const Principal&) { return key == hash; });
    return {};
}

Status TokenService::closeSessions(const std::string& user_id, const std::string& except) {
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_TRY(
            s.execute("DELETE FROM login_sessions WHERE user_id=? AND id<>?", {user_id, except}));
        return {};
    }));
    forgetUser(user_id);
    return {};
}

Result<CreatedApiToken> TokenService::create(const std::string& user_id, const NewApiToken& input) {
    if (auto status = base::checkName(input.name, "name"); !status) {
        return std::move(status).error();
    }
    FL_TRY(checkRoles(input.roles, "token.roles"));
    const base::UtcMs now = base::utcNow();
    if (input.expires_at && *input.expires_at <= now) {
        return Error(Errc::Invalid, "token.expires_at", "expiresAt must be in the future");
    }
    FL_ASSIGN(const User user, impl_->users.get(user_id));
    if (coveredRoles(input.roles, user.roles).size() != input.roles.size()) {
        return Error(Errc::Forbidden, "token.roles",
                     "A token cannot have a role that gives more than " + user.username + " has");
    }
    CreatedApiToken out;
    out.secret = std::string(kApiPrefix) + base::randomHex(kTokenBytes);
    out.token.id = base::newId();
    out.token.name = input.name;
    out.token.user_id = user.id;
    out.token.username = user.username;
    out.token.roles = input.roles;
    out.token.prefix = out.secret.substr(0, kShownChars);
    out.token.expires_at = input.expires_at;
    out.token.created_at = now;
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_ASSIGN(const auto count,
                  s.query("SELECT COUNT(*) FROM api_tokens WHERE user_id=?", {user.id}));
        if (count.at(0).integer(0) >= static_cast<std::int64_t>(kApiTokensPerUserMax)) {
            return Error::limit(user.username + " has " + std::to_string(kApiTokensPerUserMax) +
                                " API tokens, the most there may be; delete one first");
        }
        FL_TRY(s.execute("INSERT INTO api_tokens (id, user_id, name, token_hash, prefix, roles, "
                         "expires_at, created_at, version) VALUES (?,?,?,?,?,?,?,?,1)",
                         {out.token.id, user.id, out.token.name, base::sha256Hex(out.secret),
                          out.token.prefix, joinRoles(out.token.roles),
                          input.expires_at ? Value(*input.expires_at) : Value(), now}));
        return {};
    }));
    return out;
}

Result<ApiTokenPage> TokenService::list(const std::string& user_id,
                                        const storage::ListRequest& request) {
    ApiTokenPage page;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, storage::listPage(s, listSpec(user_id), request));
        page.total = rows.total;
        std::transform(rows.rows.begin(), rows.rows.end(), std::back_inserter(page.items), toToken);
        return {};
    }));
    return page;
}

Result<ApiToken> TokenService::get(const std::string& id) {
    ApiToken token;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT " + std::string(kTokenColumns) +
                                               " FROM api_tokens t JOIN users u ON "
                                               "u.id=t.user_id WHERE t.id=?",
                                           {id}));
        if (rows.empty()) {
            return Error::notFound("There is no API token " + id);
        }
        token = toToken(rows[0]);
        return {};
    }));
    return token;
}

Status TokenService::remove(const std::string& id) {
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_ASSIGN(const std::int64_t changed, s.execute("DELETE FROM api_tokens WHERE id=?", {id}));
        return changed > 0 ? Status{} : Status(Error::notFound("There is no API token " + id));
    }));
    impl_->forget([&](const std::string&, const Principal& p) { return p.token_id == id; });
    return {};
}

void TokenService::forgetUser(const std::string& user_id) {
    impl_->forget([&](const std::string&, const Principal& p) { return p.user_id == user_id; });
}

Status TokenService::maintain() {
    std::map<std::string, base::UtcMs> used;
    {
        const std::lock_guard lock(impl_->mutex);
        used.swap(impl_->last_used);
        const base::UtcMs now = base::utcNow();
        std::erase_if(impl_->cache, [&](const auto& item) { return item.second.until <= now; });
    }
    return impl_->database.write([&](Session& s) -> Status {
        for (const auto& [id, time] : used) {
            FL_TRY(s.execute("UPDATE api_tokens SET last_used_at=? WHERE id=?", {time, id}));
        }
        FL_TRY(s.execute("DELETE FROM login_sessions WHERE expires_at<=?", {base::utcNow()}));
        return {};
    });
}

} // namespace fairlead::security
