// SPDX-License-Identifier: Apache-2.0
#include "openssl_types.hpp"

#include "fairlead/security/x509.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

namespace fairlead::security {

using base::Errc;
using base::Error;

BioPtr readerOf(std::string_view text) {
    BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    FL_ASSERT(bio != nullptr);
    return bio;
}

std::string contentOf(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string opensslError() {
    std::array<char, 256> text{};
    const unsigned long code = ERR_peek_error();
    ERR_error_string_n(code, text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

base::Result<std::vector<X509Ptr>> parseCertificates(std::string_view pem, const char* code) {
    if (pem.size() > kPemBytesMax) {
        return Error(Errc::Invalid, "certificate.too_long",
                     "The PEM text is longer than " + std::to_string(kPemBytesMax) + " bytes");
    }
    const BioPtr bio = readerOf(pem);
    std::vector<X509Ptr> out;
    ERR_clear_error();
    while (X509* raw = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        out.emplace_back(raw);
        if (out.size() > kChainLengthMax) {
            return Error(Errc::Invalid, "certificate.too_long",
                         "There are more than " + std::to_string(kChainLengthMax) +
                             " certificates in the PEM text");
        }
    }
    // The end of the text is reported as a missing start line.
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string error = opensslError();
    if (out.empty() || !ended) {
        return Error(Errc::Invalid, code,
                     out.empty() ? "There is no PEM certificate (-----BEGIN CERTIFICATE-----) in "
                                   "the text"
                                 : "Certificate " + std::to_string(out.size() + 1) +
                                       " of the PEM text cannot be read: " + error);
    }
    return out;
}

} // namespace fairlead::security
