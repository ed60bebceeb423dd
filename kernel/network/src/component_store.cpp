// SPDX-License-Identifier: Apache-2.0
#include "component_store.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/storage/listing.hpp"
#include "fairlead/storage/sql.hpp"

#include <array>

namespace fairlead::network::store {

namespace {

using storage::Session;

constexpr std::string_view kColumns = "id, name, description, type, cluster_mode, configuration, "
                                      "nodes, enabled, version, created_at, updated_at";

const std::array<storage::Migration, 1>& migrations() {
    static const std::array<storage::Migration, 1> all = {
        {{1,
          "network components",
          {"CREATE TABLE IF NOT EXISTS network_component ("
           "id {id} NOT NULL PRIMARY KEY, name {name} NOT NULL UNIQUE, description {description} "
           "NOT NULL, type {id} NOT NULL, cluster_mode {id} NOT NULL, configuration {json} NOT "
           "NULL, nodes {json} NOT NULL, enabled {bool} NOT NULL, version {int} NOT NULL, "
           "created_at {int} NOT NULL, updated_at {int} NOT NULL)"}}}};
    return all;
}

std::string nodesText(const std::vector<NodeConfiguration>& nodes) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter writer(buffer);
    writer.StartArray();
    for (const NodeConfiguration& node : nodes) {
        writer.StartObject();
        writer.Key("nodeId");
        writer.String(node.node_id);
        writer.Key("configuration");
        writer.RawValue(node.configuration.data(), node.configuration.size(),
                        rapidjson::kObjectType);
        writer.EndObject();
    }
    writer.EndArray();
    return {buffer.GetString(), buffer.GetSize()};
}

std::vector<NodeConfiguration> nodesOf(const std::string& text) {
    std::vector<NodeConfiguration> nodes;
    const auto json = base::parseJson(text);
    if (json && json->IsArray()) {
        for (const base::JsonValue& node : json->GetArray()) {
            const base::JsonValue* configuration = base::member(node, "configuration");
            nodes.push_back({std::string(base::textOr(node, "nodeId", "")),
                             configuration == nullptr ? "{}" : base::toText(*configuration)});
        }
    }
    return nodes;
}

NetworkComponent fromRow(const storage::Row& row) {
    NetworkComponent c;
    c.id = row.text(0);
    c.name = row.text(1);
    c.description = row.text(2);
    c.type = row.text(3);
    c.cluster = parseClusterMode(row.text(4)).value_or(ClusterMode::Shared);
    c.configuration = row.text(5);
    c.nodes = nodesOf(row.text(6));
    c.enabled = row.integer(7) != 0;
    c.version = row.integer(8);
    c.created_at = row.integer(9);
    c.updated_at = row.integer(10);
    return c;
}

base::Error nameTaken(const base::Error& error, const std::string& name) {
    if (error.kind() != base::Errc::Conflict) {
        return error;
    }
    return base::Error(base::Errc::Conflict, "network.name_taken",
                       "There is a network component named \"" + name +
                           "\" already; choose another name");
}

} // namespace

base::Status migrate(storage::Database& database) {
    return database.migrate("network", migrations());
}

base::Result<std::vector<NetworkComponent>> all(Session& session) {
    FL_ASSIGN(const auto rows, session.query("SELECT " + std::string(kColumns) +
                                             " FROM network_component ORDER BY id"));
    std::vector<NetworkComponent> found;
    found.reserve(rows.size());
    for (const storage::Row& row : rows) {
        found.push_back(fromRow(row));
    }
    return found;
}

base::Result<NetworkComponent> get(Session& session, const std::string& id) {
    FL_ASSIGN(const auto rows, session.query("SELECT " + std::string(kColumns) +
                                                 " FROM network_component WHERE id = ?",
                                             {id}));
    if (rows.empty()) {
        return base::Error(base::Errc::NotFound, "network.not_found",
                           "There is no network component \"" + id + "\"");
    }
    return fromRow(rows.front());
}

base::Result<ComponentPage> page(Session& session, const ComponentQuery& query) {
    storage::ListSpec spec;
    spec.select = kColumns;
    spec.from = "network_component";
    spec.key = "id";
    spec.default_sort = "-createdAt";
    spec.sortable = {{"name", "name"},
                     {"type", "type"},
                     {"createdAt", "created_at"},
                     {"updatedAt", "updated_at"}};
    spec.filterable = {{"type", "type"}, {"enabled", "enabled"}};
    spec.searched = {"name", "id"};
    storage::ListRequest request;
    request.page = static_cast<std::size_t>(query.page);
    request.page_size = static_cast<std::size_t>(query.page_size);
    request.sort = query.sort;
    request.q = query.q;
    if (!query.type.empty()) {
        request.filters.push_back({"type", query.type});
    }
    if (query.enabled) {
        request.filters.push_back({"enabled", std::int64_t{*query.enabled ? 1 : 0}});
    }
    FL_ASSIGN(const auto found, storage::listPage(session, spec, request));
    ComponentPage result;
    result.total = found.total;
    for (const storage::Row& row : found.rows) {
        result.items.push_back(fromRow(row));
    }
    return result;
}

base::Status insert(Session& session, const NetworkComponent& c) {
    const auto done =
        session.execute("INSERT INTO network_component (" + std::string(kColumns) + ") VALUES " +
                            storage::placeholders(11),
                        {c.id, c.name, c.description, c.type, std::string(toText(c.cluster)),
                         c.configuration, nodesText(c.nodes), std::int64_t{c.enabled ? 1 : 0},
                         c.version, c.created_at, c.updated_at});
    if (!done) {
        return nameTaken(done.error(), c.name);
    }
    return {};
}

base::Status update(Session& session, NetworkComponent& c) {
    const base::UtcMs now = base::utcNow();
    const auto done = session.execute(
        "UPDATE network_component SET name = ?, description = ?, cluster_mode = ?, configuration "
        "= ?, nodes = ?, enabled = ?, version = version + 1, updated_at = ? WHERE id = ? AND "
        "version = ?",
        {c.name, c.description, std::string(toText(c.cluster)), c.configuration, nodesText(c.nodes),
         std::int64_t{c.enabled ? 1 : 0}, now, c.id, c.version});
    if (!done) {
        return nameTaken(done.error(), c.name);
    }
    return storage::checkVersioned(session, *done, "network_component", c.id,
                                   "network component \"" + c.name + "\"");
}

base::Status remove(Session& session, const std::string& id) {
    FL_TRY(session.execute("DELETE FROM network_component WHERE id = ?", {id}));
    return {};
}

} // namespace fairlead::network::store
