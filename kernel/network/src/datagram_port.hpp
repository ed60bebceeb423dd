// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "address_map.hpp"
#include "datagram_peer.hpp"
#include "dtls_stream.hpp"
#include "send_batch.hpp"
#include "socket.hpp"
#include "watch.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace fairlead::network {

class DatagramShard;

/// The socket of one datagram component on one loop, with its peers: who may come, who has been
/// silent too long, what is sent. Kept alive by its peers. Thread: the loop's.
class DatagramPort final : public DtlsSocket, public std::enable_shared_from_this<DatagramPort> {
public:
    DatagramPort(DatagramShard& shard, std::shared_ptr<Endpoint> endpoint, Descriptor socket);
    ~DatagramPort() override;

    void start() { armRead(); }
    /// No new peers; without any the socket is closed.
    void stop();
    void setTls(std::shared_ptr<TlsContext> tls);

    DatagramShard& shard() noexcept { return shard_; }
    Endpoint& endpoint() noexcept { return *endpoint_; }
    bool isSecure() const noexcept { return endpoint_->tls != nullptr; }

    /// Queues a datagram for the end of the round. False: no room, it was dropped and counted.
    bool send(const PeerAddress& to, const void* data, std::size_t bytes);
    bool hasRoom() const noexcept;
    std::size_t outputBytes() const noexcept { return output_.bytes(); }
    void flush();

    /// A datagram, as if it came now.
    void arrived(const PeerAddress& from, std::string_view datagram);

    // For peers.
    void touch(DatagramPeer& peer); ///< its datagram counts as a sign of life
    void handshakeDone(DatagramPeer& peer);
    void forget(DatagramPeer& peer); ///< its address is free again
    void gone();                     ///< a peer was freed

    // DtlsSocket
    void sendRecord(const PeerAddress& to, const void* data, std::size_t bytes) override;
    DtlsCookies& cookies() noexcept override;
    std::uint64_t nowMs() const noexcept override;

    bool in_output = false; ///< member of the shard's list of this round

private:
    void armRead();
    void armWrite();
    void receiveSome();
    void toKnown(DatagramPeer& peer, std::string_view datagram);
    void listen(const PeerAddress& from, std::string_view datagram);
    DatagramPeer* newPeer(const PeerAddress& from, std::unique_ptr<DtlsStream> dtls);
    bool admit(std::string_view& why);
    bool isFull() const noexcept;
    bool evictOne();
    void refuse(std::string_view why, const PeerAddress& from);
    void drop(std::string_view kind, const PeerAddress& from, std::string_view detail);
    void watch(DatagramPeer& peer, IntrusiveList<DatagramPeer>& list, std::uint64_t after_ms);
    void armDeadlines();
    void checkDeadlines();
    void closeSocket();

    DatagramShard& shard_;
    std::shared_ptr<Endpoint> endpoint_;
    Watch watch_;
    int fd_;
    bool stopped_ = false;
    bool closed_ = false;
    bool write_armed_ = false;
    std::size_t peers_ = 0; ///< not yet freed
    AddressMap<DatagramPeer> map_;
    IntrusiveList<DatagramPeer> handshakes_; ///< by deadline, as the time is the same for all
    IntrusiveList<DatagramPeer> open_;       ///< longest silence first
    std::size_t handshake_count_ = 0;
    std::uint64_t deadline_timer_ = 0;
    std::uint64_t deadline_due_ = 0;
    std::unique_ptr<DtlsStream> listener_;
    SendBatch output_;
};

} // namespace fairlead::network
