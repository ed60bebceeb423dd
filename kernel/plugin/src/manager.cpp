// SPDX-License-Identifier: Apache-2.0
// Design notes. All changes run one at a time under `control`; readers never take it. A swap
// prepares everything beside the running generation (stage, map, init, state, instances for each
// binding), then publishes with one store per binding. What was replaced goes to the reclaimer:
// instances first (grace period, connections), then the generation (deinit, unmap, look in the
// maps). A failure before the publishing leaves the old generation as it was.
#include "fairlead/plugin/manager.hpp"

#include "fairlead/base/assert.hpp"
#include "generation.hpp"
#include "reclaimer.hpp"
#include "registry.hpp"
#include "staging.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace fairlead::plugin {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

/// The private parts of bindings, for this file only.
struct BindingAccess {
    using Instances = ProtocolBinding::Instances;

    // Swaps in `next` (may be null) and retires what was there.
    static void publish(ProtocolBinding& b, std::unique_ptr<Instances> next, Reclaimer& reclaimer) {
        const Instances* old = b.current_.exchange(next.release(), std::memory_order_seq_cst);
        if (old != nullptr) {
            reclaimer.retire({[] { return true; }, [old] { delete old; }, {}, {}});
        }
    }
    static void publish(NetworkComponent& c, std::unique_ptr<NetworkInstance> next,
                        Reclaimer& reclaimer) {
        NetworkInstance* old = c.current_.exchange(next.release(), std::memory_order_seq_cst);
        if (old != nullptr) {
            reclaimer.retire(
                {[old] { return old->connections() == 0; }, [old] { delete old; }, {}, {}});
        }
    }
    static Result<std::unique_ptr<Instances>> make(Generation& g, const ProtocolBinding& b) {
        auto out = std::make_unique<Instances>();
        for (std::size_t i = 0; i < b.loops_; ++i) {
            FL_ASSIGN(auto instance, g.createProtocol(b.protocol_id_, b.config_));
            out->push_back(std::move(instance));
        }
        return out;
    }
    static Result<std::unique_ptr<NetworkInstance>> make(Generation& g, const NetworkComponent& c) {
        return g.createNetwork(c.type_id_, c.config_, c.io_);
    }
};

namespace {

enum class Mode { New, Again, Back };

// Everything that a new generation needs to take over, made before anything is published.
struct Prepared {
    std::vector<
        std::pair<std::shared_ptr<ProtocolBinding>, std::unique_ptr<BindingAccess::Instances>>>
        protocols;
    std::vector<std::pair<std::shared_ptr<NetworkComponent>, std::unique_ptr<NetworkInstance>>>
        networks;
};

// The last steps of a generation, on the reclaimer's thread.
void endGeneration(const std::shared_ptr<Generation>& g, bool failed) {
    const Status done = g->deinit();
    if (g->unmap()) {
        if (!failed) {
            g->enter(State::Unloaded);
        }
        return;
    }
    if (!done || g->isHung()) {
        g->enter(State::Stuck, done ? "an earlier call never returned" : done.error().message());
    } else {
        const auto& reasons = g->file().facts.not_unloadable;
        g->enter(State::Retired, reasons.empty() ? "the loader kept it mapped" : reasons.front());
    }
    Graveyard::bury(g);
}

void retireGeneration(const std::shared_ptr<Generation>& g,
                      const std::shared_ptr<Reclaimer>& reclaimer, std::chrono::milliseconds drain,
                      bool failed) {
    Reclaimer::Item item;
    item.ready = [g] { return g->instances == 0; };
    item.finish = [g, weak = std::weak_ptr(reclaimer), failed] {
        if (!failed) {
            g->enter(State::Unloading);
        }
        g->closeHost();
        // A second grace period: a callback may have passed the gate before it was shut.
        if (const auto r = weak.lock()) {
            r->retire({[g] { return g->running() == 0; },
                       [g, failed] { endGeneration(g, failed); },
                       {},
                       {}});
        }
    };
    item.late = [g] {
        g->enter(State::Stuck, std::to_string(g->instances) + " instances and " +
                                   std::to_string(g->connections) +
                                   " connections remain after the drain time");
    };
    item.deadline = Reclaimer::Clock::now() + drain;
    reclaimer->retire(std::move(item));
}

} // namespace

