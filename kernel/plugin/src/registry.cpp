// SPDX-License-Identifier: Apache-2.0
#include "registry.hpp"

#include <algorithm>

namespace fairlead::plugin {
namespace {

constexpr std::size_t kHistoryMax = 8;      // finished generations shown per plugin
constexpr std::size_t kFailedFilesMax = 32; // files that failed without an id

struct Kept {
    std::mutex mutex;
    std::vector<std::shared_ptr<Generation>> all;
};

Kept& kept() {
    static auto* const instance = new Kept; // never destroyed: their code may still run
    return *instance;
}

// Drops the oldest finished generations, so that the list does not grow with each reload.
void trim(std::vector<std::shared_ptr<Generation>>& history) {
    while (history.size() > kHistoryMax) {
        const auto old = std::find_if(history.begin(), history.end(), [](const auto& g) {
            return !g->isMapped() && (g->state() == State::Unloaded || g->state() == State::Failed);
        });
        if (old == history.end()) {
            return;
        }
        history.erase(old);
    }
}

} // namespace

void Graveyard::bury(std::shared_ptr<Generation> generation) {
    const std::lock_guard lock(kept().mutex);
    kept().all.push_back(std::move(generation));
}

std::vector<std::shared_ptr<Generation>> Graveyard::all() {
    const std::lock_guard lock(kept().mutex);
    return kept().all;
}

void Registry::onEvent(Listener listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

void Registry::record(const Event& event) {
    std::vector<Listener> listeners;
    {
        const std::lock_guard lock(mutex_);
        const auto found = records_.find(event.plugin_id);
        if (found == records_.end()) {
            return;
        }
        auto& events = found->second.events;
        events.push_front(event);
        if (events.size() > kEventsMax) {
            events.pop_back();
        }
        listeners = listeners_;
    }
    for (const Listener& listener : listeners) {
        listener(event);
    }
}

void Registry::add(const std::shared_ptr<Generation>& generation, Source source) {
    const std::lock_guard lock(mutex_);
    const auto [entry, fresh] = records_.try_emplace(generation->pluginId());
    if (fresh) {
        entry->second.source = source;
    }
    entry->second.history.push_back(generation);
    trim(entry->second.history);
}

void Registry::started(const std::shared_ptr<Generation>& generation, Source source) {
    const std::lock_guard lock(mutex_);
    Record& record = records_.at(generation->pluginId());
    record.current = generation;
    record.source = source;
    record.enabled = true;
    record.last_error.clear();
}

void Registry::versions(const std::string& id, std::deque<Version> versions) {
    const std::lock_guard lock(mutex_);
    records_.at(id).versions = std::move(versions);
}

void Registry::stopped(const std::string& id) {
    const std::lock_guard lock(mutex_);
    records_.at(id).current.reset();
}

void Registry::enabled(const std::string& id, bool on) {
    const std::lock_guard lock(mutex_);
    records_.at(id).enabled = on;
}

void Registry::failed(const std::string& id, const std::string& error) {
    const std::lock_guard lock(mutex_);
    if (const auto found = records_.find(id); found != records_.end()) {
        found->second.last_error = error;
    }
}

void Registry::erase(const std::string& id) {
    const std::lock_guard lock(mutex_);
    records_.erase(id);
}

void Registry::failedFile(const std::string& file, Source source, const std::string& error) {
    const std::lock_guard lock(mutex_);
    if (failed_files_.size() >= kFailedFilesMax && failed_files_.count(file) == 0) {
        return;
    }
    PluginInfo info;
    info.id = "file:" + file;
    info.source = source;
    info.trust = source == Source::Builtin ? "builtin" : "local";
    info.state = State::Failed;
    info.health = "unknown";
    info.last_error = error;
    failed_files_[file] = std::move(info);
}

void Registry::forgetFile(const std::string& file) {
    const std::lock_guard lock(mutex_);
    failed_files_.erase(file);
}

bool Registry::has(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return records_.count(id) > 0;
}

std::vector<std::string> Registry::ids() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [id, record] : records_) {
        out.push_back(id);
    }
    return out;
}

