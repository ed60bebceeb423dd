// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "resource.hpp"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace fairlead::web {

/// What feeds the event hub: the services' listeners, the devices' feed while somebody watches, and
/// one thread that samples the figures and reads the state of what changed.
///
/// Services keep their listeners for ever, so these hold only a weak reference to this object.
/// Lifecycle: make, connect, start, stop. Thread: control functions by the owner only.
class LiveSources : public std::enable_shared_from_this<LiveSources> {
public:
    explicit LiveSources(Site& site) : site_(site) {}

    /// Registers everything; before the services and the hub start.
    void connect();
    void start();
    void stop();

private:
    enum class Kind { Network, Gateway };

    void connectLogs();
    void connectStates();
    void watchDevices(const std::string& topic, bool wanted);
    void changed(Kind kind, const std::string& id);
    void run();
    void publishChanged(std::set<std::pair<Kind, std::string>> ids);
    /// Counters move without anybody saying so.
    void publishCounters();
    void publishState(Kind kind, const std::string& id);

    Site& site_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::set<std::pair<Kind, std::string>> changed_;
    bool running_ = false;
    std::map<std::string, std::uint64_t> watches_;             ///< by topic
    std::map<std::pair<Kind, std::string>, std::string> last_; ///< what was published
    std::thread thread_;
};

} // namespace fairlead::web
