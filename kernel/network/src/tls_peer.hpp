// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

struct ssl_st;

namespace fairlead::network {

/// SNI of a finished handshake; may be empty.
std::string serverNameOf(const ssl_st* ssl);
/// RFC 2253 subject of the verified client certificate; empty without one.
std::string clientSubjectOf(const ssl_st* ssl);

} // namespace fairlead::network
