// SPDX-License-Identifier: Apache-2.0
#include "generation.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/plugin/manager.hpp"
#include "tables.hpp"

#include <algorithm>
#include <cctype>

namespace fairlead::plugin {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kIdBytesMin = 3;
constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kVersionBytesMax = 64;
constexpr std::chrono::milliseconds kSelftestLimit{5'000};
constexpr std::chrono::milliseconds kStateLimit{10'000};

bool isPluginId(const std::string& id) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    return id.size() >= kIdBytesMin && id.size() <= kIdBytesMax &&
           std::all_of(id.begin(), id.end(), good);
}

} // namespace

Generation::Generation(std::uint64_t number, File file,
                       std::shared_ptr<const ManagerOptions> options, Listener listener)
    : number_(number), file_(std::move(file)), options_(std::move(options)),
      listener_(std::move(listener)), warnings_(file_.facts.warnings), since_(base::utcNow()),
      since_ns_(base::monotonicNs()) {}

Generation::~Generation() {
    FL_ASSERT(instances == 0);
}

Status Generation::open() {
    return control<void>(options_->load_timeout, [](Generation& g) -> Status {
        FL_ASSIGN(g.library_, Library::open(g.file_.staged));
        g.mapped_ = true;
        FL_ASSIGN(const fl_module* raw, g.library_.entry());
        g.module_ = copyTable(raw);
        return g.checkModule(g.module_);
    });
}

Status Generation::checkModule(const fl_module& module) {
    if (module.size < offsetof(fl_module, get_extension) + sizeof(module.get_extension) ||
        module.init == nullptr || module.deinit == nullptr || module.get_factory == nullptr) {
        return Error(Errc::Version, "plugin.abi", "its module table lacks required members");
    }
    if (module.abi_major != FL_ABI_MAJOR) {
        return Error(Errc::Version, "plugin.abi",
                     "it was built for plugin ABI " + std::to_string(module.abi_major) +
                         ", this server has " + std::to_string(FL_ABI_MAJOR));
    }
    if (module.pointer_bytes != sizeof(void*)) {
        return Error(Errc::Version, "plugin.abi", "it was built for another pointer size");
    }
    if (module.abi_minor > FL_ABI_MINOR) {
        warnings_.push_back("built for a newer ABI minor (" + std::to_string(module.abi_minor) +
                            "); what this server does not know is not used");
    }
    plugin_id_ = ownText(module.id);
    version_ = ownText(module.version);
    name_ = ownText(module.name);
    sdk_ = ownText(module.sdk);
    compiler_ = ownText(module.compiler);
    if (!isPluginId(plugin_id_)) {
        return Error::invalid("its id is not 3 to 128 characters of a-z, 0-9, dot and hyphen");
    }
    if (version_.empty() || version_.size() > kVersionBytesMax) {
        return Error::invalid("its version is empty or over 64 bytes");
    }
    return {};
}

Status Generation::init(HostServices& services, LoopServices& loop) {
    host_ = std::make_unique<HostContext>(plugin_id_, number_, services, loop);
    FL_TRY(control<void>(options_->load_timeout, [](Generation& g) { return g.callInit(); }));
    FL_TRY(control<void>(kSelftestLimit, [](Generation& g) { return g.callSelftest(); }));
    return control<void>(options_->load_timeout, [](Generation& g) { return g.readFactories(); });
}

Status Generation::callInit() {
    fl_err err = freshError();
    const fl_status status = module_.init(host_->table(), &err);
    if (status < 0) {
        return toError(status, err, "its init failed");
    }
    initialised_ = true;
    callable_ = true;
    return {};
}

const void* Generation::moduleExtension(const char* id) const {
    return module_.get_extension == nullptr ? nullptr : module_.get_extension(id);
}

Status Generation::callSelftest() {
    const auto table = copyTable(static_cast<const fl_selftest*>(moduleExtension(FL_EXT_SELFTEST)));
    if (table.run == nullptr) {
        return {};
    }
    fl_err err = freshError();
    const fl_status status = table.run(&err);
    return status < 0 ? Status(toError(status, err, "its self test failed")) : Status();
}

Result<ModuleState> Generation::saveState() {
    return control<ModuleState>(kStateLimit, [](Generation& g) -> Result<ModuleState> {
        const auto table = copyTable(static_cast<const fl_state*>(g.moduleExtension(FL_EXT_STATE)));
        ModuleState out;
        if (table.save == nullptr) {
            return out;
        }
        fl_state_sink sink{sizeof(fl_state_sink), 0, &out, nullptr};
        sink.write = [](void* ctx, fl_bytes piece) -> fl_status {
            auto& bytes = static_cast<ModuleState*>(ctx)->bytes;
            if (piece.n > FL_STATE_BYTES_MAX - bytes.size()) {
                return FL_E_LIMIT;
            }
            bytes.append(reinterpret_cast<const char*>(piece.p), piece.n);
            return FL_OK;
        };
        fl_err err = freshError();
        const fl_status status = table.save(&sink, &err);
        if (status < 0) {
            return toError(status, err, "saving the state of version " + g.version_ + " failed");
        }
        out.present = true;
        out.schema = table.schema;
        return out;
    });
}

Status Generation::loadState(const ModuleState& state) {
    if (!state.present) {
        return {};
    }
    return control<void>(kStateLimit, [state](Generation& g) -> Status {
        const auto table = copyTable(static_cast<const fl_state*>(g.moduleExtension(FL_EXT_STATE)));
        if (table.load == nullptr) {
            return {}; // the new version keeps no state any more
        }
        if (state.schema < table.reads_min || state.schema > table.reads_max) {
            return Error(Errc::Version, "plugin.state",
                         "version " + g.version_ + " does not read state of schema " +
                             std::to_string(state.schema));
        }
        fl_err err = freshError();
        const fl_bytes bytes{reinterpret_cast<const std::uint8_t*>(state.bytes.data()),
                             state.bytes.size()};
        const fl_status status = table.load(state.schema, bytes, &err);
        return status < 0
                   ? Status(toError(status, err, "version " + g.version_ + " refused the state"))
                   : Status();
    });
}

Status Generation::quiesce() {
    return control<void>(options_->quiesce_timeout, [](Generation& g) -> Status {
        if (g.module_.quiesce != nullptr) {
            g.module_.quiesce();
        }
        return {};
    });
}

void Generation::resume() {
    const Status done = control<void>(options_->quiesce_timeout, [](Generation& g) -> Status {
        if (g.module_.resume != nullptr) {
            g.module_.resume();
        }
        return {};
    });
    if (!done) {
        enter(State::Stuck, "resume: " + done.error().message());
    }
}

Status Generation::deinit() {
    if (!initialised_) {
        return {};
    }
    return control<void>(options_->deinit_timeout, [](Generation& g) -> Status {
        g.initialised_ = false;
        g.module_.deinit();
        return {};
    });
}

bool Generation::unmap() {
    if (!library_.isOpen()) {
        mapped_ = false;
        return true;
    }
    if (isHung() || !file_.facts.not_unloadable.empty() ||
        (module_.flags & FL_MODULE_RESIDENT) != 0) {
        return false;
    }
    const bool gone = library_.close();
    mapped_ = !gone;
    if (gone) {
        std::error_code ec;
        std::filesystem::remove(file_.staged, ec);
    }
    return gone;
}

void Generation::closeHost() {
    callable_.store(false, std::memory_order_seq_cst);
    if (host_) {
        host_->close();
    }
}

std::string Generation::health() const {
    // Unload waits for the grace period of this pin after it cleared callable_.
    Pin pin;
    if (!callable_.load(std::memory_order_seq_cst) || isHung()) {
        return "unknown";
    }
    pin.enter(number_);
    const auto table = copyTable(static_cast<const fl_health*>(moduleExtension(FL_EXT_HEALTH)));
    if (table.check == nullptr) {
        return "unknown";
    }
    fl_err err = freshError();
    const fl_status status = table.check(&err);
    return status >= 0 ? "ok" : toError(status, err, "not well").message();
}

void Generation::enter(State state, const std::string& reason) {
    Event event;
    event.time = base::utcNow();
    event.plugin_id = plugin_id_;
    event.generation = number_;
    event.to = state;
    event.reason = reason;
    {
        const std::lock_guard lock(info_mutex_);
        event.from = state_.load(std::memory_order_relaxed);
        event.milliseconds = (base::monotonicNs() - since_ns_) / 1'000'000;
        since_ = event.time;
        since_ns_ = base::monotonicNs();
        reason_ = reason;
        state_.store(state, std::memory_order_release);
    }
    if (listener_ && !plugin_id_.empty()) {
        listener_(event);
    }
}

GenerationInfo Generation::info() const {
    GenerationInfo out;
    out.generation = number_;
    out.version = version_;
    out.sha256 = file_.sha256;
    out.instances = instances;
    out.connections = connections;
    const std::lock_guard lock(info_mutex_);
    out.state = state();
    out.since = since_;
    out.reason = reason_;
    return out;
}

std::vector<Provided> Generation::provides() const {
    std::vector<Provided> out;
    if (!protocols_.empty()) {
        Provided p{FL_FACTORY_PROTOCOL, {}};
        for (const auto& d : protocols_) {
            p.ids.push_back(d.id);
        }
        out.push_back(std::move(p));
    }
    if (!networks_.empty()) {
        Provided p{FL_FACTORY_NETWORK, {}};
        for (const auto& d : networks_) {
            p.ids.push_back(d.id);
        }
        out.push_back(std::move(p));
    }
    return out;
}

} // namespace fairlead::plugin
