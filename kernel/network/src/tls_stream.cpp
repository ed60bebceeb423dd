// SPDX-License-Identifier: Apache-2.0
#include "tls_stream.hpp"

#include "fairlead/base/assert.hpp"
#include "tls_peer.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace fairlead::network {

TlsStream::TlsStream(const TlsContext& context, int fd) : ssl_(SSL_new(context.native())) {
    FL_ASSERT(ssl_ != nullptr && SSL_set_fd(ssl_, fd) == 1);
    SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() {
    SSL_free(ssl_);
}

IoResult TlsStream::outcomeOf(int result) {
    const int system = errno;
    switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
        return {IoOutcome::WantRead};
    case SSL_ERROR_WANT_WRITE:
        return {IoOutcome::WantWrite};
    case SSL_ERROR_ZERO_RETURN:
        return {IoOutcome::Ended};
    case SSL_ERROR_SYSCALL:
        error_ = system == 0 ? "the connection ended without a TLS close" : std::strerror(system);
        break;
    default: {
        std::array<char, 160> text{};
        ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
        error_ = text.data();
    }
    }
    ERR_clear_error();
    return {IoOutcome::Failed};
}

IoResult TlsStream::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    return result == 1 ? IoResult{IoOutcome::Done} : outcomeOf(result);
}

IoResult TlsStream::read(void* data, std::size_t bytes) {
    ERR_clear_error();
    std::size_t moved = 0;
    const int result = SSL_read_ex(ssl_, data, bytes, &moved);
    return result == 1 ? IoResult{IoOutcome::Done, moved} : outcomeOf(result);
}

IoResult TlsStream::write(const void* data, std::size_t bytes) {
    ERR_clear_error();
    std::size_t moved = 0;
    const int result = SSL_write_ex(ssl_, data, bytes, &moved);
    return result == 1 ? IoResult{IoOutcome::Done, moved} : outcomeOf(result);
}

bool TlsStream::hasPending() const noexcept {
    return SSL_pending(ssl_) > 0;
}

void TlsStream::shutdown() noexcept {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_) == 1) {
        SSL_shutdown(ssl_);
    }
    ERR_clear_error();
}

std::string TlsStream::serverName() const {
    return serverNameOf(ssl_);
}

std::string TlsStream::clientSubject() const {
    return clientSubjectOf(ssl_);
}

std::string serverNameOf(const SSL* ssl) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string{} : name;
}

std::string clientSubjectOf(const SSL* ssl) {
    X509* certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
        return {};
    }
    BIO* memory = BIO_new(BIO_s_mem());
    FL_ASSERT(memory != nullptr);
    X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, size > 0 ? static_cast<std::size_t>(size) : 0);
    BIO_free(memory);
    return text;
}

} // namespace fairlead::network
