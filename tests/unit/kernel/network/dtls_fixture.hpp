// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "datagram_fixture.hpp"
#include "tls_fixture.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fairlead::test {

struct DtlsClientOptions {
    std::string identity; ///< of a pre-shared key; empty: certificates
    std::string key;
    const Pair* own = nullptr;
    const char* suites = nullptr;
    long mtu = 0;             ///< makes OpenSSL cut its handshake into pieces
    bool together = false;    ///< all records of a flight in one datagram
    int patience_ms = 15'000; ///< for the handshake
};

/// A DTLS client whose records pass through the test: each is kept in `sent`.
class DtlsClient {
public:
    DtlsClient(std::uint16_t port, DtlsClientOptions options)
        : DtlsClient(std::make_shared<UdpClient>(port), std::move(options)) {}
    DtlsClient(std::shared_ptr<UdpClient> socket, DtlsClientOptions options)
        : options_(std::move(options)), socket_(std::move(socket)),
          context_(SSL_CTX_new(DTLS_client_method())) {
        SSL_CTX_set_options(context_, SSL_OP_NO_QUERY_MTU);
        if (options_.suites != nullptr && SSL_CTX_set_cipher_list(context_, options_.suites) != 1) {
            throw std::runtime_error("no such suites");
        }
        if (!options_.identity.empty()) {
            SSL_CTX_set_psk_client_callback(context_, &giveKey);
        }
        if (options_.own != nullptr) {
            useOwn(*options_.own);
        }
        ssl_ = SSL_new(context_);
        SSL_set_app_data(ssl_, this);
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        BIO_set_mem_eof_return(in_, -1);
        SSL_set_bio(ssl_, in_, out_);
        SSL_set_tlsext_host_name(ssl_, "devices.example");
        SSL_set_mtu(ssl_, options_.mtu != 0 ? options_.mtu : 1400);
        SSL_set_connect_state(ssl_);
    }
    ~DtlsClient() {
        ERR_clear_error();
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    DtlsClient(const DtlsClient&) = delete;

    UdpClient& socket() { return *socket_; }
    std::shared_ptr<UdpClient> sharedSocket() { return socket_; }
    std::vector<std::string> sent;

    /// One step of the handshake: what it wants to send is sent. True when it is complete.
    bool step() {
        const int result = SSL_do_handshake(ssl_);
        failed_ = result != 1 && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ;
        ERR_clear_error();
        flush();
        return result == 1;
    }
    bool connect() {
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.patience_ms);
        while (!step()) {
            if (failed_ || std::chrono::steady_clock::now() > until) {
                return false;
            }
            if (socket_->hasInput(50)) {
                take(socket_->read());
            } else {
                DTLSv1_handle_timeout(ssl_);
                flush();
            }
        }
        return true;
    }
    bool failed() const { return failed_; }
    void take(const std::string& datagram) {
        BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
    }

    void write(const std::string& text) {
        SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
        flush();
    }
    /// The next record's text, "<end>" behind close_notify, "<broken>", or "<late>".
    std::string read() {
        for (;;) {
            char text[16384];
            const int n = SSL_read(ssl_, text, sizeof(text));
            const int error = SSL_get_error(ssl_, n);
            ERR_clear_error();
            if (n > 0) {
                return std::string(text, static_cast<std::size_t>(n));
            }
            if (error != SSL_ERROR_WANT_READ) {
                return error == SSL_ERROR_ZERO_RETURN ? "<end>" : "<broken>";
            }
            if (!socket_->hasInput(20'000)) {
                return "<late>";
            }
            take(socket_->read());
        }
    }
    std::string ask(const std::string& line) {
        write(line + "\n");
        std::string answer = read();
        if (!answer.empty() && answer.back() == '\n') {
            answer.pop_back();
        }
        return answer;
    }
    void shutdown() {
        SSL_shutdown(ssl_);
        flush();
    }
    std::string suite() const { return SSL_get_cipher_name(ssl_); }
    std::string serverName() const {
        X509* x = SSL_get0_peer_certificate(ssl_);
        char name[64] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));
        return name;
    }

private:
    static unsigned int giveKey(SSL* ssl, const char*, char* identity, unsigned int identity_room,
                                unsigned char* key, unsigned int key_room) {
        const DtlsClientOptions& options =
            static_cast<DtlsClient*>(SSL_get_app_data(ssl))->options_;
        if (options.identity.size() >= identity_room || options.key.size() > key_room) {
            return 0;
        }
        std::memcpy(identity, options.identity.c_str(), options.identity.size() + 1);
        std::memcpy(key, options.key.data(), options.key.size());
        return static_cast<unsigned int>(options.key.size());
    }

    /// Sends what OpenSSL wrote; the memory BIO has forgotten where records end.
    void flush() {
        char* data = nullptr;
        const long bytes = BIO_get_mem_data(out_, &data);
        std::string_view rest(data, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
        if (options_.together && !rest.empty()) {
            sent.emplace_back(rest);
            socket_->write(rest);
            rest = {};
        }
        while (rest.size() >= 13) {
            const std::size_t record =
                13 + (static_cast<unsigned char>(rest[11]) * std::size_t{256} +
                      static_cast<unsigned char>(rest[12]));
            sent.emplace_back(rest.substr(0, record));
            socket_->write(sent.back());
            rest.remove_prefix(record);
        }
        static_cast<void>(BIO_reset(out_));
    }

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

    DtlsClientOptions options_;
    std::shared_ptr<UdpClient> socket_;
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
    bool failed_ = false;
};

} // namespace fairlead::test
