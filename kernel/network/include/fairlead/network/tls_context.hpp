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

/// Immutable server-side TLS settings: TLS 1.2 and above, no renegotiation, no compression, session
/// tickets. A replaced certificate is a new context; connections keep the one they began with.
/// Thread: any.
class TlsContext {
public:
    /// Errors: Invalid "network.certificate" naming what is wrong with it.
    static base::Result<std::shared_ptr<TlsContext>> make(const CertificateMaterial& material,
                                                          ClientCertificate clients);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    ssl_ctx_st* native() const noexcept { return context_; }

private:
    explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* context_;
};

} // namespace fairlead::network
