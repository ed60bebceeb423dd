// SPDX-License-Identifier: Apache-2.0
#include "framing_schema.hpp"

namespace fairlead::tcp {

std::string schemaWithFraming(const SchemaParts& own) {
    std::string out = R"({"type":"object",)";
    out.append(own.more).append(R"("properties":{)");
    out.append(own.properties).append(",").append(kFramingProperties);
    out.append(R"(},"i18n":{"zh-CN":{)");
    out.append(own.chinese).append(",").append(kFramingChinese);
    out.append(R"(},"en":{)");
    out.append(own.english).append(",").append(kFramingEnglish);
    return out.append("}}}");
}

} // namespace fairlead::tcp
