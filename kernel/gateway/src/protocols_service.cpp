// SPDX-License-Identifier: Apache-2.0
#include "protocols_service.hpp"

#include "repository.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/json.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/plugin/manager.hpp"
#include "fairlead/runtime/log.hpp"

#include <algorithm>

namespace fairlead::gateway {

namespace {

plugin::Source toSource(ProtocolSource source) {
    return source == ProtocolSource::Local ? plugin::Source::Local : plugin::Source::Package;
}

// A path inside one of the configured roots, links resolved.
base::Status checkLocation(const std::string& location, const std::vector<std::string>& roots) {
    std::error_code error;
    const auto path = std::filesystem::canonical(location, error);
    if (error || !std::filesystem::path{location}.is_absolute()) {
        return base::Error{base::Errc::Invalid, "protocol.location",
                           "location must be an absolute path of a library that exists on the "
                           "server, not \"" +
                               location + "\""};
    }
    for (const std::string& root : roots) {
        const auto base = std::filesystem::canonical(root, error);
        if (!error && path.string().rfind(base.string() + "/", 0) == 0) {
            return {};
        }
    }
    return base::Error{base::Errc::Forbidden, "protocol.location",
                       "\"" + location +
                           "\" is outside of the folders that plugins.localRoots of the "
                           "configuration allows"};
}

void writeLocalized(base::JsonWriter& out, const char* name, const std::string& json) {
    out.Key(name);
    if (json.empty()) {
        out.StartObject();
        out.EndObject();
    } else {
        out.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    }
}

void writeRoute(base::JsonWriter& out, const plugin::RouteDescriptor& route) {
    out.StartObject();
    writeLocalized(out, "group", route.group);
    out.Key("address");
    out.String(route.address.c_str());
    out.Key("methods");
    out.String(route.methods.c_str());
    out.Key("upstream");
    out.Bool(route.upstream);
    out.Key("downstream");
    out.Bool(route.downstream);
    writeLocalized(out, "description", route.description);
    out.Key("example");
    out.String(route.example.c_str());
    out.EndObject();
}

} // namespace

std::string routesJson(const plugin::TransportDescriptor& transport) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter out(buffer);
    out.StartArray();
    for (const plugin::RouteDescriptor& route : transport.routes) {
        writeRoute(out, route);
    }
    out.EndArray();
    return buffer.GetString();
}

namespace {

std::string transportsJson(const plugin::ProtocolDescriptor& descriptor) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter out(buffer);
    out.StartArray();
    for (const plugin::TransportDescriptor& transport : descriptor.transports) {
        out.StartObject();
        out.Key("id");
        out.String(transport.id.c_str());
        out.Key("routes");
        const std::string routes = routesJson(transport);
        out.RawValue(routes.data(), routes.size(), rapidjson::kArrayType);
        writeLocalized(out, "configurationSchema", transport.config_schema);
        writeLocalized(out, "document", transport.document);
        out.EndObject();
    }
    out.EndArray();
    return buffer.GetString();
}

std::string featuresJson(const std::vector<std::string>& features) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter out(buffer);
    out.StartArray();
    for (const std::string& feature : features) {
        out.String(feature.c_str());
    }
    out.EndArray();
    return buffer.GetString();
}

} // namespace

base::Status ProtocolsService::start() {
    FL_TRY(recordBuiltins());
    loadEnabled();
    return {};
}

base::Status ProtocolsService::recordBuiltins() {
    return parts_.database->write([this](storage::Session& session) -> base::Status {
        FL_ASSIGN(const auto known, allProtocols(session));
        for (const plugin::ProtocolDescriptor& found : parts_.plugins->protocols()) {
            const bool recorded = std::any_of(known.begin(), known.end(), [&](const Protocol& p) {
                return p.plugin_id == found.plugin_id && p.protocol == found.id;
            });
            const auto plugin = parts_.plugins->describe(found.plugin_id);
            if (recorded || !plugin || plugin->source != plugin::Source::Builtin) {
                continue;
            }
            Protocol protocol;
            // An id of the API: "jetlinks.v3" becomes "jetlinks-v3".
            protocol.id = found.id;
            std::replace(protocol.id.begin(), protocol.id.end(), '.', '-');
            FL_ASSIGN(const base::Json names, base::parseJson(found.name));
            protocol.name = base::textOr(names, "en", found.id);
            protocol.source = ProtocolSource::Builtin;
            protocol.plugin_id = found.plugin_id;
            protocol.protocol = found.id;
            protocol.enabled = true;
            protocol.created_at = protocol.updated_at = base::utcNow();
            FL_TRY(insertProtocol(session, protocol));
        }
        return {};
    });
}

