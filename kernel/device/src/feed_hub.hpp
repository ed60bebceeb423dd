// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/cluster/cluster.hpp"
#include "fairlead/device/data_value.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/device/feed.hpp"
#include "fairlead/device/message_log.hpp"
#include "fairlead/device/thing_model.hpp"

#include <atomic>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace fairlead::device {

/// The feed over the cluster's bus: topics "device.<id>" and "devices.state". What nobody on this
/// node watches is not even formatted.
class FeedHub final : public Feed {
public:
    explicit FeedHub(cluster::Cluster& cluster) : cluster_(cluster) {}

    base::Result<std::uint64_t> watchDevice(const std::string& device_id, Handler handler) override;
    base::Result<std::uint64_t> watchStates(Handler handler) override;
    void unwatch(std::uint64_t id) override;

    bool watched(std::string_view device_id) const {
        return devices_watched_.load(std::memory_order_relaxed) > 0 && isWatched(device_id);
    }

    void property(const std::string& device_id, std::string_view id, const fl_value& value,
                  const ValueType* type, Quality quality, base::UtcMs time);
    void event(const std::string& device_id, std::string_view id, const EventModel* model,
               const fl_value& data, base::UtcMs time);
    void message(const std::string& device_id, const LoggedMessage& message);
    void state(const std::string& device_id, DeviceState state, base::UtcMs time);

private:
    bool isWatched(std::string_view device_id) const;
    base::Result<std::uint64_t> watch(const std::string& topic, Handler handler);
    void publish(std::string topic, std::string json);

    cluster::Cluster& cluster_;
    std::atomic<int> devices_watched_{0};
    std::atomic<int> states_watched_{0};
    mutable std::shared_mutex mutex_;
    std::map<std::string, int, std::less<>> interest_; ///< topic to number of watches
    std::map<std::uint64_t, std::string> watches_;     ///< id to topic
};

/// "temp=36.5, hum=40" for the message log, shortened.
std::string summaryOf(const struct StoredMessage& message);

} // namespace fairlead::device
