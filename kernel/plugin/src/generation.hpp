// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control.hpp"
#include "fairlead/ext/health.h"
#include "fairlead/ext/selftest.h"
#include "fairlead/ext/state.h"
#include "fairlead/factory/network.h"
#include "fairlead/factory/protocol.h"
#include "fairlead/plugin/descriptors.hpp"
#include "fairlead/plugin/info.hpp"
#include "fairlead/plugin/manager.hpp"
#include "host_context.hpp"
#include "library.hpp"
#include "preflight.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace fairlead::plugin {

class NetworkInstance;
class ProtocolInstance;
struct ManagerOptions;

/// Saved module state on its way from one generation to the next.
struct ModuleState {
    bool present = false;
    std::uint32_t schema = 0;
    std::string bytes;
};

/// One loaded file: its mapped library, its host context, copies of its tables and descriptors.
///
/// Functions marked [control] run the module's code on a thread of its own within a time limit,
/// one at a time. After a timeout the generation is hung: no further code of it is called and it is
/// never unmapped. Shared by the manager and by every instance.
class Generation : public std::enable_shared_from_this<Generation> {
public:
    struct File {
        std::filesystem::path staged;
        std::string sha256;
        std::uint64_t bytes = 0;
        Preflight facts;
    };
    using Listener = std::function<void(const Event&)>;

    Generation(std::uint64_t number, File file, std::shared_ptr<const ManagerOptions> options,
               Listener listener);
    ~Generation();
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;

    // Identity; set by open().
    std::uint64_t number() const noexcept { return number_; }
    const std::string& pluginId() const noexcept { return plugin_id_; }
    const std::string& version() const noexcept { return version_; }
    const std::string& name() const noexcept { return name_; }
    const std::string& sdk() const noexcept { return sdk_; }
    const std::string& compiler() const noexcept { return compiler_; }
    std::uint32_t abiMinor() const noexcept { return module_.abi_minor; }
    const File& file() const noexcept { return file_; }
    const std::vector<ProtocolDescriptor>& protocols() const noexcept { return protocols_; }
    const std::vector<NetworkDescriptor>& networkTypes() const noexcept { return networks_; }
    std::vector<Provided> provides() const;
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    /// [control] Maps the file, asks the entry, checks version and identity.
    base::Status open();
    /// [control] init, self test, factories and descriptors.
    base::Status init(HostServices& services, LoopServices& loop);
    /// [control] The pieces of a swap.
    base::Result<ModuleState> saveState();
    base::Status loadState(const ModuleState& state);
    base::Status quiesce();
    void resume();
    /// [control] deinit, when init had succeeded.
    base::Status deinit();
    /// Unmaps where that is allowed. True when the file has left the address space.
    bool unmap();

    base::Result<std::unique_ptr<ProtocolInstance>> createProtocol(const std::string& id,
                                                                   const std::string& config);
    base::Result<std::unique_ptr<NetworkInstance>>
    createNetwork(const std::string& id, const std::string& config,
                  std::shared_ptr<const fl_network_host> io);
    /// [control] Runs an instance's destroy function; `keep` outlives it, also when it hangs.
    void destroyInstance(void (*destroy)(void*), void* self, std::shared_ptr<const void> keep);

    /// The module's own word on its health: "ok", "unknown" or what is wrong.
    std::string health() const;

    void enter(State state, const std::string& reason = {});
    State state() const noexcept { return state_.load(std::memory_order_acquire); }
    GenerationInfo info() const;

    /// No callback of the host and no health question starts any more.
    void closeHost();
    /// Blocking tasks of the module that still run.
    std::size_t running() const noexcept { return host_ ? host_->running() : 0; }
    bool isHung() const noexcept { return hung_.load(std::memory_order_acquire); }
    bool isMapped() const noexcept { return mapped_.load(std::memory_order_acquire); }

    std::atomic<std::uint64_t> instances{0};
    std::atomic<std::uint64_t> connections{0};

private:
    template <class T>
    base::Result<T> control(std::chrono::milliseconds limit,
                            std::function<base::Result<T>(Generation&)> job);
    base::Status callInit();
    base::Status callSelftest();
    base::Status checkModule(const fl_module& module);
    base::Status readFactories();
    base::Status readProtocols();
    base::Status readNetworks();
    const void* moduleExtension(const char* id) const;

    const std::uint64_t number_;
    const File file_;
    const std::shared_ptr<const ManagerOptions>
        options_; // shared: instances may outlive the manager
    const Listener listener_;

    std::string plugin_id_;
    std::string version_;
    std::string name_;
    std::string sdk_;
    std::string compiler_;
    std::vector<std::string> warnings_;

    Library library_;
    fl_module module_{};
    fl_protocol_factory protocol_factory_{};
    fl_network_factory network_factory_{};
    std::vector<ProtocolDescriptor> protocols_;
    std::vector<NetworkDescriptor> networks_;
    std::unique_ptr<HostContext> host_;
    bool initialised_ = false;

    std::mutex control_; // one control call at a time
    std::atomic<bool> hung_{false};
    std::atomic<bool> mapped_{false};
    std::atomic<bool> callable_{false}; // health may be asked

    std::atomic<State> state_{State::Discovered};
    mutable std::mutex info_mutex_; // since_ and reason_
    base::UtcMs since_ = 0;
    std::uint64_t since_ns_ = 0;
    std::string reason_;
};

template <class T>
base::Result<T> Generation::control(std::chrono::milliseconds limit,
                                    std::function<base::Result<T>(Generation&)> job) {
    if (isHung()) {
        return base::Error(base::Errc::Busy, "plugin.hung",
                           "an earlier call of plugin " + plugin_id_ + " never returned");
    }
    auto self = shared_from_this();
    auto result = runLimited<T>(limit, [self, job = std::move(job)]() -> base::Result<T> {
        const std::lock_guard lock(self->control_);
        const RoleScope role(FL_THREAD_CONTROL);
        return job(*self);
    });
    if (!result && result.error().code() == "plugin.timeout") {
        hung_.store(true, std::memory_order_release);
    }
    return result;
}

} // namespace fairlead::plugin
