// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/abi.h"
#include "fairlead/base/result.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::plugin {

inline constexpr std::size_t kTextBytesMax = 1U << 20; // a long document in a few languages

inline fl_err freshError() {
    return {sizeof(fl_err), 0, 0, {}};
}

/// Copies min(their size, ours) of a table into a zeroed one: members that the giver does not know
/// are null, members that we do not know are left out.
template <class T>
T copyTable(const T* theirs) {
    T out{};
    if (theirs != nullptr) {
        std::uint32_t size = 0;
        std::memcpy(&size, theirs, sizeof(size)); // every such table starts with its size
        std::memcpy(&out, theirs, std::min<std::size_t>(size, sizeof(T)));
        out.size = static_cast<std::uint32_t>(std::min<std::size_t>(size, sizeof(T)));
    }
    return out;
}

/// Element of an array of sized structs: the stride is the giver's size, not ours.
template <class T>
T copyElement(const T* first, std::size_t index) {
    std::uint32_t stride = 0;
    std::memcpy(&stride, first, sizeof(stride));
    const auto* base = reinterpret_cast<const unsigned char*>(first);
    return copyTable(reinterpret_cast<const T*>(base + index * stride));
}

/// An owned copy of a text; longer ones than kTextBytesMax come out empty.
inline std::string ownText(fl_str s) {
    return s.p == nullptr || s.n > kTextBytesMax ? std::string() : std::string(s.p, s.n);
}

inline fl_str toStr(std::string_view s) {
    return {s.data(), s.size()};
}

/// Error of a module's call: its kind from the status, its text, after `context`.
inline base::Error toError(fl_status status, const fl_err& err, const std::string& context) {
    const bool known = status <= FL_E_FAILED && status >= FL_E_CANCELLED;
    const auto kind = known ? static_cast<base::Errc>(-status) : base::Errc::Failed;
    const std::string text(err.text, std::min<std::size_t>(err.len, sizeof(err.text)));
    return {kind, "plugin.failed",
            context + ": " + (text.empty() ? "status " + std::to_string(status) : text)};
}

} // namespace fairlead::plugin
