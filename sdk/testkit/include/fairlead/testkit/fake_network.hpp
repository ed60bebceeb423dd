// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/network.hpp"
#include "fairlead/testkit/messages.hpp"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fairlead::testkit {

/// What survives a restart of the server: client state and exactly-once keys. Give the same object
/// to a second FakeNetworkHost to play a restart.
struct DurableState {
    std::map<std::string, std::string, std::less<>> blobs;
    /// client id + '\n' + key
    std::set<std::string, std::less<>> once_keys;
};

class FakeNetworkHost;

/// One connection of the fake host, driven by the test. Calls go through the plugin's C table.
class FakeConnection {
public:
    struct Delivered {
        OwnedTransportMessage message;
        std::uint32_t flags = 0;
        std::uint64_t token = 0;
        std::string once_key;
        bool duplicate = false; // the key was held: not stored again
    };
    struct Sent {
        std::uint64_t token;
        fl_status status;
    };
    struct Report {
        std::string what;
        std::string detail;
    };

    std::vector<Delivered> delivered; // everything handed over, in order
    std::vector<Sent> sents;
    std::vector<Report> reports;
    bool closed = false; // the plugin (or the host, after an error) asked for the close
    std::uint32_t close_reason = 0;
    std::string close_text;
    std::string last_error; // text of the last failed call
    bool ready = false;     // a client type has logged in

    // What the next deliver calls answer.
    /// Pending messages wait for complete(); FL_OK finishes DATA at once; below 0 refuses.
    fl_status deliver_answer = FL_PENDING;
    /// Output limit in bytes; write answers FL_E_LIMIT and closes beyond it.
    std::size_t output_limit = 1 << 20;

    /// Bytes from the peer, in front of them what was not consumed before. Returns on_data's
    /// status; a negative one closes with FL_CLOSE_PROTOCOL as the host does.
    fl_status feed(std::string_view bytes);
    /// The same, but one call per byte (stream types must not care).
    fl_status feedByByte(std::string_view bytes);
    /// One datagram, as the host of a datagram type gives it: used up whatever the plugin says, and
    /// a negative status does not close.
    fl_status feedDatagram(std::string_view datagram);
    /// What was written since the last take.
    std::string take();
    /// The same, one item per write: the datagrams of a datagram type.
    std::vector<std::string> takeWrites();
    const std::string& output() const { return output_; }
    std::size_t unconsumed() const { return input_.size(); }

    /// Completes the oldest open deliver or release. False when none is open.
    bool complete(fl_status status = FL_OK, const OwnedTransportMessage* reply = nullptr);
    /// Completes all that are open, also those that a completion adds. Returns how many.
    std::size_t completeAll(fl_status status = FL_OK);
    std::size_t open() const { return pending_.size(); }

    /// Milliseconds set for a timer, if it runs.
    std::optional<std::uint64_t> timer(std::uint32_t id) const { return timers_.at(id); }
    /// Fires a running timer. False when it does not run.
    bool fireTimer(std::uint32_t id);

    fl_status send(const OwnedTransportMessage& message, std::uint64_t token);
    void shutdown(std::uint32_t reason = FL_CLOSE_SHUTDOWN);
    /// Ends the connection: on_close with that reason (or the reason of an earlier close).
    void finish(std::uint32_t reason = FL_CLOSE_PEER);

    bool finished() const { return finished_; }
    /// The server's view of who this is, for exactly-once keys; taken from "client_id" of CONNECT.
    std::string client_id;

private:
    friend class FakeNetworkHost;
    struct Pending {
        std::uint64_t token;
        std::string hold;    // once key to hold when this completes well
        std::string release; // once key to give up
        bool duplicate;
    };

    fl_status onWrite(fl_bytes bytes);
    fl_status onDeliver(const fl_transport_message& m, const fl_delivery& d);
    fl_status onRelease(std::string_view key, std::uint64_t token);
    std::string keyed(std::string_view key) const;

    FakeNetworkHost* owner_ = nullptr;
    void* state_ = nullptr;
    std::string input_;
    std::string output_;
    std::vector<std::string> writes_;
    std::deque<Pending> pending_;
    std::array<std::optional<std::uint64_t>, FL_NETWORK_TIMERS> timers_{};
    std::optional<std::uint32_t> target_;
    bool finished_ = false;
};

/// The network host of a test with one component instance and its connections.
class FakeNetworkHost {
public:
    explicit FakeNetworkHost(std::shared_ptr<DurableState> durable = nullptr);
    /// Finishes open connections and destroys the instance.
    ~FakeNetworkHost();
    FakeNetworkHost(const FakeNetworkHost&) = delete;
    FakeNetworkHost& operator=(const FakeNetworkHost&) = delete;

    const fl_network_host* raw() const { return &table_; }
    sdk::NetworkIo io() const { return sdk::NetworkIo(&table_); }
    std::shared_ptr<DurableState> durable() const { return durable_; }

    /// Makes the component from a factory table. The error text is in `error()`.
    fl_status create(const fl_network_factory& factory, const fl_host* host, std::string_view id,
                     std::string_view config = "{}");
    /// Takes over an existing object, made with io().
    void adopt(std::unique_ptr<sdk::Network> network);
    const std::string& error() const { return error_; }

    /// Opens a connection; nullptr when the plugin refused (see error()).
    FakeConnection* open(std::string_view peer = "192.0.2.1:4711", bool secure = false);
    /// The same behind DTLS, with what its handshake has proved.
    FakeConnection* openSecure(std::string_view peer, std::string_view psk_identity,
                               std::string_view subject = {});
    /// Client types: the next open() dials this, with the routes below.
    std::optional<std::uint32_t> target;
    std::vector<std::string> routes;

    /// Ends all open connections.
    void finishAll(std::uint32_t reason = FL_CLOSE_SHUTDOWN);

private:
    friend class FakeConnection;
    static FakeNetworkHost& of(void* ctx) { return *static_cast<FakeNetworkHost*>(ctx); }
    static FakeConnection& at(fl_conn* conn) { return *reinterpret_cast<FakeConnection*>(conn); }
    FakeConnection* open(const fl_peer& raw);

    fl_network_host table_;
    fl_network plugin_{};
    std::shared_ptr<DurableState> durable_;
    std::vector<std::unique_ptr<FakeConnection>> connections_;
    std::string error_;
    std::deque<std::string> blobs_out_; // keeps what state_get handed out
    std::vector<fl_str> routes_out_;    // and what dialed did
};

} // namespace fairlead::testkit
