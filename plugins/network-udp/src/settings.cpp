// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "fairlead/sdk/base.hpp"

#include <rapidjson/document.h>

#include <string>

namespace fairlead::udp {

Settings parseSettings(std::string_view json) {
    rapidjson::Document doc;
    doc.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (doc.HasParseError() || !doc.IsObject()) {
        throw sdk::Failure(FL_E_INVALID, "the configuration is not a JSON object");
    }
    Settings settings;
    const rapidjson::Value& object = doc;
    const auto found = object.FindMember("maxDatagramLength");
    if (found == object.MemberEnd() || found->value.IsNull()) {
        return settings;
    }
    const auto& value = found->value;
    if (!value.IsUint64() || value.GetUint64() < kDatagramBytesMin ||
        value.GetUint64() > kDatagramBytesMax) {
        throw sdk::Failure(FL_E_INVALID, "maxDatagramLength must be an integer from " +
                                             std::to_string(kDatagramBytesMin) + " to " +
                                             std::to_string(kDatagramBytesMax));
    }
    settings.datagram_bytes = static_cast<std::size_t>(value.GetUint64());
    return settings;
}

} // namespace fairlead::udp
