// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/security/certificates.hpp"
#include "list_request.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using security::Certificate;

constexpr std::size_t kHostsMax = 20;

Schema pem() {
    return Schema::string(1, security::kPemBytesMax);
}

Schema certificateSchema() {
    return entity({required("chain", text()), required("trust", text().nullable()),
                   required("subject", text()), required("names", Schema::array(text(), 1000)),
                   required("issuer", text()), required("notBefore", timeOrNull()),
                   required("notAfter", timeOrNull()), required("fingerprint", text()),
                   required("usedBy", usedBySchema())})
        .named("Certificate");
}

Schema certificateInput() {
    return Schema::object(
        {required("name", Schema::name()), optional("description", Schema::description()),
         required("chain", pem()), required("key", Schema::secret(1, security::kPemBytesMax)),
         optional("trust", Schema::string(0, security::kPemBytesMax).nullable())});
}

std::vector<security::Usage> usersOf(Site& site, const std::string& id) {
    return site.services.certificates.usedBy(id).valueOr(std::vector<security::Usage>{});
}

void writeCertificate(JsonOut& out, Site& site, const Context& context,
                      const Certificate& certificate) {
    const auto users = usersOf(site, certificate.id);
    const security::CertificateFacts& facts = certificate.facts;
    out.object();
    writeEntity(out, certificate);
    out.field("chain", certificate.chain).textOrNull("trust", certificate.trust.value_or(""));
    out.field("subject", facts.subject).texts("names", facts.names);
    out.field("issuer", facts.issuer).time("notBefore", facts.not_before);
    out.time("notAfter", facts.not_after).field("fingerprint", facts.fingerprint);
    writeUsedBy(out, users);
    Actions(context)
        .add("edit", "certificates:write")
        .add("delete", "certificates:write", when(!users.empty(), "CERT_IN_USE"),
             "A network component uses it; it cannot be deleted")
        .write(out);
    out.end();
}

Response answer(Site& site, const Context& context, const Certificate& certificate) {
    JsonOut out;
    writeCertificate(out, site, context, certificate);
    return okay(std::move(out).text(), certificate.version);
}

Result<Response> list(Site& site, Context& context) {
    FL_ASSIGN(const auto page, site.services.certificates.list(listRequest(context)));
    return okay(
        pageText(context, page.items, page.total, [&](JsonOut& out, const Certificate& one) {
            writeCertificate(out, site, context, one);
        }));
}

Response createdAnswer(Site& site, Context& context, const Certificate& certificate) {
    context.setTarget(certificate.id);
    JsonOut out;
    writeCertificate(out, site, context, certificate);
    return created(std::move(out).text(), "/certificates/" + certificate.id, certificate.version);
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    security::NewCertificate input;
    input.name = bodyText(body, "name");
    input.description = bodyText(body, "description");
    input.chain = bodyText(body, "chain");
    input.key = bodyText(body, "key");
    if (const std::string trust = bodyText(body, "trust"); !trust.empty()) {
        input.trust = trust;
    }
    FL_ASSIGN(const Certificate certificate, site.services.certificates.create(input));
    return createdAnswer(site, context, certificate);
}

Result<Response> createDevelopment(Site& site, Context& context) {
    FL_ASSIGN(const Certificate certificate,
              site.services.certificates.createDevelopment(bodyText(context.body(), "name"),
                                                           bodyTexts(context.body(), "hosts")));
    return createdAnswer(site, context, certificate);
}

Result<Response> change(Site& site, Context& context) {
    security::CertificateChange change;
    take(context.body(), "name", change.name);
    take(context.body(), "description", change.description);
    take(context.body(), "chain", change.chain);
    take(context.body(), "key", change.key);
    take(context.body(), "trust", change.trust);
    FL_ASSIGN(const Certificate certificate,
              site.services.certificates.update(context.param("id"), change, context.ifMatch()));
    return answer(site, context, certificate);
}

Result<Response> remove(Site& site, Context& context) {
    const std::string& id = context.param("id");
    const auto removed = site.services.certificates.remove(id, context.ifMatch());
    if (!removed && saysInUse(removed.error())) {
        return inUse(context, removed.error(), usersOf(site, id));
    }
    FL_TRY(removed);
    return noContent();
}

} // namespace

std::vector<Route> certificateRoutes(Site& site) {
    constexpr const char* kRead = "certificates:read";
    constexpr const char* kWrite = "certificates:write";
    std::vector<Route> routes;
    routes.push_back(Route::get("/certificates", kRead, "Certificates, without their keys.")
                         .with({searchParameter(), sortParameter({"name", "createdAt"})})
                         .paged(certificateSchema())
                         .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(Route::post("/certificates", kWrite, "Stores a certificate and its key.")
                         .takes(certificateInput())
                         .creates(certificateSchema())
                         .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(
        Route::post("/certificates/development", kWrite, "Makes a self-signed certificate.")
            .takes(Schema::object(
                {required("name", Schema::name()),
                 required("hosts", Schema::array(Schema::string(1, 253), kHostsMax))}))
            .creates(certificateSchema())
            .runs([&site](Context& context) { return createDevelopment(site, context); }));
    routes.push_back(Route::get("/certificates/{id}", kRead, "One certificate.")
                         .returns(certificateSchema())
                         .runs([&site](Context& context) -> Result<Response> {
                             FL_ASSIGN(const Certificate certificate,
                                       site.services.certificates.get(context.param("id")));
                             return answer(site, context, certificate);
                         }));
    routes.push_back(Route::patch("/certificates/{id}", kWrite,
                                  "Changes it; the next handshake serves what is new.")
                         .takes(certificateInput().partial())
                         .returns(certificateSchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(
        Route::remove("/certificates/{id}", kWrite, "Deletes a certificate that nothing uses.")
            .runs([&site](Context& context) { return remove(site, context); }));
    return routes;
}

} // namespace fairlead::web
