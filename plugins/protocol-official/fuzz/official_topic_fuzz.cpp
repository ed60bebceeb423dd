// SPDX-License-Identifier: Apache-2.0
// Topics and paths, with a body that fits most of them.
#include "fuzz_session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::official::fuzz;
    const std::string_view topic = text(data, size);
    const std::string_view body = R"({"messageId":"1","properties":{"a":1},"tags":{},"log":"x"})";
    target().decode("MQTT", topic, body);
    target().decode("HTTP", topic, body);
    return 0;
}
