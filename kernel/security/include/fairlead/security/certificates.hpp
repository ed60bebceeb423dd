// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/security/usage.hpp"
#include "fairlead/security/x509.hpp"
#include "fairlead/storage/listing.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::storage {
class Database;
}

namespace fairlead::security {

class Secrets;

inline constexpr std::size_t kCertificatesMax = 1000;

struct Certificate {
    std::string id;
    std::string name;
    std::string description;
    std::string chain;                ///< PEM
    std::optional<std::string> trust; ///< PEM
    CertificateFacts facts;
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
    std::int64_t version = 1;
};

struct NewCertificate {
    std::string name;
    std::string description;
    std::string chain;
    std::string key;
    std::optional<std::string> trust;
};

/// Absent members stay as they are. A new chain with the old key is allowed when they match.
struct CertificateChange {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> chain;
    std::optional<std::string> key;
    std::optional<std::optional<std::string>> trust;
};

/// What a TLS server needs. Never leaves the process.
struct CertificateMaterial {
    std::string chain;
    std::string key;
    std::string trust; ///< empty: clients are not asked for a certificate
    std::int64_t version = 0;
};

struct CertificatePage {
    std::vector<Certificate> items;
    std::int64_t total = 0;
};

/// Certificates of the network components. The private key is encrypted at rest and never given out
/// but by material(). Thread: any. Blocks: database.
///
/// Errors: those of x509.hpp, NotFound, Conflict with code "certificate.in_use" (usedBy tells who),
/// "certificate.exists" (name) or "stale", Limit above kCertificatesMax.
class CertificateService {
public:
    using Watcher = std::function<void(const std::string& id)>;

    CertificateService(storage::Database& database, const Secrets& secrets);
    ~CertificateService();

    base::Result<CertificatePage> list(const storage::ListRequest& request);
    base::Result<Certificate> get(const std::string& id);
    base::Result<Certificate> create(const NewCertificate& certificate);
    /// A self-signed one for `hosts`, a year long.
    base::Result<Certificate> createDevelopment(const std::string& name,
                                                const std::vector<std::string>& hosts);
    base::Result<Certificate> update(const std::string& id, const CertificateChange& change,
                                     std::optional<std::int64_t> version);
    base::Status remove(const std::string& id, std::optional<std::int64_t> version);

    base::Result<CertificateMaterial> material(const std::string& id);

    /// `watcher` is called, on the thread that made the change, after chain, key or trust of a
    /// certificate were replaced. The watcher does not run any more when unwatch returns.
    std::uint64_t watch(Watcher watcher);
    void unwatch(std::uint64_t id);

    /// Providers are asked in order. Before first use only.
    void addUsageProvider(UsageProvider& provider);
    base::Result<std::vector<Usage>> usedBy(const std::string& id);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::security
