// SPDX-License-Identifier: Apache-2.0
// What is read of a DTLS datagram before OpenSSL sees it, and OpenSSL itself behind our BIO: the
// listener and then a session are fed what comes in, record by record. Nothing read lies outside of
// the datagram, and no garbage becomes a session.
#include "dtls_cookies.hpp"
#include "dtls_records.hpp"
#include "dtls_stream.hpp"

#include <cstdlib>
#include <memory>
#include <string>

using namespace fairlead::network;

namespace {

class Socket final : public DtlsSocket {
public:
    void sendRecord(const PeerAddress&, const void*, std::size_t bytes) override { sent += bytes; }
    DtlsCookies& cookies() noexcept override { return cookies_; }
    std::uint64_t nowMs() const noexcept override { return 1'000; }

    std::size_t sent = 0;

private:
    DtlsCookies cookies_{1'000};
};

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void parse(std::string_view datagram) {
    const std::size_t first = dtls::firstRecord(datagram);
    check(first <= datagram.size());
    const bool hello = dtls::helloRandom(datagram).has_value();
    check(!(hello && dtls::isHelloPiece(datagram)) && (first != 0 || !hello));
    if (const auto identity = dtls::pskIdentity(datagram)) {
        check(identity->data() >= datagram.data() &&
              identity->data() + identity->size() <= datagram.data() + datagram.size());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto context = *TlsContext::makeDtls(nullptr, ClientCertificate::No, true);
    const std::string input(reinterpret_cast<const char*>(data), size); // its end is watched
    parse(input);
    const std::size_t first = dtls::firstRecord(input);
    if (first == 0) {
        return 0;
    }
    Socket socket;
    PeerAddress from{};
    from.v4.sin_family = AF_INET;
    DtlsStream stream(*context, socket, 1280);
    if (stream.listen(from, input.substr(0, first)) == DtlsStream::Listened::Yes) {
        std::abort(); // the cookie is under a secret of this very run
    }
    check(socket.sent <= 4 * size + 64); // no amplifier
    DtlsStream session(*context, socket, 1280);
    session.setKey("d1", "secret");
    check(session.handshake(input).outcome != IoOutcome::Done);
    return 0;
}
