// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace fairlead::device {

inline constexpr std::size_t kWatchesMax = 4'096;

/// Live events for the pages. The data path pays one atomic load while nobody watches.
/// Thread: any; handlers run on a thread of the cluster's bus and must be short.
class Feed {
public:
    using Handler = std::function<void(const std::string& json)>;

    virtual ~Feed() = default;

    /// Of one device, one JSON object each:
    ///   {"kind":"property","id","value","text","time","quality"}
    ///   {"kind":"state","state","time"}
    ///   {"kind":"event","event","name","level","data","time"}
    ///   {"kind":"message","message":{… as toJson(LoggedMessage), id empty …}}
    /// Error Limit above kWatchesMax.
    virtual base::Result<std::uint64_t> watchDevice(const std::string& device_id,
                                                    Handler handler) = 0;
    /// Every device's state: {"id","state","time"}.
    virtual base::Result<std::uint64_t> watchStates(Handler handler) = 0;
    /// The handler does not run any more when this returns, unless it is the caller itself.
    virtual void unwatch(std::uint64_t id) = 0;
};

} // namespace fairlead::device
