// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/client_address.hpp"

#include "fairlead/base/text.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>

#include <algorithm>
#include <charconv>

namespace fairlead::web {

struct TrustedProxies::Range {
    Poco::Net::IPAddress network;
    Poco::Net::IPAddress mask;
};

base::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& texts) {
    TrustedProxies proxies;
    for (const std::string& text : texts) {
        const std::size_t slash = text.find('/');
        Poco::Net::IPAddress address;
        bool valid = Poco::Net::IPAddress::tryParse(text.substr(0, slash), address);
        const unsigned longest = valid && address.family() == Poco::Net::IPAddress::IPv4 ? 32 : 128;
        unsigned bits = longest;
        if (valid && slash != std::string::npos) {
            const char* end = text.data() + text.size();
            const auto [at, error] = std::from_chars(text.data() + slash + 1, end, bits);
            valid = error == std::errc{} && at == end && bits <= longest;
        }
        if (!valid) {
            return base::Error::invalid("'" + text + "' is no address or network of a proxy");
        }
        const Poco::Net::IPAddress mask(bits, address.family());
        proxies.ranges_.push_back(std::make_shared<const Range>(Range{address & mask, mask}));
    }
    return proxies;
}

bool TrustedProxies::contains(const std::string& address) const {
    Poco::Net::IPAddress parsed;
    if (!Poco::Net::IPAddress::tryParse(address, parsed)) {
        return false;
    }
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) {
        return range->network.family() == parsed.family() &&
               (parsed & range->mask) == range->network;
    });
}

std::string TrustedProxies::clientOf(const std::string& peer,
                                     std::string_view forwarded_for) const {
    std::string client = peer;
    while (!forwarded_for.empty() && contains(client)) {
        const std::size_t comma = forwarded_for.rfind(',');
        const std::string_view last = base::trim(
            comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
        forwarded_for =
            comma == std::string_view::npos ? std::string_view{} : forwarded_for.substr(0, comma);
        Poco::Net::IPAddress parsed;
        if (!Poco::Net::IPAddress::tryParse(std::string{last}, parsed)) {
            break;
        }
        client = parsed.toString();
    }
    return client;
}

} // namespace fairlead::web
