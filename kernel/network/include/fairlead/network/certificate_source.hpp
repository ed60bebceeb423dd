// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::security {
class CertificateService;
}

namespace fairlead::network {

/// What a TLS listener needs. The key is secret: never logged, never sent back.
struct CertificateMaterial {
    std::string chain; ///< PEM, leaf first
    std::string key;   ///< PEM, not encrypted
    std::string trust; ///< PEM of the authorities for client certificates; may be empty
    std::int64_t version = 0;
};

/// Where certificates come from. Thread: any but a loop. Blocks: may.
class CertificateSource {
public:
    virtual ~CertificateSource() = default;
    virtual base::Result<CertificateMaterial> load(const std::string& certificate_id) = 0;
};

/// The certificates that people manage; `service` must outlive it.
std::unique_ptr<CertificateSource> certificatesOf(security::CertificateService& service);

} // namespace fairlead::network