struct PluginManager::Impl {
    Impl(ManagerOptions o, HostServices& h, LoopServices& l)
        : options(std::make_shared<const ManagerOptions>(std::move(o))), host(h), loop(l),
          staging(options->run_dir, options->store_dir) {}

    const std::shared_ptr<const ManagerOptions> options;
    HostServices& host;
    LoopServices& loop;
    Staging staging;
    std::shared_ptr<Registry> registry = std::make_shared<Registry>();
    std::shared_ptr<Reclaimer> reclaimer = std::make_shared<Reclaimer>();

    std::mutex control; // one change at a time; guards what follows
    bool prepared = false;
    bool stopped = false;
    std::uint64_t next_generation = 0;
    std::multimap<std::string, std::weak_ptr<ProtocolBinding>> bindings;
    std::multimap<std::string, std::weak_ptr<NetworkComponent>> components;

    Status ready();
    Status checkBudget() const;
    Status checkUnique(const Preflight& facts) const;
    Result<std::shared_ptr<Generation>> stage(const FileImage& image, Source source);
    Result<Loaded> bring(const FileImage& image, Source source, const std::string& expected,
                         Mode mode);
    Error fail(const std::shared_ptr<Generation>& g, Error error);
    Status handOver(Generation* old, Generation& next);
    Status takeOver(const std::shared_ptr<Generation>& next, Source source);
    Result<Prepared> prepare(Generation& next);
    void unpublish(const std::string& id);
    void stopPlugin(const std::string& id, const std::string& reason);
    void remember(const std::string& id, const FileImage& image, const std::filesystem::path& kept,
                  Source source, Mode mode);
    void forgetUnused(const std::deque<Version>& candidates);
    Result<std::shared_ptr<Generation>> running(const std::string& id) const;
    Result<Loaded> again(const std::string& id, std::size_t version, Mode mode);
};

Status PluginManager::Impl::ready() {
    if (stopped) {
        return Error(Errc::Closed, "plugin.stopped", "the plugin manager has stopped");
    }
    if (!prepared) {
        FL_TRY(staging.prepare());
        prepared = true;
    }
    return {};
}

Status PluginManager::Impl::checkBudget() const {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    const auto add = [&](const Generation& g) {
        ++count;
        bytes += g.file().bytes;
    };
    for (const auto& g : Graveyard::all()) {
        add(*g);
    }
    for (const auto& g : registry->mapped()) {
        if (g->state() == State::Stuck && !g->isHung()) {
            add(*g); // drains too long, may still go
        }
    }
    if (count >= options->retained_max || bytes >= options->retained_bytes_max) {
        return Error::limit(std::to_string(count) +
                            " replaced plugin generations could not be unmapped; restart the "
                            "server before loading more");
    }
    return {};
}

// Unique symbols are shared by all modules of the process: a second copy would use the first one's
// variables.
Status PluginManager::Impl::checkUnique(const Preflight& facts) const {
    auto mapped = registry->mapped();
    const auto buried = Graveyard::all();
    mapped.insert(mapped.end(), buried.begin(), buried.end());
    for (const auto& g : mapped) {
        for (const std::string& name : g->file().facts.unique) {
            if (facts.unique.count(name) > 0) {
                return Error::conflict("it shares the unique symbol " + name + " with plugin " +
                                       g->pluginId() +
                                       ", which is loaded; build it with -fno-gnu-unique");
            }
        }
    }
    return {};
}

Result<std::shared_ptr<Generation>> PluginManager::Impl::stage(const FileImage& image,
                                                               Source source) {
    FL_TRY(checkBudget());
    const PreflightPolicy policy{source != Source::Builtin, options->allowed_libraries};
    FL_ASSIGN(Preflight facts, preflight(image.bytes, policy));
    FL_TRY(checkUnique(facts));
    const std::uint64_t number = ++next_generation;
    FL_ASSIGN(const auto path, staging.stage(image, number));
    const auto listener = [weak = std::weak_ptr(registry)](const Event& event) {
        if (const auto r = weak.lock()) {
            r->record(event);
        }
    };
    Generation::File file{path, image.sha256, image.bytes.size(), std::move(facts)};
    auto g = std::make_shared<Generation>(number, std::move(file), options, listener);
    g->enter(State::Checked);
    return g;
}

