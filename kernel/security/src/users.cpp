// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/users.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/security/passwords.hpp"
#include "fairlead/storage/sql.hpp"
#include "role_text.hpp"
#include "user_repository.hpp"

#include <algorithm>

namespace fairlead::security {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;
using storage::Session;
using Repository = UserRepository;

namespace {

constexpr std::size_t kEmailCharsMax = 254;

Error invalid(const std::string& field, const std::string& message) {
    return {Errc::Invalid, "user." + field, message};
}

Status checkUsername(const std::string& name) {
    const bool characters = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_' || c == '.' || c == '@' || c == '-';
    });
    if (name.empty() || name.size() > base::kNameCharsMax || !characters) {
        return invalid("username", "The user name must be 1 to 64 of 0-9 A-Z a-z _ . @ -");
    }
    return {};
}

Status checkProfile(const User& user) {
    if (auto status = base::checkName(user.display_name, "displayName"); !status) {
        return invalid("display_name", status.error().message());
    }
    if (user.email) {
        const auto count = base::countCharacters(*user.email);
        const std::size_t at = user.email->find('@');
        if (!count || *count > kEmailCharsMax || at == 0 || at == std::string::npos ||
            at + 1 == user.email->size()) {
            return invalid("email", "The e-mail address must look like name@example.com");
        }
    }
    return checkRoles(user.roles, "user.roles");
}

bool isAdministrator(const User& user) {
    return user.enabled &&
           std::find(user.roles.begin(), user.roles.end(), "administrator") != user.roles.end();
}

Error invalidLogin() {
    return {Errc::Unauthorized, "auth.invalid", "User name or password is wrong"};
}

// What a wrong name is compared with, so that it takes as long as a wrong password.
const std::string& decoyHash() {
    static const std::string hash = hashPassword(base::randomHex(16));
    return hash;
}

Error existsError(const std::string& username) {
    return {Errc::Conflict, "user.exists", "There is a user " + username + " already"};
}

// The user, as long as `version` (if any) is the present one.
Result<User> current(Session& s, const std::string& id, std::optional<std::int64_t> version) {
    FL_ASSIGN(const auto found, Repository::find(s, id));
    if (!found) {
        return Error::notFound("There is no user " + id);
    }
    if (version && found->user.version != *version) {
        return storage::staleError("user " + found->user.username);
    }
    return found->user;
}

Status keepAnAdministrator(Session& s, const User& before, bool stays) {
    if (!isAdministrator(before) || stays) {
        return {};
    }
    FL_ASSIGN(const std::int64_t others, Repository::otherAdministrators(s, before.id));
    if (others == 0) {
        return Error(Errc::Conflict, "user.last_administrator",
                     before.username +
                         " is the last enabled administrator; make another one first");
    }
    return {};
}

} // namespace

struct UserService::Impl {
    explicit Impl(storage::Database& d) : database(d) {}

    Result<User> add(const User& user, const std::string& password);
    Status setPassword(const std::string& id, const std::string& hash, bool must_change);
    void changed(const std::string& id) const {
        for (const auto& listener : listeners) {
            listener(id);
        }
    }

    storage::Database& database;
    std::vector<std::function<void(const std::string&)>> listeners;
};

Result<User> UserService::Impl::add(const User& user, const std::string& password) {
    const std::string hash = hashPassword(password);
    const Status status = database.write([&](Session& s) -> Status {
        FL_ASSIGN(const std::int64_t count, Repository::count(s));
        if (count >= static_cast<std::int64_t>(kUsersMax)) {
            return Error::limit("There are " + std::to_string(count) +
                                " users already, the most there may be");
        }
        return Repository::insert(s, user, hash);
    });
    if (!status) {
        return status.error().code() == "storage.unique" ? existsError(user.username)
                                                         : status.error();
    }
    return user;
}

Status UserService::Impl::setPassword(const std::string& id, const std::string& hash,
                                      bool must_change) {
    return database.write([&](Session& s) -> Status {
        FL_TRY(Repository::setPassword(s, id, hash, must_change));
        return {};
    });
}

UserService::UserService(storage::Database& database) : impl_(std::make_unique<Impl>(database)) {}
UserService::~UserService() = default;

Result<std::optional<std::string>> UserService::ensureAdministrator() {
    std::int64_t count = 0;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(count, Repository::count(s));
        return {};
    }));
    if (count > 0) {
        return std::optional<std::string>{};
    }
    const std::string password = randomPassword();
    NewUser admin;
    admin.username = "admin";
    admin.password = password;
    admin.roles = {"administrator"};
    admin.must_change_password = true; // it stands on a console, and perhaps in its log
    const auto made = create(admin);
    if (!made && made.error().code() == "user.exists") {
        // Another node was quicker; its console shows the password.
        return std::optional<std::string>{};
    }
    FL_TRY(made);
    return std::optional(password);
}

