// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

namespace fairlead::device {

// In this module a Session is a device's; these are the database's words.
using DbSession = storage::Session;
using DbValue = storage::Value;
using DbRow = storage::Row;
using DbBlob = storage::Blob;

} // namespace fairlead::device
