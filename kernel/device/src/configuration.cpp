// SPDX-License-Identifier: Apache-2.0
#include "configuration.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/device/products.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

constexpr std::size_t kConfigurationKeysMax = 100;
constexpr std::size_t kConfigurationKeyBytesMax = 64;
constexpr std::string_view kEmptyConfiguration = "{}";

std::string memberName(const base::JsonValue& name) {
    return {name.GetString(), name.GetStringLength()};
}

} // namespace

bool soundsSecret(std::string_view key) {
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    for (const char* word : {"key", "secret", "password", "token"}) {
        if (lower.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

void checkConfiguration(std::string_view json, std::vector<base::FieldError>& errors) {
    if (json.size() > kConfigurationBytesMax) {
        errors.push_back({"configuration", "too_long", "the configuration is limited to 32 KiB"});
        return;
    }
    const auto parsed = base::parseJson(json);
    if (!parsed || !parsed->IsObject()) {
        errors.push_back({"configuration", "type", "the configuration must be a JSON object"});
        return;
    }
    if (parsed->MemberCount() > kConfigurationKeysMax) {
        errors.push_back({"configuration", "limit", "the configuration has more than 100 keys"});
    }
    for (auto it = parsed->MemberBegin(); it != parsed->MemberEnd(); ++it) {
        if (it->name.GetStringLength() > kConfigurationKeyBytesMax ||
            it->name.GetStringLength() == 0) {
            errors.push_back({"configuration", "invalid",
                              "a configuration key has 1 to 64 bytes: " + memberName(it->name)});
        }
    }
}

base::Result<std::string> mergeConfiguration(const std::string& current, const std::string& patch) {
    FL_ASSIGN(base::Json target, base::parseJson(current.empty() ? kEmptyConfiguration : current));
    FL_ASSIGN(const base::Json changes, base::parseJson(patch));
    if (!target.IsObject() || !changes.IsObject()) {
        return base::Error::invalid("a configuration must be a JSON object");
    }
    auto& memory = target.GetAllocator();
    for (auto it = changes.MemberBegin(); it != changes.MemberEnd(); ++it) {
        if (it->value.IsString() && kMaskedSecret == it->value.GetString()) {
            continue;
        }
        target.RemoveMember(it->name);
        if (!it->value.IsNull()) {
            target.AddMember(base::JsonValue(it->name, memory), base::JsonValue(it->value, memory),
                             memory);
        }
    }
    std::string merged = base::toText(target);
    if (merged.size() > kConfigurationBytesMax) {
        return base::Error::limit("the configuration is limited to 32 KiB");
    }
    return merged;
}

std::string maskConfiguration(const std::string& json,
                              const std::function<bool(const std::string&)>& is_secret) {
    auto parsed = base::parseJson(json);
    if (!parsed || !parsed->IsObject()) {
        return std::string{kEmptyConfiguration};
    }
    // Counted: clang 14 finds RapidJSON's comparison of mutable iterators ambiguous.
    auto at = parsed->MemberBegin();
    for (rapidjson::SizeType n = parsed->MemberCount(); n > 0; --n, ++at) {
        auto& member = *at;
        if (is_secret(memberName(member.name)) && !member.value.IsNull()) {
            member.value.SetString(kMaskedSecret.data(),
                                   static_cast<rapidjson::SizeType>(kMaskedSecret.size()));
        }
    }
    return base::toText(*parsed);
}

ConfigurationMap configurationMap(const std::string& json) {
    ConfigurationMap out;
    const auto parsed = base::parseJson(json);
    if (!parsed || !parsed->IsObject()) {
        return out;
    }
    for (auto it = parsed->MemberBegin(); it != parsed->MemberEnd(); ++it) {
        if (!it->value.IsNull()) {
            out[memberName(it->name)] =
                it->value.IsString()
                    ? std::string{it->value.GetString(), it->value.GetStringLength()}
                    : base::toText(it->value);
        }
    }
    return out;
}

std::string sealConfiguration(const security::Secrets* secrets, const std::string& json,
                              const std::string& context) {
    // An empty one holds no secret, and a million devices without settings need no ciphertext.
    return json == kEmptyConfiguration || json.empty() ? std::string{}
                                                       : secrets->seal(json, context);
}

base::Result<std::string> unsealConfiguration(const security::Secrets* secrets,
                                              const std::string& stored,
                                              const std::string& context) {
    if (stored.empty()) {
        return std::string{kEmptyConfiguration};
    }
    return secrets->unseal(stored, context);
}

} // namespace fairlead::device
