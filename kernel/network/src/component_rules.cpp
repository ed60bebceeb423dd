// SPDX-License-Identifier: Apache-2.0
#include "component_rules.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/network/schema.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace fairlead::network {

namespace {

using base::FieldError;
using base::Json;
using base::JsonValue;

/// As the form has it.
constexpr std::int64_t kIdleMs = 600'000;

void collect(const base::Status& status, const std::string& field, const char* code,
             std::vector<FieldError>& errors) {
    if (!status) {
        errors.push_back({field, code, status.error().message()});
    }
}

base::Error invalid(std::vector<FieldError> errors) {
    std::string message = errors.front().field + ": " + errors.front().message;
    if (errors.size() > 1) {
        message += " (and " + std::to_string(errors.size() - 1) + " more)";
    }
    return base::Error(base::Errc::Invalid, "network.invalid", std::move(message))
        .with(std::move(errors));
}

/// Without the plugin there is no schema: the configuration must at least be an object.
base::Result<std::optional<Json>> schemaOf(const NetworkType* type) {
    if (type == nullptr) {
        return std::optional<Json>{};
    }
    FL_ASSIGN(Json schema, componentSchema(type->description()));
    return std::optional<Json>(std::move(schema));
}

class Configurations {
public:
    Configurations(const NetworkType* type, const Json* schema, std::vector<FieldError>& errors)
        : type_(type), schema_(schema), errors_(errors) {}

    void check(std::string& configuration, const std::string& field, bool shared) {
        if (configuration.size() > kConfigurationBytesMax) {
            errors_.push_back({field, "too_long", "is longer than 64 KiB"});
            return;
        }
        auto json = base::parseJson(configuration);
        if (!json || !json->IsObject()) {
            errors_.push_back({field, "type", "must be a JSON object"});
            return;
        }
        if (schema_ != nullptr) {
            bySchema(*json, field, shared);
        }
        configuration = base::toText(*json);
    }

private:
    void bySchema(Json& json, const std::string& field, bool shared) {
        const bool server = !type_->description().client;
        if (shared && server) {
            mergePatch(json, sharedHost());
        }
        normalize(*schema_, json);
        std::vector<FieldError> found = network::check(*schema_, json, field);
        const std::string_view host = base::textOr(json, "host", "0.0.0.0");
        if (found.empty() && server && !isAddress(host)) {
            found.push_back(
                {field + "/host", "format_ipv4", "must be an IPv4 or IPv6 address of the server"});
        }
        if (found.empty() && !server) {
            checkClient(json, field, found);
        }
        std::move(found.begin(), found.end(), std::back_inserter(errors_));
    }

    static const Json& sharedHost() {
        static const Json host = [] {
            Json json;
            json.Parse(R"({"host":"0.0.0.0"})");
            return json;
        }();
        return host;
    }

    const NetworkType* type_;
    const Json* schema_;
    std::vector<FieldError>& errors_;
};

void checkNodes(NetworkComponent& component, Configurations& configurations,
                std::vector<FieldError>& errors) {
    if (component.nodes.empty() || component.nodes.size() > kNodesMax) {
        errors.push_back({"nodes", "range", "needs 1 to 64 nodes, each with its configuration"});
        return;
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < component.nodes.size(); ++i) {
        NodeConfiguration& node = component.nodes[i];
        const std::string at = "nodes/" + std::to_string(i);
        collect(base::checkName(node.node_id, "nodeId"), at + "/nodeId", "invalid", errors);
        if (!seen.insert(node.node_id).second) {
            errors.push_back({at + "/nodeId", "duplicate", "the node is named twice"});
        }
        configurations.check(node.configuration, at + "/configuration", false);
    }
}

std::string masked(const std::string& configuration, const Json* schema) {
    auto json = base::parseJson(configuration);
    if (!json || !json->IsObject()) {
        return "{}";
    }
    if (schema != nullptr) {
        maskSecrets(*schema, *json);
        return base::toText(*json);
    }
    for (auto entry = json->MemberBegin(); entry < json->MemberEnd(); ++entry) {
        if (entry->value.IsString() || entry->value.IsObject() || entry->value.IsArray()) {
            entry->value.SetString(kSecretMask.data(),
                                   static_cast<rapidjson::SizeType>(kSecretMask.size()),
                                   json->GetAllocator());
        }
    }
    return base::toText(*json);
}

ClientCertificate clientsOf(std::string_view text) {
    if (text == "required") {
        return ClientCertificate::Required;
    }
    return text == "asked" ? ClientCertificate::Asked : ClientCertificate::No;
}

std::size_t largestByteSetting(const JsonValue& configuration, const JsonValue& schema) {
    std::int64_t largest = 0;
    const JsonValue* properties = base::member(schema, "properties");
    if (properties != nullptr) {
        for (const auto& property : properties->GetObject()) {
            const std::string_view unit = base::textOr(property.value, "x-unit", "");
            if (unit == "byte" || unit == "bytes") {
                largest =
                    std::max(largest, base::integerOr(configuration, property.name.GetString(), 0));
            }
        }
    }
    return static_cast<std::size_t>(largest);
}

} // namespace

