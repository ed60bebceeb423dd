// SPDX-License-Identifier: Apache-2.0
#include "fairlead/network/tls_context.hpp"

#include "dtls_stream.hpp"
#include "fairlead/base/assert.hpp"
#include "tls_material.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace fairlead::network {

namespace {

using namespace tls;

base::Status trustClients(SSL_CTX* context, const std::string& pem, ClientCertificate clients) {
    if (clients == ClientCertificate::No) {
        return {};
    }
    const Bio bio = memoryOf(pem);
    std::size_t count = 0;
    while (const Certificate next = nextCertificate(bio.get())) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1 ||
            SSL_CTX_add_client_CA(context, next.get()) != 1) {
            return certificateError("a trusted authority was refused");
        }
        ++count;
    }
    ERR_clear_error();
    if (count == 0) {
        return certificateError("clients are to be verified, but it names no trusted authority");
    }
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER |
            (clients == ClientCertificate::Required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
    return {};
}

void configure(SSL_CTX* context) {
    FL_ASSERT(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     // Many devices just close; framing tells a cut-off message.
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Tickets carry the session, so nothing is kept here. Their keys belong to the context: with a
    // new certificate or new trust everybody starts with a full handshake.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
}

/// Session ids of one context mean nothing to another.
void nameSessions(SSL_CTX* context) {
    static constexpr unsigned char kSessionContext[] = "fairlead";
    FL_ASSERT(
        SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1) == 1);
}

} // namespace

base::Result<std::shared_ptr<TlsContext>> TlsContext::make(const CertificateMaterial& material,
                                                           ClientCertificate clients) {
    ERR_clear_error();
    SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
    FL_ASSERT(raw != nullptr);
    std::shared_ptr<TlsContext> context(new TlsContext(raw));
    configure(raw);
    nameSessions(raw);
    FL_TRY(useChain(raw, material.chain));
    FL_TRY(useKey(raw, material.key));
    FL_TRY(trustClients(raw, material.trust, clients));
    return context;
}

base::Result<std::shared_ptr<TlsContext>>
TlsContext::makeDtls(const CertificateMaterial* material, ClientCertificate clients, bool psk) {
    FL_ASSERT(material != nullptr || psk);
    ERR_clear_error();
    SSL_CTX* raw = SSL_CTX_new(DTLS_server_method());
    FL_ASSERT(raw != nullptr);
    std::shared_ptr<TlsContext> context(new TlsContext(raw, psk));
    configureDtls(raw, psk);
    nameSessions(raw);
    if (material != nullptr) {
        FL_TRY(useChain(raw, material->chain));
        FL_TRY(useKey(raw, material->key));
        FL_TRY(trustClients(raw, material->trust, clients));
    }
    return context;
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

} // namespace fairlead::network
