// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/message.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::runtime {
class Loop;
}

namespace fairlead::network {

/// Names a connection for its whole life and never another one: loop index, slot and generation.
/// Kept by whoever must not keep a pointer.
struct ConnectionId {
    std::uint64_t value = 0;
    bool operator==(const ConnectionId&) const = default;
};

/// A device's connection as the layer above sees it, or an address that sends datagrams. Owned by
/// its loop; every function is to be called on that loop only.
class Connection {
public:
    virtual ~Connection() = default;

    virtual ConnectionId id() const noexcept = 0;
    virtual runtime::Loop& loop() noexcept = 0;
    virtual const std::string& componentId() const noexcept = 0;
    virtual std::string_view transport() const noexcept = 0; ///< "MQTT"
    virtual std::string_view peer() const noexcept = 0;      ///< "192.0.2.1:4711"
    /// True for types that log in with a CONNECT message of their own (MQTT).
    virtual bool hasConnect() const noexcept = 0;
    /// True when the server dialled it (client types).
    virtual bool isOutgoing() const noexcept { return false; }
    /// True when it carries messages of many devices, whom its peer vouches for (a broker).
    virtual bool isRelay() const noexcept { return false; }

    /// Result of a deliver or release that the handler answered with Pending. Calls the plugin.
    virtual void complete(std::uint64_t token, std::int32_t status,
                          const fl_transport_message* reply) = 0;

    /// Downlink. OK: written. Pending: Handler::sent follows. Below 0: fl_status error.
    virtual std::int32_t send(const fl_transport_message& message, std::uint64_t token) = 0;

    /// Closes after flushing; Handler::closed follows, not before this call returns.
    virtual void close(std::uint32_t reason, std::string_view text) = 0;

    /// Back-pressure: stops and resumes reading from the socket. Counted, so calls nest by cause.
    /// A datagram peer cannot be stopped: a few of its datagrams are kept, the rest is dropped and
    /// counted.
    virtual void pauseReading() = 0;
    virtual void resumeReading() = 0;

    /// Asks the processor for the connection's memory, some calls ahead of its turn.
    void prefetch() const noexcept {
        const char* const begin = reinterpret_cast<const char*>(this);
        for (int line = 0; line < kPrefetchLines; ++line) {
            __builtin_prefetch(begin + 64 * line);
        }
    }

    /// The handler's state of this connection; nullptr at first; the handler frees it in closed.
    void* user = nullptr;

private:
    static constexpr int kPrefetchLines = 7; ///< what a connection of the engine takes
};

/// What the layer above (gateway) does with a component's traffic. One handler serves a component;
/// calls come on the loop of the connection at hand.
class Handler {
public:
    virtual ~Handler() = default;

    /// Comes before anything else of the connection; it may close it at once.
    virtual void opened(Connection& connection) = 0;

    /// FL_OK, FL_PENDING (complete follows, in order) or below 0. FL_E_BUSY: nothing was taken;
    /// the engine pauses reading by itself, and calls deliver again with the same message after the
    /// handler called resumeReading, whether or not it had called pauseReading (the plugin sees
    /// only FL_PENDING). The same holds for release.
    virtual std::int32_t deliver(Connection& connection, const fl_transport_message& message,
                                 std::uint32_t flags, std::uint64_t token,
                                 std::string_view once_key) = 0;

    virtual std::int32_t release(Connection& connection, std::string_view once_key,
                                 std::uint64_t token) = 0;

    /// End of a send that answered Pending.
    virtual void sent(Connection& connection, std::uint64_t token, std::int32_t status) = 0;

    virtual void closed(Connection& connection, std::uint32_t reason) = 0;

    /// The pre-shared key of a DTLS peer that says it is `identity` (RFC 4279), on the given loop,
    /// in the middle of the handshake: there is no Connection yet. FL_OK: `key` is it, 1 to 64
    /// bytes. FL_PENDING: it is being looked up; `ready` is called on the loop when the answer is
    /// there, and the engine asks once more. Below 0: nobody has this identity, or no key.
    virtual std::int32_t pskOf(runtime::Loop&, std::string_view /*identity*/, std::string& /*key*/,
                               std::function<void()> /*ready*/) {
        return FL_E_NOT_FOUND;
    }

    /// Durable client state of a component (fl_network_host.state_*), on the given loop. An empty
    /// value removes the key.
    virtual base::Status putState(runtime::Loop& loop, std::string_view component,
                                  std::string_view key, std::string_view value) = 0;
    virtual std::shared_ptr<const std::string>
    getState(runtime::Loop& loop, std::string_view component, std::string_view key) = 0;
};

} // namespace fairlead::network
