// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/schema.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/base/json.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/web/json_out.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace fairlead::web {

namespace {

enum class Format { None, Name, UserId, Time, Secret };

std::string below(const std::string& path, std::string_view name) {
    return path.empty() ? std::string{name} : path + "/" + std::string{name};
}

void report(std::vector<FieldError>& errors, const std::string& path, const char* code,
            std::string message) {
    if (errors.size() < kFieldErrorsMax) {
        errors.push_back({path, code, std::move(message)});
    }
}

std::string_view textOf(const base::JsonValue& value) {
    return {value.GetString(), value.GetStringLength()};
}

} // namespace

struct Schema::Node {
    Kind kind = Kind::Any;
    Format format = Format::None;
    bool nullable = false;
    std::string name;
    std::string description;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::vector<std::string> values;
    std::vector<Field> fields;
    std::vector<Schema> element; // none or one
};

Schema Schema::make(Node node) {
    return Schema{std::make_shared<const Node>(std::move(node))};
}

Schema Schema::any() {
    return make({});
}

Schema Schema::string(std::size_t min, std::size_t max) {
    Node node;
    node.kind = Kind::String;
    node.min = static_cast<std::int64_t>(min);
    node.max = static_cast<std::int64_t>(max);
    return make(std::move(node));
}

Schema Schema::name() {
    Node node = *string(1, base::kNameCharsMax).node_;
    node.format = Format::Name;
    return make(std::move(node));
}

Schema Schema::description() {
    return string(0, base::kDescriptionCharsMax);
}

Schema Schema::userId() {
    Node node = *string(1, 64).node_;
    node.format = Format::UserId;
    return make(std::move(node));
}

Schema Schema::time() {
    Node node = *string(1, 40).node_;
    node.format = Format::Time;
    return make(std::move(node));
}

Schema Schema::secret(std::size_t min, std::size_t max) {
    Node node = *string(min, max).node_;
    node.format = Format::Secret;
    return make(std::move(node));
}

Schema Schema::integer(std::int64_t min, std::int64_t max) {
    Node node;
    node.kind = Kind::Integer;
    node.min = min;
    node.max = max;
    return make(std::move(node));
}

Schema Schema::number() {
    Node node;
    node.kind = Kind::Number;
    return make(std::move(node));
}

Schema Schema::boolean() {
    Node node;
    node.kind = Kind::Boolean;
    return make(std::move(node));
}

Schema Schema::oneOf(std::vector<std::string> values) {
    Node node;
    node.kind = Kind::Enum;
    node.values = std::move(values);
    return make(std::move(node));
}

Schema Schema::object(std::vector<Field> fields) {
    Node node;
    node.kind = Kind::Object;
    node.fields = std::move(fields);
    return make(std::move(node));
}

Schema Schema::array(Schema element, std::size_t max) {
    Node node;
    node.kind = Kind::Array;
    node.element.push_back(std::move(element));
    node.max = static_cast<std::int64_t>(max);
    return make(std::move(node));
}

Schema Schema::map(Schema value, std::size_t max) {
    Node node;
    node.kind = Kind::Map;
    node.element.push_back(std::move(value));
    node.max = static_cast<std::int64_t>(max);
    return make(std::move(node));
}

Schema Schema::texts() {
    return map(string(0, 2000), 16).named("Texts");
}

Schema Schema::nullable() const {
    Node node = *node_;
    node.nullable = true;
    return make(std::move(node));
}

Schema Schema::describe(std::string text) const {
    Node node = *node_;
    node.description = std::move(text);
    return make(std::move(node));
}

Schema Schema::named(std::string name) const {
    Node node = *node_;
    node.name = std::move(name);
    return make(std::move(node));
}

Schema Schema::partial() const {
    Node node = *node_;
    node.name.clear();
    for (Field& field : node.fields) {
        field.required = false;
    }
    return make(std::move(node));
}

Schema Schema::with(std::vector<Field> fields) const {
    FL_ASSERT(node_->kind == Kind::Object);
    Node node = *node_;
    node.name.clear();
    std::move(fields.begin(), fields.end(), std::back_inserter(node.fields));
    return make(std::move(node));
}

