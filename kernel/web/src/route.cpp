// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/route.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/security/roles.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::web {

bool Caller::may(std::string_view permission) const {
    return security::allows(principal.permissions, permission);
}

const Caller& Context::caller() const {
    FL_ASSERT(caller_ != nullptr);
    return *caller_;
}

bool Context::may(std::string_view permission) const {
    return caller_ != nullptr && caller_->may(permission);
}

const std::string& Context::param(const std::string& name) const {
    const auto found = params_.find(name);
    FL_ASSERT(found != params_.end());
    return found->second;
}

std::string Context::query(std::string_view name, std::string_view other) const {
    for (const auto& [key, value] : query_) {
        if (key == name && !value.empty()) {
            return value;
        }
    }
    return std::string{other};
}

bool Context::hasQuery(std::string_view name) const {
    return !query(name).empty();
}

std::int64_t Context::queryInteger(std::string_view name, std::int64_t other) const {
    const std::string text = query(name);
    std::int64_t value = other;
    if (!text.empty()) {
        std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
}

std::optional<bool> Context::queryBoolean(std::string_view name) const {
    const std::string text = query(name);
    return text.empty() ? std::nullopt : std::optional{text == "true" || text == "1"};
}

std::optional<base::UtcMs> Context::queryTime(std::string_view name) const {
    return base::parseRfc3339(query(name));
}

const rapidjson::Value& Context::body() const {
    FL_ASSERT(body_ != nullptr);
    return *body_;
}

namespace {

Route make(const char* method, std::string pattern, std::string permission, std::string summary) {
    Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.permission = std::move(permission);
    route.summary = std::move(summary);
    return route;
}

} // namespace

Route Route::get(std::string pattern, std::string permission, std::string summary) {
    return make("GET", std::move(pattern), std::move(permission), std::move(summary));
}

Route Route::post(std::string pattern, std::string permission, std::string summary) {
    return make("POST", std::move(pattern), std::move(permission), std::move(summary));
}

Route Route::patch(std::string pattern, std::string permission, std::string summary) {
    Route route = make("PATCH", std::move(pattern), std::move(permission), std::move(summary));
    route.conditional = true;
    return route;
}

Route Route::remove(std::string pattern, std::string permission, std::string summary) {
    Route route = make("DELETE", std::move(pattern), std::move(permission), std::move(summary));
    route.success = 204;
    route.conditional = true;
    return route;
}

Route Route::takes(Schema schema) && {
    request = std::move(schema);
    return std::move(*this);
}

Route Route::mayTake(Schema schema) && {
    body_optional = true;
    return std::move(*this).takes(std::move(schema));
}

Route Route::returns(Schema schema) && {
    response = std::move(schema);
    return std::move(*this);
}

Route Route::creates(Schema schema) && {
    success = 201;
    return std::move(*this).returns(std::move(schema));
}

Route Route::with(std::vector<QueryParameter> more) && {
    std::move(more.begin(), more.end(), std::back_inserter(parameters));
    return std::move(*this);
}

Route Route::paged(Schema item) && {
    listing = Listing::Paged;
    response = pageOf(std::move(item));
    return std::move(*this).with(
        {{"page", Schema::integer(1, 1'000'000), "Page, from 1."},
         {"pageSize", Schema::integer(1, kPageSizeMax), "Items on a page; 20 unless given."}});
}

Route Route::cursored(Schema item) && {
    listing = Listing::Cursor;
    response = cursorOf(std::move(item));
    return std::move(*this).with(
        {{"after", Schema::string(0, 200), "The `next` of the page before."},
         {"limit", Schema::integer(1, kCursorLimitMax),
          "Most items to return; 100 unless given."}});
}

Route Route::runs(Handler run) && {
    handler = std::move(run);
    return std::move(*this);
}

Schema pageOf(Schema item) {
    return Schema::object({required("items", Schema::array(std::move(item), kPageSizeMax)),
                           required("page", Schema::integer(1, 1'000'000)),
                           required("pageSize", Schema::integer(1, kPageSizeMax)),
                           required("total", Schema::integer(0, INT64_MAX)),
                           optional("totalIsCapped", Schema::boolean())});
}

Schema cursorOf(Schema item) {
    return Schema::object({required("items", Schema::array(std::move(item), kCursorLimitMax)),
                           required("next", Schema::string(0, 200).nullable())});
}

Response okay(std::string json) {
    Response response;
    response.body = std::move(json);
    return response;
}

Response okay(std::string json, std::int64_t version) {
    Response response = okay(std::move(json));
    response.headers.set("ETag", "\"" + std::to_string(version) + "\"");
    return response;
}

Response created(std::string json, const std::string& location, std::int64_t version) {
    Response response = okay(std::move(json), version);
    response.status = 201;
    response.headers.set("Location", "/api/v1" + location);
    return response;
}

Response noContent() {
    Response response;
    response.status = 204;
    response.content_type.clear();
    return response;
}

} // namespace fairlead::web