std::shared_ptr<Generation> Registry::current(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : found->second.current;
}

std::deque<Version> Registry::versions(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(id);
    return found == records_.end() ? std::deque<Version>() : found->second.versions;
}

Source Registry::source(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(id);
    return found == records_.end() ? Source::Builtin : found->second.source;
}

std::string Registry::lastError(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(id);
    return found == records_.end() ? std::string() : found->second.last_error;
}

std::string Registry::providerOf(const std::string& network_type) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, record] : records_) {
        if (!record.current) {
            continue;
        }
        for (const NetworkDescriptor& d : record.current->networkTypes()) {
            if (d.id == network_type) {
                return id;
            }
        }
    }
    return {};
}

std::set<std::string> Registry::keptHashes() const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> out;
    for (const auto& [id, record] : records_) {
        for (const Version& v : record.versions) {
            out.insert(v.sha256);
        }
    }
    return out;
}

std::vector<std::shared_ptr<Generation>> Registry::mapped() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Generation>> out;
    for (const auto& [id, record] : records_) {
        for (const auto& g : record.history) {
            if (g->isMapped()) {
                out.push_back(g);
            }
        }
    }
    return out;
}

Registry::Snapshot Registry::snapshot(const std::string& id, const Record& record) const {
    Snapshot out;
    out.current = record.current;
    PluginInfo& info = out.info;
    info.id = id;
    info.abi_major = FL_ABI_MAJOR;
    info.source = record.source;
    info.trust = record.source == Source::Builtin ? "builtin" : "local";
    info.enabled = record.enabled;
    info.last_error = record.last_error;
    info.events.assign(record.events.begin(), record.events.end());
    for (auto g = record.history.rbegin(); g != record.history.rend(); ++g) {
        info.generations.push_back((*g)->info());
    }
    const auto shown = record.current ? record.current
                                      : (record.history.empty() ? nullptr : record.history.back());
    if (shown) {
        info.version = shown->version();
        info.name = shown->name();
        info.sdk = shown->sdk();
        info.compiler = shown->compiler();
        info.abi_minor = shown->abiMinor();
        info.state = shown->state();
        info.sha256 = shown->file().sha256;
        info.generation = shown->number();
        info.provides = shown->provides();
        info.warnings = shown->warnings();
    }
    return out;
}

PluginInfo Registry::finish(Snapshot snapshot) {
    snapshot.info.health = snapshot.current ? snapshot.current->health() : "unknown";
    return std::move(snapshot.info);
}

std::optional<PluginInfo> Registry::describe(const std::string& id) const {
    std::unique_lock lock(mutex_);
    const auto found = records_.find(id);
    if (found == records_.end()) {
        const auto file = failed_files_.find(id.rfind("file:", 0) == 0 ? id.substr(5) : id);
        return file == failed_files_.end() ? std::nullopt : std::optional(file->second);
    }
    Snapshot out = snapshot(id, found->second);
    lock.unlock();
    return finish(std::move(out));
}

std::vector<PluginInfo> Registry::list() const {
    std::vector<Snapshot> all;
    std::vector<PluginInfo> out;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, record] : records_) {
            all.push_back(snapshot(id, record));
        }
        for (const auto& [file, info] : failed_files_) {
            out.push_back(info);
        }
    }
    for (Snapshot& s : all) {
        out.push_back(finish(std::move(s)));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return out;
}

std::vector<ProtocolDescriptor> Registry::protocols() const {
    const std::lock_guard lock(mutex_);
    std::vector<ProtocolDescriptor> out;
    for (const auto& [id, record] : records_) {
        if (record.current) {
            const auto& all = record.current->protocols();
            out.insert(out.end(), all.begin(), all.end());
        }
    }
    return out;
}

std::vector<NetworkDescriptor> Registry::networkTypes() const {
    const std::lock_guard lock(mutex_);
    std::vector<NetworkDescriptor> out;
    for (const auto& [id, record] : records_) {
        if (record.current) {
            const auto& all = record.current->networkTypes();
            out.insert(out.end(), all.begin(), all.end());
        }
    }
    return out;
}

} // namespace fairlead::plugin