Schema::Kind Schema::kind() const noexcept {
    return node_->kind;
}
const std::string& Schema::componentName() const noexcept {
    return node_->name;
}
bool Schema::isSecret() const noexcept {
    return node_->format == Format::Secret;
}
const std::vector<Field>& Schema::fields() const noexcept {
    return node_->fields;
}
const Schema* Schema::element() const noexcept {
    return node_->element.empty() ? nullptr : &node_->element.front();
}

void Schema::validate(const base::JsonValue& value, const std::string& path,
                      std::vector<FieldError>& errors) const {
    if (value.IsNull() && (node_->nullable || node_->kind == Kind::Any)) {
        return;
    }
    switch (node_->kind) {
    case Kind::Any:
        return;
    case Kind::String:
    case Kind::Enum:
        return validateString(value, path, errors);
    case Kind::Integer:
    case Kind::Number:
        return validateNumber(value, path, errors);
    case Kind::Boolean:
        if (!value.IsBool()) {
            report(errors, path, "type", "must be true or false");
        }
        return;
    case Kind::Object:
        return validateObject(value, path, errors);
    case Kind::Array:
    case Kind::Map:
        return validateElements(value, path, errors);
    }
}

void Schema::validateString(const base::JsonValue& value, const std::string& path,
                            std::vector<FieldError>& errors) const {
    if (!value.IsString()) {
        return report(errors, path, "type", "must be text");
    }
    const std::string_view text = textOf(value);
    if (node_->kind == Kind::Enum) {
        if (std::find(node_->values.begin(), node_->values.end(), text) == node_->values.end()) {
            std::string all;
            for (const std::string& one : node_->values) {
                all += (all.empty() ? "" : ", ") + one;
            }
            report(errors, path, "enum", "must be one of: " + all);
        }
        return;
    }
    const auto length =
        base::countCharacters(node_->format == Format::Name ? base::trim(text) : text);
    if (!length) {
        return report(errors, path, "pattern", "must be valid UTF-8");
    }
    if (static_cast<std::int64_t>(*length) < node_->min) {
        return report(errors, path, "too_short",
                      "must have at least " + std::to_string(node_->min) + " characters");
    }
    if (static_cast<std::int64_t>(*length) > node_->max) {
        return report(errors, path, "too_long",
                      "must have at most " + std::to_string(node_->max) + " characters");
    }
    if (node_->format == Format::UserId && !base::isUserId(text)) {
        report(errors, path, "pattern", "may have letters, digits, '_' and '-' only");
    }
    if (node_->format == Format::Time && !base::parseRfc3339(text)) {
        report(errors, path, "pattern", "must be an RFC 3339 time such as 2026-01-31T08:00:00Z");
    }
}

void Schema::validateNumber(const base::JsonValue& value, const std::string& path,
                            std::vector<FieldError>& errors) const {
    if (!value.IsNumber()) {
        return report(errors, path, "type", "must be a number");
    }
    if (node_->kind == Kind::Number) {
        return;
    }
    if (!value.IsInt64()) {
        return report(errors, path, "type", "must be a whole number");
    }
    if (value.GetInt64() < node_->min) {
        report(errors, path, "too_small", "must be at least " + std::to_string(node_->min));
    } else if (value.GetInt64() > node_->max) {
        report(errors, path, "too_large", "must be at most " + std::to_string(node_->max));
    }
}

void Schema::validateObject(const base::JsonValue& value, const std::string& path,
                            std::vector<FieldError>& errors) const {
    if (!value.IsObject()) {
        return report(errors, path, "type", "must be an object");
    }
    std::set<std::string_view> seen;
    for (const auto& entry : value.GetObject()) {
        const std::string_view name = textOf(entry.name);
        const auto known = std::find_if(node_->fields.begin(), node_->fields.end(),
                                        [&](const Field& field) { return field.name == name; });
        if (known == node_->fields.end()) {
            report(errors, below(path, name), "unknown", "is not a field of this request");
        } else if (!seen.insert(name).second) {
            report(errors, below(path, name), "duplicate", "is given twice");
        } else {
            known->schema.validate(entry.value, below(path, name), errors);
        }
    }
    for (const Field& field : node_->fields) {
        if (field.required && !seen.contains(field.name)) {
            report(errors, below(path, field.name), "required", "is required");
        }
    }
}

