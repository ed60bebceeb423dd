// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/network/certificate_source.hpp"

#include <memory>

struct ssl_ctx_st;

namespace fairlead::network {

/// Whether clients show a certificate. Both `Asked` and `Required` need trusted authorities; one
/// that was asked may come without, but not with a wrong one.
enum class ClientCertificate { No, Asked, Required };

/// Immutable server-side TLS or DTLS settings: TLS 1.2 and above, no renegotiation, no compression,
/// session tickets. A replaced certificate is a new context; connections keep the one they began
/// with. Thread: any.
class TlsContext {
public:
    /// Errors: Invalid "network.certificate" naming what is wrong with it.
    static base::Result<std::shared_ptr<TlsContext>> make(const CertificateMaterial& material,
                                                          ClientCertificate clients);
    /// The same for DTLS 1.2. Without `material` clients have to have a pre-shared key, without
    /// `psk` they cannot use one; `clients` is about those that come without. Errors: as make.
    static base::Result<std::shared_ptr<TlsContext>> makeDtls(const CertificateMaterial* material,
                                                              ClientCertificate clients, bool psk);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    ssl_ctx_st* native() const noexcept { return context_; }
    bool hasPsk() const noexcept { return psk_; }

private:
    explicit TlsContext(ssl_ctx_st* context, bool psk = false) : context_(context), psk_(psk) {}
    ssl_ctx_st* context_;
    bool psk_;
};

} // namespace fairlead::network
