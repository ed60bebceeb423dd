// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/certificates.hpp"

#include "certificate_repository.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/security/secrets.hpp"
#include "fairlead/storage/sql.hpp"

#include <algorithm>
#include <mutex>

namespace fairlead::security {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;
using storage::Session;
using Repository = CertificateRepository;

namespace {

constexpr int kDevelopmentDays = 365;

std::string sealContext(const std::string& id) {
    return "certificate/" + id;
}

Status check(Certificate& certificate, const std::string& key) {
    FL_TRY(base::checkName(certificate.name, "name"));
    FL_TRY(base::checkDescription(certificate.description, "description"));
    FL_ASSIGN(certificate.facts, inspectChain(certificate.chain));
    FL_TRY(checkValidity(certificate.facts, base::utcNow()));
    FL_TRY(checkKey(certificate.chain, key));
    return certificate.trust ? checkTrust(*certificate.trust) : Status{};
}

Status explained(Status status, const std::string& name) {
    if (!status && status.error().code() == "storage.unique") {
        return Error(Errc::Conflict, "certificate.exists",
                     "There is a certificate named " + name + " already");
    }
    return status;
}

} // namespace

struct CertificateService::Impl {
    Impl(storage::Database& d, const Secrets& s) : database(d), secrets(s) {}

    Result<Repository::Stored> read(const std::string& id);
    Status change(Session& s, Repository::Stored& stored, const CertificateChange& change);
    void notify(const std::string& id);

    storage::Database& database;
    const Secrets& secrets;
    std::vector<UsageProvider*> providers;
    // Held while watchers run, so that unwatch waits for them.
    std::mutex watch_mutex;
    std::vector<std::pair<std::uint64_t, Watcher>> watchers; // guarded by watch_mutex
    std::uint64_t next_watch = 1;                            // guarded by watch_mutex
};

Result<Repository::Stored> CertificateService::Impl::read(const std::string& id) {
    Repository::Stored stored;
    FL_TRY(database.read([&](Session& s) -> Status {
        FL_ASSIGN(stored, Repository::get(s, id));
        return {};
    }));
    return stored;
}

Status CertificateService::Impl::change(Session& s, Repository::Stored& stored,
                                        const CertificateChange& change) {
    Certificate& certificate = stored.certificate;
    certificate.name = change.name.value_or(certificate.name);
    certificate.description = change.description.value_or(certificate.description);
    certificate.chain = change.chain.value_or(certificate.chain);
    certificate.trust = change.trust.value_or(certificate.trust);
    certificate.updated_at = base::utcNow();
    const std::string context = sealContext(certificate.id);
    if (change.chain || change.key || change.trust) {
        std::string key;
        if (change.key) {
            key = *change.key;
        } else {
            FL_ASSIGN(key, secrets.unseal(stored.sealed_key, context));
        }
        FL_TRY(check(certificate, key));
        stored.sealed_key = secrets.seal(key, context);
    } else {
        // A certificate that has expired meanwhile can still be renamed.
        FL_TRY(base::checkName(certificate.name, "name"));
        FL_TRY(base::checkDescription(certificate.description, "description"));
    }
    return Repository::update(s, stored);
}

void CertificateService::Impl::notify(const std::string& id) {
    const std::lock_guard lock(watch_mutex);
    for (const auto& [key, watcher] : watchers) {
        watcher(id);
    }
}

CertificateService::CertificateService(storage::Database& database, const Secrets& secrets)
    : impl_(std::make_unique<Impl>(database, secrets)) {}
CertificateService::~CertificateService() = default;

Result<CertificatePage> CertificateService::list(const storage::ListRequest& request) {
    CertificatePage page;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(page, Repository::list(s, request));
        return {};
    }));
    return page;
}

Result<Certificate> CertificateService::get(const std::string& id) {
    FL_ASSIGN(auto stored, impl_->read(id));
    return std::move(stored.certificate);
}

