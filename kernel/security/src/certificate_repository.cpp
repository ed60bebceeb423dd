// SPDX-License-Identifier: Apache-2.0
#include "certificate_repository.hpp"

#include "fairlead/storage/sql.hpp"

namespace fairlead::security {

using base::Result;
using base::Status;
using storage::Row;
using storage::Session;
using storage::Value;

namespace {

constexpr const char* kColumns =
    "id, name, description, chain, trust, created_at, updated_at, version, private_key";

const storage::ListSpec& spec() {
    static const storage::ListSpec spec{.select = kColumns,
                                        .from = "certificates",
                                        .where = {},
                                        .where_values = {},
                                        .key = "id",
                                        .default_sort = "-createdAt",
                                        .sortable = {{"createdAt", "created_at"}, {"name", "name"}},
                                        .filterable = {},
                                        .searched = {"name", "description"},
                                        .search = storage::ListSpec::Search::Contains};
    return spec;
}

Result<CertificateRepository::Stored> toStored(const Row& row) {
    CertificateRepository::Stored stored;
    Certificate& certificate = stored.certificate;
    certificate.id = row.text(0);
    certificate.name = row.text(1);
    certificate.description = row.text(2);
    certificate.chain = row.text(3);
    if (!row.isNull(4)) {
        certificate.trust = row.text(4);
    }
    certificate.created_at = row.integer(5);
    certificate.updated_at = row.integer(6);
    certificate.version = row.integer(7);
    stored.sealed_key = row.text(8);
    FL_ASSIGN(certificate.facts, inspectChain(certificate.chain));
    return stored;
}

Value trustValue(const Certificate& certificate) {
    return certificate.trust ? Value(*certificate.trust) : Value();
}

std::string named(const Certificate& certificate) {
    return "certificate " + certificate.name;
}

} // namespace

Result<CertificatePage> CertificateRepository::list(Session& s,
                                                    const storage::ListRequest& request) {
    FL_ASSIGN(const auto page, storage::listPage(s, spec(), request));
    CertificatePage out;
    out.total = page.total;
    for (const Row& row : page.rows) {
        FL_ASSIGN(auto stored, toStored(row));
        out.items.push_back(std::move(stored.certificate));
    }
    return out;
}

Result<CertificateRepository::Stored> CertificateRepository::get(Session& s,
                                                                 const std::string& id) {
    FL_ASSIGN(const auto rows,
              s.query("SELECT " + std::string(kColumns) + " FROM certificates WHERE id=?", {id}));
    if (rows.empty()) {
        return base::Error::notFound("There is no certificate " + id);
    }
    return toStored(rows[0]);
}

Result<std::int64_t> CertificateRepository::count(Session& s) {
    FL_ASSIGN(const auto rows, s.query("SELECT COUNT(*) FROM certificates"));
    return rows.at(0).integer(0);
}

Status CertificateRepository::insert(Session& s, const Stored& stored) {
    const Certificate& c = stored.certificate;
    FL_TRY(s.execute("INSERT INTO certificates (id, name, description, chain, private_key, trust, "
                     "created_at, updated_at, version) VALUES (?,?,?,?,?,?,?,?,?)",
                     {c.id, c.name, c.description, c.chain, stored.sealed_key, trustValue(c),
                      c.created_at, c.updated_at, c.version}));
    return {};
}

Status CertificateRepository::update(Session& s, const Stored& stored) {
    const Certificate& c = stored.certificate;
    FL_ASSIGN(const std::int64_t changed,
              s.execute("UPDATE certificates SET name=?, description=?, chain=?, private_key=?, "
                        "trust=?, updated_at=?, version=version+1 WHERE id=? AND version=?",
                        {c.name, c.description, c.chain, stored.sealed_key, trustValue(c),
                         c.updated_at, c.id, c.version}));
    return storage::checkVersioned(s, changed, "certificates", c.id, named(c));
}

Status CertificateRepository::remove(Session& s, const Certificate& c) {
    FL_ASSIGN(const std::int64_t changed,
              s.execute("DELETE FROM certificates WHERE id=? AND version=?", {c.id, c.version}));
    return storage::checkVersioned(s, changed, "certificates", c.id, named(c));
}

} // namespace fairlead::security
