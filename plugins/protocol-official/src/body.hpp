// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/message.h"
#include "fairlead/sdk/base.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace fairlead::official {

/// The members of a JSON body that the protocol knows; others are skipped. Views point into the
/// payload or into the reader's buffer and live until the reader's next call.
struct Body {
    std::string_view message_id;
    std::string_view device_id;
    std::string_view message_type;
    std::string_view child_device_id;
    std::string_view child_message; ///< JSON text of `childDeviceMessage`.
    std::string_view function_id;
    std::string_view event;
    std::string_view code;
    std::string_view message;
    std::string_view headers; ///< JSON text of an object.
    std::string_view text;    ///< The whole body, without white space around it.
    std::int64_t time_ms = 0; ///< 0 when missing, not positive or beyond the year 9999.
    bool success = true;
    bool all = false;
    bool has_properties = false; ///< `properties` or `tags` was an object.
    bool has_tags = false;       ///< It was `tags`.
    bool has_records = false;    ///< `data` was an array of records (collector bodies).
    fl_value data{};
    fl_value output{};
    fl_value state{};
    fl_value log{};
    fl_value metadata{};
    std::vector<fl_property> properties; ///< Members of `properties` or `tags`, or the records.
};

/// Parses JSON bodies with one SAX pass over a private copy; reuses its memory, so a steady stream
/// of reports allocates nothing. Not thread-safe.
class BodyReader {
public:
    BodyReader();
    ~BodyReader();

    /// Reads `payload` into `out`. An empty payload counts as `{}`. `collector`: take `data` apart
    /// as records of address, value, state and timestamp. Malformed JSON, broken UTF-8 and passed
    /// limits are errors that say what and where.
    sdk::Status read(std::string_view payload, bool collector, Body& out);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::official
