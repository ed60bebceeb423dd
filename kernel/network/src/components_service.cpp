// SPDX-License-Identifier: Apache-2.0
#include "components_service.hpp"

#include "component_store.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/network/certificate_source.hpp"
#include "fairlead/network/schema.hpp"
#include "fairlead/runtime/log.hpp"

#include <algorithm>
#include <utility>

// Design notes. What people change goes through operations_, one at a time, first into the
// database, then into the engine. Only enable is the other way round (X4): what cannot listen is
// not enabled. status() never waits for an operation.

namespace fairlead::network {

namespace {

base::Error enabledError(const NetworkComponent& c) {
    return {base::Errc::Conflict, "network.enabled",
            "The network component \"" + c.name + "\" is enabled; disable it first, then delete"};
}

base::Error inUseError(const NetworkComponent& c, const std::vector<ComponentUse>& users) {
    return {base::Errc::Conflict, "network.in_use",
            "The network component \"" + c.name + "\" is used by " + users.front().kind + " \"" +
                users.front().name + "\"" +
                (users.size() > 1 ? " and " + std::to_string(users.size() - 1) + " more" : "") +
                "; it cannot be deleted"};
}

base::Error typeMissing(const std::string& type) {
    return {base::Errc::Unsupported, "network.type_missing",
            "There is no network component type \"" + type +
                "\"; its plugin is missing, disabled or failed"};
}

base::Error fieldError(const char* field, const char* code, const std::string& message) {
    return base::Error(base::Errc::Invalid, "network.invalid", message)
        .with({{field, code, message}});
}

base::Status checkVersion(const NetworkComponent& c, std::int64_t expected) {
    if (expected != 0 && expected != c.version) {
        return base::Error(base::Errc::Conflict, "stale",
                           "The network component \"" + c.name +
                               "\" was changed by somebody else; load it again");
    }
    return {};
}

} // namespace

ComponentsService::ComponentsService(ComponentsParts parts) : parts_(std::move(parts)) {}

ComponentsService::~ComponentsService() {
    FL_ASSERT(!retries_.joinable());
}

base::Status ComponentsService::start() {
    FL_TRY(store::migrate(*parts_.database));
    std::vector<NetworkComponent> components;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(components, store::all(session));
        return {};
    }));
    {
        const std::lock_guard lock(operations_);
        for (const NetworkComponent& component : components) {
            if (component.enabled) {
                const auto opened = open(component);
                if (!opened) {
                    keepFailure(component, opened.error(), true);
                }
            }
        }
    }
    retries_ = std::thread([this] { runRetries(); });
    return {};
}

void ComponentsService::stop() {
    {
        const std::lock_guard lock(state_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (retries_.joinable()) {
        retries_.join();
    }
}

std::vector<ComponentType> ComponentsService::types() {
    std::vector<ComponentType> found;
    for (const auto& type : parts_.types->list()) {
        auto schema = componentSchema(type->description());
        if (!schema) {
            runtime::logWarning("network", schema.error().message());
            continue;
        }
        found.push_back({type->description(), base::toText(*schema)});
    }
    return found;
}

base::Result<NetworkComponent> ComponentsService::load(const std::string& id) {
    NetworkComponent component;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(component, store::get(session, id));
        return {};
    }));
    return component;
}

base::Status ComponentsService::save(NetworkComponent& component) {
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return store::update(session, component); }));
    FL_ASSIGN(component, load(component.id));
    return {};
}

base::Result<NetworkComponent> ComponentsService::shown(NetworkComponent component) {
    maskComponent(component, parts_.types->find(component.type).get());
    return component;
}

base::Result<ComponentPage> ComponentsService::list(const ComponentQuery& query) {
    ComponentPage page;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(page, store::page(session, query));
        return {};
    }));
    for (NetworkComponent& component : page.items) {
        maskComponent(component, parts_.types->find(component.type).get());
    }
    return page;
}

base::Result<NetworkComponent> ComponentsService::get(const std::string& id) {
    FL_ASSIGN(NetworkComponent component, load(id));
    return shown(std::move(component));
}

