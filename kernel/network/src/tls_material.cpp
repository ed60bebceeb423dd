// SPDX-License-Identifier: Apache-2.0
#include "tls_material.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

namespace fairlead::network::tls {

namespace {

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

} // namespace

base::Error certificateError(const std::string& what) {
    std::array<char, 160> text{};
    const unsigned long code = ERR_peek_last_error();
    if (code != 0) {
        ERR_error_string_n(code, text.data(), text.size());
    }
    ERR_clear_error();
    return {base::Errc::Invalid, "network.certificate",
            "The certificate cannot be used: " + what +
                (code != 0 ? " (" + std::string(text.data()) + ")" : std::string{})};
}

Bio memoryOf(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate nextCertificate(BIO* bio) {
    return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

base::Status useChain(SSL_CTX* context, const std::string& pem) {
    const Bio bio = memoryOf(pem);
    const Certificate leaf = nextCertificate(bio.get());
    if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        return certificateError("the chain has no readable PEM certificate");
    }
    while (const Certificate next = nextCertificate(bio.get())) {
        if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
            return certificateError("a certificate of the chain was refused");
        }
    }
    ERR_clear_error(); // the end of the text counts as an error there
    return {};
}

base::Status useKey(SSL_CTX* context, const std::string& pem) {
    const Bio bio = memoryOf(pem);
    // An empty pass phrase instead of a question on the terminal.
    const std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(
        bio.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
    if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return certificateError("the private key is unreadable or belongs to another certificate");
    }
    return {};
}

} // namespace fairlead::network::tls
