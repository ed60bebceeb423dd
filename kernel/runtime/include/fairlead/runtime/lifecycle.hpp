// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace fairlead::runtime {

/// A named part of the server. Empty functions are left out.
struct Component {
    std::string name;
    std::function<base::Status()> start;
    std::function<void()> stop;
    std::chrono::milliseconds stop_limit{10'000};
};

/// Starts components in the order in which they were added and stops them in the reverse order.
/// Thread: one. Owner: app.
class Lifecycle {
public:
    void add(Component component);

    /// When one fails, the ones already started are stopped and its error comes back, prefixed with
    /// its name.
    base::Status start();

    /// Blocks at most the sum of the limits. A component that takes longer than its limit is named
    /// in the error (Timeout) and left behind on its thread, and the rest is stopped all the same:
    /// the process must then end without running destructors. Repeatable.
    base::Status stop();

    /// Names of the components that run, in order of start.
    std::vector<std::string> running() const;

private:
    std::vector<Component> components_;
    std::size_t started_ = 0;
};

} // namespace fairlead::runtime
