// SPDX-License-Identifier: Apache-2.0
#include "address_map.hpp"
#include "dtls_cookies.hpp"
#include "dtls_records.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <arpa/inet.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace fairlead::network;

PeerAddress v4(std::uint32_t host, std::uint16_t port) {
    PeerAddress address{};
    address.v4.sin_family = AF_INET;
    address.v4.sin_addr.s_addr = htonl(host);
    address.v4.sin_port = htons(port);
    return address;
}

PeerAddress v6(const char* host, std::uint16_t port, std::uint32_t scope = 0) {
    PeerAddress address{};
    address.v6.sin6_family = AF_INET6;
    inet_pton(AF_INET6, host, &address.v6.sin6_addr);
    address.v6.sin6_port = htons(port);
    address.v6.sin6_scope_id = scope;
    return address;
}

std::string record(char type, char epoch, const std::string& content) {
    std::string out{type, '\xfe', '\xfd', '\0', epoch};
    out += std::string(6, '\0');
    out += static_cast<char>(content.size() >> 8U);
    return out + static_cast<char>(content.size()) + content;
}

std::string message(char type, const std::string& body, std::size_t length, std::size_t offset) {
    const auto three = [](std::size_t n) {
        return std::string{static_cast<char>(n >> 16U), static_cast<char>(n >> 8U),
                           static_cast<char>(n)};
    };
    return std::string(1, type) + three(length) + std::string(2, '\0') + three(offset) +
           three(body.size()) + body;
}
std::string message(char type, const std::string& body) {
    return message(type, body, body.size(), 0);
}

struct Element {
    PeerAddress address;
    Element* map_next = nullptr;
    std::uint32_t map_hash = 0;
};

class DtlsPartsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DtlsPartsTest);
    CPPUNIT_TEST(findsTheFirstRecord);
    CPPUNIT_TEST(readsTheRandomOfAHello);
    CPPUNIT_TEST(readsTheIdentity);
    CPPUNIT_TEST(cookiesAreOfOneAddressAndTime);
    CPPUNIT_TEST(mapsAddresses);
    CPPUNIT_TEST_SUITE_END();

