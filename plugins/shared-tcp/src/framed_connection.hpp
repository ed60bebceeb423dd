// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "framing.hpp"

#include "fairlead/sdk/network.hpp"

#include <span>
#include <string>
#include <string_view>

namespace fairlead::tcp {

/// An incomplete frame longer than this is collected here instead of staying with the host.
inline constexpr std::size_t kCollectBytes = 16 * 1024;

/// A stream that is cut into frames, each handed over durably; downlinks are written as they are.
/// Thread: that of its loop, calls never overlap.
class FramedConnection : public sdk::Connection {
public:
    /// `framing` outlives it.
    FramedConnection(const Framing& framing, sdk::Host host, sdk::Conn conn, std::string_view peer);

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) final;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;
    sdk::Status send(const sdk::TransportView& message, std::uint64_t token) override;

protected:
    static constexpr std::uint64_t kFrameToken = 1; // every frame is answered alike

    /// The host took a frame.
    virtual void accepted() {}

    /// Counts, and closes; once.
    void fail(std::string_view what, std::string_view text, std::uint32_t reason);
    /// Attributes of every frame; they outlive the connection.
    void setAttributes(std::span<const fl_attribute> attributes) noexcept {
        attributes_ = attributes;
    }

    sdk::Conn& conn() noexcept { return conn_; }
    const sdk::Host& host() const noexcept { return host_; }
    const std::string& peer() const noexcept { return peer_; }
    std::uint64_t lastDataNs() const noexcept { return last_data_ns_; }
    bool isClosed() const noexcept { return closed_; }

private:
    std::size_t process(Bytes in);
    bool deliver(Bytes payload);
    void settle(fl_status status);

    const Framing& framing_;
    sdk::Host host_;
    sdk::Conn conn_;
    std::string peer_;
    std::string collected_;
    std::span<const fl_attribute> attributes_;
    std::size_t scanned_ = 0;
    std::uint64_t last_data_ns_ = 0;
    std::int64_t now_ms_ = 0;
    bool waiting_ = false; // the store has no room; the next frame is tried again
    bool closed_ = false;
};

} // namespace fairlead::tcp
