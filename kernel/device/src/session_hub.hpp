// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/device/session.hpp"
#include "fairlead/runtime/metrics.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace fairlead::device {

const char* toText(CloseReason reason) noexcept;

/// A device came online or went offline. Called in order, under the sessions' lock: must not block
/// and must not call back.
struct Presence {
    DevicePtr device;
    bool online = false;
    base::UtcMs time = 0;
    base::UtcMs last_seen = 0;
    SessionInfo info;
    CloseReason reason = CloseReason::Peer; ///< of an offline
};

/// The sessions of this node.
class SessionHub final : public Sessions {
public:
    using Listener = std::function<void(const Presence&)>;

    explicit SessionHub(Listener listener);
    ~SessionHub() override;

    /// The sweep of silent sessions, once a second.
    void start();
    /// Closes every session with Shutdown. Blocks.
    void stop();

    SessionPtr open(DevicePtr device, std::shared_ptr<SessionLink> link, SessionInfo info) override;
    SessionPtr openChild(DevicePtr child, const SessionPtr& parent) override;
    void close(const SessionPtr& session, CloseReason reason) override;
    SessionPtr find(std::string_view device_id) const override;
    std::size_t count() const override { return count_.load(std::memory_order_relaxed); }
    std::size_t countOfGateway(std::string_view gateway_id) const override;
    std::vector<SessionPtr> ofGateway(std::string_view gateway_id, std::size_t offset,
                                      std::size_t limit) const override;

    /// Ends the device's session from our side, if it has one.
    void disconnect(std::string_view device_id, CloseReason reason);
    /// Closes what is silent for longer than its limit; the sweep and tests call it.
    void sweep(base::UtcMs now);

private:
    /// Seconds that the wheel spans; longer limits go round.
    static constexpr std::size_t kWheelSlots = 4'096;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Ended {
        SessionPtr session;
        CloseReason reason;
    };

    SessionPtr enter(SessionPtr session, std::vector<Ended>& ended);
    void removeLocked(const SessionPtr& session, CloseReason reason, bool tell,
                      std::vector<Ended>& ended);
    void tell(const Session& session, bool online, CloseReason reason);
    void arm(const SessionPtr& session);
    static void closeLinks(const std::vector<Ended>& ended, const SessionPtr& but);

    const Listener listener_;
    std::shared_ptr<runtime::Gauge> gauge_;
    std::atomic<std::size_t> count_{0};

    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, SessionPtr, Hash, std::equal_to<>> sessions_;
    std::map<std::string, std::map<std::string, SessionPtr>, std::less<>> gateways_;
    std::unordered_map<std::string, std::set<std::string>> children_; ///< by parent's id

    std::mutex wheel_mutex_; ///< taken after mutex_ or alone
    std::array<std::vector<std::weak_ptr<Session>>, kWheelSlots> wheel_;
    base::UtcMs swept_second_ = 0;

    std::mutex stop_mutex_;
    std::condition_variable stop_changed_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace fairlead::device
