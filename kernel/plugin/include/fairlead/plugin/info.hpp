// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::plugin {

/// Life of one generation (one loaded file of a plugin). The order is that of a good life.
enum class State {
    Discovered,  ///< a file, nothing is known yet
    Checked,     ///< passed the preflight; nothing of it has run
    Loaded,      ///< mapped and initialised
    Started,     ///< serves new work
    Draining,    ///< replaced or disabled; calls, instances or connections remain
    Unloading,   ///< deinit and unmap are running
    Unloaded,    ///< gone; seen in /proc/self/maps
    Retired,     ///< deinitialised, but still mapped (not unloadable)
    Stuck,       ///< past its drain or call deadline, still mapped
    Failed,      ///< refused; the reason says why
    Quarantined, ///< not loaded because of earlier crashes
};

/// "started", "draining" and so on.
const char* toText(State state) noexcept;

/// Where a plugin came from, and with it how much is trusted.
enum class Source { Builtin, Package, Local };

const char* toText(Source source) noexcept;

struct GenerationInfo {
    std::uint64_t generation = 0;
    std::string version;
    std::string sha256; ///< of the file
    State state = State::Discovered;
    base::UtcMs since = 0;       ///< when it entered the state
    std::uint64_t instances = 0; ///< protocol and network instances
    std::uint64_t connections = 0;
    std::string reason; ///< why it failed, is stuck or retired; else empty
};

/// One change of state.
struct Event {
    base::UtcMs time = 0;
    std::string plugin_id;
    std::uint64_t generation = 0;
    State from = State::Discovered;
    State to = State::Discovered;
    std::string reason;
    std::uint64_t milliseconds = 0; ///< time spent in `from`
};

struct Provided {
    std::string factory;          ///< "fairlead.factory.protocol/1"
    std::vector<std::string> ids; ///< "jetlinks.v3"
};

/// A plugin with its generations, newest first.
struct PluginInfo {
    std::string id;
    std::string version;
    std::string name; ///< JSON texts by locale
    std::string sdk;
    std::string compiler;
    std::uint32_t abi_major = 0;
    std::uint32_t abi_minor = 0;
    Source source = Source::Builtin;
    std::string trust; ///< "builtin", "local"
    bool enabled = true;
    State state = State::Discovered; ///< of the newest generation
    std::string health;              ///< "ok", "unknown", or what the plugin says is wrong
    std::string sha256;
    std::uint64_t generation = 0;
    std::string last_error;
    std::vector<Provided> provides;
    std::vector<GenerationInfo> generations;
    std::vector<Event> events; ///< newest first, at most kEventsMax
    std::vector<std::string> warnings;
};

} // namespace fairlead::plugin
