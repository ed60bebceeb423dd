// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/device/data_value.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::device {

inline constexpr std::int64_t kCommandTimeoutMsDefault = 10'000;
inline constexpr std::int64_t kCommandTimeoutMsMax = 300'000;
/// Commands that wait for one device's reply; a device that answers in 100 ms still does 160/s.
inline constexpr std::size_t kCommandsPerDeviceMax = 16;
/// In all; a waiting command is about 500 bytes.
inline constexpr std::size_t kCommandsMax = 20'000;

struct CommandReply {
    std::string message_id;
    bool success = true;
    std::string code;    ///< the device's, or REQUEST_HANDLING for one that is not waited for
    std::string message; ///< the device's
    std::vector<std::pair<std::string, DataValue>> properties; ///< read and write
    DataValue output;                                          ///< invoke
    std::int64_t milliseconds = 0;
};

using CommandDone = std::function<void(base::Result<CommandReply>)>;
using NamedValues = std::vector<std::pair<std::string, DataValue>>;

struct CommandOptions {
    std::int64_t timeout_ms = kCommandTimeoutMsDefault;
    /// Answers with REQUEST_HANDLING as soon as the transport took the message.
    bool asynchronous = false;
};

/// Asks devices to do something and waits for their answer. What the device answers, also "no", is
/// a CommandReply. Errors, with the code of deviceCode() in brackets: NotFound "device.unknown";
/// Conflict "device.offline" (CLIENT_OFFLINE), "device.inactive"; Timeout "device.timeout"
/// (TIME_OUT); Closed "device.connection_lost" (CONNECTION_LOST); Unsupported "device.unsupported"
/// (UNSUPPORTED_MESSAGE); Invalid "command.invalid" with fields() (PARAMETER_ERROR,
/// PROPERTY_UNDEFINED, FUNCTION_UNDEFINED, PARAMETER_UNDEFINED); Busy "device.busy" (SYSTEM_BUSY).
///
/// The forms with `done` do not block; it is called once, from any thread, and must not block. The
/// others block for up to the timeout.
class Commands {
public:
    virtual ~Commands() = default;

    virtual void readProperties(const std::string& device_id, std::vector<std::string> properties,
                                CommandOptions options, CommandDone done) = 0;
    virtual void writeProperties(const std::string& device_id, NamedValues properties,
                                 CommandOptions options, CommandDone done) = 0;
    virtual void invokeFunction(const std::string& device_id, const std::string& function,
                                NamedValues inputs, CommandOptions options, CommandDone done) = 0;

    base::Result<CommandReply> readProperties(const std::string& device_id,
                                              std::vector<std::string> properties,
                                              CommandOptions options = {});
    base::Result<CommandReply> writeProperties(const std::string& device_id, NamedValues properties,
                                               CommandOptions options = {});
    base::Result<CommandReply> invokeFunction(const std::string& device_id,
                                              const std::string& function, NamedValues inputs,
                                              CommandOptions options = {});

    virtual std::size_t waiting() const = 0;
};

/// The error code that devices' people know for an Error of Commands; "SYSTEM_ERROR" otherwise.
std::string_view deviceCode(const base::Error& error) noexcept;

} // namespace fairlead::device
