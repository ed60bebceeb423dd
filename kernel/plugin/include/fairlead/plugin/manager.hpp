// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/plugin/descriptors.hpp"
#include "fairlead/plugin/host_services.hpp"
#include "fairlead/plugin/info.hpp"
#include "fairlead/plugin/network.hpp"
#include "fairlead/plugin/protocol.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::plugin {

inline constexpr std::size_t kEventsMax = 50;   // per plugin; a page of history
inline constexpr std::size_t kVersionsKept = 3; // files kept for rollback, per plugin

/// Limits and places. Times are the design's; tests shorten them.
struct ManagerOptions {
    std::filesystem::path run_dir;   ///< staged copies; created 0750; ours alone, emptied at start
    std::filesystem::path store_dir; ///< files by hash, for enable and rollback; created 0750
    std::size_t loops = 1;           ///< instances per protocol binding
    std::chrono::milliseconds load_timeout{10'000};
    std::chrono::milliseconds quiesce_timeout{5'000};
    std::chrono::milliseconds drain_timeout{30'000}; ///< then Stuck is reported; draining goes on
    std::chrono::milliseconds deinit_timeout{10'000};
    std::size_t retained_max = 64;                       ///< retired and stuck generations
    std::uint64_t retained_bytes_max = 64 * 1024 * 1024; ///< their files' sizes together
    /// Libraries that a Local or Package plugin may need beyond the C and C++ runtime.
    std::vector<std::string> allowed_libraries;
};

/// Result of load, swap and rollback.
struct Loaded {
    std::string plugin_id;
    std::uint64_t generation = 0;
    std::string version;
    std::string sha256;
};

/// Loads plugins and owns them: the only place that sees raw tables of modules.
///
/// Lifecycle: construct, discover or load, use; stop() after all bindings and components are gone.
/// Thread: any; load, swap, rollback, enable and disable are serial and block (a disk copy, the
/// plugin's own init) up to load_timeout. Nothing of that touches loops that are in calls.
class PluginManager {
public:
    PluginManager(ManagerOptions options, HostServices& host, LoopServices& loop);
    ~PluginManager(); ///< stops, if that was not done
    PluginManager(const PluginManager&) = delete;
    PluginManager& operator=(const PluginManager&) = delete;

    /// Loads every *.so of a directory as Builtin, in order of name. A file that fails is in list()
    /// with its reason and does not stop the others. Number of plugins started.
    std::size_t discover(const std::filesystem::path& directory);

    /// Loads a file and starts it. When a plugin of the same id runs, this is a swap: the new
    /// generation takes over or, on any failure, the old one goes on and the error says why.
    base::Result<Loaded> load(const std::filesystem::path& file, Source source);
    /// The same, but refuses a file of another plugin.
    base::Result<Loaded> swap(const std::string& plugin_id, const std::filesystem::path& file,
                              Source source);
    /// Loads the newest generation's file again, as a swap.
    base::Result<Loaded> reload(const std::string& plugin_id);
    /// Swaps back to the version before. Conflict when there is none.
    base::Result<Loaded> rollback(const std::string& plugin_id);
    base::Status disable(const std::string& plugin_id);
    base::Status enable(const std::string& plugin_id);
    /// Disables and forgets a plugin that is not Builtin; bindings to it answer FL_E_CLOSED.
    base::Status remove(const std::string& plugin_id);

    std::vector<PluginInfo> list() const;
    std::optional<PluginInfo> describe(const std::string& plugin_id) const;
    /// Of the started generations.
    std::vector<ProtocolDescriptor> protocols() const;
    std::vector<NetworkDescriptor> networkTypes() const;

    /// A protocol with one instance per loop. NotFound, or the plugin's own refusal.
    base::Result<std::shared_ptr<ProtocolBinding>> bindProtocol(const std::string& plugin_id,
                                                                const std::string& protocol_id,
                                                                const std::string& config_json);
    /// One instance outside any loop, for trials. It holds its generation while it lives; destroy
    /// it before the manager.
    base::Result<std::unique_ptr<ProtocolInstance>> createProtocol(const std::string& plugin_id,
                                                                   const std::string& protocol_id,
                                                                   const std::string& config_json);
    /// A component of a type; `io` is kept until its last instance is destroyed.
    base::Result<std::shared_ptr<NetworkComponent>>
    openNetwork(const std::string& type_id, const std::string& config_json,
                std::shared_ptr<const fl_network_host> io);

    /// Adds a listener, called after each change of state, on the thread that made it; must not
    /// call functions that load or disable. Before the first load only.
    void onEvent(std::function<void(const Event&)> listener);

    /// Waits until nothing is draining, or the timeout. True when all is settled.
    bool waitSettled(std::chrono::milliseconds timeout);
    /// Unloads everything and ends the background thread. Bindings must be gone; what still runs
    /// after drain_timeout stays mapped and is reported.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::plugin
