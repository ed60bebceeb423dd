// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace fairlead::plugin {

/// Runs `job` on a thread of its own and waits for it, because plugin code may hang: past `limit`
/// the thread is left behind and the answer is Timeout. The job owns what it touches.
template <class T>
base::Result<T> runLimited(std::chrono::milliseconds limit, std::function<base::Result<T>()> job) {
    struct Shared {
        std::mutex mutex;
        std::condition_variable done;
        std::optional<base::Result<T>> result;
    };
    const auto shared = std::make_shared<Shared>();
    std::thread thread([shared, job = std::move(job)]() mutable {
        base::Result<T> result = job();
        job = nullptr; // what it owns goes before the waiting side may unmap code
        const std::lock_guard lock(shared->mutex);
        shared->result.emplace(std::move(result));
        shared->done.notify_all();
    });
    std::unique_lock lock(shared->mutex);
    if (!shared->done.wait_for(lock, limit, [&] { return shared->result.has_value(); })) {
        thread.detach();
        return base::Error(base::Errc::Timeout, "plugin.timeout",
                           "the plugin's code did not return within " +
                               std::to_string(limit.count()) + " ms");
    }
    lock.unlock();
    // Joined, so that the thread's own destructors have run before anything is unmapped.
    thread.join();
    return std::move(*shared->result);
}

} // namespace fairlead::plugin