void Schema::validateElements(const base::JsonValue& value, const std::string& path,
                              std::vector<FieldError>& errors) const {
    const bool array = node_->kind == Kind::Array;
    if (array ? !value.IsArray() : !value.IsObject()) {
        return report(errors, path, "type", array ? "must be a list" : "must be an object");
    }
    const std::size_t count = array ? value.Size() : value.MemberCount();
    if (static_cast<std::int64_t>(count) > node_->max) {
        return report(errors, path, "too_long",
                      "must have at most " + std::to_string(node_->max) + " entries");
    }
    const Schema& element = node_->element.front();
    if (array) {
        for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
            element.validate(value[i], below(path, std::to_string(i)), errors);
        }
        return;
    }
    for (const auto& entry : value.GetObject()) {
        element.validate(entry.value, below(path, textOf(entry.name)), errors);
    }
}

void Schema::collectNamed(std::vector<Schema>& found, std::set<std::string>& seen) const {
    if (!node_->name.empty() && !seen.insert(node_->name).second) {
        return;
    }
    if (!node_->name.empty()) {
        found.push_back(*this);
    }
    for (const Field& field : node_->fields) {
        field.schema.collectNamed(found, seen);
    }
    for (const Schema& schema : node_->element) {
        schema.collectNamed(found, seen);
    }
}

void Schema::writeObject(JsonOut& out) const {
    out.object("properties");
    for (const Field& field : node_->fields) {
        field.schema.write(out.name(field.name));
    }
    out.end();
    const auto isRequired = [](const Field& field) { return field.required; };
    if (std::any_of(node_->fields.begin(), node_->fields.end(), isRequired)) {
        out.array("required");
        for (const Field& field : node_->fields) {
            if (field.required) {
                out.value(field.name);
            }
        }
        out.end();
    }
    out.field("additionalProperties", false);
}

void Schema::write(JsonOut& out, bool top) const {
    if (!top && !node_->name.empty()) {
        const std::string reference = "#/components/schemas/" + node_->name;
        if (node_->nullable) {
            out.object().array("anyOf").object().field("$ref", reference).end();
            out.object().field("type", "null").end().end().end();
        } else {
            out.object().field("$ref", reference).end();
        }
        return;
    }
    static constexpr const char* kTypes[] = {"",       "string", "integer", "number", "boolean",
                                             "string", "object", "array",   "object"};
    out.object();
    if (node_->kind != Kind::Any) {
        const char* type = kTypes[static_cast<std::size_t>(node_->kind)];
        if (node_->nullable) {
            out.texts("type", {type, "null"});
        } else {
            out.field("type", type);
        }
    }
    if (!node_->description.empty()) {
        out.field("description", node_->description);
    }
    switch (node_->kind) {
    case Kind::String:
        out.field("minLength", node_->min).field("maxLength", node_->max);
        if (node_->format == Format::UserId) {
            out.field("pattern", "^[0-9A-Za-z_-]{1,64}$");
        } else if (node_->format == Format::Time) {
            out.field("format", "date-time");
        } else if (node_->format == Format::Secret) {
            out.field("format", "password").field("writeOnly", true);
        }
        break;
    case Kind::Integer:
        out.field("minimum", node_->min).field("maximum", node_->max);
        break;
    case Kind::Enum:
        out.texts("enum", node_->values);
        break;
    case Kind::Object:
        writeObject(out);
        break;
    case Kind::Array:
        node_->element.front().write(out.name("items"));
        out.field("maxItems", node_->max);
        break;
    case Kind::Map:
        node_->element.front().write(out.name("additionalProperties"));
        out.field("maxProperties", node_->max);
        break;
    default:
        break;
    }
    out.end();
}

} // namespace fairlead::web
