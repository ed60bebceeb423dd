// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <string>
#include <vector>

namespace fairlead::security {

/// Something that uses something else, for refusals of kind "in use".
struct Usage {
    std::string kind; ///< "networkComponent"
    std::string id;
    std::string name;
};

/// Asked who uses a thing before it is taken away. Implemented by the users' module; lives longer
/// than what it is registered with. Thread: any. Blocks: may read the database.
class UsageProvider {
public:
    virtual ~UsageProvider() = default;
    virtual base::Result<std::vector<Usage>> usedBy(const std::string& id) = 0;
};

} // namespace fairlead::security
