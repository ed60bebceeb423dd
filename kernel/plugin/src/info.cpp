// SPDX-License-Identifier: Apache-2.0
#include "fairlead/plugin/info.hpp"

namespace fairlead::plugin {

const char* toText(State state) noexcept {
    switch (state) {
    case State::Discovered:
        return "discovered";
    case State::Checked:
        return "checked";
    case State::Loaded:
        return "loaded";
    case State::Started:
        return "started";
    case State::Draining:
        return "draining";
    case State::Unloading:
        return "unloading";
    case State::Unloaded:
        return "unloaded";
    case State::Retired:
        return "retired";
    case State::Stuck:
        return "stuck";
    case State::Failed:
        return "failed";
    case State::Quarantined:
        return "quarantined";
    }
    return "unknown";
}

const char* toText(Source source) noexcept {
    switch (source) {
    case Source::Builtin:
        return "builtin";
    case Source::Package:
        return "package";
    case Source::Local:
        return "local";
    }
    return "unknown";
}

} // namespace fairlead::plugin
