// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace fairlead::official {

/// Markdown for people who connect their first device, per transport and language.
extern const std::string_view kMqttZh;
extern const std::string_view kMqttEn;
extern const std::string_view kHttpZh;
extern const std::string_view kHttpEn;
extern const std::string_view kSocketZh;
extern const std::string_view kSocketEn;
extern const std::string_view kTcpZh;
extern const std::string_view kTcpEn;
extern const std::string_view kUdpZh;
extern const std::string_view kUdpEn;

} // namespace fairlead::official