void ProtocolsService::loadEnabled() {
    std::vector<Protocol> all;
    const base::Status read = parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(all, allProtocols(session));
        return {};
    });
    if (!read) {
        runtime::logError("gateway", "cannot read the protocols: " + read.error().message());
        return;
    }
    for (const Protocol& protocol : all) {
        if (!protocol.enabled || protocol.source == ProtocolSource::Builtin) {
            continue;
        }
        auto loaded = loadFile(protocol);
        if (!loaded) {
            runtime::logError("gateway", "protocol \"" + protocol.name +
                                             "\" does not run: " + loaded.error().message());
            const std::lock_guard lock{mutex_};
            errors_[protocol.id] = loaded.error().message();
        }
    }
}

base::Result<std::filesystem::path> ProtocolsService::fileOf(const Protocol& protocol) const {
    if (protocol.source == ProtocolSource::Local) {
        FL_TRY(checkLocation(protocol.location, parts_.local_roots));
        return std::filesystem::path{protocol.location};
    }
    if (!parts_.file_path) {
        return base::Error::failed("uploads are not available on this server");
    }
    return parts_.file_path(protocol.file_id);
}

base::Result<plugin::ProtocolDescriptor> ProtocolsService::loadFile(const Protocol& protocol) {
    FL_ASSIGN(const std::filesystem::path path, fileOf(protocol));
    auto loaded = protocol.plugin_id.empty()
                      ? parts_.plugins->load(path, toSource(protocol.source))
                      : parts_.plugins->swap(protocol.plugin_id, path, toSource(protocol.source));
    if (!loaded) {
        return std::move(loaded).error();
    }
    for (plugin::ProtocolDescriptor& found : parts_.plugins->protocols()) {
        if (found.plugin_id == loaded->plugin_id &&
            (protocol.protocol.empty() || found.id == protocol.protocol)) {
            return found;
        }
    }
    return base::Error{base::Errc::Invalid, "protocol.none",
                       "the plugin \"" + loaded->plugin_id +
                           "\" loads, but offers no protocol; upload one that does"};
}

base::Result<ProtocolPage> ProtocolsService::list(const ProtocolQuery& query) {
    ProtocolPage out;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(out, pageOfProtocols(session, query));
        return {};
    }));
    return out;
}

base::Result<Protocol> ProtocolsService::get(const std::string& id) {
    Protocol out;
    FL_TRY(parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(out, protocolById(session, id));
        return {};
    }));
    return out;
}

std::optional<plugin::ProtocolDescriptor>
ProtocolsService::descriptor(const Protocol& protocol) const {
    for (plugin::ProtocolDescriptor& found : parts_.plugins->protocols()) {
        if (found.plugin_id == protocol.plugin_id && found.id == protocol.protocol) {
            return std::move(found);
        }
    }
    return std::nullopt;
}

ProtocolStatus ProtocolsService::status(const Protocol& protocol) {
    ProtocolStatus out;
    out.features = "[]";
    out.transports = "[]";
    const auto found = descriptor(protocol);
    out.run_state = !protocol.enabled ? "stopped" : found ? "started" : "failed";
    {
        const std::lock_guard lock{mutex_};
        const auto error = errors_.find(protocol.id);
        out.last_error = error == errors_.end() ? std::string{} : error->second;
    }
    if (const auto plugin = parts_.plugins->describe(protocol.plugin_id)) {
        out.plugin_version = plugin->version;
        out.sha256 = plugin->sha256;
        out.generation = plugin->generation;
        if (out.last_error.empty() && out.run_state == "failed") {
            out.last_error = plugin->last_error;
        }
    }
    if (found) {
        out.features = featuresJson(found->features);
        out.transports = transportsJson(*found);
    }
    return out;
}

std::vector<UsedBy> ProtocolsService::usedBy(const std::string& id) {
    std::vector<UsedBy> out;
    const base::Status read = parts_.database->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(out, gatewaysWhere(session, "protocol_id", id));
        return {};
    });
    return read ? out : std::vector<UsedBy>{};
}

base::Result<Protocol> ProtocolsService::create(const NewProtocol& input) {
    FL_TRY(base::checkName(input.name, "name"));
    FL_TRY(base::checkDescription(input.description, "description"));
    if (input.source == ProtocolSource::Builtin) {
        return base::Error::invalid("type must be \"package\" or \"local\"");
    }
    Protocol protocol;
    protocol.id = base::newId();
    protocol.name = base::trim(input.name);
    protocol.description = input.description;
    protocol.source = input.source;
    protocol.location = input.location;
    protocol.file_id = input.file_id;
    protocol.created_at = protocol.updated_at = base::utcNow();
    // Loaded once to learn what it is; it stays so, disabled, until somebody enables it.
    FL_ASSIGN(const plugin::ProtocolDescriptor found, loadFile(protocol));
    protocol.plugin_id = found.plugin_id;
    protocol.protocol = found.id;
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return insertProtocol(session, protocol); }));
    return protocol;
}

base::Result<Protocol> ProtocolsService::store(Protocol protocol, std::int64_t expected) {
    FL_TRY(parts_.database->write([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(protocol, updateProtocol(session, protocol, expected));
        return {};
    }));
    return protocol;
}

