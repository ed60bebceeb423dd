// SPDX-License-Identifier: Apache-2.0
// Names of enumerations in the API.
#include "fairlead/device/devices.hpp"
#include "fairlead/device/message_log.hpp"
#include "fairlead/device/products.hpp"

#include <array>

namespace fairlead::device {

namespace {

constexpr std::array<const char*, 33> kMessageKinds{"other",
                                                    "reportProperty",
                                                    "readProperty",
                                                    "readPropertyReply",
                                                    "writeProperty",
                                                    "writePropertyReply",
                                                    "functionInvoke",
                                                    "functionReply",
                                                    "event",
                                                    "online",
                                                    "offline",
                                                    "register",
                                                    "unregister",
                                                    "disconnect",
                                                    "disconnectReply",
                                                    "tag",
                                                    "log",
                                                    "direct",
                                                    "stateCheck",
                                                    "stateCheckReply",
                                                    "metadata",
                                                    "readFirmware",
                                                    "readFirmwareReply",
                                                    "reportFirmware",
                                                    "pullFirmware",
                                                    "pullFirmwareReply",
                                                    "upgradeFirmware",
                                                    "upgradeFirmwareReply",
                                                    "upgradeFirmwareProgress",
                                                    "timeSync",
                                                    "timeSyncReply",
                                                    "keepalive",
                                                    "acknowledge"};
constexpr std::array<const char*, 3> kDeviceKinds{"device", "gateway", "child"};
constexpr std::array<const char*, 3> kDeviceStates{"inactive", "offline", "online"};

template <typename E, std::size_t N>
std::optional<E> parseName(const std::array<const char*, N>& names, std::string_view text) {
    for (std::size_t i = 0; i < N; ++i) {
        if (text == names[i]) {
            return static_cast<E>(i);
        }
    }
    return std::nullopt;
}

} // namespace

const char* messageKindText(std::uint32_t kind) noexcept {
    return kMessageKinds[kind < kMessageKinds.size() ? kind : 0];
}

std::optional<std::uint32_t> parseMessageKind(std::string_view text) noexcept {
    return parseName<std::uint32_t>(kMessageKinds, text);
}

const char* toText(Direction direction) noexcept {
    return direction == Direction::Up ? "up" : "down";
}

const char* toText(DeviceKind kind) noexcept {
    return kDeviceKinds[static_cast<std::size_t>(kind)];
}

std::optional<DeviceKind> parseDeviceKind(std::string_view text) noexcept {
    return parseName<DeviceKind>(kDeviceKinds, text);
}

const char* toText(DeviceState state) noexcept {
    return kDeviceStates[static_cast<std::size_t>(state)];
}

std::optional<DeviceState> parseDeviceState(std::string_view text) noexcept {
    return parseName<DeviceState>(kDeviceStates, text);
}

} // namespace fairlead::device
