// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/json.hpp"
#include "fairlead/base/result.hpp"
#include "fairlead/network/type.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Settings described by a JSON Schema: the draft-04 subset that plugins use and the pages render
/// (type, enum, required, limits, pattern, format, items, x-visible-when, x-required-when,
/// x-secret).
namespace fairlead::network {

/// What a secret reads as, and says "unchanged" when it is written.
inline constexpr std::string_view kSecretMask = "***";
/// Limits of a schema, checked before it is used.
inline constexpr std::size_t kSchemaBytesMax = std::size_t{64} << 10;
inline constexpr int kSchemaDepthMax = 4;

/// Puts defaults where nothing is given and takes out empty texts, nulls and what its conditions
/// hide.
void normalize(const base::JsonValue& schema, base::Json& value);

/// Everything that is wrong with a normalized value; fields are named `prefix` + "/" + path. Codes:
/// type, required, unknown, enum, range, integer, minLength, maxLength, maxItems, pattern,
/// format_hostname, format_ipv4, format_ipv6, format_uri.
std::vector<base::FieldError> check(const base::JsonValue& schema, const base::JsonValue& value,
                                    const std::string& prefix);

/// Replaces secrets by the mask.
void maskSecrets(const base::JsonValue& schema, base::Json& value);
/// Replaces masks by the secrets of `before`.
void restoreSecrets(const base::JsonValue& schema, base::Json& value,
                    const base::JsonValue& before);

/// Applies a JSON merge patch (RFC 7396) to an object.
void mergePatch(base::Json& target, const base::JsonValue& patch);

/// True for a name of DNS, an IPv4 or an IPv6 address.
bool isHost(std::string_view text) noexcept;
/// True for an IPv4 or IPv6 address.
bool isAddress(std::string_view text) noexcept;

/// The form of a type's components: common fields in front of the type's own, texts of both.
/// Errors: Invalid when the type's schema breaks the limits or is no object schema.
base::Result<base::Json> componentSchema(const TypeDescription& type);

} // namespace fairlead::network
