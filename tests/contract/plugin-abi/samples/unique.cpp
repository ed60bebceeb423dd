// SPDX-License-Identifier: Apache-2.0
// Built without -fno-gnu-unique and without the version script: its inline function's counter is a
// unique symbol, which all loaded copies would share.
#include "fairlead/sdk/protocol.hpp"

__attribute__((visibility("default"))) inline int& sharedCounter() {
    static int counter = 0;
    return counter;
}

namespace {
struct Counting : fairlead::sdk::Part {
    static fairlead::sdk::Status init(fairlead::sdk::Host) {
        ++sharedCounter();
        return {};
    }
};
} // namespace

FL_PLUGIN("test.unique", "1.0.0", R"({"en":"Unique"})", Counting);
