// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/security/users.hpp"
#include "fairlead/storage/database.hpp"

namespace fairlead::security {

/// The table "users". Every function works inside of the caller's transaction.
class UserRepository {
public:
    struct Credentials {
        User user;
        std::string password_hash;
    };

    static base::Result<UserPage> list(storage::Session& s, const storage::ListRequest& request);
    /// Nothing when there is none.
    static base::Result<std::optional<Credentials>> find(storage::Session& s,
                                                         const std::string& id);
    static base::Result<std::optional<Credentials>> findByName(storage::Session& s,
                                                               const std::string& username);
    static base::Result<std::int64_t> count(storage::Session& s);
    /// Enabled administrators but `id`; their rows stay locked to the end of the transaction.
    static base::Result<std::int64_t> otherAdministrators(storage::Session& s,
                                                          const std::string& id);
    static base::Status insert(storage::Session& s, const User& user, const std::string& hash);
    /// Writes everything but the password where id and version match, and raises the version.
    static base::Status update(storage::Session& s, const User& user);
    static base::Status remove(storage::Session& s, const User& user);
    static base::Status setPassword(storage::Session& s, const std::string& id,
                                    const std::string& hash, bool must_change);
};

} // namespace fairlead::security
