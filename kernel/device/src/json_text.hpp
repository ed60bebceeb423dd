// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::device {

/// Builds one flat JSON object. Values given as JSON are taken as they are.
class JsonObject {
public:
    JsonObject& text(std::string_view name, std::string_view value);
    JsonObject& json(std::string_view name, std::string_view value);
    JsonObject& boolean(std::string_view name, bool value) {
        return json(name, value ? "true" : "false");
    }
    JsonObject& time(std::string_view name, base::UtcMs value);
    std::string take() { return std::move(out_) + "}"; }

private:
    void name(std::string_view name);
    std::string out_ = "{";
};

} // namespace fairlead::device
