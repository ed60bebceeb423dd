// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/security/tokens.hpp"
#include "fairlead/web/http.hpp"
#include "fairlead/web/schema.hpp"

#include <rapidjson/fwd.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::web {

/// Who asks, and by which way. Made for each request.
struct Caller {
    security::Principal principal;
    std::string csrf_token; ///< of a login session
    bool by_cookie = false;

    bool may(std::string_view permission) const;
};

/// What a handler sees: everything here was checked against the route's declaration.
class Context {
public:
    Context(Request& request, const Caller* caller, std::map<std::string, std::string> params)
        : request_(request), caller_(caller), params_(std::move(params)) {}

    Request& request() const noexcept { return request_; }
    /// Asserts that the route is not public.
    const Caller& caller() const;
    const security::Principal& user() const { return caller().principal; }
    bool may(std::string_view permission) const;

    const std::string& param(const std::string& name) const;

    /// Query parameters; absent or empty: `other`.
    std::string query(std::string_view name, std::string_view other = {}) const;
    bool hasQuery(std::string_view name) const;
    std::int64_t queryInteger(std::string_view name, std::int64_t other) const;
    std::optional<bool> queryBoolean(std::string_view name) const;
    std::optional<base::UtcMs> queryTime(std::string_view name) const;
    std::int64_t page() const { return queryInteger("page", 1); }
    std::int64_t pageSize() const { return queryInteger("pageSize", 20); }

    /// The parsed body. Asserts that the route takes one.
    const rapidjson::Value& body() const;

    /// The version of If-Match; 0 when the request does not care.
    std::int64_t expectedVersion() const noexcept { return expected_version_; }
    std::optional<std::int64_t> ifMatch() const noexcept {
        return expected_version_ == 0 ? std::nullopt : std::optional{expected_version_};
    }

    /// For the access log, when the path does not say it (the id of what was created).
    void setTarget(std::string target) { target_ = std::move(target); }
    const std::string& target() const noexcept { return target_; }
    /// For the access log, when the principal does not say it (a login).
    void setUserName(std::string name) { user_name_ = std::move(name); }
    const std::string& userName() const noexcept { return user_name_; }
    /// Names of body fields that the access log masks besides the usual ones.
    void addSecrets(const std::set<std::string>& names) {
        secrets_.insert(names.begin(), names.end());
    }
    const std::set<std::string>& secrets() const noexcept { return secrets_; }

private:
    friend class Api;
    Request& request_;
    const Caller* caller_;
    std::map<std::string, std::string> params_;
    QueryPairs query_;
    const rapidjson::Value* body_ = nullptr;
    std::int64_t expected_version_ = 0;
    std::string target_;
    std::string user_name_;
    std::set<std::string> secrets_;
};

using Handler = std::function<base::Result<Response>(Context&)>;

struct QueryParameter {
    std::string name;
    Schema schema;
    std::string summary;
};

enum class Listing {
    None,
    Paged,  ///< ?page&pageSize → {items, page, pageSize, total}
    Cursor, ///< ?after&limit → {items, next}
};

inline constexpr std::int64_t kPageSizeMax = 200;
inline constexpr std::int64_t kCursorLimitMax = 1000;
inline constexpr std::size_t kJsonBodyMax = std::size_t{2} * 1024 * 1024;
inline constexpr const char* kPublic = "public";
inline constexpr const char* kSignedIn = "signed-in";

/// A declaration from which dispatch, validation, authorisation, the access log, CSV and the
/// OpenAPI document are made.
struct Route {
    std::string method;
    std::string pattern;    ///< below /api/v1: "/products/{id}/publish"
    std::string permission; ///< "products:write", kPublic or kSignedIn
    std::string summary;
    std::optional<Schema> request{};
    bool body_optional = false;
    std::optional<Schema> response{};
    std::string response_type = "application/json";
    std::vector<QueryParameter> parameters{};
    Handler handler{};
    int success = 200;
    Listing listing = Listing::None;
    bool csv_only = false;
    bool conditional = false;           ///< heeds If-Match
    bool raw_body = false;              ///< the handler reads the stream
    bool with_expired_password = false; ///< open while the password must be changed
    std::size_t body_max = kJsonBodyMax;
    std::string action{}; ///< of the access log; made from method and pattern when empty

    static Route get(std::string pattern, std::string permission, std::string summary);
    static Route post(std::string pattern, std::string permission, std::string summary);
    static Route patch(std::string pattern, std::string permission, std::string summary);
    static Route remove(std::string pattern, std::string permission, std::string summary);

    Route takes(Schema schema) &&;
    Route mayTake(Schema schema) &&; ///< body optional
    Route returns(Schema schema) &&;
    Route creates(Schema schema) &&; ///< 201
    Route with(std::vector<QueryParameter> more) &&;
    /// Adds page and pageSize, and returns a page of `item`.
    Route paged(Schema item) &&;
    /// Adds after and limit, and returns {items, next}.
    Route cursored(Schema item) &&;
    Route runs(Handler handler) &&;
};

Schema pageOf(Schema item);
Schema cursorOf(Schema item);

/// Answers.
Response okay(std::string json);
Response okay(std::string json, std::int64_t version); ///< with ETag
Response created(std::string json, const std::string& location, std::int64_t version);
Response noContent();

} // namespace fairlead::web
