// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

/// PEM texts into an OpenSSL context; for both sides of TLS.
namespace fairlead::network::tls {

struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

/// Invalid "network.certificate" with what OpenSSL has to say about it.
base::Error certificateError(const std::string& what);

Bio memoryOf(const std::string& text);
/// The next certificate of a PEM text; nullptr at its end, which OpenSSL counts as an error.
Certificate nextCertificate(BIO* bio);

base::Status useChain(SSL_CTX* context, const std::string& pem);
base::Status useKey(SSL_CTX* context, const std::string& pem);

} // namespace fairlead::network::tls
