// SPDX-License-Identifier: Apache-2.0
#include "host_table.hpp"

#include "connection.hpp"
#include "fairlead/factory/network.h"
#include "fairlead/network/close_reason.hpp"
#include "owned_message.hpp"

namespace fairlead::network {

static_assert(
    close_reason::kPeer == FL_CLOSE_PEER && close_reason::kError == FL_CLOSE_ERROR &&
    close_reason::kProtocol == FL_CLOSE_PROTOCOL && close_reason::kLocal == FL_CLOSE_LOCAL &&
    close_reason::kTimeout == FL_CLOSE_TIMEOUT && close_reason::kTakenOver == FL_CLOSE_TAKEN_OVER &&
    close_reason::kKicked == FL_CLOSE_KICKED && close_reason::kShutdown == FL_CLOSE_SHUTDOWN &&
    close_reason::kLimit == FL_CLOSE_LIMIT && close_reason::kUnauthorized == FL_CLOSE_UNAUTHORIZED);
static_assert(kTimersPerConnection == FL_NETWORK_TIMERS);

namespace {

/// Largest value of state_put, as the contract says.
constexpr std::size_t kStateBytesMax = std::size_t{64} << 10;

fl_status hostWrite(void*, fl_conn* conn, fl_bytes bytes) noexcept {
    return EngineConnection::of(conn).pluginWrite(bytes.p, bytes.n);
}

fl_status hostDeliver(void*, fl_conn* conn, const fl_transport_message* message,
                      const fl_delivery* delivery) noexcept {
    if (message == nullptr || delivery == nullptr ||
        delivery->once_key.n > FL_NETWORK_ONCE_KEY_BYTES_MAX) {
        return FL_E_INVALID;
    }
    return EngineConnection::of(conn).pluginDeliver(*message, delivery->flags, delivery->token,
                                                    viewOf(delivery->once_key));
}

fl_status hostRelease(void*, fl_conn* conn, fl_str once_key, std::uint64_t token) noexcept {
    if (once_key.n == 0 || once_key.n > FL_NETWORK_ONCE_KEY_BYTES_MAX) {
        return FL_E_INVALID;
    }
    return EngineConnection::of(conn).pluginRelease(viewOf(once_key), token);
}

void hostSent(void*, fl_conn* conn, std::uint64_t token, fl_status status) noexcept {
    EngineConnection::of(conn).pluginSent(token, status);
}

void hostClose(void*, fl_conn* conn, std::uint32_t reason, fl_str text) noexcept {
    EngineConnection::of(conn).pluginClose(reason, viewOf(text));
}

void hostSetTimer(void*, fl_conn* conn, std::uint32_t id, std::uint64_t milliseconds) noexcept {
    EngineConnection::of(conn).pluginSetTimer(id, milliseconds);
}

void hostReport(void*, fl_conn* conn, fl_str what, fl_str detail) noexcept {
    EngineConnection::of(conn).pluginReport(viewOf(what), viewOf(detail));
}

std::size_t hostOutputBytes(void*, fl_conn* conn) noexcept {
    return EngineConnection::of(conn).outputBytes();
}

fl_status hostStatePut(void*, fl_str key, fl_bytes value) noexcept {
    EngineConnection* connection = EngineConnection::current();
    if (connection == nullptr || key.n == 0) {
        return FL_E_INVALID;
    }
    if (value.n > kStateBytesMax) {
        return FL_E_LIMIT;
    }
    return connection->pluginPutState(viewOf(key),
                                      {reinterpret_cast<const char*>(value.p), value.n});
}

fl_status hostStateGet(void*, fl_str key, fl_bytes* out) noexcept {
    EngineConnection* connection = EngineConnection::current();
    if (connection == nullptr || out == nullptr) {
        return FL_E_INVALID;
    }
    std::string_view value;
    const fl_status status = connection->pluginGetState(viewOf(key), value);
    *out = {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
    return status;
}

fl_status hostStateRemove(void*, fl_str key) noexcept {
    return hostStatePut(nullptr, key, {nullptr, 0});
}

} // namespace

std::shared_ptr<const fl_network_host> hostTable() {
    static const auto table = std::make_shared<const fl_network_host>(
        fl_network_host{sizeof(fl_network_host), 0, nullptr, hostWrite, hostDeliver, hostRelease,
                        hostSent, hostClose, hostSetTimer, hostReport, hostOutputBytes,
                        hostStatePut, hostStateGet, hostStateRemove});
    return table;
}

} // namespace fairlead::network
