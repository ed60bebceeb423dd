// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/network/certificate_source.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace fairlead::network {

/// Whether clients show a certificate. Both `Asked` and `Required` need trusted authorities; one
/// that was asked may come without, but not with a wrong one.
enum class ClientCertificate { No, Asked, Required };

/// How the server shows itself and what it trusts when it dials out.
struct ClientTls {
    /// Its certificate, shown when the other side asks for one, and the authorities that it trusts;
    /// nullptr: none. Without authorities of its own those of the system are trusted.
    const CertificateMaterial* material = nullptr;
    /// Is the other side's certificate checked: its chain, its dates and its name? Off, anybody on
    /// the way can read and change everything.
    bool verify = true;
    std::string server_name = {}; ///< asked for and expected; empty: the host that is dialled
};

/// Immutable TLS or DTLS settings: TLS 1.2 and above, no renegotiation, no compression; for servers
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
    /// For connections that the server dials. Errors: as make.
    static base::Result<std::shared_ptr<TlsContext>> makeClient(const ClientTls& settings);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    ssl_ctx_st* native() const noexcept { return context_; }
    bool hasPsk() const noexcept { return psk_; }
    const std::string& serverName() const noexcept { return server_name_; } ///< of ClientTls

private:
    explicit TlsContext(ssl_ctx_st* context, bool psk = false) : context_(context), psk_(psk) {}
    ssl_ctx_st* context_;
    bool psk_;
    std::string server_name_;
};

} // namespace fairlead::network
