// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/device/entry.hpp"

#include <functional>

namespace fairlead::device {

/// Devices in memory, loaded on demand from the database, bounded (least recently used without a
/// session leaves first).
class Registry {
public:
    using Loaded = std::function<void(base::Result<DevicePtr>)>;

    virtual ~Registry() = default;

    /// From memory only; nullptr when the device is not there. Thread: any. Blocks: no.
    virtual DevicePtr find(std::string_view device_id) = 0;

    /// From memory or the database. `done` is called once, at once or on an executor thread; Errc
    /// NotFound when there is no such device. Concurrent loads of one device share one query. What
    /// does not exist is remembered briefly, so that a stranger cannot hammer the database.
    /// Thread: any. Blocks: no.
    virtual void load(std::string device_id, Loaded done) = 0;

    /// Like load, for callers that may block.
    virtual base::Result<DevicePtr> get(std::string_view device_id) = 0;
};

} // namespace fairlead::device
