// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/result.hpp"

namespace fairlead::base {

const char* toText(Errc code) noexcept {
    switch (code) {
    case Errc::Failed:
        return "failed";
    case Errc::Invalid:
        return "invalid";
    case Errc::Malformed:
        return "malformed";
    case Errc::Unsupported:
        return "unsupported";
    case Errc::NotFound:
        return "not_found";
    case Errc::Unauthorized:
        return "unauthorized";
    case Errc::Forbidden:
        return "forbidden";
    case Errc::Limit:
        return "limit";
    case Errc::Busy:
        return "busy";
    case Errc::Timeout:
        return "timeout";
    case Errc::Closed:
        return "closed";
    case Errc::Conflict:
        return "conflict";
    case Errc::Memory:
        return "memory";
    case Errc::Io:
        return "io";
    case Errc::Exception:
        return "exception";
    case Errc::Version:
        return "version";
    case Errc::Cancelled:
        return "cancelled";
    }
    return "failed";
}

} // namespace fairlead::base
