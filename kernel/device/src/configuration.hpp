// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/security/secrets.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

using ConfigurationMap = std::map<std::string, std::string, std::less<>>;
using IsSecret = std::function<bool(const std::string& protocol_id, const std::string& key)>;

/// Keys that sound like secrets: for protocols that say nothing.
bool soundsSecret(std::string_view key);

/// Checks the text of a configuration; a problem is added to `errors` under "configuration".
void checkConfiguration(std::string_view json, std::vector<base::FieldError>& errors);

/// `current` with the JSON merge patch `patch`: null removes, "***" leaves. Both were checked.
base::Result<std::string> mergeConfiguration(const std::string& current, const std::string& patch);

/// With secret values replaced by "***".
std::string maskConfiguration(const std::string& json,
                              const std::function<bool(const std::string&)>& is_secret);

/// Top-level members as text: what protocols read.
ConfigurationMap configurationMap(const std::string& json);

/// At rest a configuration is sealed as a whole; `context` is "product/<id>" or "device/<id>".
std::string sealConfiguration(const security::Secrets* secrets, const std::string& json,
                              const std::string& context);
base::Result<std::string> unsealConfiguration(const security::Secrets* secrets,
                                              const std::string& stored,
                                              const std::string& context);

} // namespace fairlead::device
