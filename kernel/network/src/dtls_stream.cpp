// SPDX-License-Identifier: Apache-2.0
#include "dtls_stream.hpp"

#include "fairlead/base/assert.hpp"
#include "tls_peer.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

// Design notes. All sessions share one socket, so none has a descriptor: a BIO of our own gives
// OpenSSL the datagram at hand, one per read, and passes on what it writes, one datagram per write.
// A connected socket per peer would cost a descriptor each and lose datagrams between bind and
// connect.

namespace fairlead::network {

namespace {

constexpr long kOverheadV4 = 28; // IPv4 and UDP header
constexpr long kOverheadV6 = 48;

// AEAD only. CCM_8 is what constrained devices have (RFC 7252 9.1.3), so it comes last but is
// there. The key exchange with ECDHE goes first: what was recorded stays secret when a key leaks.
constexpr const char* kCertificateSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES256-CCM8";
constexpr const char* kPskSuites =
    ":ECDHE-PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:"
    "PSK-CHACHA20-POLY1305:PSK-AES128-CCM:PSK-AES128-CCM8:PSK-AES256-CCM8";

} // namespace

/// What OpenSSL calls; it finds the stream as the BIO's or the session's own data.
struct DtlsCallbacks {
    static DtlsStream& of(const SSL* ssl) {
        return *static_cast<DtlsStream*>(SSL_get_app_data(ssl));
    }
    static DtlsStream& of(BIO* bio) { return *static_cast<DtlsStream*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* data, int room) noexcept {
        BIO_clear_retry_flags(bio);
        DtlsStream& stream = of(bio);
        if (stream.in_.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        // A datagram longer than the room is cut, as recv does.
        const std::size_t bytes =
            std::min(stream.in_.size(), static_cast<std::size_t>(std::max(room, 0)));
        std::memcpy(data, stream.in_.data(), bytes);
        stream.in_ = {};
        return static_cast<int>(bytes);
    }

    // What the socket has no room for is lost, like any datagram may be: that is no failure here.
    static int write(BIO* bio, const char* data, int bytes) noexcept {
        BIO_clear_retry_flags(bio);
        DtlsStream& stream = of(bio);
        stream.socket_.sendRecord(stream.address_, data, static_cast<std::size_t>(bytes));
        return bytes;
    }

    static long control(BIO* bio, int command, long, void*) noexcept {
        switch (command) {
        case BIO_CTRL_FLUSH:
        case BIO_CTRL_DUP:
        case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
            return 1;
        case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
            return of(bio).address_.isV6() ? kOverheadV6 : kOverheadV4;
        case BIO_CTRL_DGRAM_QUERY_MTU:
            return static_cast<long>(DtlsStream::kMtu) -
                   (of(bio).address_.isV6() ? kOverheadV6 : kOverheadV4);
        default:
            return 0;
        }
    }

    static int create(BIO* bio) noexcept {
        BIO_set_init(bio, 1);
        return 1;
    }

    static BIO_METHOD* method() {
        static BIO_METHOD* const made = [] {
            BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fairlead");
            FL_ASSERT(m != nullptr && BIO_meth_set_read(m, &read) == 1 &&
                      BIO_meth_set_write(m, &write) == 1 && BIO_meth_set_ctrl(m, &control) == 1 &&
                      BIO_meth_set_create(m, &create) == 1);
            return m;
        }();
        return made;
    }

    static int makeCookie(SSL* ssl, unsigned char* cookie, unsigned int* bytes) noexcept {
        DtlsStream& stream = of(ssl);
        const auto made = stream.socket_.cookies().make(stream.address_, stream.socket_.nowMs());
        std::memcpy(cookie, made.data(), made.size());
        *bytes = static_cast<unsigned int>(made.size());
        return 1;
    }

    static int checkCookie(SSL* ssl, const unsigned char* cookie, unsigned int bytes) noexcept {
        DtlsStream& stream = of(ssl);
        return stream.socket_.cookies().isGood(stream.address_,
                                               {reinterpret_cast<const char*>(cookie), bytes},
                                               stream.socket_.nowMs())
                   ? 1
                   : 0;
    }

    static unsigned int pskKey(SSL* ssl, const char* identity, unsigned char* key,
                               unsigned int room) noexcept {
        const DtlsStream& stream = of(ssl);
        if (stream.key_.empty() || stream.key_.size() > room || stream.identity_ != identity) {
            return 0;
        }
        std::memcpy(key, stream.key_.data(), stream.key_.size());
        return static_cast<unsigned int>(stream.key_.size());
    }
};

void configureDtls(SSL_CTX* context, bool psk) {
    FL_ASSERT(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1);
    std::string suites = kCertificateSuites;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_COOKIE_EXCHANGE |
                                     SSL_OP_NO_QUERY_MTU);
    if (psk) {
        suites += kPskSuites;
        // A ticket would outlive the key: who lost it could come back without being asked for it.
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_psk_server_callback(context, &DtlsCallbacks::pskKey);
    }
    FL_ASSERT(SSL_CTX_set_cipher_list(context, suites.c_str()) == 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cookie_generate_cb(context, &DtlsCallbacks::makeCookie);
    SSL_CTX_set_cookie_verify_cb(context, &DtlsCallbacks::checkCookie);
}

DtlsStream::DtlsStream(const TlsContext& context, DtlsSocket& socket, std::size_t plain_bytes_max)
    : socket_(socket), ssl_(SSL_new(context.native())),
      plain_bytes_max_(std::clamp(plain_bytes_max, kPlainBytesMin, kPlainBytesMax)) {
    FL_ASSERT(ssl_ != nullptr);
    SSL_set_app_data(ssl_, this);
    BIO* bio = BIO_new(DtlsCallbacks::method());
    FL_ASSERT(bio != nullptr);
    BIO_set_data(bio, this);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
    FL_ASSERT(DTLS_set_link_mtu(ssl_, kMtu) == 1 &&
              SSL_set_max_send_fragment(ssl_, static_cast<long>(plain_bytes_max_)) == 1);
}

DtlsStream::~DtlsStream() {
    SSL_free(ssl_);
    OPENSSL_cleanse(key_.data(), key_.size());
}

DtlsStream::Listened DtlsStream::listen(const PeerAddress& from, std::string_view hello) {
    address_ = from;
    in_ = hello;
    ERR_clear_error();
    BIO_ADDR* unused = BIO_ADDR_new();
    FL_ASSERT(unused != nullptr);
    const int result = DTLSv1_listen(ssl_, unused);
    BIO_ADDR_free(unused);
    ERR_clear_error();
    in_ = {};
    if (result == 1) {
        return Listened::Yes;
    }
    return result == 0 ? Listened::No : Listened::Unusable;
}

IoResult DtlsStream::outcomeOf(int result) {
    switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: // never: the BIO takes everything
        return {IoOutcome::WantRead};
    case SSL_ERROR_ZERO_RETURN:
        return {IoOutcome::Ended};
    default: {
        std::array<char, 160> text{};
        ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
        error_ = text.data();
    }
    }
    ERR_clear_error();
    return {IoOutcome::Failed};
}

IoResult DtlsStream::handshake(std::string_view datagram) {
    in_ = datagram;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    in_ = {};
    return result == 1 ? IoResult{IoOutcome::Done} : outcomeOf(result);
}

IoResult DtlsStream::read(std::string_view datagram, void* data, std::size_t bytes) {
    in_ = datagram;
    ERR_clear_error();
    std::size_t moved = 0;
    const int result = SSL_read_ex(ssl_, data, bytes, &moved);
    in_ = {};
    return result == 1 ? IoResult{IoOutcome::Done, moved} : outcomeOf(result);
}

IoResult DtlsStream::write(const void* data, std::size_t bytes) {
    FL_ASSERT(bytes <= plain_bytes_max_);
    ERR_clear_error();
    std::size_t moved = 0;
    const int result = SSL_write_ex(ssl_, data, bytes, &moved);
    return result == 1 ? IoResult{IoOutcome::Done, moved} : outcomeOf(result);
}

void DtlsStream::shutdown() noexcept {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_) == 1) {
        SSL_shutdown(ssl_);
    }
    ERR_clear_error();
}

std::optional<std::uint64_t> DtlsStream::retransmitAfterMs() const {
    timeval left{};
    if (DTLSv1_get_timeout(ssl_, &left) != 1) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(left.tv_sec) * 1000 +
           static_cast<std::uint64_t>(left.tv_usec) / 1000;
}

bool DtlsStream::retransmit() {
    ERR_clear_error();
    const long result = DTLSv1_handle_timeout(ssl_);
    ERR_clear_error();
    return result >= 0;
}

void DtlsStream::setKey(std::string_view identity, std::string key) {
    identity_ = identity;
    OPENSSL_cleanse(key_.data(), key_.size());
    key_ = std::move(key);
}

std::string DtlsStream::serverName() const {
    return serverNameOf(ssl_);
}

std::string DtlsStream::clientSubject() const {
    return clientSubjectOf(ssl_);
}

std::string DtlsStream::pskIdentity() const {
    const char* identity = SSL_get_psk_identity(ssl_);
    return identity == nullptr ? std::string{} : identity;
}

} // namespace fairlead::network