// Ends a generation that never started; the error is passed on.
Error PluginManager::Impl::fail(const std::shared_ptr<Generation>& g, Error error) {
    g->enter(State::Failed, error.message());
    retireGeneration(g, reclaimer, options->drain_timeout, true);
    registry->failed(g->pluginId(), error.message());
    return error;
}

Result<Loaded> PluginManager::Impl::bring(const FileImage& image, Source source,
                                          const std::string& expected, Mode mode) {
    FL_ASSIGN(const std::shared_ptr<Generation> g, stage(image, source));
    if (Status opened = g->open(); !opened) {
        return fail(g, std::move(opened).error());
    }
    if (!expected.empty() && g->pluginId() != expected) {
        return fail(
            g, Error::conflict("the file holds plugin " + g->pluginId() + ", not " + expected));
    }
    registry->add(g, source);
    if (Status done = g->init(host, loop); !done) {
        return fail(g, std::move(done).error());
    }
    g->enter(State::Loaded);
    auto kept = staging.keep(image);
    if (!kept) {
        return fail(g, std::move(kept).error());
    }
    if (Status done = takeOver(g, source); !done) {
        return fail(g, std::move(done).error());
    }
    remember(g->pluginId(), image, *kept, source, mode);
    return Loaded{g->pluginId(), g->number(), g->version(), image.sha256};
}

// Quiesces the old module and gives its state to the new one.
Status PluginManager::Impl::handOver(Generation* old, Generation& next) {
    if (old == nullptr) {
        return {};
    }
    FL_TRY(old->quiesce());
    FL_ASSIGN(const ModuleState state, old->saveState());
    return next.loadState(state);
}

Result<Prepared> PluginManager::Impl::prepare(Generation& next) {
    Prepared out;
    const auto mine = bindings.equal_range(next.pluginId());
    for (auto i = mine.first; i != mine.second; ++i) {
        if (const auto binding = i->second.lock()) {
            FL_ASSIGN(auto instances, BindingAccess::make(next, *binding));
            out.protocols.emplace_back(binding, std::move(instances));
        }
    }
    const auto networks = components.equal_range(next.pluginId());
    for (auto i = networks.first; i != networks.second; ++i) {
        if (const auto component = i->second.lock()) {
            FL_ASSIGN(auto instance, BindingAccess::make(next, *component));
            out.networks.emplace_back(component, std::move(instance));
        }
    }
    return out;
}

Status PluginManager::Impl::takeOver(const std::shared_ptr<Generation>& next, Source source) {
    const std::shared_ptr<Generation> old = registry->current(next->pluginId());
    Status handed = handOver(old.get(), *next);
    Result<Prepared> all = handed ? prepare(*next) : Result<Prepared>(handed.error());
    if (!all) {
        if (old) {
            old->resume();
        }
        return std::move(all).error();
    }
    for (auto& [binding, instances] : all->protocols) {
        BindingAccess::publish(*binding, std::move(instances), *reclaimer);
    }
    for (auto& [component, instance] : all->networks) {
        BindingAccess::publish(*component, std::move(instance), *reclaimer);
    }
    registry->started(next, source);
    next->enter(State::Started);
    if (old) {
        old->enter(State::Draining, "replaced by version " + next->version());
        retireGeneration(old, reclaimer, options->drain_timeout, false);
    }
    return {};
}

void PluginManager::Impl::remember(const std::string& id, const FileImage& image,
                                   const std::filesystem::path& kept, Source source, Mode mode) {
    std::deque<Version> versions = registry->versions(id);
    std::deque<Version> dropped;
    if (mode == Mode::Back) {
        dropped.push_back(versions.front());
        versions.pop_front();
    } else if (versions.empty() || versions.front().sha256 != image.sha256) {
        versions.push_front({image.sha256, kept, source});
    }
    while (versions.size() > kVersionsKept) {
        dropped.push_back(versions.back());
        versions.pop_back();
    }
    registry->versions(id, std::move(versions));
    forgetUnused(dropped);
}

void PluginManager::Impl::forgetUnused(const std::deque<Version>& candidates) {
    const auto used = registry->keptHashes();
    for (const Version& v : candidates) {
        if (used.count(v.sha256) == 0) {
            staging.forget(v.sha256);
        }
    }
}

