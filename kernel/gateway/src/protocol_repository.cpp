// SPDX-License-Identifier: Apache-2.0
#include "repository.hpp"

#include "fairlead/storage/listing.hpp"
#include "fairlead/storage/sql.hpp"

namespace fairlead::gateway {

namespace {

constexpr std::string_view kColumns =
    "id, name, description, source, location, file_id, plugin_id, protocol, enabled, version, "
    "created_at, updated_at";

Protocol fromRow(const storage::Row& row) {
    Protocol out;
    out.id = row.text(0);
    out.name = row.text(1);
    out.description = row.text(2);
    out.source = parseProtocolSource(row.text(3)).value_or(ProtocolSource::Builtin);
    out.location = row.text(4);
    out.file_id = row.text(5);
    out.plugin_id = row.text(6);
    out.protocol = row.text(7);
    out.enabled = row.integer(8) != 0;
    out.version = row.integer(9);
    out.created_at = row.integer(10);
    out.updated_at = row.integer(11);
    return out;
}

base::Error nameTaken(const base::Error& error, const std::string& name) {
    if (error.kind() == base::Errc::Conflict) {
        return {base::Errc::Conflict, "protocol.name_taken",
                "there is a protocol named \"" + name + "\" already; choose another name"};
    }
    return error;
}

} // namespace

const char* toText(ProtocolSource source) noexcept {
    switch (source) {
    case ProtocolSource::Builtin:
        return "builtin";
    case ProtocolSource::Package:
        return "package";
    case ProtocolSource::Local:
        return "local";
    }
    return "builtin";
}

std::optional<ProtocolSource> parseProtocolSource(std::string_view text) noexcept {
    for (const ProtocolSource source :
         {ProtocolSource::Builtin, ProtocolSource::Package, ProtocolSource::Local}) {
        if (text == toText(source)) {
            return source;
        }
    }
    return std::nullopt;
}

base::Result<std::vector<Protocol>> allProtocols(storage::Session& session) {
    FL_ASSIGN(const auto rows,
              session.query("SELECT " + std::string{kColumns} + " FROM protocol ORDER BY id"));
    std::vector<Protocol> out;
    out.reserve(rows.size());
    for (const storage::Row& row : rows) {
        out.push_back(fromRow(row));
    }
    return out;
}

base::Result<Protocol> protocolById(storage::Session& session, const std::string& id) {
    FL_ASSIGN(
        const auto rows,
        session.query("SELECT " + std::string{kColumns} + " FROM protocol WHERE id = ?", {id}));
    if (rows.empty()) {
        return base::Error{base::Errc::NotFound, "protocol.not_found",
                           "there is no protocol \"" + id + "\""};
    }
    return fromRow(rows.front());
}

base::Result<ProtocolPage> pageOfProtocols(storage::Session& session, const ProtocolQuery& query) {
    storage::ListSpec spec;
    spec.select = kColumns;
    spec.from = "protocol";
    spec.key = "id";
    spec.default_sort = "-createdAt";
    spec.sortable = {{"createdAt", "created_at"}, {"name", "name"}};
    spec.filterable = {{"source", "source"}, {"enabled", "enabled"}};
    spec.searched = {"name", "id"};
    storage::ListRequest request;
    request.page = static_cast<std::size_t>(query.page);
    request.page_size = static_cast<std::size_t>(query.page_size);
    request.q = query.q;
    if (query.source) {
        request.filters.push_back({"source", std::string{toText(*query.source)}});
    }
    if (query.enabled) {
        request.filters.push_back({"enabled", std::int64_t{*query.enabled ? 1 : 0}});
    }
    FL_ASSIGN(const auto page, storage::listPage(session, spec, request));
    ProtocolPage out;
    out.total = page.total;
    for (const storage::Row& row : page.rows) {
        out.items.push_back(fromRow(row));
    }
    return out;
}

base::Status insertProtocol(storage::Session& session, const Protocol& p) {
    auto done = session.execute(
        "INSERT INTO protocol (id, name, description, source, location, file_id, plugin_id, "
        "protocol, enabled, version, created_at, updated_at) VALUES " +
            storage::placeholders(12),
        {p.id, p.name, p.description, std::string{toText(p.source)}, p.location, p.file_id,
         p.plugin_id, p.protocol, std::int64_t{p.enabled ? 1 : 0}, p.version, p.created_at,
         p.updated_at});
    if (!done) {
        return nameTaken(done.error(), p.name);
    }
    return {};
}

base::Result<Protocol> updateProtocol(storage::Session& session, Protocol p,
                                      std::int64_t expected) {
    if (expected != 0 && expected != p.version) {
        return storage::staleError("protocol \"" + p.name + "\"");
    }
    p.updated_at = base::utcNow();
    auto done = session.execute(
        "UPDATE protocol SET name = ?, description = ?, location = ?, file_id = ?, plugin_id = ?, "
        "protocol = ?, enabled = ?, version = version + 1, updated_at = ? WHERE id = ? AND "
        "version = ?",
        {p.name, p.description, p.location, p.file_id, p.plugin_id, p.protocol,
         std::int64_t{p.enabled ? 1 : 0}, p.updated_at, p.id, p.version});
    if (!done) {
        return nameTaken(done.error(), p.name);
    }
    FL_TRY(
        storage::checkVersioned(session, *done, "protocol", p.id, "protocol \"" + p.name + "\""));
    ++p.version;
    return p;
}

base::Status deleteProtocol(storage::Session& session, const std::string& id,
                            std::int64_t expected) {
    FL_ASSIGN(const Protocol protocol, protocolById(session, id));
    if (expected != 0 && expected != protocol.version) {
        return storage::staleError("protocol \"" + protocol.name + "\"");
    }
    FL_TRY(session.execute("DELETE FROM protocol WHERE id = ?", {id}));
    return {};
}

} // namespace fairlead::gateway
