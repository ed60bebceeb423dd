// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/security/certificates.hpp"
#include "fairlead/storage/database.hpp"

namespace fairlead::security {

/// The table "certificates". Every function works inside of the caller's transaction. Facts are not
/// stored: they are read from the chain.
class CertificateRepository {
public:
    struct Stored {
        Certificate certificate;
        std::string sealed_key;
    };

    static base::Result<CertificatePage> list(storage::Session& s,
                                              const storage::ListRequest& request);
    /// NotFound when there is none.
    static base::Result<Stored> get(storage::Session& s, const std::string& id);
    static base::Result<std::int64_t> count(storage::Session& s);
    static base::Status insert(storage::Session& s, const Stored& stored);
    /// Writes where id and version match, and raises the version.
    static base::Status update(storage::Session& s, const Stored& stored);
    static base::Status remove(storage::Session& s, const Certificate& certificate);
};

} // namespace fairlead::security
