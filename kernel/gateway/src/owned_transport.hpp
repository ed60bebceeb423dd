// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/message.h"

#include <string>
#include <utility>
#include <vector>

namespace fairlead::gateway {

/// A transport message that owns what it points to: a reply that waits for its commit.
class OwnedTransport {
public:
    explicit OwnedTransport(const fl_transport_message& source);

    /// Valid while this object lives unmoved.
    fl_transport_message view() const;

private:
    fl_transport_message plain_{};
    std::string address_;
    std::string method_;
    std::string content_type_;
    std::string payload_;
    std::vector<std::pair<std::string, std::string>> attributes_;
    mutable std::vector<fl_attribute> attribute_views_;
};

} // namespace fairlead::gateway
