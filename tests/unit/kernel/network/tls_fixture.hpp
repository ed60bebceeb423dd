// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine_fixture.hpp"
#include "fairlead/network/certificate_source.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace fairlead::test {

struct Pair {
    std::string chain;
    std::string key;
};

inline std::string pemOf(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return pem;
}

/// A certificate of its own issuing for `name`, an hour long.
inline Pair selfSigned(const std::string& name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x),
                     static_cast<long>(std::hash<std::string>{}(name)&0xffff) + 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME* subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, subject);
    X509_sign(x, key, EVP_sha256());
    Pair pair;
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    pair.chain = pemOf(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    pair.key = pemOf(bio);
    X509_free(x);
    EVP_PKEY_free(key);
    return pair;
}

inline network::CertificateMaterial material(const Pair& pair, std::string trust = {}) {
    return {pair.chain, pair.key, std::move(trust), 1};
}

/// A blocking TLS client over a Client's socket.
class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, const Pair* own = nullptr,
                       SSL_SESSION* session = nullptr, int version = 0)
        : client_(port), context_(SSL_CTX_new(TLS_client_method())) {
        if (version != 0) {
            SSL_CTX_set_min_proto_version(context_, version);
            SSL_CTX_set_max_proto_version(context_, version);
        }
        SSL_CTX_set_session_cache_mode(context_,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        if (own != nullptr) {
            useOwn(*own);
        }
        ssl_ = SSL_new(context_);
        SSL_set_tlsext_host_name(ssl_, "devices.example");
        SSL_set_fd(ssl_, client_.fd());
        if (session != nullptr) {
            SSL_set_session(ssl_, session);
        }
        connected_ = SSL_connect(ssl_) == 1;
        ERR_clear_error();
    }
    ~TlsClient() {
        SSL_shutdown(ssl_); // else OpenSSL holds the session for broken
        ERR_clear_error();
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;

    bool connected() const { return connected_; }
    bool resumed() const { return SSL_session_reused(ssl_) == 1; }
    SSL_SESSION* session() { return SSL_get1_session(ssl_); }
    int fd() const { return client_.fd(); }
    std::string serverName() {
        X509* x = SSL_get1_peer_certificate(ssl_);
        char name[64] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));
        X509_free(x);
        return name;
    }
    bool write(const std::string& text) {
        return SSL_write(ssl_, text.data(), static_cast<int>(text.size())) ==
               static_cast<int>(text.size());
    }
    std::string line() {
        for (;;) {
            const std::size_t end = buffer_.find('\n');
            if (end != std::string::npos) {
                std::string found = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return found;
            }
            char chunk[16384];
            const int n = SSL_read(ssl_, chunk, sizeof(chunk));
            if (n <= 0) {
                const bool orderly = SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN;
                ERR_clear_error();
                return orderly ? "<end>" : "<broken>";
            }
            buffer_.append(chunk, static_cast<std::size_t>(n));
        }
    }
    std::string ask(const std::string& text) { return write(text + "\n") ? line() : "<broken>"; }

private:
    void useOwn(const Pair& own) {
        BIO* bio = BIO_new_mem_buf(own.chain.data(), static_cast<int>(own.chain.size()));
        X509* x = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
        BIO_free(bio);
        bio = BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size()));
        EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
        BIO_free(bio);
        SSL_CTX_use_certificate(context_, x);
        SSL_CTX_use_PrivateKey(context_, key);
        X509_free(x);
        EVP_PKEY_free(key);
    }

    Client client_;
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
    bool connected_ = false;
    std::string buffer_;
};

} // namespace fairlead::test
