// SPDX-License-Identifier: Apache-2.0
#include "component_rules.hpp"
#include "fairlead/network/schema.hpp"

#include <algorithm>
#include <utility>

// What a client component's configuration says about dialling.

namespace fairlead::network {

namespace {

using base::FieldError;
using base::JsonValue;

DialTarget targetOf(const JsonValue& value, const char* host, const char* port) {
    return {std::string(base::textOr(value, host, "")),
            static_cast<std::uint16_t>(base::integerOr(value, port, 0))};
}

std::vector<DialTarget> targetsOf(const JsonValue& configuration) {
    const JsonValue* list = base::member(configuration, "targets");
    if (list == nullptr || !list->IsArray()) {
        return {targetOf(configuration, "remoteHost", "remotePort")};
    }
    std::vector<DialTarget> targets;
    for (const JsonValue& entry : list->GetArray()) {
        targets.push_back(targetOf(entry, "host", "port"));
    }
    return targets;
}

std::uint64_t millisecondsOf(const JsonValue& configuration, const char* name,
                             std::uint64_t fallback) {
    return static_cast<std::uint64_t>(
               base::integerOr(configuration, name, static_cast<std::int64_t>(fallback / 1000))) *
           1000;
}

} // namespace

ClientSettings readClientSettings(const JsonValue& configuration) {
    ClientSettings s;
    s.targets = targetsOf(configuration);
    s.dial.connect_ms = millisecondsOf(configuration, "connectTimeout", s.dial.connect_ms);
    s.dial.first_ms = millisecondsOf(configuration, "reconnectFirst", s.dial.first_ms);
    s.dial.longest_ms = millisecondsOf(configuration, "reconnectLongest", s.dial.longest_ms);
    s.verify_server = base::booleanOr(configuration, "verifyServer", true);
    s.server_name = base::textOr(configuration, "serverName", "");
    return s;
}

void checkClient(const JsonValue& configuration, const std::string& prefix,
                 std::vector<FieldError>& errors) {
    const std::vector<DialTarget> targets = targetsOf(configuration);
    if (targets.empty() || targets.size() > kTargetsMax) {
        errors.push_back({prefix + "/targets", "range",
                          "needs 1 to " + std::to_string(kTargetsMax) + " targets"});
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const bool twice =
            std::any_of(targets.begin(), targets.begin() + static_cast<std::ptrdiff_t>(i),
                        [&](const DialTarget& t) {
                            return t.host == targets[i].host && t.port == targets[i].port;
                        });
        if (twice) {
            errors.push_back({prefix + "/targets/" + std::to_string(i) + "/host", "duplicate",
                              "the target " + targetText(targets[i]) + " is named twice"});
        }
    }
    const ClientSettings s = readClientSettings(configuration);
    if (s.dial.longest_ms < s.dial.first_ms) {
        errors.push_back(
            {prefix + "/reconnectLongest", "range", "must not be shorter than the first pause"});
    }
}

std::string targetsAddress(const std::string& scheme, const std::vector<DialTarget>& targets) {
    std::string text = addressOf(scheme, targets.front().host, targets.front().port);
    return targets.size() == 1 ? text : text + " +" + std::to_string(targets.size() - 1);
}

std::string firstFailure(const std::vector<TargetStatus>& targets) {
    const auto failing = [](const TargetStatus& t) { return !t.last_error.empty(); };
    const auto first = std::find_if(targets.begin(), targets.end(), failing);
    if (first == targets.end()) {
        return {};
    }
    if (targets.size() == 1) {
        return first->last_error;
    }
    return std::to_string(std::count_if(targets.begin(), targets.end(), failing)) + " of " +
           std::to_string(targets.size()) + " targets are not connected; " + first->address + ": " +
           first->last_error;
}

} // namespace fairlead::network
