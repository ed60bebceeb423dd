// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Invariants of our own code. Never on data from outside: that is what Result is for.
namespace fairlead::base {

/// Prints expression, place and a backtrace to standard error and aborts.
[[noreturn]] void assertionFailed(const char* expression, const char* file, int line) noexcept;

} // namespace fairlead::base

/// Always on, also in release builds.
#define FL_ASSERT(expression)                                                                      \
    ((expression) ? static_cast<void>(0)                                                           \
                  : ::fairlead::base::assertionFailed(#expression, __FILE__, __LINE__))
