// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/lifecycle.hpp"

#include "fairlead/runtime/log.hpp"

#include <future>
#include <thread>
#include <utility>

namespace fairlead::runtime {

namespace {

// True when it ended in time. The promise is shared with the thread, which may outlive this call.
bool stopWithin(const Component& component) {
    if (!component.stop) {
        return true;
    }
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> ended = done->get_future();
    std::thread thread([stop = component.stop, done] {
        stop();
        done->set_value();
    });
    if (ended.wait_for(component.stop_limit) == std::future_status::ready) {
        thread.join();
        return true;
    }
    thread.detach();
    return false;
}

} // namespace

void Lifecycle::add(Component component) {
    FL_ASSERT(started_ == 0);
    components_.push_back(std::move(component));
}

base::Status Lifecycle::start() {
    while (started_ < components_.size()) {
        const Component& component = components_[started_];
        if (component.start) {
            base::Status status = component.start();
            if (!status) {
                base::Error error =
                    std::move(status).error().within("Cannot start " + component.name);
                if (const base::Status stopped = stop(); !stopped) {
                    logError("lifecycle", stopped.error().message());
                }
                return error;
            }
        }
        ++started_;
    }
    return {};
}

base::Status Lifecycle::stop() {
    std::string late;
    while (started_ > 0) {
        const Component& component = components_[--started_];
        if (!stopWithin(component)) {
            late += (late.empty() ? "" : ", ") + component.name + " (" +
                    std::to_string(component.stop_limit.count()) + " ms)";
        }
    }
    if (!late.empty()) {
        return base::Error(base::Errc::Timeout, "lifecycle.late",
                           "Did not stop within its time limit: " + late);
    }
    return {};
}

std::vector<std::string> Lifecycle::running() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < started_; ++i) {
        names.push_back(components_[i].name);
    }
    return names;
}

} // namespace fairlead::runtime
