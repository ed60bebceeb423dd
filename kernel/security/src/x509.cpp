// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/x509.hpp"

#include "fairlead/base/text.hpp"
#include "openssl_types.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

namespace fairlead::security {

using base::Errc;
using base::Error;

namespace {

std::string nameText(const X509_NAME* name) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    // RFC 2253, but characters beyond ASCII as they are.
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return contentOf(bio.get());
}

base::UtcMs timeOf(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return 0;
    }
    return static_cast<base::UtcMs>(timegm(&parts)) * 1000;
}

std::string addressText(const ASN1_OCTET_STRING* address) {
    const unsigned char* bytes = ASN1_STRING_get0_data(address);
    const int size = ASN1_STRING_length(address);
    std::string out;
    for (int i = 0; i < size; ++i) {
        if (size == 4) {
            out += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
        } else {
            out += (i > 0 && i % 2 == 0 ? ":" : "") + base::toHex(std::span(bytes + i, 1));
        }
    }
    return out;
}

std::vector<std::string> namesOf(X509* certificate) {
    std::vector<std::string> out;
    auto* names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                             static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            out.push_back(addressText(name->d.iPAddress));
        }
    }
    GENERAL_NAMES_free(names);
    return out;
}

std::string fingerprintOf(const X509* certificate) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    FL_ASSERT(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1);
    return base::toHex(std::span(digest).first(size));
}

// True when `issuer` issued and signed `subject`.
bool signedBy(X509* subject, X509* issuer) {
    const bool ok = X509_check_issued(issuer, subject) == X509_V_OK &&
                    X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    return ok;
}

base::Result<KeyPtr> parseKey(std::string_view pem) {
    if (pem.size() > kPemBytesMax) {
        return Error(Errc::Invalid, "certificate.key_parse", "The private key is too long");
    }
    const BioPtr bio = readerOf(pem);
    // An encrypted key must fail, not ask for a password on the console.
    const auto refuse = [](char*, int, int, void*) { return -1; };
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse, nullptr));
    ERR_clear_error();
    if (!key) {
        return Error(Errc::Invalid, "certificate.key_parse",
                     "The private key cannot be read; it must be PEM and not encrypted");
    }
    return key;
}

} // namespace

base::Result<CertificateFacts> inspectChain(std::string_view pem) {
    FL_ASSIGN(const auto chain, parseCertificates(pem, "certificate.parse"));
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        if (!signedBy(chain[i].get(), chain[i + 1].get())) {
            return Error(Errc::Invalid, "certificate.order",
                         "Certificate " + std::to_string(i + 1) + " (" +
                             nameText(X509_get_subject_name(chain[i].get())) +
                             ") is not signed by the one after it; the chain goes from the "
                             "server's own certificate to the authority's");
        }
    }
    X509* leaf = chain.front().get();
    CertificateFacts facts;
    facts.subject = nameText(X509_get_subject_name(leaf));
    facts.issuer = nameText(X509_get_issuer_name(leaf));
    facts.names = namesOf(leaf);
    facts.not_before = timeOf(X509_get0_notBefore(leaf));
    facts.not_after = timeOf(X509_get0_notAfter(leaf));
    facts.fingerprint = fingerprintOf(leaf);
    facts.chain_length = chain.size();
    facts.self_signed = signedBy(leaf, leaf);
    return facts;
}

base::Status checkValidity(const CertificateFacts& facts, base::UtcMs now) {
    if (now < facts.not_before) {
        return Error(Errc::Invalid, "certificate.not_yet_valid",
                     "The certificate is valid only from " + base::toRfc3339(facts.not_before) +
                         " on");
    }
    if (now >= facts.not_after) {
        return Error(Errc::Invalid, "certificate.expired",
                     "The certificate expired at " + base::toRfc3339(facts.not_after));
    }
    return {};
}

base::Status checkKey(std::string_view chain_pem, std::string_view key_pem) {
    FL_ASSIGN(const auto chain, parseCertificates(chain_pem, "certificate.parse"));
    FL_ASSIGN(const KeyPtr key, parseKey(key_pem));
    const bool match = X509_check_private_key(chain.front().get(), key.get()) == 1;
    ERR_clear_error();
    if (!match) {
        return Error(Errc::Invalid, "certificate.key_mismatch",
                     "The private key does not belong to the certificate");
    }
    return {};
}

base::Status checkTrust(std::string_view pem) {
    FL_TRY(parseCertificates(pem, "certificate.trust_parse"));
    return {};
}

} // namespace fairlead::security