Result<Certificate> CertificateService::create(const NewCertificate& input) {
    Repository::Stored stored;
    Certificate& certificate = stored.certificate;
    certificate.id = base::newId();
    certificate.name = std::string(base::trim(input.name));
    certificate.description = input.description;
    certificate.chain = input.chain;
    certificate.trust = input.trust;
    certificate.created_at = certificate.updated_at = base::utcNow();
    FL_TRY(check(certificate, input.key));
    stored.sealed_key = impl_->secrets.seal(input.key, sealContext(certificate.id));
    FL_TRY(explained(impl_->database.write([&](Session& s) -> Status {
        FL_ASSIGN(const std::int64_t count, Repository::count(s));
        if (count >= static_cast<std::int64_t>(kCertificatesMax)) {
            return Error::limit("There are " + std::to_string(count) +
                                " certificates, the most there may be; delete one first");
        }
        return Repository::insert(s, stored);
    }),
                     certificate.name));
    return std::move(certificate);
}

Result<Certificate> CertificateService::createDevelopment(const std::string& name,
                                                          const std::vector<std::string>& hosts) {
    FL_ASSIGN(const KeyPair pair, makeSelfSigned(hosts, kDevelopmentDays));
    NewCertificate input;
    input.name = name;
    input.description = "Self-signed, for development";
    input.chain = pair.chain;
    input.key = pair.key;
    return create(input);
}

Result<Certificate> CertificateService::update(const std::string& id,
                                               const CertificateChange& change,
                                               std::optional<std::int64_t> version) {
    Repository::Stored stored;
    FL_TRY(explained(impl_->database.write([&](Session& s) -> Status {
        FL_ASSIGN(stored, Repository::get(s, id));
        if (version && *version != stored.certificate.version) {
            return storage::staleError("certificate " + stored.certificate.name);
        }
        return impl_->change(s, stored, change);
    }),
                     change.name.value_or("")));
    ++stored.certificate.version;
    if (change.chain || change.key || change.trust) {
        impl_->notify(id);
    }
    return std::move(stored.certificate);
}

Status CertificateService::remove(const std::string& id, std::optional<std::int64_t> version) {
    FL_ASSIGN(const Repository::Stored stored, impl_->read(id));
    if (version && *version != stored.certificate.version) {
        return storage::staleError("certificate " + stored.certificate.name);
    }
    FL_ASSIGN(const std::vector<Usage> usages, usedBy(id));
    if (!usages.empty()) {
        return Error(
            Errc::Conflict, "certificate.in_use",
            "The certificate " + stored.certificate.name + " is used by " + usages.front().name +
                (usages.size() > 1 ? " and " + std::to_string(usages.size() - 1) + " more" : "") +
                "; take it away there first");
    }
    return impl_->database.write(
        [&](Session& s) { return Repository::remove(s, stored.certificate); });
}

Result<CertificateMaterial> CertificateService::material(const std::string& id) {
    FL_ASSIGN(const Repository::Stored stored, impl_->read(id));
    CertificateMaterial out;
    FL_ASSIGN(out.key, impl_->secrets.unseal(stored.sealed_key, sealContext(id)));
    out.chain = stored.certificate.chain;
    out.trust = stored.certificate.trust.value_or("");
    out.version = stored.certificate.version;
    return out;
}

std::uint64_t CertificateService::watch(Watcher watcher) {
    const std::lock_guard lock(impl_->watch_mutex);
    impl_->watchers.emplace_back(impl_->next_watch, std::move(watcher));
    return impl_->next_watch++;
}

void CertificateService::unwatch(std::uint64_t id) {
    const std::lock_guard lock(impl_->watch_mutex);
    std::erase_if(impl_->watchers, [&](const auto& entry) { return entry.first == id; });
}

void CertificateService::addUsageProvider(UsageProvider& provider) {
    impl_->providers.push_back(&provider);
}

Result<std::vector<Usage>> CertificateService::usedBy(const std::string& id) {
    std::vector<Usage> out;
    for (UsageProvider* provider : impl_->providers) {
        FL_ASSIGN(const std::vector<Usage> found, provider->usedBy(id));
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

} // namespace fairlead::security
