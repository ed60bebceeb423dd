// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include <charconv>

namespace fairlead::web {

Schema text() {
    return Schema::string(0, std::size_t{1} << 20);
}
Schema timeOrNull() {
    return Schema::time().nullable();
}
Schema freeObject() {
    return Schema::map(Schema::any(), 1000);
}

Schema actionSchema() {
    return Schema::object({required("action", text()), required("allowed", Schema::boolean()),
                           optional("reasonCode", text()), optional("reason", text())})
        .named("Action");
}

Schema usedBySchema() {
    return Schema::array(
        Schema::object({required("kind", text()), required("id", text()), required("name", text())})
            .named("Reference"),
        1000);
}

Schema entity(std::vector<Field> own) {
    std::vector<Field> fields{required("id", text()),
                              required("name", text()),
                              required("description", text()),
                              required("createdAt", timeOrNull()),
                              required("updatedAt", timeOrNull()),
                              required("version", Schema::integer(0, INT64_MAX))};
    std::move(own.begin(), own.end(), std::back_inserter(fields));
    fields.push_back(optional("actions", Schema::array(actionSchema(), 32)));
    return Schema::object(std::move(fields));
}

std::string_view objectOrEmpty(std::string_view json) {
    return json.empty() ? std::string_view{"{}"} : json;
}

std::string_view arrayOrEmpty(std::string_view json) {
    return json.empty() ? std::string_view{"[]"} : json;
}

Actions& Actions::add(const char* action, const char* permission, const char* code,
                      const char* reason) {
    if (context_.may(permission)) {
        actions_.push_back({action, code, reason});
    } else {
        actions_.push_back({action, "NO_PERMISSION", "Your roles do not permit this"});
    }
    return *this;
}

void Actions::write(JsonOut& out) const {
    out.array("actions");
    for (const Action& action : actions_) {
        out.object().field("action", action.name).field("allowed", action.code == nullptr);
        if (action.code != nullptr) {
            out.field("reasonCode", action.code).field("reason", action.reason);
        }
        out.end();
    }
    out.end();
}

void take(const base::JsonValue& body, const char* name, std::optional<std::string>& target) {
    if (const base::JsonValue* value = base::member(body, name); value != nullptr) {
        target = value->IsString() ? std::string{value->GetString(), value->GetStringLength()}
                                   : std::string{};
    }
}

void take(const base::JsonValue& body, const char* name, std::optional<bool>& target) {
    if (const base::JsonValue* value = base::member(body, name); value != nullptr) {
        target = value->IsBool() && value->GetBool();
    }
}

void take(const base::JsonValue& body, const char* name, std::optional<std::int64_t>& target) {
    if (const base::JsonValue* value = base::member(body, name); value != nullptr) {
        target = value->IsInt64() ? value->GetInt64() : 0;
    }
}

void take(const base::JsonValue& body, const char* name,
          std::optional<std::optional<std::string>>& target) {
    if (const base::JsonValue* value = base::member(body, name); value != nullptr) {
        target = value->IsString() && value->GetStringLength() > 0
                     ? std::optional{std::string{value->GetString(), value->GetStringLength()}}
                     : std::nullopt;
    }
}

std::string bodyText(const base::JsonValue& body, const char* name, std::string_view other) {
    return std::string{base::textOr(body, name, other)};
}

std::string bodyJson(const base::JsonValue& body, const char* name, std::string_view other) {
    const base::JsonValue* value = base::member(body, name);
    return value == nullptr || value->IsNull() ? std::string{other} : base::toText(*value);
}

std::vector<std::string> bodyTexts(const base::JsonValue& body, const char* name) {
    std::vector<std::string> texts;
    const base::JsonValue* value = base::member(body, name);
    if (value != nullptr && value->IsArray()) {
        for (const auto& element : value->GetArray()) {
            texts.emplace_back(element.GetString(), element.GetStringLength());
        }
    }
    return texts;
}

namespace {

std::optional<std::int64_t> numberOf(const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && at == end ? std::optional{number} : std::nullopt;
}

} // namespace

base::Result<std::optional<std::int64_t>> cursorNumber(const Context& context) {
    const std::string text = context.query("after");
    const auto number = numberOf(text);
    if (!text.empty() && !number) {
        return invalidQuery("after", "must be the next of the page before");
    }
    return text.empty() ? std::optional<std::int64_t>{} : number;
}

base::Result<std::int64_t> numericId(const Context& context, const std::string& name) {
    const auto number = numberOf(context.param(name));
    if (!number) {
        return base::Error::notFound("there is no entry " + context.param(name));
    }
    return *number;
}

std::string jsonOr(const std::string& json, const char* other) {
    return !json.empty() && base::parseJson(json) ? json : other;
}

std::optional<bool> queryEnabled(const Context& context) {
    const std::string state = context.query("state");
    return state.empty() ? std::nullopt : std::optional{state == "enabled"};
}

bool saysInUse(const base::Error& error) {
    return error.kind() == base::Errc::Conflict && error.code().ends_with("in_use");
}

base::Error cannotStart(base::Error error) {
    switch (error.kind()) {
    case base::Errc::Failed:
    case base::Errc::Io:
    case base::Errc::Exception:
    case base::Errc::Timeout:
        return base::Error{base::Errc::Conflict,
                           error.code().empty() ? "start_failed" : error.code(), error.message()};
    default:
        return error;
    }
}

base::Error invalidQuery(const char* name, const char* message) {
    return base::Error{base::Errc::Invalid, "request.invalid", std::string{name} + " " + message}
        .with({{name, "invalid", message}});
}

QueryParameter searchParameter() {
    return {"q", Schema::string(0, 200), "Part of the id or name."};
}

QueryParameter sortParameter(std::vector<std::string> fields) {
    std::vector<std::string> values;
    for (const std::string& field : fields) {
        values.push_back(field);
        values.push_back("-" + field);
    }
    return {"sort", Schema::oneOf(std::move(values)), "Field; \"-\" in front for descending."};
}

std::vector<QueryParameter> timeRange() {
    return {{"from", Schema::time(), "Not before."}, {"to", Schema::time(), "Before."}};
}

} // namespace fairlead::web