base::Status checkComponent(NetworkComponent& component, const NetworkType* type) {
    std::vector<FieldError> errors;
    component.name = base::trim(component.name);
    component.description = base::trim(component.description);
    collect(base::checkName(component.name, "name"), "name", "invalid", errors);
    collect(base::checkDescription(component.description, "description"), "description", "invalid",
            errors);
    FL_ASSIGN(const auto schema, schemaOf(type));
    Configurations configurations(type, schema ? &*schema : nullptr, errors);
    if (component.cluster == ClusterMode::Shared) {
        component.nodes.clear();
        configurations.check(component.configuration, "configuration", true);
    } else {
        component.configuration = "{}";
        checkNodes(component, configurations, errors);
    }
    if (!errors.empty()) {
        return invalid(std::move(errors));
    }
    return {};
}

base::Result<std::string> keepSecrets(const std::string& configuration, const std::string& before,
                                      const NetworkType* type) {
    FL_ASSIGN(const auto schema, schemaOf(type));
    auto json = base::parseJson(configuration);
    const auto old = base::parseJson(before);
    if (!schema || !json || !old || !json->IsObject()) {
        return configuration; // checkComponent says what is wrong with it
    }
    restoreSecrets(*schema, *json, *old);
    return base::toText(*json);
}

void maskComponent(NetworkComponent& component, const NetworkType* type) {
    auto schema = schemaOf(type);
    const Json* json = schema && *schema ? &**schema : nullptr;
    component.configuration = masked(component.configuration, json);
    for (NodeConfiguration& node : component.nodes) {
        node.configuration = masked(node.configuration, json);
    }
}

std::optional<std::string> configurationFor(const NetworkComponent& component,
                                            const std::string& node_id) {
    if (component.cluster == ClusterMode::Shared) {
        return component.configuration;
    }
    for (const NodeConfiguration& node : component.nodes) {
        if (node.node_id == node_id) {
            return node.configuration;
        }
    }
    return std::nullopt;
}

base::Result<ServerSettings> readSettings(const std::string& configuration,
                                          const NetworkType& type) {
    FL_ASSIGN(const Json json, base::parseJson(configuration));
    FL_ASSIGN(const Json schema, componentSchema(type.description()));
    ServerSettings s;
    s.host = base::textOr(json, "host", "0.0.0.0");
    s.port = static_cast<std::uint16_t>(base::integerOr(json, "port", 0));
    s.public_host = base::textOr(json, "publicHost", "");
    s.public_port = static_cast<std::uint16_t>(base::integerOr(json, "publicPort", 0));
    s.secure = base::booleanOr(json, "secure", false);
    s.certificate_id = base::textOr(json, "certificateId", "");
    s.client_certificates = clientsOf(base::textOr(json, "clientCertificates", "no"));
    s.dtls = type.description().dtls && !type.description().tls;
    s.psk = s.dtls && s.secure && base::textOr(json, "dtlsMode", "certificate") != "certificate";
    s.idle_ms = static_cast<std::uint64_t>(base::integerOr(json, "idleTimeout", kIdleMs));
    s.connections_max = static_cast<std::size_t>(base::integerOr(json, "maxConnections", 0));
    s.message_bytes_max = largestByteSetting(json, schema);
    if (type.description().client) {
        s.client = readClientSettings(json);
    }
    return s;
}

std::string addressOf(const std::string& scheme, const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (scheme.empty() ? std::string{} : scheme + "://") + (v6 ? "[" + host + "]" : host) +
           ":" + std::to_string(port);
}

} // namespace fairlead::network
