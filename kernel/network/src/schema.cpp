// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/schema.hpp"

#include "schema_walk.hpp"

#include <string>

namespace fairlead::network {

namespace schema {

namespace {

const base::JsonValue* lookUp(const base::JsonValue& root, const base::JsonValue& siblings,
                              std::string_view path) {
    if (path.empty() || path.front() != '/') {
        return memberOf(siblings, path);
    }
    const base::JsonValue* at = &root;
    while (at != nullptr && !path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = path.find('/');
        at = memberOf(*at, path.substr(0, end));
        path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
    }
    return at;
}

bool isOneOf(const base::JsonValue& wanted, const base::JsonValue& actual) {
    if (!wanted.IsArray()) {
        return wanted == actual;
    }
    for (const base::JsonValue& one : wanted.GetArray()) {
        if (one == actual) {
            return true;
        }
    }
    return false;
}

} // namespace

bool holds(const base::JsonValue* condition, const base::JsonValue& root,
           const base::JsonValue& siblings) {
    if (condition == nullptr || !condition->IsObject()) {
        return true;
    }
    for (const auto& entry : condition->GetObject()) {
        const base::JsonValue* actual = lookUp(root, siblings, viewOf(entry.name));
        if (actual == nullptr || !isOneOf(entry.value, *actual)) {
            return false;
        }
    }
    return true;
}

} // namespace schema

namespace {

using base::Json;
using base::JsonValue;
using namespace schema;

class Normalizer {
public:
    Normalizer(Json& document, const JsonValue& schema)
        : allocator_(document.GetAllocator()), root_(document) {
        fill(schema, document);
        hide(schema, document);
    }

private:
    void fill(const JsonValue& schema, JsonValue& value) {
        const JsonValue* properties = base::member(schema, "properties");
        if (properties == nullptr || !value.IsObject()) {
            return;
        }
        for (const auto& property : properties->GetObject()) {
            const JsonValue* given = memberOf(value, viewOf(property.name));
            const JsonValue* fallback = base::member(property.value, "default");
            if (isEmpty(given)) {
                value.RemoveMember(property.name);
                add(property, value, fallback);
            }
            if (JsonValue* now = memberOf(value, viewOf(property.name))) {
                fill(property.value, *now);
            }
        }
    }

    void add(const JsonValue::Member& property, JsonValue& value, const JsonValue* fallback) {
        JsonValue name(property.name, allocator_);
        if (fallback != nullptr) {
            value.AddMember(name, JsonValue(*fallback, allocator_), allocator_);
        } else if (typeOf(property.value) == "object") {
            value.AddMember(name, JsonValue(rapidjson::kObjectType), allocator_);
        }
    }

    void hide(const JsonValue& schema, JsonValue& value) {
        const JsonValue* properties = base::member(schema, "properties");
        if (properties == nullptr || !value.IsObject()) {
            return;
        }
        for (const auto& property : properties->GetObject()) {
            JsonValue* const now = memberOf(value, viewOf(property.name));
            if (now == nullptr) {
                continue;
            }
            if (!holds(base::member(property.value, "x-visible-when"), root_, value)) {
                value.RemoveMember(property.name);
            } else {
                hide(property.value, *now);
            }
        }
    }

    Json::AllocatorType& allocator_;
    const JsonValue& root_;
};

void maskIn(const JsonValue& schema, JsonValue& value, Json::AllocatorType& allocator) {
    const JsonValue* properties = base::member(schema, "properties");
    if (properties == nullptr || !value.IsObject()) {
        return;
    }
    for (const auto& property : properties->GetObject()) {
        JsonValue* const now = memberOf(value, viewOf(property.name));
        if (now == nullptr) {
            continue;
        }
        if (base::booleanOr(property.value, "x-secret", false)) {
            now->SetString(kSecretMask.data(), static_cast<rapidjson::SizeType>(kSecretMask.size()),
                           allocator);
        } else {
            maskIn(property.value, *now, allocator);
        }
    }
}

void restoreIn(const JsonValue& schema, JsonValue& value, const JsonValue& before,
               Json::AllocatorType& allocator) {
    const JsonValue* properties = base::member(schema, "properties");
    if (properties == nullptr || !value.IsObject()) {
        return;
    }
    for (const auto& property : properties->GetObject()) {
        JsonValue* const now = memberOf(value, viewOf(property.name));
        if (now == nullptr) {
            continue;
        }
        const JsonValue* old = memberOf(before, viewOf(property.name));
        if (!base::booleanOr(property.value, "x-secret", false)) {
            static const JsonValue kNothing;
            restoreIn(property.value, *now, old == nullptr ? kNothing : *old, allocator);
        } else if (now->IsString() && viewOf(*now) == kSecretMask) {
            if (old == nullptr) {
                value.RemoveMember(property.name);
            } else {
                now->CopyFrom(*old, allocator);
            }
        }
    }
}

void patchInto(JsonValue& target, const JsonValue& patch, Json::AllocatorType& allocator) {
    if (!patch.IsObject()) {
        target.CopyFrom(patch, allocator);
        return;
    }
    if (!target.IsObject()) {
        target.SetObject();
    }
    for (const auto& entry : patch.GetObject()) {
        if (entry.value.IsNull()) {
            target.RemoveMember(entry.name);
            continue;
        }
        if (memberOf(target, viewOf(entry.name)) == nullptr) {
            target.AddMember(JsonValue(entry.name, allocator), JsonValue(), allocator);
        }
        patchInto(*memberOf(target, viewOf(entry.name)), entry.value, allocator);
    }
}

} // namespace

void normalize(const JsonValue& schema, Json& value) {
    Normalizer(value, schema);
}

void maskSecrets(const JsonValue& schema, Json& value) {
    maskIn(schema, value, value.GetAllocator());
}

void restoreSecrets(const JsonValue& schema, Json& value, const JsonValue& before) {
    restoreIn(schema, value, before, value.GetAllocator());
}

void mergePatch(Json& target, const JsonValue& patch) {
    patchInto(target, patch, target.GetAllocator());
}

} // namespace fairlead::network