Result<UserPage> UserService::list(const storage::ListRequest& request) {
    UserPage page;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(page, Repository::list(s, request));
        return {};
    }));
    return page;
}

Result<User> UserService::get(const std::string& id) {
    User user;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(user, current(s, id, std::nullopt));
        return {};
    }));
    return user;
}

Result<User> UserService::findByName(const std::string& username) {
    User user;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto found, Repository::findByName(s, username));
        if (!found) {
            return Error::notFound("There is no user " + username);
        }
        user = found->user;
        return {};
    }));
    return user;
}

Result<User> UserService::create(const NewUser& input) {
    User user;
    user.id = base::newId();
    user.username = input.username;
    user.display_name = input.display_name.empty() ? input.username : input.display_name;
    user.email = input.email;
    user.roles = input.roles;
    user.must_change_password = input.must_change_password;
    user.created_at = user.updated_at = base::utcNow();
    FL_TRY(checkUsername(user.username));
    FL_TRY(checkPassword(input.password, user.username));
    FL_TRY(checkProfile(user));
    return impl_->add(user, input.password);
}

Result<User> UserService::update(const std::string& id, const UserChange& change,
                                 std::optional<std::int64_t> version) {
    User after;
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_ASSIGN(const User before, current(s, id, version));
        after = before;
        after.display_name = change.display_name.value_or(before.display_name);
        after.email = change.email.value_or(before.email);
        after.roles = change.roles.value_or(before.roles);
        after.enabled = change.enabled.value_or(before.enabled);
        after.updated_at = base::utcNow();
        FL_TRY(checkProfile(after));
        FL_TRY(keepAnAdministrator(s, before, isAdministrator(after)));
        FL_TRY(Repository::update(s, after));
        ++after.version;
        return {};
    }));
    impl_->changed(id);
    return after;
}

Status UserService::remove(const std::string& id, const std::string& actor,
                           std::optional<std::int64_t> version) {
    if (id == actor) {
        return Error(Errc::Conflict, "user.self",
                     "Nobody can delete himself; ask another administrator");
    }
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_ASSIGN(const User user, current(s, id, version));
        FL_TRY(keepAnAdministrator(s, user, false));
        return Repository::remove(s, user);
    }));
    impl_->changed(id);
    return {};
}

Status UserService::resetPassword(const std::string& id, const std::string& password) {
    FL_ASSIGN(const User user, get(id));
    FL_TRY(checkPassword(password, user.username));
    const std::string hash = hashPassword(password);
    FL_TRY(impl_->database.write([&](Session& s) -> Status {
        FL_TRY(Repository::setPassword(s, id, hash, true));
        // Whoever was logged in with the old password is not any more.
        FL_TRY(s.execute("DELETE FROM login_sessions WHERE user_id=?", {id}));
        return {};
    }));
    impl_->changed(id);
    return {};
}

Status UserService::changePassword(const std::string& id, const std::string& old,
                                   const std::string& password) {
    FL_ASSIGN(const User user, get(id));
    FL_TRY(verify(user.username, old));
    FL_TRY(checkPassword(password, user.username));
    if (password == old) {
        return Error(Errc::Invalid, "user.password", "The new password must differ from the old");
    }
    FL_TRY(impl_->setPassword(id, hashPassword(password), false));
    impl_->changed(id);
    return {};
}

Result<User> UserService::verify(const std::string& username, const std::string& password) {
    std::optional<Repository::Credentials> found;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(found, Repository::findByName(s, username));
        return {};
    }));
    // Longer input is no password of anybody, and hashing it would cost more.
    const bool fits = password.size() <= 4 * kPasswordCharsMax;
    const bool right = fits && verifyPassword(found ? found->password_hash : decoyHash(), password);
    if (!found || !right || !found->user.enabled) {
        return invalidLogin();
    }
    if (needsRehash(found->password_hash)) {
        FL_TRY(impl_->setPassword(found->user.id, hashPassword(password),
                                  found->user.must_change_password));
    }
    return found->user;
}

Status UserService::noteLogin(const std::string& id, base::UtcMs time) {
    return impl_->database.write([&](Session& s) -> Status {
        FL_TRY(s.execute("UPDATE users SET last_login_at=? WHERE id=?", {time, id}));
        return {};
    });
}

void UserService::onChange(std::function<void(const std::string&)> listener) {
    impl_->listeners.push_back(std::move(listener));
}

} // namespace fairlead::security
