// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/network/dial.hpp"
#include "fairlead/network/handler.hpp"
#include "fairlead/network/type.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::network {

class TlsContext;

/// Limits of the engine; each is a setting `network.<name>`.
struct EngineOptions {
    std::size_t connections_max = 200'000; ///< of all components; file descriptors end earlier
    std::size_t output_bytes_max = std::size_t{4} << 20;     ///< per connection, then it is closed
    std::size_t output_pause_bytes = std::size_t{256} << 10; ///< above: no reading from the peer
    std::size_t read_bytes_per_round = std::size_t{256} << 10; ///< fairness among connections
    std::uint32_t accepts_per_round = 256;
    std::uint32_t handshake_steps_per_round = 16; ///< about 4 ms at 230 us each (P-256)
    int backlog = 4096;                   ///< short queues cost reconnecting clients whole seconds
    std::uint64_t handshake_ms = 10'000;  ///< accept to end of the TLS handshake
    std::uint64_t first_byte_ms = 30'000; ///< open to first byte; types have tighter limits
    std::uint64_t linger_ms = 5'000;      ///< close() to the end, whatever the peer does
    std::uint64_t dtls_handshake_ms = 30'000; ///< hello with its cookie to the end of the handshake
    std::uint64_t evictable_ms = 10'000;     ///< silence after which a datagram peer may have to go
    std::size_t dtls_handshakes_max = 2'048; ///< unfinished ones on a loop, 45 KiB each
    std::uint32_t drain_per_second = 5'000;  ///< connections closed per second when draining
};

/// A component to be served.
struct ComponentSpec {
    std::string id;
    std::shared_ptr<NetworkType> type;
    std::string configuration = "{}"; ///< JSON, given to the type
    std::string host = "0.0.0.0";     ///< numeric IPv4 or IPv6 address
    std::uint16_t port = 0;           ///< 0: the system chooses
    std::shared_ptr<TlsContext> tls;  ///< nullptr: plain
    std::size_t connections_max = 0;  ///< 0: the engine's limit only
    /// Bytes of a partial message kept for one connection; above, it is closed (Limit).
    std::size_t buffered_bytes_max = (std::size_t{1} << 20) + (std::size_t{64} << 10);
    bool keep_alive = true; ///< SO_KEEPALIVE

    // Datagram types; `tls` is then of TlsContext::makeDtls, and connections_max 0 means as many
    // peers as an eighth of the machine's memory holds.
    std::size_t datagram_bytes_max = 65'507; ///< longer ones are thrown away
    std::uint64_t idle_ms = 600'000;         ///< silence after which a peer is forgotten

    // Client types: dialled instead of listening on host and port; `tls` is of makeClient.
    std::vector<DialTarget> targets; ///< 1 to kTargetsMax
    DialOptions dial;
};

/// Since the component was opened; sums of all loops.
struct ComponentCounters {
    std::uint64_t connections = 0; ///< open now
    std::uint64_t accepted = 0;
    std::uint64_t bytes_in = 0; ///< plain text, above TLS
    std::uint64_t bytes_out = 0;
    std::uint64_t messages_in = 0; ///< delivered upwards
    std::uint64_t messages_out = 0;
    std::uint64_t refused = 0; ///< connections refused and messages turned down
    std::uint64_t errors = 0;  ///< protocol violations, TLS failures, limits passed
};

/// The I/O engine: listeners, connections, TLS, timers, limits and counters of all components.
///
/// Owner: app. Construct before the loops start (it hooks their rounds); the loops outlive it.
/// Life: construct → loops start → open … close → stop() → loops stop → destruct.
/// Thread: any but a loop, unless a function says otherwise; control functions block until every
/// loop has done its part.
class Engine {
public:
    Engine(std::vector<runtime::Loop*> loops, EngineOptions options);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Creates an instance, binds one listener per loop and accepts. Returns the port.
    /// Client types dial their targets as long as there is a handler, and return 0; a target that
    /// cannot be reached is no error here, see targets().
    /// Errors: Conflict "network.port_in_use", Io "network.listen_failed", Unsupported
    /// "network.type_unsupported" for types that are neither streams nor datagrams, clients that
    /// are no streams and security that the type lacks, Invalid "network.targets" without or with
    /// too many targets, and what the type's create says.
    base::Result<std::uint16_t> open(const ComponentSpec& spec);

    /// Stops listening, closes the connections (Shutdown) at the drain pace and waits for them, at
    /// most `drain_ms` plus linger. Nothing when there is no such component.
    void close(const std::string& id, std::uint64_t drain_ms = 2'000);

    /// Who serves the component's connections; kept over close and open. Without one connections
    /// are refused. Connections of the former handler are closed and waited for: after the return
    /// it is not called again.
    void setHandler(const std::string& id, Handler* handler);

    /// New connections use a fresh instance of `type` with `configuration`, open ones stay on
    /// theirs. (When a plugin is swapped, its types do the same below this interface.)
    base::Status replaceInstance(const std::string& id, std::shared_ptr<NetworkType> type,
                                 const std::string& configuration);

    /// New handshakes use `tls`; open connections keep theirs.
    base::Status replaceTls(const std::string& id, std::shared_ptr<TlsContext> tls);

    /// Where devices send to, by the protocols of the component's gateways; client types learn it
    /// when a connection opens. Connections are made anew when it changes. Kept over close and
    /// open.
    void setRoutes(const std::string& id, std::vector<std::string> routes);
    /// How a client component's targets are; empty for servers.
    std::vector<TargetStatus> targets(const std::string& id) const;
    /// Called with a component's id after the state of a target changed, on a loop: it must not
    /// block, nor call the engine. Before the first open only.
    void onTargets(std::function<void(const std::string& id)> listener);

    bool isOpen(const std::string& id) const;
    ComponentCounters counters(const std::string& id) const;
    /// Violations and refusals by kind, as reported by the type and by the engine.
    std::vector<std::pair<std::string, std::uint64_t>> reports(const std::string& id) const;
    std::vector<std::string> componentIds() const;

    /// Which of the constructor's loops has the connection. Thread: any. Blocks: no.
    std::size_t loopOf(ConnectionId id) const noexcept;
    /// The connection, or nullptr when it is gone. Thread: its loop.
    Connection* find(ConnectionId id) noexcept;

    /// Destroys instances whose last connection is gone; cheap. close and open do it as well.
    void collect();

    /// Stops accepting, closes all connections within about `drain_ms`, waits, closes all
    /// components, for good. Repeatable. True when every connection ended in order, false when some
    /// were cut off.
    bool stop(std::uint64_t drain_ms);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::network
