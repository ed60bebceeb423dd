// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "dialer.hpp"
#include "fairlead/factory/network.h"
#include "shard.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::network {

// Who dialled speaks first.
void EngineConnection::startTls() {
    if (dialer_ == nullptr) {
        armRead();
        return;
    }
    tls_->connectAs(*endpoint_->tls, dialer_->host());
    continueHandshake();
}

void EngineConnection::tellOpened() {
    if (dialer_ != nullptr && plugin_open_) {
        dialer_->opened(id_);
    }
}

void EngineConnection::tellEnded() {
    if (const auto dialer = std::exchange(dialer_, nullptr)) {
        dialer->ended(close_reason_);
    }
}

void EngineConnection::noteEnd(std::string_view kind, std::string_view detail) {
    if (dialer_ != nullptr && phase_ <= Phase::Open) {
        dialer_->note(detail.empty() ? kind : detail);
    }
}

std::string EngineConnection::handshakeError() const {
    if (dialer_ == nullptr) {
        return tls_->error();
    }
    const std::string refused = tls_->verifyError();
    if (!refused.empty()) {
        return "The server's certificate was refused: " + refused;
    }
    return "The TLS handshake failed: " +
           (tls_->error().empty() ? "the other side ended it" : tls_->error());
}

std::int32_t EngineConnection::pluginDialed(fl_dialed& out) const noexcept {
    if (dialer_ == nullptr) {
        return FL_E_UNSUPPORTED;
    }
    fl_dialed full{sizeof(fl_dialed), static_cast<std::uint32_t>(dialer_->target()), nullptr, 0, 0};
    if (endpoint_->routes != nullptr) {
        full.routes = endpoint_->routes->views.data();
        full.route_count = static_cast<std::uint32_t>(endpoint_->routes->views.size());
    }
    const std::uint32_t room = out.size; // a plugin may know less of the struct than we do
    std::memcpy(&out, &full, std::min<std::size_t>(room, sizeof(full)));
    out.size = std::min<std::uint32_t>(room, sizeof(full));
    return FL_OK;
}

void EngineConnection::pluginReady() {
    if (dialer_ != nullptr && phase_ == Phase::Open) {
        dialer_->ready();
    }
}

} // namespace fairlead::network
