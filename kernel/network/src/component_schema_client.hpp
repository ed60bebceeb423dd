// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// JSON Schemas of the common fields of client types, with texts in both languages.
namespace fairlead::network {

std::string_view remoteSchema() noexcept;    ///< remoteHost, remotePort
std::string_view dialTimesSchema() noexcept; ///< connectTimeout, reconnectFirst, reconnectLongest
std::string_view clientSecureSchema() noexcept; ///< secure, verifyServer, certificateId, …

} // namespace fairlead::network
