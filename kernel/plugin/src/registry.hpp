// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/plugin/manager.hpp"
#include "generation.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace fairlead::plugin {

/// A file that a plugin can be loaded from again.
struct Version {
    std::string sha256;
    std::filesystem::path kept;
    Source source = Source::Builtin;
};

/// What is known of one plugin id.
struct Record {
    Source source = Source::Builtin;
    bool enabled = true;
    std::string last_error;
    std::deque<Version> versions;                     // newest first, at most kVersionsKept
    std::shared_ptr<Generation> current;              // Started, or null
    std::vector<std::shared_ptr<Generation>> history; // newest last; current is among them
    std::deque<Event> events;                         // newest first
};

/// The book of plugins: records, events, descriptors. Thread: any. Never calls module code or the
/// listener under its lock.
class Registry {
public:
    using Listener = std::function<void(const Event&)>;

    void onEvent(Listener listener);
    void record(const Event& event);

    /// Adds the generation to its plugin's history; makes the record if there is none.
    void add(const std::shared_ptr<Generation>& generation, Source source);
    void started(const std::shared_ptr<Generation>& generation, Source source);
    void versions(const std::string& id, std::deque<Version> versions);
    void stopped(const std::string& id);
    void enabled(const std::string& id, bool on);
    void failed(const std::string& id, const std::string& error);
    void erase(const std::string& id);
    /// A file that failed before its id was known; at most kFailedFilesMax are remembered.
    void failedFile(const std::string& file, Source source, const std::string& error);
    void forgetFile(const std::string& file);

    bool has(const std::string& id) const;
    std::vector<std::string> ids() const;
    std::shared_ptr<Generation> current(const std::string& id) const;
    std::deque<Version> versions(const std::string& id) const;
    Source source(const std::string& id) const;
    std::string lastError(const std::string& id) const;
    /// Id of the plugin that serves a network type; empty when none does.
    std::string providerOf(const std::string& network_type) const;
    /// Kept hashes of all plugins.
    std::set<std::string> keptHashes() const;
    std::vector<std::shared_ptr<Generation>> mapped() const;

    std::optional<PluginInfo> describe(const std::string& id) const;
    std::vector<PluginInfo> list() const;
    std::vector<ProtocolDescriptor> protocols() const;
    std::vector<NetworkDescriptor> networkTypes() const;

private:
    struct Snapshot {
        PluginInfo info;
        std::shared_ptr<Generation> current;
    };
    Snapshot snapshot(const std::string& id, const Record& record) const;
    static PluginInfo finish(Snapshot snapshot);

    mutable std::mutex mutex_;
    std::vector<Listener> listeners_;
    std::map<std::string, Record> records_;
    std::map<std::string, PluginInfo> failed_files_;
};

/// Generations that stay mapped for the rest of the process: retired and hung ones.
class Graveyard {
public:
    static void bury(std::shared_ptr<Generation> generation);
    static std::vector<std::shared_ptr<Generation>> all();
};

} // namespace fairlead::plugin
