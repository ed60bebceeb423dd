// SPDX-License-Identifier: Apache-2.0
#include "datagram_guard.hpp"
#include "datagram_peer.hpp"
#include "datagram_port.hpp"
#include "datagram_shard.hpp"
#include "dtls_records.hpp"
#include "fairlead/network/close_reason.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

// Design notes. OpenSSL asks for a pre-shared key in the middle of a step and takes no "later" for
// an answer. So the identity is read from the peer's ClientKeyExchange before OpenSSL gets it; when
// the device has to be loaded first, the datagram is kept, and what comes behind it as well, until
// the handler has the answer. Retransmissions of the peer are kept too, and then ignored.

namespace fairlead::network {

namespace {

constexpr std::uint32_t kStepCost = 4; // see DatagramShard::admitHandshake
constexpr std::size_t kShownMax = 64;

/// For logs: what a stranger called itself.
std::string shown(std::string_view identity) {
    std::string text(identity.substr(0, kShownMax));
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
    return text;
}

} // namespace

void DatagramPeer::startHandshake(std::uint64_t random, std::string_view rest) {
    hello_random_ = random;
    if (phase_ == Phase::Handshake) {
        shard().chargeHandshake(kStepCost);
        handshakeStep(rest);
    }
}

void DatagramPeer::handshakeWith(std::string_view datagram) {
    if (key_ == Key::Waiting) {
        keep(datagram);
        return;
    }
    if (shard().admitHandshake(*port_, address, datagram, kStepCost) && findKey(datagram)) {
        handshakeStep(datagram);
    }
}

bool DatagramPeer::findKey(std::string_view datagram) {
    if (key_ != Key::Unasked || !endpoint().tls->hasPsk()) {
        return true;
    }
    const auto identity = dtls::pskIdentity(datagram);
    if (!identity) {
        return true;
    }
    key_ = Key::Waiting;
    askKey(std::string(*identity));
    if (key_ == Key::Waiting) {
        keep(datagram);
        return false;
    }
    return true;
}

void DatagramPeer::askKey(const std::string& identity) {
    std::string key;
    const std::int32_t status =
        handler_->pskOf(loop(), identity, key, [&shard = shard(), id = id_] {
            DatagramPeer* peer = shard.findAny(id);
            if (peer != nullptr) {
                peer->keyReady();
            }
        });
    if (status == FL_PENDING) {
        return;
    }
    key_ = Key::Answered;
    if (status < 0 || key.empty()) {
        countError("psk_unknown_identity", shown(identity));
        key.clear();
    }
    dtls_->setKey(identity, key);
    OPENSSL_cleanse(key.data(), key.size());
}

void DatagramPeer::keyReady() {
    if (phase_ != Phase::Handshake || key_ != Key::Waiting || !hasKept()) {
        return;
    }
    const auto identity = dtls::pskIdentity(extra_->kept.front());
    if (identity) {
        askKey(std::string(*identity));
    }
    // Asked twice is enough: a handler that still does not know will not know.
    if (key_ == Key::Waiting) {
        key_ = Key::Answered;
        countError("psk_unknown_identity", shown(identity.value_or("")));
    }
    while (phase_ == Phase::Handshake && hasKept()) {
        handshakeStep(takeKept());
    }
    while (phase_ == Phase::Open && hasKept()) {
        receiveRecords(takeKept());
    }
}

void DatagramPeer::handshakeStep(std::string_view datagram) {
    switch (dtls_->handshake(datagram).outcome) {
    case IoOutcome::Done:
        finishHandshake();
        return;
    case IoOutcome::WantRead:
    case IoOutcome::WantWrite:
        armRetransmit();
        return;
    case IoOutcome::Ended:
    case IoOutcome::Failed:
        failHandshake("dtls_handshake_failed", dtls_->error());
        return;
    }
}

void DatagramPeer::finishHandshake() {
    if (own_timer_ != 0) {
        loop().cancel(std::exchange(own_timer_, 0));
    }
    phase_ = Phase::Open;
    port_->handshakeDone(*this);
    openUp();
    if (phase_ == Phase::Open) {
        readRecords({}); // what came in the same datagram
    }
}

void DatagramPeer::failHandshake(std::string_view kind, std::string_view detail) {
    countError(kind, detail);
    die();
}

void DatagramPeer::handshakeExpired() {
    failHandshake("dtls_handshake_timeout",
                  key_ == Key::Answered ? "the peer's pre-shared key may be another" : "");
}

void DatagramPeer::armRetransmit() {
    if (own_timer_ != 0) {
        return; // when it fires, it looks at the present flight
    }
    const auto after = dtls_->retransmitAfterMs();
    if (!after) {
        return;
    }
    own_timer_ = loop().runAfter(std::max<std::uint64_t>(*after, 1), [this] {
        own_timer_ = 0;
        if (phase_ != Phase::Handshake) {
            return;
        }
        if (dtls_->retransmit()) {
            armRetransmit();
        } else {
            failHandshake("dtls_handshake_timeout", "the peer does not answer");
        }
    });
}

void DatagramPeer::receiveRecords(std::string_view datagram) {
    if (readRecords(datagram)) {
        return;
    }
    if (phase_ == Phase::Open) {
        // Repeated, forged, or part of a handshake: OpenSSL does not tell.
        shard().streams.countReport(endpoint(), "dtls_ignored");
    }
}

bool DatagramPeer::readRecords(std::string_view datagram) {
    char* const buffer = shard().streams.readBuffer();
    bool any = false;
    while (phase_ == Phase::Open) {
        const IoResult result = dtls_->read(datagram, buffer, Shard::kReadBufferBytes);
        datagram = {};
        if (result.outcome == IoOutcome::Ended) {
            beginClose(close_reason::kPeer, false);
            return true;
        }
        if (result.outcome == IoOutcome::Failed) {
            countError("dtls_failed", dtls_->error());
            beginClose(close_reason::kError, false);
            return true;
        }
        if (result.outcome != IoOutcome::Done) {
            return any;
        }
        if (!any) {
            port_->touch(*this);
        }
        any = true;
        input({buffer, result.bytes});
    }
    return any;
}

} // namespace fairlead::network
