// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::security {

/// Bytes of one PEM text; a chain of ten RSA-4096 certificates is 25 KB.
inline constexpr std::size_t kPemBytesMax = 256 * 1024;
inline constexpr std::size_t kChainLengthMax = 16;

/// What the first certificate of a chain says.
struct CertificateFacts {
    std::string subject; ///< RFC 2253
    std::vector<std::string> names;
    std::string issuer;
    base::UtcMs not_before = 0;
    base::UtcMs not_after = 0;
    std::string fingerprint; ///< SHA-256 as lower-case hex
    std::size_t chain_length = 0;
    bool self_signed = false;
};

/// Parses PEM certificates, leaf first, each signed by the next. Errors: Invalid with code
/// "certificate.parse", "certificate.order" or "certificate.too_long".
base::Result<CertificateFacts> inspectChain(std::string_view pem);

/// Invalid "certificate.expired" or "certificate.not_yet_valid".
base::Status checkValidity(const CertificateFacts& facts, base::UtcMs now);

/// The key (PEM, unencrypted) belongs to the chain's first certificate. Invalid with code
/// "certificate.key_parse" or "certificate.key_mismatch".
base::Status checkKey(std::string_view chain_pem, std::string_view key_pem);

/// Trusted authorities: one or more certificates in any order. Invalid "certificate.trust_parse".
base::Status checkTrust(std::string_view pem);

struct KeyPair {
    std::string chain; ///< PEM
    std::string key;   ///< PEM
};

/// Self-signed P-256 certificate for names and addresses, for development. `days` 1 to 3650.
base::Result<KeyPair> makeSelfSigned(std::span<const std::string> hosts, int days);

} // namespace fairlead::security