base::Result<Protocol> ProtocolsService::change(const std::string& id, const ProtocolChange& change,
                                                std::int64_t expected_version) {
    FL_ASSIGN(Protocol protocol, get(id));
    if (change.name) {
        FL_TRY(base::checkName(*change.name, "name"));
        protocol.name = base::trim(*change.name);
    }
    if (change.description) {
        FL_TRY(base::checkDescription(*change.description, "description"));
        protocol.description = *change.description;
    }
    const bool new_file = change.file_id || change.location;
    if (new_file && protocol.source == ProtocolSource::Builtin) {
        return base::Error{base::Errc::Conflict, "protocol.type_fixed",
                           "a built-in protocol comes with the server; its file cannot be changed"};
    }
    protocol.file_id = change.file_id.value_or(protocol.file_id);
    protocol.location = change.location.value_or(protocol.location);
    if (expected_version != 0 && expected_version != protocol.version) {
        return base::Error{base::Errc::Conflict, "stale",
                           "the protocol was changed by somebody else; read it again"};
    }
    if (new_file) {
        FL_TRY(loadFile(protocol));
        const std::lock_guard lock{mutex_};
        errors_.erase(id);
    }
    return store(std::move(protocol), expected_version);
}

base::Status ProtocolsService::remove(const std::string& id, std::int64_t expected_version) {
    FL_ASSIGN(const Protocol protocol, get(id));
    if (protocol.enabled) {
        return base::Error{base::Errc::Conflict, "protocol.enabled",
                           "protocol \"" + protocol.name + "\" is enabled; disable it first"};
    }
    if (!usedBy(id).empty()) {
        return base::Error{base::Errc::Conflict, "protocol.in_use",
                           "protocol \"" + protocol.name + "\" is used by gateways"};
    }
    if (protocol.source == ProtocolSource::Builtin) {
        return base::Error{base::Errc::Conflict, "protocol.builtin",
                           "a built-in protocol can be disabled, not deleted"};
    }
    FL_TRY(parts_.database->write(
        [&](storage::Session& session) { return deleteProtocol(session, id, expected_version); }));
    {
        const std::lock_guard lock{mutex_};
        ports_.erase(id);
        errors_.erase(id);
    }
    return parts_.plugins->remove(protocol.plugin_id);
}

base::Result<Protocol> ProtocolsService::enable(const std::string& id) {
    FL_ASSIGN(Protocol protocol, get(id));
    if (!descriptor(protocol)) {
        if (protocol.source == ProtocolSource::Builtin) {
            FL_TRY(parts_.plugins->enable(protocol.plugin_id));
        } else {
            FL_TRY(loadFile(protocol));
        }
    }
    protocol.enabled = true;
    {
        const std::lock_guard lock{mutex_};
        errors_.erase(id);
    }
    return store(std::move(protocol), 0);
}

base::Result<Protocol> ProtocolsService::disable(const std::string& id) {
    FL_ASSIGN(Protocol protocol, get(id));
    if (!usedBy(id).empty()) {
        return base::Error{base::Errc::Conflict, "protocol.in_use",
                           "protocol \"" + protocol.name +
                               "\" is used by gateways; change or delete them first"};
    }
    protocol.enabled = false;
    {
        const std::lock_guard lock{mutex_};
        ports_.erase(id);
    }
    return store(std::move(protocol), 0);
}

base::Result<std::shared_ptr<ProtocolPort>> ProtocolsService::port(const std::string& id) {
    FL_ASSIGN(const Protocol protocol, get(id));
    if (!protocol.enabled) {
        return base::Error{base::Errc::Conflict, "protocol.disabled",
                           "protocol \"" + protocol.name + "\" is disabled; enable it first"};
    }
    const std::lock_guard lock{mutex_};
    const auto known = ports_.find(id);
    if (known != ports_.end()) {
        return known->second;
    }
    auto binding = parts_.plugins->bindProtocol(protocol.plugin_id, protocol.protocol, "{}");
    if (!binding) {
        return std::move(binding).error().within("protocol \"" + protocol.name + "\"");
    }
    std::shared_ptr<ProtocolPort> port =
        std::make_shared<PluginPort>(protocol.protocol, std::move(binding).value());
    ports_[id] = port;
    return port;
}

base::Result<std::string> ProtocolsService::configurationSchema(const std::string& id,
                                                                const std::string& transport) {
    FL_ASSIGN(const Protocol protocol, get(id));
    const auto found = descriptor(protocol);
    if (!found) {
        return base::Error{base::Errc::Conflict, "protocol.stopped",
                           "the plugin of protocol \"" + protocol.name + "\" does not run"};
    }
    for (const plugin::TransportDescriptor& offered : found->transports) {
        if (transport.empty() || offered.id == transport) {
            return offered.config_schema;
        }
    }
    return std::string{};
}

} // namespace fairlead::gateway
