// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/device/entry.hpp"
#include "fairlead/device/owned_message.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace fairlead::device {

enum class CloseReason { Peer, Error, Timeout, TakenOver, Kicked, Shutdown, Device };

/// The way down to a connected device; implemented by the gateway. Thread: any. Blocks: no.
class SessionLink {
public:
    virtual ~SessionLink() = default;

    /// Encodes and writes `message`. `sent` is called exactly once, from any thread: after the
    /// transport took it (acknowledged for QoS 1/2), or with Unsupported, Closed, Limit, Timeout.
    virtual void send(OwnedMessage message, std::function<void(base::Status)> sent) = 0;

    /// Closes the connection; no further session call may be expected in return.
    virtual void close(CloseReason reason) = 0;
};

struct SessionInfo {
    std::string gateway_id;
    std::string component_id;
    std::string transport; ///< "MQTT" …
    std::string address;   ///< peer
    /// Silence after which the device counts as offline, milliseconds; 0 = never by itself (the
    /// connection's end decides).
    std::int64_t keep_alive_ms = 0;
};

/// A device's presence. Created by Sessions::open; touched by the data path.
class Session {
public:
    Session(DevicePtr device, std::shared_ptr<SessionLink> link, SessionInfo info,
            std::string parent_id);

    const DevicePtr& device() const noexcept { return device_; }
    const std::shared_ptr<SessionLink>& link() const noexcept { return link_; }
    const SessionInfo& info() const noexcept { return info_; }
    /// The gateway device for a child's session; else empty.
    const std::string& parentId() const noexcept { return parent_id_; }
    base::UtcMs openedAt() const noexcept { return opened_at_; }

    void touch(base::UtcMs now) noexcept { last_seen_.store(now, std::memory_order_relaxed); }
    base::UtcMs lastSeen() const noexcept { return last_seen_.load(std::memory_order_relaxed); }

private:
    DevicePtr device_;
    std::shared_ptr<SessionLink> link_;
    SessionInfo info_;
    std::string parent_id_;
    base::UtcMs opened_at_;
    std::atomic<base::UtcMs> last_seen_;
};

using SessionPtr = std::shared_ptr<Session>;

/// Who is connected to this node. Keeps the devices' online state true: in the database (batched),
/// on the event bus, and after a restart. Thread: any. Blocks: no.
class Sessions {
public:
    virtual ~Sessions() = default;

    /// A device came online. An older session of the same device is closed with TakenOver, without
    /// an offline event in between.
    virtual SessionPtr open(DevicePtr device, std::shared_ptr<SessionLink> link,
                            SessionInfo info) = 0;

    /// A child came online behind the gateway device of `parent`; ends with it.
    virtual SessionPtr openChild(DevicePtr child, const SessionPtr& parent) = 0;

    /// Over. Does nothing when `session` was replaced already. Children's sessions end too.
    virtual void close(const SessionPtr& session, CloseReason reason) = 0;

    virtual SessionPtr find(std::string_view device_id) const = 0;
    virtual std::size_t count() const = 0;
    virtual std::size_t countOfGateway(std::string_view gateway_id) const = 0;

    /// At most `limit` sessions of a gateway after skipping `offset`, in order of device id.
    virtual std::vector<SessionPtr> ofGateway(std::string_view gateway_id, std::size_t offset,
                                              std::size_t limit) const = 0;
};

} // namespace fairlead::device
