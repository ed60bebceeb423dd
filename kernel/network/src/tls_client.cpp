// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/assert.hpp"
#include "fairlead/network/schema.hpp"
#include "fairlead/network/tls_context.hpp"
#include "tls_material.hpp"
#include "tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// The client's side of TLS, for connections that the server dials.

namespace fairlead::network {

namespace {

base::Status trustServers(SSL_CTX* context, const std::string& pem) {
    const tls::Bio bio = tls::memoryOf(pem);
    std::size_t count = 0;
    while (const tls::Certificate next = tls::nextCertificate(bio.get())) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1) {
            return tls::certificateError("a trusted authority was refused");
        }
        ++count;
    }
    ERR_clear_error();
    // A text without any certificate must not turn into trust in nobody or everybody unnoticed.
    return count > 0
               ? base::Status{}
               : base::Status{tls::certificateError("its trusted authorities are unreadable")};
}

base::Status verifyServers(SSL_CTX* context, const ClientTls& settings) {
    if (!settings.verify) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        return {};
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (settings.material != nullptr && !settings.material->trust.empty()) {
        return trustServers(context, settings.material->trust);
    }
    return SSL_CTX_set_default_verify_paths(context) == 1
               ? base::Status{}
               : base::Status{tls::certificateError("the system's authorities cannot be loaded")};
}

void configure(SSL_CTX* context) {
    FL_ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

} // namespace

base::Result<std::shared_ptr<TlsContext>> TlsContext::makeClient(const ClientTls& settings) {
    ERR_clear_error();
    SSL_CTX* raw = SSL_CTX_new(TLS_client_method());
    FL_ASSERT(raw != nullptr);
    std::shared_ptr<TlsContext> context(new TlsContext(raw));
    context->server_name_ = settings.server_name;
    configure(raw);
    if (settings.material != nullptr) {
        FL_TRY(tls::useChain(raw, settings.material->chain));
        FL_TRY(tls::useKey(raw, settings.material->key));
    }
    FL_TRY(verifyServers(raw, settings));
    return context;
}

void TlsStream::connectAs(const TlsContext& context, const std::string& host) {
    SSL_set_connect_state(ssl_);
    const std::string& name = context.serverName().empty() ? host : context.serverName();
    // RFC 6066 section 3: addresses are not sent as server names. Who verifies nothing ignores the
    // expected name, so it is always set.
    if (isAddress(name)) {
        FL_ASSERT(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str()) == 1);
    } else {
        SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        FL_ASSERT(SSL_set1_host(ssl_, name.c_str()) == 1);
        FL_ASSERT(SSL_set_tlsext_host_name(ssl_, name.c_str()) == 1);
    }
}

std::string TlsStream::verifyError() const {
    const long code = SSL_get_verify_result(ssl_);
    const bool checked = (SSL_get_verify_mode(ssl_) & SSL_VERIFY_PEER) != 0;
    return checked && code != X509_V_OK ? X509_verify_cert_error_string(code) : std::string{};
}

} // namespace fairlead::network
