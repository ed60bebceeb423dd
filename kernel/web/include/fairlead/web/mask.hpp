// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/web/http.hpp"
#include "fairlead/web/schema.hpp"

#include <rapidjson/fwd.h>

#include <set>
#include <string>
#include <string_view>

namespace fairlead::web {

/// True for names of fields that hold secrets: password, token, key, secret, credential …
bool isSecretName(std::string_view name);

/// `body` with every secret as "***", at most `bytes_max` bytes, cut at a character. Secrets are
/// fields with a secret name, fields that `schema` (may be nullptr) says are secret, and `names`.
std::string maskBody(const rapidjson::Value& body, const Schema* schema,
                     const std::set<std::string>& names, std::size_t bytes_max);

/// JSON object of the headers worth keeping; credentials are "***".
std::string maskHeaders(const Headers& headers, std::size_t bytes_max);

/// Names of the properties that a plugin's JSON Schema marks with x-secret or writeOnly.
std::set<std::string> secretNames(std::string_view json_schema);

/// `text` cut to at most `bytes_max` bytes without breaking a character.
std::string cutText(std::string text, std::size_t bytes_max);

} // namespace fairlead::web
