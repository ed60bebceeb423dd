// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/thread.hpp"

#include <pthread.h>

namespace fairlead::runtime {

namespace {

std::string& ownName() noexcept {
    thread_local std::string name = "main";
    return name;
}

} // namespace

void setThreadName(const std::string& name) {
    ownName() = name;
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

const std::string& threadName() noexcept {
    return ownName();
}

} // namespace fairlead::runtime