public:
    void findsTheFirstRecord() {
        const std::string one = record(22, 0, "abc");
        CPPUNIT_ASSERT_EQUAL(std::size_t{16}, dtls::firstRecord(one));
        CPPUNIT_ASSERT_EQUAL(std::size_t{16}, dtls::firstRecord(one + one));
        for (std::size_t i = 0; i < one.size(); ++i) {
            CPPUNIT_ASSERT_EQUAL(std::size_t{0}, dtls::firstRecord(one.substr(0, i)));
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{13}, dtls::firstRecord(record(22, 0, "")));
    }

    void readsTheRandomOfAHello() {
        const std::string random = std::string(24, 'r') + "12345678";
        const std::string hello = "\xfe\xfd" + random + "rest";
        const auto found = dtls::helloRandom(record(22, 0, message(1, hello)));
        std::uint64_t expected = 0;
        std::memcpy(&expected, "12345678", 8);
        CPPUNIT_ASSERT(found && *found == expected);
        // The first piece will do; a later one, an encrypted or another message will not.
        CPPUNIT_ASSERT(dtls::helloRandom(record(22, 0, message(1, hello, 900, 0))));
        CPPUNIT_ASSERT(!dtls::helloRandom(record(22, 0, message(1, hello, 900, 100))));
        CPPUNIT_ASSERT(!dtls::helloRandom(record(22, 1, message(1, hello))));
        CPPUNIT_ASSERT(!dtls::helloRandom(record(23, 0, message(1, hello))));
        CPPUNIT_ASSERT(!dtls::helloRandom(record(22, 0, message(2, hello))));
        CPPUNIT_ASSERT(!dtls::helloRandom(record(22, 0, message(1, hello.substr(0, 33)))));
        CPPUNIT_ASSERT(dtls::isHelloPiece(record(22, 0, message(1, hello, 900, 100))));
        CPPUNIT_ASSERT(!dtls::isHelloPiece(record(22, 0, message(1, hello, 900, 0))));
        CPPUNIT_ASSERT(!dtls::isHelloPiece(record(22, 1, message(1, hello, 900, 100))));
        CPPUNIT_ASSERT(!dtls::isHelloPiece({}));
        const std::string lies = message(1, hello).substr(0, 20); // more announced than there is
        CPPUNIT_ASSERT(!dtls::helloRandom(record(22, 0, lies)));
    }

    void readsTheIdentity() {
        const std::string exchange = message(16, std::string("\0\2d1", 4));
        const std::string plain = record(22, 0, exchange);
        const auto found = dtls::pskIdentity(plain);
        CPPUNIT_ASSERT(found && *found == "d1");
        // With what ECDHE adds, behind other messages and records, in one datagram or record.
        const std::string more = message(16, std::string("\0\2d2\x20"
                                                         "ecdhe",
                                                         10));
        CPPUNIT_ASSERT_EQUAL(std::string("d2"),
                             std::string(*dtls::pskIdentity(record(20, 0, "\1") +
                                                            record(22, 0, message(11, "") + more) +
                                                            record(22, 1, "encrypted"))));
        CPPUNIT_ASSERT_EQUAL(
            std::string{},
            std::string(*dtls::pskIdentity(record(22, 0, message(16, std::string("\0\0", 2))))));
        CPPUNIT_ASSERT(!dtls::pskIdentity(record(22, 1, exchange)));
        CPPUNIT_ASSERT(!dtls::pskIdentity(record(22, 0, message(16, std::string("\0\3d1", 4)))));
        CPPUNIT_ASSERT(!dtls::pskIdentity(record(22, 0, message(16, "\1"))));
        CPPUNIT_ASSERT(
            !dtls::pskIdentity(record(22, 0, message(16, std::string("\0\2d1", 4), 30, 0))));
        CPPUNIT_ASSERT(!dtls::pskIdentity({}));
    }

    void cookiesAreOfOneAddressAndTime() {
        DtlsCookies cookies(1'000);
        const auto text = [](const DtlsCookies::Cookie& cookie) {
            return std::string(cookie.begin(), cookie.end());
        };
        const PeerAddress a = v4(0x7F000001, 5684);
        const std::string good = text(cookies.make(a, 2'000));
        CPPUNIT_ASSERT(cookies.isGood(a, good, 3'000));
        CPPUNIT_ASSERT(!cookies.isGood(v4(0x7F000001, 5685), good, 3'000));
        CPPUNIT_ASSERT(!cookies.isGood(v4(0x7F000002, 5684), good, 3'000));
        CPPUNIT_ASSERT(!cookies.isGood(a, good.substr(1), 3'000));
        CPPUNIT_ASSERT(!cookies.isGood(a, {}, 3'000));
        CPPUNIT_ASSERT(cookies.isGood(a, good, 70'000)); // the secret has changed once
        CPPUNIT_ASSERT(!cookies.isGood(a, good, 140'000));
        const std::string late = text(cookies.make(a, 141'000));
        CPPUNIT_ASSERT(!cookies.isGood(a, late, 141'000 + 2 * DtlsCookies::kSecretMs + 1));
    }

    void mapsAddresses() {
        AddressMap<Element> map(7);
        std::vector<std::unique_ptr<Element>> elements;
        for (std::uint32_t i = 0; i < 5'000; ++i) {
            elements.push_back(std::make_unique<Element>());
            elements.back()->address =
                i % 2 == 0 ? v4(0x0A000000 + i / 64, static_cast<std::uint16_t>(i))
                           : v6("2001:db8::1", static_cast<std::uint16_t>(i), i % 4);
            CPPUNIT_ASSERT(map.find(elements.back()->address) == nullptr);
            map.insert(*elements.back());
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{5'000}, map.size());
        for (std::size_t i = 0; i < elements.size(); i += 3) {
            map.remove(*elements[i]);
            map.remove(*elements[i]); // once more is nothing
        }
        for (std::size_t i = 0; i < elements.size(); ++i) {
            Element* const expected = i % 3 == 0 ? nullptr : elements[i].get();
            CPPUNIT_ASSERT(map.find(elements[i]->address) == expected);
        }
        CPPUNIT_ASSERT(!(v6("fe80::1", 1, 1) == v6("fe80::1", 1, 2)));
        CPPUNIT_ASSERT(!(v6("::1", 1) == v4(0x7F000001, 1)));
        PeerAddress flow = v6("::1", 1);
        flow.v6.sin6_flowinfo = 9;
        flow.normalize();
        CPPUNIT_ASSERT(flow == v6("::1", 1) && flow.bytes() == v6("::1", 1).bytes());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(DtlsPartsTest);

} // namespace
