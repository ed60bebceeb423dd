// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/certificate_source.hpp"

#include "fairlead/security/certificates.hpp"

namespace fairlead::network {

namespace {

class ServiceCertificates final : public CertificateSource {
public:
    explicit ServiceCertificates(security::CertificateService& service) : service_(service) {}

    base::Result<CertificateMaterial> load(const std::string& certificate_id) override {
        FL_ASSIGN(auto material, service_.material(certificate_id));
        return CertificateMaterial{std::move(material.chain), std::move(material.key),
                                   std::move(material.trust), material.version};
    }

private:
    security::CertificateService& service_;
};

} // namespace

std::unique_ptr<CertificateSource> certificatesOf(security::CertificateService& service) {
    return std::make_unique<ServiceCertificates>(service);
}

} // namespace fairlead::network
