// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dtls_cookies.hpp"
#include "fairlead/network/tls_context.hpp"
#include "peer_address.hpp"
#include "tls_stream.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace fairlead::network {

/// What a DTLS session needs of the socket that it shares with others. Thread: the loop's.
class DtlsSocket {
public:
    virtual ~DtlsSocket() = default;
    virtual void sendRecord(const PeerAddress& to, const void* data, std::size_t bytes) = 0;
    virtual DtlsCookies& cookies() noexcept = 0;
    virtual std::uint64_t nowMs() const noexcept = 0;
};

/// Server side of DTLS 1.2 for one peer among many on a socket. It begins as a listener without a
/// peer, which answers hellos with cookies and keeps nothing; the hello that brings its cookie back
/// makes it the session of that peer. Records are read from datagrams that are handed in, and
/// written to the socket at once.
/// Thread: the loop's.
class DtlsStream {
public:
    /// Datagrams of the handshake, headers of IP and UDP included, so that they pass everywhere
    /// (RFC 8200 section 5).
    static constexpr unsigned kMtu = 1280;
    /// Smallest and largest plain text of a record that can be agreed on with `plain_bytes_max`.
    static constexpr std::size_t kPlainBytesMin = 1280;
    static constexpr std::size_t kPlainBytesMax = 16384; // RFC 5246 6.2.1
    /// What a record adds to its content, at most: header, nonce, padding and tag.
    static constexpr std::size_t kRecordOverheadMax = 128;

    DtlsStream(const TlsContext& context, DtlsSocket& socket, std::size_t plain_bytes_max);
    ~DtlsStream();
    DtlsStream(const DtlsStream&) = delete;
    DtlsStream& operator=(const DtlsStream&) = delete;

    enum class Listened {
        No,      ///< answered with a cookie, or no hello
        Yes,     ///< this is the peer's session now; go on with the rest of the datagram
        Unusable ///< OpenSSL gave up on this listener; it needs a new one
    };
    /// `hello` must be one record (see dtls_records.hpp).
    Listened listen(const PeerAddress& from, std::string_view hello);

    /// One step with a datagram (empty: with what is there). Done when the handshake is complete.
    IoResult handshake(std::string_view datagram);
    /// The plain text of the next record; `datagram` is looked at when none is left over. WantRead:
    /// no more.
    IoResult read(std::string_view datagram, void* data, std::size_t bytes);
    /// One record. Needs room in the socket; see plainBytesMax.
    IoResult write(const void* data, std::size_t bytes);
    std::size_t plainBytesMax() const noexcept { return plain_bytes_max_; }
    /// Sends close_notify when the handshake was complete.
    void shutdown() noexcept;

    /// Until the last flight must be sent again; nothing when nothing waits for an answer.
    std::optional<std::uint64_t> retransmitAfterMs() const;
    /// Sends it again when it is time. False when it was sent too often.
    bool retransmit();

    /// The key for `identity`, for the ClientKeyExchange that is handed in next. Empty: there is
    /// none, the handshake then fails.
    void setKey(std::string_view identity, std::string key);

    std::string serverName() const;
    std::string clientSubject() const;
    /// Of a finished PSK handshake; else empty.
    std::string pskIdentity() const;
    const std::string& error() const noexcept { return error_; }

private:
    friend struct DtlsCallbacks;
    IoResult outcomeOf(int result);

    DtlsSocket& socket_;
    ssl_st* ssl_;
    std::size_t plain_bytes_max_;
    PeerAddress address_{};
    std::string_view in_; ///< the datagram that is handed in
    std::string identity_;
    std::string key_;
    std::string error_;
};

/// What a context for DTLS needs beyond that of TLS.
void configureDtls(ssl_ctx_st* context, bool psk);

} // namespace fairlead::network
