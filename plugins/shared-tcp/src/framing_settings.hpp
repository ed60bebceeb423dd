// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "framing.hpp"

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Settings of TCP components out of their JSON. All of it throws sdk::Failure with FL_E_INVALID
/// when a member has a wrong type or range.
namespace fairlead::tcp {

inline constexpr std::size_t kFrameBytesLimit = 16 * 1024 * 1024; // upper bound of maxFrameLength

/// parserType, parserConfiguration and maxFrameLength.
Framing readFraming(const rapidjson::Value& configuration);

/// The document, an object.
rapidjson::Document parseObject(std::string_view json);
/// The object under parserConfiguration, or an empty one.
const rapidjson::Value& parserConfiguration(const rapidjson::Value& configuration);

[[noreturn]] void refuse(const std::string& text);
/// The member, or nullptr when it is absent or null.
const rapidjson::Value* find(const rapidjson::Value& object, const char* name);
std::uint64_t integer(const rapidjson::Value& object, const char* name, std::uint64_t fallback,
                      std::uint64_t low, std::uint64_t high);
std::string_view string(const rapidjson::Value& object, const char* name,
                        std::string_view fallback);

} // namespace fairlead::tcp
