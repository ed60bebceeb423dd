// SPDX-License-Identifier: Apache-2.0
// Ids of the host's extension tables, for Host::ext<T>(), and a few friendly wrappers.
#pragma once

#include "fairlead/host/executor.h"
#include "fairlead/host/fd.h"
#include "fairlead/host/metrics.h"
#include "fairlead/host/state.h"
#include "fairlead/host/thread_check.h"
#include "fairlead/host/timer.h"
#include "fairlead/sdk/base.hpp"

FL_SDK_BEGIN

template <>
struct ExtensionId<fl_host_timer> {
    static constexpr const char* value = FL_HOST_TIMER;
};
template <>
struct ExtensionId<fl_host_fd> {
    static constexpr const char* value = FL_HOST_FD;
};
template <>
struct ExtensionId<fl_host_executor> {
    static constexpr const char* value = FL_HOST_EXECUTOR;
};
template <>
struct ExtensionId<fl_host_metrics> {
    static constexpr const char* value = FL_HOST_METRICS;
};
template <>
struct ExtensionId<fl_host_state> {
    static constexpr const char* value = FL_HOST_STATE;
};
template <>
struct ExtensionId<fl_host_thread_check> {
    static constexpr const char* value = FL_HOST_THREAD_CHECK;
};

/// Adds to a counter of this module; quietly nothing on a host without metrics.
inline void count(Host host, std::string_view name, double delta = 1) noexcept {
    if (const auto* metrics = host.ext<fl_host_metrics>()) {
        (void)metrics->add(metrics->ctx, str(name), delta);
    }
}

/// True when the calling thread has one of these FL_THREAD_… roles, or the host cannot say.
inline bool hasRole(Host host, std::uint32_t roles) noexcept {
    const auto* check = host.ext<fl_host_thread_check>();
    return check == nullptr || (check->roles(check->ctx) & roles) != 0;
}

FL_SDK_END
