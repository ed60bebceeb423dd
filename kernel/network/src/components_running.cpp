// SPDX-License-Identifier: Apache-2.0
#include "components_service.hpp"
#include "fairlead/network/certificate_source.hpp"
#include "fairlead/runtime/log.hpp"

#include <algorithm>
#include <utility>

// The running side of the components: opening, restarting, trying again.

namespace fairlead::network {

namespace {

constexpr std::chrono::seconds kRetryFirst{1};
constexpr std::chrono::seconds kRetryLongest{60};
/// The engine frees instances of replaced generations at least this often.
constexpr std::chrono::seconds kCollectEvery{10};

std::chrono::seconds pauseAfter(int attempts) {
    const auto doubled = kRetryFirst * (1LL << std::min(attempts, 6));
    return std::min<std::chrono::seconds>(doubled, kRetryLongest);
}

} // namespace

base::Result<std::shared_ptr<TlsContext>> ComponentsService::tlsOf(const ServerSettings& settings) {
    if (!settings.secure) {
        return std::shared_ptr<TlsContext>{};
    }
    if (settings.dtls && settings.certificate_id.empty()) {
        return TlsContext::makeDtls(nullptr, ClientCertificate::No, true);
    }
    if (settings.client && settings.certificate_id.empty()) {
        return TlsContext::makeClient(
            {nullptr, settings.client->verify_server, settings.client->server_name});
    }
    if (parts_.certificates == nullptr) {
        return base::Error(base::Errc::Unsupported, "network.certificate",
                           "TLS is not available: the server has no certificates");
    }
    auto material = parts_.certificates->load(settings.certificate_id);
    if (!material) {
        return std::move(material).error().within("The certificate cannot be used");
    }
    if (settings.client) {
        return TlsContext::makeClient(
            {&*material, settings.client->verify_server, settings.client->server_name});
    }
    return settings.dtls
               ? TlsContext::makeDtls(&*material, settings.client_certificates, settings.psk)
               : TlsContext::make(*material, settings.client_certificates);
}

base::Status ComponentsService::open(const NetworkComponent& component) {
    Running running;
    FL_TRY(tryOpen(component, running));
    const std::lock_guard lock(state_);
    running_[component.id] = std::move(running);
    return {};
}

base::Status ComponentsService::tryOpen(const NetworkComponent& component, Running& running) {
    const auto type = parts_.types->find(component.type);
    if (type == nullptr) {
        return base::Error(base::Errc::Unsupported, "network.type_missing",
                           "There is no network component type \"" + component.type +
                               "\"; its plugin is missing, disabled or failed");
    }
    const auto configuration = configurationFor(component, parts_.node_id);
    if (!configuration) {
        return base::Error(base::Errc::Conflict, "network.no_node_configuration",
                           "The component has no configuration for this node (" + parts_.node_id +
                               ")");
    }
    FL_ASSIGN(const ServerSettings settings, readSettings(*configuration, *type));
    FL_ASSIGN(auto tls, tlsOf(settings));
    ComponentSpec spec;
    spec.id = component.id;
    spec.type = type;
    spec.configuration = *configuration;
    spec.host = settings.host;
    spec.port = settings.port;
    spec.tls = std::move(tls);
    spec.connections_max = settings.connections_max;
    spec.buffered_bytes_max += settings.message_bytes_max;
    if (settings.message_bytes_max != 0) {
        spec.datagram_bytes_max = std::min(settings.message_bytes_max, spec.datagram_bytes_max);
    }
    spec.idle_ms = settings.idle_ms;
    if (settings.client) {
        spec.targets = settings.client->targets;
        spec.dial = settings.client->dial;
    }
    FL_ASSIGN(const std::uint16_t port, parts_.engine->open(spec));
    const TypeDescription& d = type->description();
    running.state = RunState::Running;
    const std::string& scheme = settings.secure ? d.secure_scheme : d.scheme;
    if (settings.client) {
        running.address = targetsAddress(scheme, settings.client->targets);
    } else {
        running.address = addressOf(scheme, settings.public_host, settings.public_port);
        running.local_address = addressOf({}, settings.host, port);
    }
    running.client = settings.client;
    running.certificate_id = settings.secure ? settings.certificate_id : std::string{};
    running.client_certificates = settings.client_certificates;
    running.dtls = settings.dtls;
    running.psk = settings.psk;
    return {};
}

void ComponentsService::keepFailure(const NetworkComponent& component, const base::Error& error,
                                    bool retry) {
    runtime::logError("network",
                      "Network component \"" + component.name +
                          "\" cannot be started: " + error.message(),
                      runtime::LogContext().add("component", component.id).text());
    const std::lock_guard lock(state_);
    Running& running = running_[component.id];
    running.state = RunState::Failed;
    running.last_error = error.message();
    running.retry = retry;
    running.retry_at = Clock::now() + pauseAfter(running.attempts++);
    wake_.notify_all();
}

void ComponentsService::closeEngine(const std::string& id) {
    parts_.engine->close(id);
    const std::lock_guard lock(state_);
    running_.erase(id);
}

void ComponentsService::restart(const NetworkComponent& component, const NetworkComponent& before) {
    if (configurationFor(component, parts_.node_id) == configurationFor(before, parts_.node_id) &&
        parts_.engine->isOpen(component.id)) {
        return; // only its name or another node's part changed
    }
    closeEngine(component.id);
    const auto opened = open(component);
    if (!opened) {
        keepFailure(component, opened.error(), true);
    }
}

void ComponentsService::certificateChanged(const std::string& certificate_id) {
    const std::lock_guard lock(operations_);
    std::vector<std::pair<std::string, ServerSettings>> users;
    {
        const std::lock_guard state_lock(state_);
        for (auto& [id, running] : running_) {
            if (running.state == RunState::Running && running.certificate_id == certificate_id) {
                ServerSettings settings;
                settings.secure = true;
                settings.certificate_id = certificate_id;
                settings.client_certificates = running.client_certificates;
                settings.dtls = running.dtls;
                settings.psk = running.psk;
                settings.client = running.client;
                users.emplace_back(id, std::move(settings));
            } else if (running.retry) {
                running.retry_at = Clock::now();
            }
        }
        wake_.notify_all();
    }
    for (const auto& [id, settings] : users) {
        auto tls = tlsOf(settings);
        const auto done = tls ? parts_.engine->replaceTls(id, *tls) : base::Status(tls.error());
        if (!done) {
            runtime::logError(
                "network", "Component " + id +
                               " goes on with its former certificate: " + done.error().message());
        } else {
            runtime::logInformation("network",
                                    "Component " + id + " took up certificate " + certificate_id);
        }
        changed(id);
    }
}

void ComponentsService::typesChanged() {
    const std::lock_guard lock(state_);
    for (auto& entry : running_) {
        entry.second.retry_at = Clock::now();
    }
    wake_.notify_all();
}

std::vector<std::string> ComponentsService::dueRetries(Clock::time_point now) {
    std::vector<std::string> due;
    for (const auto& [id, running] : running_) {
        if (running.retry && running.retry_at <= now) {
            due.push_back(id);
        }
    }
    return due;
}

void ComponentsService::runRetries() {
    std::unique_lock lock(state_);
    while (!stopping_) {
        const auto now = Clock::now();
        const std::vector<std::string> due = dueRetries(now);
        lock.unlock();
        for (const std::string& id : due) {
            retry(id);
        }
        parts_.engine->collect();
        lock.lock();
        auto next = Clock::now() + kCollectEvery;
        for (const auto& entry : running_) {
            if (entry.second.retry) {
                next = std::min(next, entry.second.retry_at);
            }
        }
        if (!stopping_) {
            wake_.wait_until(lock, next);
        }
    }
}

void ComponentsService::retry(const std::string& id) {
    const std::lock_guard lock(operations_);
    auto component = load(id);
    if (!component || !component->enabled || parts_.engine->isOpen(id)) {
        const std::lock_guard state_lock(state_);
        const auto found = running_.find(id);
        if (found != running_.end()) {
            found->second.retry = false;
        }
        return;
    }
    const auto opened = open(*component);
    if (opened) {
        runtime::logInformation("network",
                                "Network component \"" + component->name + "\" runs again");
    } else {
        keepFailure(*component, opened.error(), true);
    }
    changed(id);
}

} // namespace fairlead::network
