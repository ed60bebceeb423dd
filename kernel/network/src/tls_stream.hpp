// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/network/tls_context.hpp"

#include <cstddef>
#include <string>

struct ssl_st;

namespace fairlead::network {

enum class IoOutcome {
    Done,      ///< `bytes` were moved
    WantRead,  ///< again when the socket is readable
    WantWrite, ///< again when it is writable
    Ended,     ///< the peer closed in order
    Failed     ///< broken; the error text says why
};

struct IoResult {
    IoOutcome outcome;
    std::size_t bytes = 0;
};

/// TLS on a non-blocking descriptor, which it does not own; the server's side unless connectAs.
/// OpenSSL reads and writes the descriptor itself and gives its buffers back when idle (about 14 KB
/// per idle connection). Thread: the connection's loop.
class TlsStream {
public:
    TlsStream(const TlsContext& context, int fd);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Makes it the client's side, towards `host`; before the first handshake step.
    void connectAs(const TlsContext& context, const std::string& host);
    /// Why the peer's certificate was refused; empty when it was not.
    std::string verifyError() const;

    /// One step; Done when the handshake is complete.
    IoResult handshake();
    IoResult read(void* data, std::size_t bytes);
    IoResult write(const void* data, std::size_t bytes);
    /// True when decrypted bytes wait that the socket will not announce.
    bool hasPending() const noexcept;
    /// Sends close_notify, as far as the socket takes it.
    void shutdown() noexcept;

    std::string serverName() const;
    /// RFC 2253 subject of the verified client certificate; empty without one.
    std::string clientSubject() const;
    /// Why the last call Failed, in OpenSSL's words.
    const std::string& error() const noexcept { return error_; }

private:
    IoResult outcomeOf(int result);
    ssl_st* ssl_;
    std::string error_;
};

} // namespace fairlead::network
