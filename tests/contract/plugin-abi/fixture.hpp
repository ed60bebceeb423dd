// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/plugin/manager.hpp"
#include "fairlead/test/temp_dir.hpp"
#include "fairlead/testkit/fake_protocol.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::plugin {

/// HostServices that records; tasks run on threads that stop() joins.
class RecordingHost final : public HostServices {
public:
    ~RecordingHost() override { join(); }

    void log(std::string_view plugin_id, std::uint32_t, std::string_view,
             std::string_view text) noexcept override {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::string(plugin_id) + ": " + std::string(text));
        ++total_;
        if (lines_.size() > 64) {
            lines_.pop_front(); // so that a thousand reloads measure the loader, not this
        }
    }
    void addCounter(std::string_view, std::string_view name, double delta) noexcept override {
        const std::lock_guard lock(mutex_);
        metrics_[std::string(name)] += delta;
    }
    void setGauge(std::string_view, std::string_view name, double value) noexcept override {
        const std::lock_guard lock(mutex_);
        metrics_[std::string(name)] = value;
    }
    bool execute(std::function<void()> work) noexcept override {
        const std::lock_guard lock(mutex_);
        threads_.emplace_back(std::move(work));
        return true;
    }
    bool putState(std::string_view, std::string_view key,
                  std::string_view value) noexcept override {
        const std::lock_guard lock(mutex_);
        state_[std::string(key)] = value;
        return true;
    }
    std::optional<std::string> getState(std::string_view, std::string_view key) noexcept override {
        const std::lock_guard lock(mutex_);
        const auto found = state_.find(std::string(key));
        return found == state_.end() ? std::nullopt : std::optional(found->second);
    }
    bool removeState(std::string_view, std::string_view key) noexcept override {
        const std::lock_guard lock(mutex_);
        state_.erase(std::string(key));
        return true;
    }

    bool has(const std::string& line) const {
        const std::lock_guard lock(mutex_);
        return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    }
    double metric(const std::string& name) {
        const std::lock_guard lock(mutex_);
        return metrics_[name];
    }
    /// Lines so far, also those that were dropped again.
    std::size_t total() const {
        const std::lock_guard lock(mutex_);
        return total_;
    }
    void join() {
        std::vector<std::thread> threads;
        {
            const std::lock_guard lock(mutex_);
            threads.swap(threads_);
        }
        for (std::thread& t : threads) {
            t.join();
        }
    }

private:
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;
    std::size_t total_ = 0;
    std::map<std::string, double> metrics_;
    std::map<std::string, std::string> state_;
    std::vector<std::thread> threads_;
};

inline std::filesystem::path sample(const std::string& name) {
    return std::filesystem::path(SAMPLES_DIR) / (name + ".so");
}

/// A manager with private folders; more than enough budget, because sanitizer runs never unmap.
class Server {
public:
    explicit Server(std::size_t loops = 1) : Server(options(loops)) {}
    explicit Server(ManagerOptions options)
        : loop(makeThreadLoopServices()), manager(complete(std::move(options)), host, *loop) {}

    static ManagerOptions options(std::size_t loops) {
        ManagerOptions out;
        out.loops = loops;
        out.retained_max = 100'000;
        out.retained_bytes_max = std::uint64_t{1} << 40;
        return out;
    }

    State stateOf(const std::string& id, std::uint64_t generation) const {
        const PluginInfo info = manager.describe(id).value();
        for (const GenerationInfo& g : info.generations) {
            if (g.generation == generation) {
                return g.state;
            }
        }
        throw std::runtime_error("no generation " + std::to_string(generation));
    }

    test::TempDir dir;
    RecordingHost host;
    std::unique_ptr<LoopServices> loop;
    PluginManager manager;

private:
    ManagerOptions complete(ManagerOptions options) const {
        options.run_dir = dir.path() / "run";
        options.store_dir = dir.path() / "store";
        return options;
    }
};

/// Decodes `payload` and gives status, error text and messages.
inline testkit::ProtocolHarness::Outcome decode(ProtocolInstance& instance,
                                                const std::string& payload) {
    testkit::FakeProtocolSink sink;
    testkit::FakeSession session;
    session.device_id = "d1";
    sdk::TransportBuilder message;
    message.payload(payload);
    fl_err err{sizeof(fl_err), 0, 0, {}};
    testkit::ProtocolHarness::Outcome out;
    const fl_session_view view = session.raw();
    out.status = instance.decode(message.raw(), view, *sink.raw(), err);
    out.error.assign(err.text, err.len);
    out.devices = std::move(sink.devices);
    return out;
}

/// True in builds whose modules are never unmapped.
inline bool keepsModules() {
    const char* text = std::getenv("FL_NO_DLCLOSE");
    return text != nullptr && std::string(text) == "1";
}

} // namespace fairlead::plugin