ComponentStatus ComponentsService::status(const std::string& id) {
    ComponentStatus status;
    status.counters = parts_.engine->counters(id);
    status.targets = parts_.engine->targets(id);
    const std::lock_guard lock(state_);
    const auto found = running_.find(id);
    if (found != running_.end()) {
        status.run_state = found->second.state;
        status.last_error = found->second.last_error;
        status.address = found->second.address;
        status.local_address = found->second.local_address;
        if (status.last_error.empty()) {
            status.last_error = firstFailure(status.targets);
        }
    }
    return status;
}

std::vector<ComponentUse> ComponentsService::usedBy(const std::string& id) {
    return used_by_ ? used_by_(id) : std::vector<ComponentUse>{};
}

base::Status ComponentsService::checkCertificates(const NetworkComponent& component) {
    std::vector<std::pair<std::string, std::string>> configurations; // field, text
    if (component.cluster == ClusterMode::Shared) {
        configurations.emplace_back("configuration", component.configuration);
    }
    for (std::size_t i = 0; i < component.nodes.size(); ++i) {
        configurations.emplace_back("nodes/" + std::to_string(i) + "/configuration",
                                    component.nodes[i].configuration);
    }
    for (const auto& [field, text] : configurations) {
        FL_ASSIGN(const base::Json json, base::parseJson(text));
        const std::string id(base::textOr(json, "certificateId", ""));
        if (id.empty()) {
            continue;
        }
        if (parts_.certificates == nullptr || !parts_.certificates->load(id)) {
            return fieldError((field + "/certificateId").c_str(), "not_found",
                              "there is no usable certificate \"" + id + "\"");
        }
    }
    return {};
}

base::Result<NetworkComponent> ComponentsService::create(const NewComponent& input) {
    const auto type = parts_.types->find(input.type);
    if (type == nullptr) {
        return fieldError("type", "not_found", typeMissing(input.type).message());
    }
    NetworkComponent component;
    component.id = base::newId();
    component.name = input.name;
    component.description = input.description;
    component.type = input.type;
    component.cluster = input.cluster;
    component.configuration = input.configuration;
    component.nodes = input.nodes;
    component.created_at = component.updated_at = base::utcNow();
    FL_TRY(checkComponent(component, type.get()));
    FL_TRY(checkCertificates(component));
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return store::insert(session, component); }));
    changed(component.id);
    return shown(std::move(component));
}

base::Status ComponentsService::applyChange(NetworkComponent& component,
                                            const ComponentChange& change,
                                            const NetworkType* type) {
    if (change.type && *change.type != component.type) {
        return base::Error(base::Errc::Conflict, "network.type_fixed",
                           "The type of a network component cannot be changed");
    }
    const NetworkComponent before = component;
    component.name = change.name.value_or(component.name);
    component.description = change.description.value_or(component.description);
    component.cluster = change.cluster.value_or(component.cluster);
    if (change.configuration) {
        FL_ASSIGN(base::Json target, base::parseJson(component.configuration));
        auto patch = base::parseJson(*change.configuration);
        if (!patch || !patch->IsObject()) {
            return fieldError("configuration", "type", "must be a JSON object");
        }
        mergePatch(target, *patch);
        FL_ASSIGN(component.configuration,
                  keepSecrets(base::toText(target), before.configuration, type));
    }
    if (change.nodes) {
        component.nodes = *change.nodes;
        for (NodeConfiguration& node : component.nodes) {
            FL_ASSIGN(node.configuration,
                      keepSecrets(node.configuration,
                                  configurationFor(before, node.node_id).value_or("{}"), type));
        }
    }
    return {};
}

base::Result<NetworkComponent> ComponentsService::change(const std::string& id,
                                                         const ComponentChange& change,
                                                         std::int64_t expected_version) {
    const std::lock_guard lock(operations_);
    FL_ASSIGN(NetworkComponent component, load(id));
    FL_TRY(checkVersion(component, expected_version));
    const NetworkComponent before = component;
    const auto type = parts_.types->find(component.type);
    FL_TRY(applyChange(component, change, type.get()));
    FL_TRY(checkComponent(component, type.get()));
    FL_TRY(checkCertificates(component));
    FL_TRY(save(component));
    if (component.enabled) {
        restart(component, before);
    }
    changed(id);
    return shown(std::move(component));
}

