// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace fairlead::network {

/// A descriptor whose readiness the loop waits for.
using Watch = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

} // namespace fairlead::network
