// SPDX-License-Identifier: Apache-2.0
#include "repository.hpp"

#include "fairlead/storage/listing.hpp"
#include "fairlead/storage/sql.hpp"

namespace fairlead::gateway {

namespace {

constexpr std::string_view kColumns =
    "id, name, description, provider, network_component_id, protocol_id, configuration, enabled, "
    "version, created_at, updated_at";

Gateway fromRow(const storage::Row& row) {
    Gateway out;
    out.id = row.text(0);
    out.name = row.text(1);
    out.description = row.text(2);
    out.provider = row.text(3);
    out.network_component_id = row.text(4);
    out.protocol_id = row.text(5);
    out.configuration = row.text(6);
    out.enabled = row.integer(7) != 0;
    out.version = row.integer(8);
    out.created_at = row.integer(9);
    out.updated_at = row.integer(10);
    return out;
}

const std::vector<storage::Migration>& migrations() {
    static const std::vector<storage::Migration> all = {
        {1,
         "gateways and protocols",
         {"CREATE TABLE IF NOT EXISTS protocol ("
          "id {id} NOT NULL PRIMARY KEY, name {name} NOT NULL UNIQUE, description {description} "
          "NOT NULL, source {id} NOT NULL, location {text} NOT NULL, file_id {id} NOT NULL, "
          "plugin_id {text} NOT NULL, protocol {text} NOT NULL, enabled {bool} NOT NULL, "
          "version {int} NOT NULL, created_at {int} NOT NULL, updated_at {int} NOT NULL)",
          "CREATE TABLE IF NOT EXISTS gateway ("
          "id {id} NOT NULL PRIMARY KEY, name {name} NOT NULL UNIQUE, description {description} "
          "NOT NULL, provider {id} NOT NULL, network_component_id {id} NOT NULL, protocol_id {id} "
          "NOT NULL, configuration {json} NOT NULL, enabled {bool} NOT NULL, version {int} NOT "
          "NULL, created_at {int} NOT NULL, updated_at {int} NOT NULL)"}},
    };
    return all;
}

base::Error nameTaken(const base::Error& error, const std::string& kind, const std::string& name) {
    if (error.kind() == base::Errc::Conflict) {
        return {base::Errc::Conflict, kind + ".name_taken",
                "there is a " + kind + " named \"" + name + "\" already; choose another name"};
    }
    return error;
}

} // namespace

base::Status migrateGateways(storage::Database& database) {
    return database.migrate("gateway", migrations());
}

base::Result<std::vector<Gateway>> allGateways(storage::Session& session) {
    FL_ASSIGN(const auto rows,
              session.query("SELECT " + std::string{kColumns} + " FROM gateway ORDER BY id"));
    std::vector<Gateway> out;
    out.reserve(rows.size());
    for (const storage::Row& row : rows) {
        out.push_back(fromRow(row));
    }
    return out;
}

base::Result<Gateway> gatewayById(storage::Session& session, const std::string& id) {
    FL_ASSIGN(
        const auto rows,
        session.query("SELECT " + std::string{kColumns} + " FROM gateway WHERE id = ?", {id}));
    if (rows.empty()) {
        return base::Error{base::Errc::NotFound, "gateway.not_found",
                           "there is no gateway \"" + id + "\""};
    }
    return fromRow(rows.front());
}

base::Result<GatewayPage> pageOfGateways(storage::Session& session, const GatewayQuery& query) {
    storage::ListSpec spec;
    spec.select = kColumns;
    spec.from = "gateway";
    spec.key = "id";
    spec.default_sort = "-createdAt";
    spec.sortable = {{"createdAt", "created_at"}, {"name", "name"}};
    spec.filterable = {{"provider", "provider"}, {"enabled", "enabled"}};
    spec.searched = {"name", "id"};
    storage::ListRequest request;
    request.page = static_cast<std::size_t>(query.page);
    request.page_size = static_cast<std::size_t>(query.page_size);
    request.q = query.q;
    if (!query.provider.empty()) {
        request.filters.push_back({"provider", query.provider});
    }
    if (query.enabled) {
        request.filters.push_back({"enabled", std::int64_t{*query.enabled ? 1 : 0}});
    }
    FL_ASSIGN(const auto page, storage::listPage(session, spec, request));
    GatewayPage out;
    out.total = page.total;
    for (const storage::Row& row : page.rows) {
        out.items.push_back(fromRow(row));
    }
    return out;
}

base::Status insertGateway(storage::Session& session, const Gateway& g) {
    auto done = session.execute(
        "INSERT INTO gateway (id, name, description, provider, network_component_id, protocol_id, "
        "configuration, enabled, version, created_at, updated_at) VALUES " +
            storage::placeholders(11),
        {g.id, g.name, g.description, g.provider, g.network_component_id, g.protocol_id,
         g.configuration, std::int64_t{g.enabled ? 1 : 0}, g.version, g.created_at, g.updated_at});
    if (!done) {
        return nameTaken(done.error(), "gateway", g.name);
    }
    return {};
}

base::Result<Gateway> updateGateway(storage::Session& session, Gateway g, std::int64_t expected) {
    if (expected != 0 && expected != g.version) {
        return storage::staleError("gateway \"" + g.name + "\"");
    }
    g.updated_at = base::utcNow();
    auto done = session.execute(
        "UPDATE gateway SET name = ?, description = ?, network_component_id = ?, protocol_id = ?, "
        "configuration = ?, enabled = ?, version = version + 1, updated_at = ? WHERE id = ? AND "
        "version = ?",
        {g.name, g.description, g.network_component_id, g.protocol_id, g.configuration,
         std::int64_t{g.enabled ? 1 : 0}, g.updated_at, g.id, g.version});
    if (!done) {
        return nameTaken(done.error(), "gateway", g.name);
    }
    FL_TRY(storage::checkVersioned(session, *done, "gateway", g.id, "gateway \"" + g.name + "\""));
    ++g.version;
    return g;
}

base::Status deleteGateway(storage::Session& session, const std::string& id,
                           std::int64_t expected) {
    FL_ASSIGN(const Gateway gateway, gatewayById(session, id));
    if (expected != 0 && expected != gateway.version) {
        return storage::staleError("gateway \"" + gateway.name + "\"");
    }
    FL_TRY(session.execute("DELETE FROM gateway WHERE id = ?", {id}));
    return {};
}

base::Result<std::vector<UsedBy>>
gatewaysWhere(storage::Session& session, const std::string& column, const std::string& value) {
    FL_ASSIGN(const auto rows,
              session.query("SELECT id, name FROM gateway WHERE " + column + " = ? ORDER BY name",
                            {value}));
    std::vector<UsedBy> out;
    out.reserve(rows.size());
    for (const storage::Row& row : rows) {
        out.push_back({"gateway", row.text(0), row.text(1)});
    }
    return out;
}

} // namespace fairlead::gateway