base::Status ComponentsService::remove(const std::string& id, std::int64_t expected_version) {
    const std::vector<ComponentUse> users = usedBy(id);
    const std::lock_guard lock(operations_);
    FL_ASSIGN(const NetworkComponent component, load(id));
    FL_TRY(checkVersion(component, expected_version));
    if (component.enabled) {
        return enabledError(component);
    }
    if (!users.empty()) {
        return inUseError(component, users);
    }
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return store::remove(session, id); }));
    {
        const std::lock_guard state_lock(state_);
        running_.erase(id);
    }
    changed(id);
    return {};
}

base::Result<NetworkComponent> ComponentsService::enable(const std::string& id) {
    const std::lock_guard lock(operations_);
    FL_ASSIGN(NetworkComponent component, load(id));
    if (component.enabled && parts_.engine->isOpen(id)) {
        return shown(std::move(component));
    }
    const auto opened = open(component);
    if (!opened) {
        keepFailure(component, opened.error(), component.enabled);
        changed(id);
        return opened.error();
    }
    if (!component.enabled) {
        component.enabled = true;
        const auto saved = save(component);
        if (!saved) {
            closeEngine(id);
            return saved.error();
        }
    }
    const ComponentStatus now = status(id);
    runtime::logInformation("network",
                            "Network component \"" + component.name + "\" was enabled and " +
                                (now.local_address.empty() ? "dials " + now.address
                                                           : "listens on " + now.local_address));
    changed(id);
    return shown(std::move(component));
}

base::Result<NetworkComponent> ComponentsService::disable(const std::string& id) {
    const std::lock_guard lock(operations_);
    FL_ASSIGN(NetworkComponent component, load(id));
    if (component.enabled) {
        component.enabled = false;
        FL_TRY(save(component));
        runtime::logInformation("network",
                                "Network component \"" + component.name + "\" was disabled");
    }
    closeEngine(id);
    changed(id);
    return shown(std::move(component));
}

void ComponentsService::setHandler(const std::string& id, Handler* handler) {
    parts_.engine->setHandler(id, handler);
}

std::vector<ComponentUse> ComponentsService::certificateUsedBy(const std::string& certificate_id) {
    std::vector<NetworkComponent> components;
    const auto found = parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(components, store::all(session));
        return {};
    });
    std::vector<ComponentUse> users;
    for (const NetworkComponent& component : components) {
        std::vector<std::string> texts{component.configuration};
        for (const NodeConfiguration& node : component.nodes) {
            texts.push_back(node.configuration);
        }
        const bool uses = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
            const auto json = base::parseJson(text);
            return json && base::textOr(*json, "certificateId", "") == certificate_id;
        });
        if (uses) {
            users.push_back({"networkComponent", component.id, component.name});
        }
    }
    if (!found) {
        runtime::logError("network", "Cannot tell who uses certificate " + certificate_id + ": " +
                                         found.error().message());
        users.push_back({"networkComponent", "", "unknown: the database cannot be read"});
    }
    return users;
}

void ComponentsService::onUsedBy(
    std::function<std::vector<ComponentUse>(const std::string&)> provider) {
    used_by_ = std::move(provider);
}

void ComponentsService::onChange(std::function<void(const std::string&)> listener) {
    listener_ = std::move(listener);
    parts_.engine->onTargets([this](const std::string& id) { changed(id); });
}

void ComponentsService::changed(const std::string& id) {
    if (listener_) {
        listener_(id);
    }
}

std::unique_ptr<Components> makeComponents(ComponentsParts parts) {
    return std::make_unique<ComponentsService>(std::move(parts));
}

const char* toText(ClusterMode mode) noexcept {
    return mode == ClusterMode::Shared ? "shared" : "independent";
}

const char* toText(RunState state) noexcept {
    switch (state) {
    case RunState::Running:
        return "running";
    case RunState::Failed:
        return "failed";
    case RunState::Stopped:
        break;
    }
    return "stopped";
}

std::optional<ClusterMode> parseClusterMode(std::string_view text) noexcept {
    if (text == "shared") {
        return ClusterMode::Shared;
    }
    return text == "independent" ? std::optional(ClusterMode::Independent) : std::nullopt;
}

} // namespace fairlead::network