void PluginManager::Impl::unpublish(const std::string& id) {
    const auto mine = bindings.equal_range(id);
    for (auto i = mine.first; i != mine.second; ++i) {
        if (const auto binding = i->second.lock()) {
            BindingAccess::publish(*binding, nullptr, *reclaimer);
        }
    }
    const auto networks = components.equal_range(id);
    for (auto i = networks.first; i != networks.second; ++i) {
        if (const auto component = i->second.lock()) {
            BindingAccess::publish(*component, nullptr, *reclaimer);
        }
    }
}

void PluginManager::Impl::stopPlugin(const std::string& id, const std::string& reason) {
    const auto old = registry->current(id);
    if (!old) {
        return;
    }
    unpublish(id);
    registry->stopped(id);
    old->enter(State::Draining, reason);
    if (const Status done = old->quiesce(); !done) {
        registry->failed(id, done.error().message());
    }
    retireGeneration(old, reclaimer, options->drain_timeout, false);
}

Result<std::shared_ptr<Generation>> PluginManager::Impl::running(const std::string& id) const {
    if (auto g = registry->current(id)) {
        return g;
    }
    if (!registry->has(id)) {
        return Error(Errc::NotFound, "plugin.not_found", "there is no plugin " + id);
    }
    const std::string why = registry->lastError(id);
    return Error(Errc::Closed, "plugin.not_running",
                 "plugin " + id + " is not running" + (why.empty() ? "" : ": " + why));
}

Result<Loaded> PluginManager::Impl::again(const std::string& id, std::size_t version, Mode mode) {
    FL_TRY(ready());
    const auto versions = registry->versions(id);
    if (versions.empty()) {
        return Error(Errc::NotFound, "plugin.not_found", "there is no plugin " + id);
    }
    if (version >= versions.size()) {
        return Error(Errc::Conflict, "plugin.no_version",
                     "plugin " + id + " has no earlier version to go back to");
    }
    FL_ASSIGN(const FileImage image, readImage(versions[version].kept));
    if (image.sha256 != versions[version].sha256) {
        return Error::io("the kept file of plugin " + id + " was changed; load it again");
    }
    return bring(image, versions[version].source, id, mode);
}

PluginManager::PluginManager(ManagerOptions options, HostServices& host, LoopServices& loop)
    : impl_(std::make_unique<Impl>(std::move(options), host, loop)) {}

PluginManager::~PluginManager() {
    stop();
}

std::size_t PluginManager::discover(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ec)) {
        if (entry.path().extension() == ".so") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::size_t started = 0;
    for (const auto& file : files) {
        const auto loaded = load(file, Source::Builtin);
        if (loaded) {
            ++started;
        } else {
            impl_->registry->failedFile(file.filename().string(), Source::Builtin,
                                        loaded.error().message());
            impl_->host.log("plugin", FL_LOG_ERROR, "loader", loaded.error().message());
        }
    }
    return started;
}

Result<Loaded> PluginManager::load(const std::filesystem::path& file, Source source) {
    return swap({}, file, source);
}

Result<Loaded> PluginManager::swap(const std::string& plugin_id, const std::filesystem::path& file,
                                   Source source) {
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    FL_ASSIGN(const FileImage image, readImage(file));
    auto loaded = impl_->bring(image, source, plugin_id, Mode::New);
    if (!loaded) {
        return std::move(loaded).error().within("plugin file " + file.filename().string());
    }
    impl_->registry->forgetFile(file.filename().string());
    return loaded;
}

Result<Loaded> PluginManager::reload(const std::string& plugin_id) {
    const std::lock_guard lock(impl_->control);
    return impl_->again(plugin_id, 0, Mode::Again);
}

Result<Loaded> PluginManager::rollback(const std::string& plugin_id) {
    const std::lock_guard lock(impl_->control);
    return impl_->again(plugin_id, 1, Mode::Back);
}

Status PluginManager::disable(const std::string& plugin_id) {
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    if (!impl_->registry->has(plugin_id)) {
        return Error(Errc::NotFound, "plugin.not_found", "there is no plugin " + plugin_id);
    }
    impl_->registry->enabled(plugin_id, false);
    impl_->stopPlugin(plugin_id, "disabled");
    return {};
}

Status PluginManager::enable(const std::string& plugin_id) {
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    if (impl_->registry->current(plugin_id)) {
        return {};
    }
    auto loaded = impl_->again(plugin_id, 0, Mode::Again);
    return loaded ? Status() : Status(std::move(loaded).error());
}

