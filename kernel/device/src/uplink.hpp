// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command_table.hpp"
#include "fairlead/device/ingest.hpp"
#include "fairlead/device/module.hpp"
#include "feed_hub.hpp"
#include "latest.hpp"
#include "record.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::device {

/// Properties of one message that are looked at: a full model and as many undeclared ones as a
/// device may have.
inline constexpr std::size_t kMessagePropertiesMax = 564;

/// What the lanes share when they apply messages. Set up before the first lane; then read only.
struct UplinkContext {
    FeedHub* feed = nullptr;
    CommandTable* commands = nullptr;
    static constexpr std::size_t kKinds = 33;
    std::array<std::vector<Module::Observer>, kKinds> observers;
    std::shared_ptr<runtime::Counter> messages_total;
    std::shared_ptr<runtime::Counter> invalid_total;

    UplinkContext();
};

/// Turns device messages into stored ones and makes them felt. One per lane: keeps scratch memory.
class UplinkApplier {
public:
    explicit UplinkApplier(const UplinkContext& context) : context_(context) {}

    /// Appends the sections of what is worth storing to `sections`, validated, and updates the
    /// latest values. Gives their number.
    std::size_t apply(const Uplink& uplink, base::UtcMs received_at,
                      std::vector<std::string>& sections);
    /// After the record is in the batch: replies, feed, observers.
    void announce(const Uplink& uplink, base::UtcMs received_at,
                  const std::vector<std::string>& sections, std::size_t count);

    /// At most how many bytes `apply` may write for the messages.
    static std::size_t bytesAtMost(const Uplink& uplink) noexcept;

private:
    /// The section of the n-th message.
    void section(const Uplink& uplink, std::size_t n, base::UtcMs received_at, std::string& out);
    void takeValues(const DevicePtr& device, const ThingModel& model,
                    const fl_device_message& message, base::UtcMs received_at);
    void takeValue(const ThingModel& model, LatestValues& latest, const fl_property& property,
                   base::UtcMs received_at);
    void takeTags(const fl_device_message& message);
    void takeEvent(const ThingModel& model, const fl_device_message& message);
    void reject(std::string_view id, const std::string& why);
    DataValue& scratch();

    const UplinkContext& context_;
    StoredMessage stored_;
    std::vector<std::unique_ptr<DataValue>> values_; ///< what stored_ points into
    std::size_t values_used_ = 0;
    std::string problem_;
    std::size_t property_hint_ = 0; ///< devices report in the same order each time
};

} // namespace fairlead::device
