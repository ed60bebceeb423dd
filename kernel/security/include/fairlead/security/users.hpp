// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/storage/listing.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::storage {
class Database;
}

namespace fairlead::security {

inline constexpr std::size_t kUsersMax = 10'000;

struct User {
    std::string id;
    std::string username; ///< [0-9A-Za-z_.@-]{1,64}, unique without regard to case, never changes
    std::string display_name;
    std::optional<std::string> email;
    std::vector<std::string> roles;
    bool enabled = true;
    bool must_change_password = false;
    std::optional<base::UtcMs> last_login_at;
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
    std::int64_t version = 1;
};

struct NewUser {
    std::string username;
    std::string password;
    std::string display_name; ///< empty: the user name
    std::optional<std::string> email;
    std::vector<std::string> roles;
    bool must_change_password = false;
};

/// Absent members stay as they are.
struct UserChange {
    std::optional<std::string> display_name;
    std::optional<std::optional<std::string>> email;
    std::optional<std::vector<std::string>> roles;
    std::optional<bool> enabled;
};

struct UserPage {
    std::vector<User> items;
    std::int64_t total = 0;
};

/// Users and their passwords. Rules: one enabled administrator always stays; nobody deletes
/// himself. Thread: any. Blocks: database and hashing; not on an I/O loop.
///
/// Errors: Invalid (codes "user.username", "user.password", "user.roles", "user.email",
/// "user.display_name"), NotFound, Conflict with code "user.exists", "user.last_administrator",
/// "user.self" or "stale", Limit above kUsersMax.
class UserService {
public:
    explicit UserService(storage::Database& database);
    ~UserService();

    /// Makes the user "admin" with a random password when there is no user at all, and gives that
    /// password once; the caller prints it. Nothing when there are users.
    base::Result<std::optional<std::string>> ensureAdministrator();

    base::Result<UserPage> list(const storage::ListRequest& request);
    base::Result<User> get(const std::string& id);
    base::Result<User> findByName(const std::string& username);
    base::Result<User> create(const NewUser& user);
    /// `version` empty: whatever it is.
    base::Result<User> update(const std::string& id, const UserChange& change,
                              std::optional<std::int64_t> version);
    /// `actor` is the id of the user who asks.
    base::Status remove(const std::string& id, const std::string& actor,
                        std::optional<std::int64_t> version);

    /// An administrator sets it; the user must then choose an own one.
    base::Status resetPassword(const std::string& id, const std::string& password);
    /// Error Unauthorized ("auth.invalid") when `current` is wrong.
    base::Status changePassword(const std::string& id, const std::string& current,
                                const std::string& password);

    /// The user when name and password are right and the user is enabled, else Unauthorized with
    /// code "auth.invalid"; takes as long for unknown names. Rehashes with today's cost.
    base::Result<User> verify(const std::string& username, const std::string& password);
    base::Status noteLogin(const std::string& id, base::UtcMs time);

    /// Called after a user changed, was disabled or deleted, or got another password, with its id:
    /// sessions must be looked at again. Before first use only.
    void onChange(std::function<void(const std::string& id)> listener);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::security
