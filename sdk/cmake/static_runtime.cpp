// SPDX-License-Identifier: Apache-2.0
// Linked into plugins that carry their own C++ runtime. That runtime allocates a pool for
// exceptions when it is loaded (73 KiB) and never frees it, so every reload would leak one.
#include <cstdint>

// Weak, for plugins without C++ or without exceptions; in those the loader may bind it to the
// server's runtime, whose pool is not ours to free: hence the look at the address.
extern "C" void fl_free_runtime() __asm__("_ZN9__gnu_cxx9__freeresEv") __attribute__((weak));
extern "C" const char fl_module_start[] __asm__("__ehdr_start")
    __attribute__((visibility("hidden")));
extern "C" const char fl_module_end[] __asm__("_end") __attribute__((visibility("hidden")));

// The lowest priority of a destructor runs last, after those of static objects.
__attribute__((destructor(101))) static void freeRuntime() {
    const auto at = reinterpret_cast<std::uintptr_t>(&fl_free_runtime);
    if (at >= reinterpret_cast<std::uintptr_t>(fl_module_start) &&
        at < reinterpret_cast<std::uintptr_t>(fl_module_end)) {
        fl_free_runtime();
    }
}
