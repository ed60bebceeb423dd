// SPDX-License-Identifier: Apache-2.0
// Binary layouts: the input as a TCP payload, as one message, and as a datagram.
#include "fuzz_session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::official::fuzz;
    const std::string_view bytes = text(data, size);
    target().decode("TCP", "", bytes);
    target().decode("TCP", "", fairlead::official::withLength(bytes));
    target().decode("UDP", "", bytes);
    return 0;
}
