// SPDX-License-Identifier: Apache-2.0
#include "live_sources.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/device/feed.hpp"
#include "fairlead/gateway/gateways.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/plugin/manager.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/security/audit_log.hpp"
#include "fairlead/security/system_log.hpp"

#include <chrono>

namespace fairlead::web {

namespace {

constexpr std::chrono::seconds kSampleInterval{2};
/// Changes waiting to be read; a further one is found by the next sample.
constexpr std::size_t kChangedMax = 10'000;
constexpr std::size_t kComponentsShownMax = 200;

// Of several reports of one property between two events only the newest matters.
std::string mergeKey(const std::string& json) {
    const auto item = base::parseJson(json);
    if (!item) {
        return {};
    }
    const std::string_view kind = base::textOr(*item, "kind", "");
    if (kind == "property") {
        return "property/" + std::string{base::textOr(*item, "id", "")};
    }
    return kind == "state" ? "state" : std::string{};
}

std::string pluginEventText(const plugin::Event& event) {
    JsonOut out;
    out.object().field("id", event.plugin_id).field("generation", event.generation);
    out.field("from", plugin::toText(event.from)).field("to", plugin::toText(event.to));
    out.textOrNull("reason", event.reason).time("time", event.time);
    out.field("milliseconds", event.milliseconds).end();
    return std::move(out).text();
}

} // namespace

void LiveSources::connect() {
    connectLogs();
    connectStates();
    const std::weak_ptr<LiveSources> weak = weak_from_this();
    const EventHub::Demand devices = [weak](const std::string& topic, bool wanted) {
        if (const auto self = weak.lock(); self != nullptr) {
            self->watchDevices(topic, wanted);
        }
    };
    site_.hub.addSource("device.", devices);
    site_.hub.addSource("devices.state", devices);
}

void LiveSources::connectLogs() {
    const std::weak_ptr<LiveSources> weak = weak_from_this();
    site_.services.access_log.onRecord([weak](const security::AccessRecord& record) {
        const auto self = weak.lock();
        if (self != nullptr && self->site_.hub.wanted("log.access")) {
            self->site_.hub.publish("log.access", accessRowText(record));
        }
    });
    site_.services.system_log.onRecord([weak](const security::SystemLogRecord& record) {
        const auto self = weak.lock();
        if (self != nullptr && self->site_.hub.wanted("log.system")) {
            self->site_.hub.publish("log.system", systemLogRowText(record));
        }
    });
    site_.services.plugins.onEvent([weak](const plugin::Event& event) {
        const auto self = weak.lock();
        if (self != nullptr && self->site_.hub.wanted("plugin")) {
            self->site_.hub.publish("plugin", pluginEventText(event));
        }
    });
}

void LiveSources::connectStates() {
    const std::weak_ptr<LiveSources> weak = weak_from_this();
    site_.services.components.onChange([weak](const std::string& id) {
        if (const auto self = weak.lock(); self != nullptr) {
            self->changed(Kind::Network, id);
        }
    });
    site_.services.gateways.onChange([weak](const std::string& id) {
        if (const auto self = weak.lock(); self != nullptr) {
            self->changed(Kind::Gateway, id);
        }
    });
}

void LiveSources::watchDevices(const std::string& topic, bool wanted) {
    device::Feed& feed = site_.services.feed;
    if (!wanted) {
        const std::lock_guard lock(mutex_);
        if (const auto watch = watches_.extract(topic); !watch.empty()) {
            feed.unwatch(watch.mapped());
        }
        return;
    }
    EventHub& hub = site_.hub;
    constexpr std::string_view kPrefix = "device.";
    const bool states = topic == "devices.state";
    const auto watch = states ? feed.watchStates([&hub](const std::string& json) {
        const auto item = base::parseJson(json);
        hub.publish("devices.state", json,
                    item ? std::string{base::textOr(*item, "id", "")} : std::string{});
    })
                              : feed.watchDevice(topic.substr(kPrefix.size()),
                                                 [&hub, topic](const std::string& json) {
                                                     hub.publish(topic, json, mergeKey(json));
                                                 });
    if (!watch) {
        runtime::logWarning("web", "cannot watch " + topic + ": " + watch.error().message());
        return;
    }
    const std::lock_guard lock(mutex_);
    watches_[topic] = *watch;
}

// Comes on the thread that made the change, perhaps in the middle of it: the state is read later.
void LiveSources::changed(Kind kind, const std::string& id) {
    {
        const std::lock_guard lock(mutex_);
        if (changed_.size() >= kChangedMax) {
            return;
        }
        changed_.emplace(kind, id);
    }
    wake_.notify_one();
}

void LiveSources::start() {
    FL_ASSERT(!thread_.joinable());
    running_ = true;
    thread_ = std::thread([this] { run(); });
}

void LiveSources::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (!running_) {
            return;
        }
        running_ = false;
    }
    wake_.notify_one();
    thread_.join();
    for (const auto& [topic, watch] : watches_) {
        site_.services.feed.unwatch(watch);
    }
    watches_.clear();
}

void LiveSources::run() {
    auto next = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (running_) {
        wake_.wait_until(lock, next, [this] { return !running_ || !changed_.empty(); });
        std::set<std::pair<Kind, std::string>> ids;
        ids.swap(changed_);
        lock.unlock();
        publishChanged(std::move(ids));
        if (std::chrono::steady_clock::now() >= next) {
            next = std::chrono::steady_clock::now() + kSampleInterval;
            site_.monitor.sample(base::utcNow(), base::monotonicNs());
            if (site_.hub.wanted("dashboard")) {
                site_.hub.publish("dashboard", countersText(site_.monitor.counters()), "counters");
            }
            publishCounters();
        }
        lock.lock();
    }
}

void LiveSources::publishChanged(std::set<std::pair<Kind, std::string>> ids) {
    for (const auto& [kind, id] : ids) {
        if (site_.hub.wanted(kind == Kind::Network ? "network.state" : "gateway.state")) {
            publishState(kind, id);
        }
    }
}

void LiveSources::publishState(Kind kind, const std::string& id) {
    const bool network = kind == Kind::Network;
    std::string text = network ? networkStateText(site_, id) : gatewayStateText(site_, id);
    std::string& last = last_[{kind, id}];
    if (last != text) {
        last = text;
        site_.hub.publish(network ? "network.state" : "gateway.state", std::move(text), id);
    }
}

void LiveSources::publishCounters() {
    const bool networks = site_.hub.wanted("network.state");
    const bool gateways = site_.hub.wanted("gateway.state");
    if (!networks && !gateways) {
        last_.clear();
        return;
    }
    if (networks) {
        network::ComponentQuery query;
        query.enabled = true;
        query.page_size = kComponentsShownMax;
        if (const auto page = site_.services.components.list(query); page) {
            for (const network::NetworkComponent& one : page->items) {
                publishState(Kind::Network, one.id);
            }
        }
    }
    if (gateways) {
        gateway::GatewayQuery query;
        query.enabled = true;
        query.page_size = kComponentsShownMax;
        if (const auto page = site_.services.gateways.list(query); page) {
            for (const gateway::Gateway& one : page->items) {
                publishState(Kind::Gateway, one.id);
            }
        }
    }
}

} // namespace fairlead::web
