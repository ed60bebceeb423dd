// SPDX-License-Identifier: Apache-2.0
// JSON bodies: as a report, as collected records, as a WebSocket frame.
#include "fuzz_session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::official::fuzz;
    const std::string_view body = text(data, size);
    target().decode("MQTT", "/p/d1/properties/report", body);
    target().decode("MQTT", "/p/d1/collector/report", body);
    target().decode("MQTT", "/p/d1/state-check/reply", body);
    target().decode("HTTP", "/p/d1/event/fire", body);
    target().decode("WebSocket", "", body);
    return 0;
}
