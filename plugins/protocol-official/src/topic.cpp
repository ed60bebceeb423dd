// SPDX-License-Identifier: Apache-2.0
#include "topic.hpp"

#include "fairlead/message.h"
#include "limits.hpp"
#include "text.hpp"

namespace fairlead::official {
namespace {

struct Suffix {
    std::string_view text;
    std::uint32_t kind;
    bool collector;
};

// Reports first: nearly every message is one.
constexpr Suffix kUplinks[] = {
    {"properties/report", FL_DEVICE_REPORT_PROPERTY, false},
    {"properties/read/reply", FL_DEVICE_READ_PROPERTY_REPLY, false},
    {"properties/write/reply", FL_DEVICE_WRITE_PROPERTY_REPLY, false},
    {"function/invoke/reply", FL_DEVICE_INVOKE_FUNCTION_REPLY, false},
    {"online", FL_DEVICE_ONLINE, false},
    {"offline", FL_DEVICE_OFFLINE, false},
    {"tags", FL_DEVICE_UPDATE_TAG, false},
    {"register", FL_DEVICE_REGISTER, false},
    {"unregister", FL_DEVICE_UNREGISTER, false},
    {"log", FL_DEVICE_LOG, false},
    {"direct", FL_DEVICE_DIRECT, false},
    {"disconnect/reply", FL_DEVICE_DISCONNECT_REPLY, false},
    {"state-check/reply", FL_DEVICE_STATE_CHECK_REPLY, false},
    {"metadata/derived", FL_DEVICE_DERIVED_METADATA, false},
    {"firmware/upgrade/reply", FL_DEVICE_UPGRADE_FIRMWARE_REPLY, false},
    {"firmware/upgrade/progress", FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS, false},
    {"firmware/pull", FL_DEVICE_REQUEST_FIRMWARE, false},
    {"firmware/report", FL_DEVICE_REPORT_FIRMWARE, false},
    {"firmware/read/reply", FL_DEVICE_READ_FIRMWARE_REPLY, false},
    {"collector/report", FL_DEVICE_REPORT_PROPERTY, true},
    {"collector/read/reply", FL_DEVICE_READ_PROPERTY_REPLY, true},
    {"collector/write/reply", FL_DEVICE_WRITE_PROPERTY_REPLY, true},
};

struct Type {
    std::string_view text;
    std::uint32_t kind;
    bool uplink;
};

constexpr Type kTypes[] = {
    {"REPORT_PROPERTY", FL_DEVICE_REPORT_PROPERTY, true},
    {"READ_PROPERTY", FL_DEVICE_READ_PROPERTY, false},
    {"READ_PROPERTY_REPLY", FL_DEVICE_READ_PROPERTY_REPLY, true},
    {"WRITE_PROPERTY", FL_DEVICE_WRITE_PROPERTY, false},
    {"WRITE_PROPERTY_REPLY", FL_DEVICE_WRITE_PROPERTY_REPLY, true},
    {"INVOKE_FUNCTION", FL_DEVICE_INVOKE_FUNCTION, false},
    {"INVOKE_FUNCTION_REPLY", FL_DEVICE_INVOKE_FUNCTION_REPLY, true},
    {"EVENT", FL_DEVICE_EVENT, true},
    {"ONLINE", FL_DEVICE_ONLINE, true},
    {"OFFLINE", FL_DEVICE_OFFLINE, true},
    {"REGISTER", FL_DEVICE_REGISTER, true},
    {"UN_REGISTER", FL_DEVICE_UNREGISTER, true},
    {"DISCONNECT", FL_DEVICE_DISCONNECT, false},
    {"DISCONNECT_REPLY", FL_DEVICE_DISCONNECT_REPLY, true},
    {"UPDATE_TAG", FL_DEVICE_UPDATE_TAG, true},
    {"LOG", FL_DEVICE_LOG, true},
    {"DIRECT", FL_DEVICE_DIRECT, false}, // raw bytes, which JSON cannot carry
    {"STATE_CHECK", FL_DEVICE_STATE_CHECK, false},
    {"STATE_CHECK_REPLY", FL_DEVICE_STATE_CHECK_REPLY, true},
    {"DERIVED_METADATA", FL_DEVICE_DERIVED_METADATA, true},
    {"READ_FIRMWARE", FL_DEVICE_READ_FIRMWARE, false},
    {"READ_FIRMWARE_REPLY", FL_DEVICE_READ_FIRMWARE_REPLY, true},
    {"REPORT_FIRMWARE", FL_DEVICE_REPORT_FIRMWARE, true},
    {"REQUEST_FIRMWARE", FL_DEVICE_REQUEST_FIRMWARE, true},
    {"REQUEST_FIRMWARE_REPLY", FL_DEVICE_REQUEST_FIRMWARE_REPLY, false},
    {"UPGRADE_FIRMWARE", FL_DEVICE_UPGRADE_FIRMWARE, false},
    {"UPGRADE_FIRMWARE_REPLY", FL_DEVICE_UPGRADE_FIRMWARE_REPLY, true},
    {"UPGRADE_FIRMWARE_PROGRESS", FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS, true},
    {"ACKNOWLEDGE", FL_DEVICE_ACKNOWLEDGE, true},
};

// Takes the next level off `rest`; the slash behind it goes too.
std::string_view level(std::string_view& rest) noexcept {
    const std::size_t slash = rest.find('/');
    const std::string_view out = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    return out;
}

bool takePrefix(std::string_view& rest, std::string_view prefix) noexcept {
    if (rest.substr(0, prefix.size()) != prefix) {
        return false;
    }
    rest.remove_prefix(prefix.size());
    return true;
}

void matchSuffix(std::string_view rest, Topic& out) noexcept {
    for (const Suffix& suffix : kUplinks) {
        if (rest == suffix.text) {
            out.kind = suffix.kind;
            out.collector = suffix.collector;
            return;
        }
    }
    if (takePrefix(rest, "event/") && !rest.empty() && rest.size() <= kNameBytesMax &&
        rest.find('/') == std::string_view::npos) {
        out.kind = FL_DEVICE_EVENT;
        out.name = rest;
    }
}

} // namespace

Topic parseTopic(std::string_view topic) noexcept {
    Topic out;
    const bool rooted = takePrefix(topic, "/");
    out.product = level(topic);
    out.device = level(topic);
    if (out.device.empty() || topic.empty()) {
        return out;
    }
    if (rooted && topic == "time-sync") {
        out.kind = FL_DEVICE_TIME_SYNC;
        return out;
    }
    if (takePrefix(topic, "child/") || takePrefix(topic, "child-reply/")) {
        out.child = level(topic);
        if (!isId(out.child)) {
            return out;
        }
    }
    matchSuffix(topic, out);
    return out;
}

bool parseSocketPath(std::string_view path, Topic& out) noexcept {
    takePrefix(path, "/");
    out.product = level(path);
    out.device = level(path);
    return isId(out.device) && path == "socket";
}

std::string_view downlinkSuffix(std::uint32_t kind) noexcept {
    switch (kind) {
    case FL_DEVICE_READ_PROPERTY:
        return "properties/read";
    case FL_DEVICE_WRITE_PROPERTY:
        return "properties/write";
    case FL_DEVICE_INVOKE_FUNCTION:
        return "function/invoke";
    case FL_DEVICE_UPGRADE_FIRMWARE:
        return "firmware/upgrade";
    case FL_DEVICE_REQUEST_FIRMWARE_REPLY:
        return "firmware/pull/reply";
    case FL_DEVICE_READ_FIRMWARE:
        return "firmware/read";
    case FL_DEVICE_STATE_CHECK:
        return "state-check";
    case FL_DEVICE_TIME_SYNC_REPLY:
        return "time-sync/reply";
    default:
        return {};
    }
}

std::string_view messageType(std::uint32_t kind) noexcept {
    for (const Type& type : kTypes) {
        if (type.kind == kind) {
            return type.text;
        }
    }
    return {};
}

std::uint32_t kindOf(std::string_view message_type) noexcept {
    for (const Type& type : kTypes) {
        if (equalsIgnoreCase(type.text, message_type)) {
            return type.kind;
        }
    }
    return 0;
}

bool isUplink(std::uint32_t kind) noexcept {
    for (const Type& type : kTypes) {
        if (type.kind == kind) {
            return type.uplink;
        }
    }
    return false;
}

} // namespace fairlead::official
