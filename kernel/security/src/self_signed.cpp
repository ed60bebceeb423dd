// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/x509.hpp"

#include "fairlead/base/assert.hpp"
#include "openssl_types.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace fairlead::security {

using base::Errc;
using base::Error;

namespace {

constexpr int kDaysMax = 3650;
constexpr std::size_t kHostsMax = 32;

bool isAddress(const std::string& host) {
    std::array<unsigned char, 16> buffer{};
    return inet_pton(AF_INET, host.c_str(), buffer.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), buffer.data()) == 1;
}

// Only what cannot be taken for syntax of OpenSSL's extension text.
bool isHostName(const std::string& host) {
    return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '.' || c == '*';
    });
}

void addExtension(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, FreeOpenssl> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    FL_ASSERT(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void setSerial(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    FL_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
    bytes[0] &= 0x7F; // positive
    BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
    FL_ASSERT(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
    BN_free(number);
}

X509Ptr makeCertificate(EVP_PKEY* key, const std::string& common, const std::string& names,
                        int days) {
    X509Ptr certificate(X509_new());
    X509* raw = certificate.get();
    X509_set_version(raw, X509_VERSION_3);
    setSerial(raw);
    // An hour back: clocks of devices are not exact.
    X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
    X509_time_adj_ex(X509_getm_notAfter(raw), days, 0, nullptr);
    X509_set_pubkey(raw, key);
    X509_NAME* name = X509_get_subject_name(raw);
    const std::string shown = common.substr(0, 64); // the field's limit
    FL_ASSERT(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(shown.c_str()), -1,
                                         -1, 0) == 1);
    X509_set_issuer_name(raw, name);
    addExtension(raw, NID_subject_key_identifier, "hash");
    addExtension(raw, NID_basic_constraints, "critical,CA:TRUE");
    addExtension(raw, NID_key_usage, "critical,digitalSignature,keyCertSign");
    addExtension(raw, NID_ext_key_usage, "serverAuth,clientAuth");
    addExtension(raw, NID_subject_alt_name, names);
    FL_ASSERT(X509_sign(raw, key, EVP_sha256()) > 0);
    return certificate;
}

} // namespace

base::Result<KeyPair> makeSelfSigned(std::span<const std::string> hosts, int days) {
    if (hosts.empty() || hosts.size() > kHostsMax) {
        return Error(Errc::Invalid, "certificate.hosts",
                     "Name 1 to " + std::to_string(kHostsMax) + " hosts");
    }
    if (days < 1 || days > kDaysMax) {
        return Error(Errc::Invalid, "certificate.days",
                     "A certificate lasts 1 to " + std::to_string(kDaysMax) + " days");
    }
    std::string names;
    for (const std::string& host : hosts) {
        const bool address = isAddress(host);
        if (!address && !isHostName(host)) {
            return Error(Errc::Invalid, "certificate.hosts",
                         "\"" + host + "\" is neither a host name nor an address");
        }
        names += (names.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + host;
    }
    const KeyPtr key(EVP_EC_gen("P-256"));
    FL_ASSERT(key != nullptr);
    const X509Ptr certificate = makeCertificate(key.get(), hosts.front(), names, days);
    const BioPtr chain(BIO_new(BIO_s_mem()));
    const BioPtr secret(BIO_new(BIO_s_secmem()));
    FL_ASSERT(PEM_write_bio_X509(chain.get(), certificate.get()) == 1);
    FL_ASSERT(PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1);
    return KeyPair{contentOf(chain.get()), contentOf(secret.get())};
}

} // namespace fairlead::security
