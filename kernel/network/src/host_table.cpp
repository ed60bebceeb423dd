// SPDX-License-Identifier: Apache-2.0
#include "host_table.hpp"

#include "connection.hpp"
#include "datagram_peer.hpp"
#include "fairlead/factory/network.h"
#include "fairlead/network/close_reason.hpp"
#include "owned_message.hpp"

#include <type_traits>

namespace fairlead::network {

static_assert(
    close_reason::kPeer == FL_CLOSE_PEER && close_reason::kError == FL_CLOSE_ERROR &&
    close_reason::kProtocol == FL_CLOSE_PROTOCOL && close_reason::kLocal == FL_CLOSE_LOCAL &&
    close_reason::kTimeout == FL_CLOSE_TIMEOUT && close_reason::kTakenOver == FL_CLOSE_TAKEN_OVER &&
    close_reason::kKicked == FL_CLOSE_KICKED && close_reason::kShutdown == FL_CLOSE_SHUTDOWN &&
    close_reason::kLimit == FL_CLOSE_LIMIT && close_reason::kUnauthorized == FL_CLOSE_UNAUTHORIZED);
static_assert(kTimersPerConnection == FL_NETWORK_TIMERS);
static_assert(kDatagramBytesMax == FL_NETWORK_DATAGRAM_BYTES_MAX);

namespace {

// The functions are the same for both kinds of connections, C; which kind it is, is a matter of the
// component's type, so each gets a table of its own instead of a look at every call.

/// Largest value of state_put, as the contract says.
constexpr std::size_t kStateBytesMax = std::size_t{64} << 10;

template <typename C>
fl_status hostWrite(void*, fl_conn* conn, fl_bytes bytes) noexcept {
    return C::of(conn).pluginWrite(bytes.p, bytes.n);
}

template <typename C>
fl_status hostDeliver(void*, fl_conn* conn, const fl_transport_message* message,
                      const fl_delivery* delivery) noexcept {
    if (message == nullptr || delivery == nullptr ||
        delivery->once_key.n > FL_NETWORK_ONCE_KEY_BYTES_MAX) {
        return FL_E_INVALID;
    }
    return C::of(conn).pluginDeliver(*message, delivery->flags, delivery->token,
                                     viewOf(delivery->once_key));
}

template <typename C>
fl_status hostRelease(void*, fl_conn* conn, fl_str once_key, std::uint64_t token) noexcept {
    if (once_key.n == 0 || once_key.n > FL_NETWORK_ONCE_KEY_BYTES_MAX) {
        return FL_E_INVALID;
    }
    return C::of(conn).pluginRelease(viewOf(once_key), token);
}

template <typename C>
void hostSent(void*, fl_conn* conn, std::uint64_t token, fl_status status) noexcept {
    C::of(conn).pluginSent(token, status);
}

template <typename C>
void hostClose(void*, fl_conn* conn, std::uint32_t reason, fl_str text) noexcept {
    C::of(conn).pluginClose(reason, viewOf(text));
}

template <typename C>
void hostSetTimer(void*, fl_conn* conn, std::uint32_t id, std::uint64_t milliseconds) noexcept {
    C::of(conn).pluginSetTimer(id, milliseconds);
}

template <typename C>
void hostReport(void*, fl_conn* conn, fl_str what, fl_str detail) noexcept {
    C::of(conn).pluginReport(viewOf(what), viewOf(detail));
}

template <typename C>
std::size_t hostOutputBytes(void*, fl_conn* conn) noexcept {
    return C::of(conn).outputBytes();
}

template <typename C>
fl_status hostStatePut(void*, fl_str key, fl_bytes value) noexcept {
    C* connection = C::current();
    if (connection == nullptr || key.n == 0) {
        return FL_E_INVALID;
    }
    if (value.n > kStateBytesMax) {
        return FL_E_LIMIT;
    }
    return connection->pluginPutState(viewOf(key),
                                      {reinterpret_cast<const char*>(value.p), value.n});
}

template <typename C>
fl_status hostStateGet(void*, fl_str key, fl_bytes* out) noexcept {
    C* connection = C::current();
    if (connection == nullptr || out == nullptr) {
        return FL_E_INVALID;
    }
    std::string_view value;
    const fl_status status = connection->pluginGetState(viewOf(key), value);
    *out = {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
    return status;
}

template <typename C>
fl_status hostStateRemove(void*, fl_str key) noexcept {
    return hostStatePut<C>(nullptr, key, {nullptr, 0});
}

// Datagrams are not dialled.
template <typename C>
fl_status hostDialed(void*, fl_conn* conn, fl_dialed* out) noexcept {
    if (out == nullptr) {
        return FL_E_INVALID;
    }
    if constexpr (std::is_same_v<C, EngineConnection>) {
        return C::of(conn).pluginDialed(*out);
    } else {
        static_cast<void>(conn);
        return FL_E_UNSUPPORTED;
    }
}

template <typename C>
void hostReady(void*, fl_conn* conn) noexcept {
    if constexpr (std::is_same_v<C, EngineConnection>) {
        C::of(conn).pluginReady();
    } else {
        static_cast<void>(conn);
    }
}

template <typename C>
std::shared_ptr<const fl_network_host> tableOf() {
    static const auto table = std::make_shared<const fl_network_host>(fl_network_host{
        sizeof(fl_network_host), 0, nullptr, hostWrite<C>, hostDeliver<C>, hostRelease<C>,
        hostSent<C>, hostClose<C>, hostSetTimer<C>, hostReport<C>, hostOutputBytes<C>,
        hostStatePut<C>, hostStateGet<C>, hostStateRemove<C>, hostDialed<C>, hostReady<C>});
    return table;
}

} // namespace

std::shared_ptr<const fl_network_host> hostTable() {
    return tableOf<EngineConnection>();
}

std::shared_ptr<const fl_network_host> datagramHostTable() {
    return tableOf<DatagramPeer>();
}

} // namespace fairlead::network