Status PluginManager::remove(const std::string& plugin_id) {
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    if (!impl_->registry->has(plugin_id)) {
        return Error(Errc::NotFound, "plugin.not_found", "there is no plugin " + plugin_id);
    }
    if (impl_->registry->source(plugin_id) == Source::Builtin) {
        return Error(Errc::Conflict, "plugin.builtin",
                     "plugin " + plugin_id + " comes with the server; it can only be disabled");
    }
    impl_->stopPlugin(plugin_id, "removed");
    const auto versions = impl_->registry->versions(plugin_id);
    impl_->registry->erase(plugin_id);
    impl_->forgetUnused(versions);
    return {};
}

std::vector<PluginInfo> PluginManager::list() const {
    return impl_->registry->list();
}

std::optional<PluginInfo> PluginManager::describe(const std::string& plugin_id) const {
    return impl_->registry->describe(plugin_id);
}

std::vector<ProtocolDescriptor> PluginManager::protocols() const {
    return impl_->registry->protocols();
}

std::vector<NetworkDescriptor> PluginManager::networkTypes() const {
    return impl_->registry->networkTypes();
}

Result<std::shared_ptr<ProtocolBinding>>
PluginManager::bindProtocol(const std::string& plugin_id, const std::string& protocol_id,
                            const std::string& config_json) {
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    FL_ASSIGN(const auto generation, impl_->running(plugin_id));
    std::shared_ptr<ProtocolBinding> binding(new ProtocolBinding);
    binding->plugin_id_ = plugin_id;
    binding->protocol_id_ = protocol_id;
    binding->config_ = config_json;
    binding->loops_ = impl_->options->loops;
    binding->reclaimer_ = impl_->reclaimer;
    FL_ASSIGN(auto instances, BindingAccess::make(*generation, *binding));
    BindingAccess::publish(*binding, std::move(instances), *impl_->reclaimer);
    std::erase_if(impl_->bindings, [](const auto& entry) { return entry.second.expired(); });
    impl_->bindings.emplace(plugin_id, binding);
    return binding;
}

Result<std::unique_ptr<ProtocolInstance>>
PluginManager::createProtocol(const std::string& plugin_id, const std::string& protocol_id,
                              const std::string& config_json) {
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    FL_ASSIGN(const auto generation, impl_->running(plugin_id));
    return generation->createProtocol(protocol_id, config_json);
}

Result<std::shared_ptr<NetworkComponent>>
PluginManager::openNetwork(const std::string& type_id, const std::string& config_json,
                           std::shared_ptr<const fl_network_host> io) {
    FL_ASSERT(io != nullptr);
    const std::lock_guard lock(impl_->control);
    FL_TRY(impl_->ready());
    const std::string plugin_id = impl_->registry->providerOf(type_id);
    if (plugin_id.empty()) {
        return Error(Errc::NotFound, "plugin.not_found",
                     "no running plugin serves the network type " + type_id);
    }
    FL_ASSIGN(const auto generation, impl_->running(plugin_id));
    std::shared_ptr<NetworkComponent> component(new NetworkComponent);
    component->plugin_id_ = plugin_id;
    component->type_id_ = type_id;
    component->config_ = config_json;
    component->io_ = std::move(io);
    component->reclaimer_ = impl_->reclaimer;
    FL_ASSIGN(auto instance, BindingAccess::make(*generation, *component));
    BindingAccess::publish(*component, std::move(instance), *impl_->reclaimer);
    std::erase_if(impl_->components, [](const auto& entry) { return entry.second.expired(); });
    impl_->components.emplace(plugin_id, component);
    return component;
}

void PluginManager::onEvent(std::function<void(const Event&)> listener) {
    impl_->registry->onEvent(std::move(listener));
}

bool PluginManager::waitSettled(std::chrono::milliseconds timeout) {
    return impl_->reclaimer->waitIdle(timeout);
}

void PluginManager::stop() {
    const std::lock_guard lock(impl_->control);
    if (impl_->stopped) {
        return;
    }
    impl_->stopped = true;
    for (const std::string& id : impl_->registry->ids()) {
        impl_->stopPlugin(id, "the server stops");
    }
    impl_->reclaimer->waitIdle(impl_->options->drain_timeout);
    impl_->reclaimer->stop();
}

} // namespace fairlead::plugin
