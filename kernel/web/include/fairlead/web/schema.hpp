// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <rapidjson/fwd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::web {

class JsonOut;
class Schema;
struct Field;

/// `field` is a path, "nodes/0/nodeId"; codes: "required", "unknown", "duplicate", "type",
/// "pattern", "enum", "too_short", "too_long", "too_small", "too_large".
using base::FieldError;

inline constexpr std::size_t kFieldErrorsMax = 100;

/// The shape of a JSON value: what requests are validated with and the OpenAPI document is made of.
/// A cheap, immutable value; copies share.
class Schema {
public:
    enum class Kind { Any, String, Integer, Number, Boolean, Enum, Object, Array, Map };

    static Schema any();
    /// Lengths in characters.
    static Schema string(std::size_t min, std::size_t max);
    static Schema name();        ///< 1 to 64 characters, not only blanks (X1)
    static Schema description(); ///< at most 200 characters (X1)
    static Schema userId();      ///< [0-9A-Za-z_-]{1,64}
    static Schema time();        ///< RFC 3339
    /// Write-only: masked in the access log, shown as password in the document.
    static Schema secret(std::size_t min, std::size_t max);
    static Schema integer(std::int64_t min, std::int64_t max);
    static Schema number();
    static Schema boolean();
    static Schema oneOf(std::vector<std::string> values);
    static Schema object(std::vector<Field> fields);
    static Schema array(Schema element, std::size_t max);
    static Schema map(Schema value, std::size_t max);
    /// {"zh-CN": …, "en": …}
    static Schema texts();

    Schema nullable() const;
    Schema describe(std::string text) const;
    /// Becomes #/components/schemas/<name> in the document.
    Schema named(std::string name) const;
    /// Every field optional: the body of a merge patch.
    Schema partial() const;
    /// With further fields at the end. Objects only.
    Schema with(std::vector<Field> fields) const;

    Kind kind() const noexcept;
    const std::string& componentName() const noexcept;
    bool isSecret() const noexcept;
    const std::vector<Field>& fields() const noexcept; ///< Object
    const Schema* element() const noexcept;            ///< Array, Map

    /// Appends everything that is wrong with `value`, up to kFieldErrorsMax.
    void validate(const rapidjson::Value& value, const std::string& path,
                  std::vector<FieldError>& errors) const;

    /// JSON Schema 2020-12 as OpenAPI 3.1 has it. Named schemas below the top become references.
    void write(JsonOut& out, bool top = false) const;
    /// Every named schema in here, each once.
    void collectNamed(std::vector<Schema>& found, std::set<std::string>& seen) const;

private:
    struct Node;
    explicit Schema(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
    static Schema make(Node node);
    void validateString(const rapidjson::Value& value, const std::string& path,
                        std::vector<FieldError>& errors) const;
    void validateNumber(const rapidjson::Value& value, const std::string& path,
                        std::vector<FieldError>& errors) const;
    void validateObject(const rapidjson::Value& value, const std::string& path,
                        std::vector<FieldError>& errors) const;
    void validateElements(const rapidjson::Value& value, const std::string& path,
                          std::vector<FieldError>& errors) const;
    void writeObject(JsonOut& out) const;

    std::shared_ptr<const Node> node_;
};

struct Field {
    std::string name;
    Schema schema;
    bool required = true;
};

inline Field required(std::string name, Schema schema) {
    return Field{std::move(name), std::move(schema), true};
}
inline Field optional(std::string name, Schema schema) {
    return Field{std::move(name), std::move(schema), false};
}

} // namespace fairlead::web
