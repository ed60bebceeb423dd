// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/abi.h"

#include <string>
#include <string_view>

namespace fairlead::gateway {

inline std::string_view view(fl_str text) noexcept {
    return {text.p, text.n};
}
inline std::string toString(fl_str text) {
    return text.n == 0 ? std::string{} : std::string{text.p, text.n};
}
inline fl_str borrow(std::string_view text) noexcept {
    return {text.data(), text.size()};
}
inline std::string_view view(const fl_err& error) noexcept {
    return {error.text, error.len <= sizeof error.text ? error.len : sizeof error.text};
}

} // namespace fairlead::gateway
