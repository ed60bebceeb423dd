// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/thread.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace fairlead::runtime {

namespace {

constexpr int kBackgroundNice = 10; ///< a tenth of the weight of nice 0

std::string& ownName() noexcept {
    thread_local std::string name = "main";
    return name;
}

} // namespace

void setThreadName(const std::string& name) {
    ownName() = name;
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

void standBack() noexcept {
    // Refused only where a priority could not be lowered any further.
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice));
}

const std::string& threadName() noexcept {
    return ownName();
}

} // namespace fairlead::runtime
