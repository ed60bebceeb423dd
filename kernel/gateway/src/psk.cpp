// SPDX-License-Identifier: Apache-2.0
#include "psk.hpp"

namespace fairlead::gateway {

namespace {

int digitOf(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::string keyOf(std::string_view setting) {
    if (setting.substr(0, 2) != "0x") {
        return setting.size() > kPskBytesMax ? std::string{} : std::string{setting};
    }
    setting.remove_prefix(2);
    if (setting.size() % 2 != 0 || setting.size() > 2 * kPskBytesMax) {
        return {};
    }
    std::string key;
    for (std::size_t i = 0; i < setting.size(); i += 2) {
        const int high = digitOf(setting[i]);
        const int low = digitOf(setting[i + 1]);
        if (high < 0 || low < 0) {
            return {};
        }
        key += static_cast<char>(high * 16 + low);
    }
    return key;
}

} // namespace fairlead::gateway
