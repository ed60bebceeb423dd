// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::security {

struct FreeOpenssl {
    void operator()(BIO* p) const noexcept { BIO_free_all(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
};
using BioPtr = std::unique_ptr<BIO, FreeOpenssl>;
using X509Ptr = std::unique_ptr<X509, FreeOpenssl>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeOpenssl>;

/// A BIO that reads `text`, which must outlive it.
BioPtr readerOf(std::string_view text);
std::string contentOf(BIO* bio);

/// The certificates of a PEM text; Invalid with `code` when there is none, one is broken, or there
/// are more than kChainLengthMax.
base::Result<std::vector<X509Ptr>> parseCertificates(std::string_view pem, const char* code);

/// The oldest of OpenSSL's queued errors as text; empties the queue.
std::string opensslError();

} // namespace fairlead::security
