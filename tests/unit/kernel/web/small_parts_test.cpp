// SPDX-License-Identifier: Apache-2.0
// Addresses behind proxies, repeated requests, the system monitor.
#include "fairlead/web/client_address.hpp"
#include "fairlead/web/idempotency.hpp"
#include "fairlead/web/system_monitor.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using web::IdempotencyCache;
using web::TrustedProxies;

class SmallPartsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SmallPartsTest);
    CPPUNIT_TEST(believesTrustedProxiesOnly);
    CPPUNIT_TEST(refusesBrokenProxyLists);
    CPPUNIT_TEST(forgetsOldAnswers);
    CPPUNIT_TEST(tellsOfRequestsAtWork);
    CPPUNIT_TEST(staysBounded);
    CPPUNIT_TEST(countsRatesAndDays);
    CPPUNIT_TEST_SUITE_END();

    void believesTrustedProxiesOnly() {
        const auto proxies = TrustedProxies::parse({"10.0.0.0/8", "192.0.2.7", "fd00::/8"});
        CPPUNIT_ASSERT(proxies);
        const auto client = [&](const char* peer, const char* header) {
            return proxies->clientOf(peer, header);
        };
        CPPUNIT_ASSERT_EQUAL(std::string{"198.51.100.1"}, client("198.51.100.1", "1.2.3.4"));
        CPPUNIT_ASSERT_EQUAL(std::string{"1.2.3.4"}, client("10.1.1.1", "1.2.3.4"));
        CPPUNIT_ASSERT_EQUAL(std::string{"1.2.3.4"},
                             client("10.1.1.1", "6.6.6.6, 1.2.3.4, 192.0.2.7"));
        CPPUNIT_ASSERT_EQUAL(std::string{"10.1.1.1"}, client("10.1.1.1", "nonsense"));
        CPPUNIT_ASSERT_EQUAL(std::string{"10.1.1.1"}, client("10.1.1.1", ""));
        CPPUNIT_ASSERT_EQUAL(std::string{"2001:db8::1"}, client("fd00::9", "2001:db8::1"));
    }

    void refusesBrokenProxyLists() {
        for (const char* bad : {"x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "/8"}) {
            CPPUNIT_ASSERT_MESSAGE(bad, !TrustedProxies::parse({bad}));
        }
    }

    void forgetsOldAnswers() {
        IdempotencyCache cache;
        web::Response answer;
        answer.status = 201;
        answer.body = "one";
        CPPUNIT_ASSERT(!cache.begin("k", "body", 1000)->has_value());
        cache.finish("k", answer);
        CPPUNIT_ASSERT_EQUAL(std::string{"one"}, cache.begin("k", "body", 2000)->value().body);
        CPPUNIT_ASSERT(!cache.begin("k", "body", 1001 + IdempotencyCache::kKeepMs)->has_value());
    }

    void tellsOfRequestsAtWork() {
        IdempotencyCache cache;
        CPPUNIT_ASSERT(cache.begin("k", "body", 0));
        CPPUNIT_ASSERT_EQUAL(std::string{"idempotency.in_progress"},
                             cache.begin("k", "body", 1).error().code());
        cache.abandon("k");
        CPPUNIT_ASSERT(cache.begin("k", "body", 2));
    }

    void staysBounded() {
        IdempotencyCache cache;
        for (std::size_t i = 0; i < IdempotencyCache::kEntriesMax; ++i) {
            CPPUNIT_ASSERT(cache.begin(std::to_string(i), "b", 0));
        }
        CPPUNIT_ASSERT_EQUAL(std::string{"idempotency.busy"},
                             cache.begin("more", "b", 0).error().code());
        web::Response answer;
        answer.status = 201;
        cache.finish("5", answer);
        CPPUNIT_ASSERT(cache.begin("more", "b", 0));
        CPPUNIT_ASSERT_EQUAL(IdempotencyCache::kEntriesMax, cache.entries());
    }

    void countsRatesAndDays() {
        constexpr std::int64_t kMinute = 60'000;
        constexpr base::UtcMs kMidnight = 1'700'006'400'000;
        std::uint64_t uplink = 0;
        web::SystemProbe probe;
        probe.totals = [&] { return web::SystemProbe::Totals{uplink, uplink / 2, 3}; };
        probe.failed = [] {
            return std::vector<web::SystemProbe::Failed>{{"gateway", "g", "G", "port taken"}};
        };
        web::SystemMonitor monitor(probe);
        base::UtcMs now = kMidnight - kMinute;
        std::uint64_t ns = 1;
        const auto step = [&](std::uint64_t messages) {
            uplink += messages;
            now += kMinute;
            ns += 60'000'000'000U;
            monitor.sample(now, ns);
        };
        monitor.sample(now, ns);
        step(600); // midnight
        CPPUNIT_ASSERT_DOUBLES_EQUAL(10.0, monitor.counters().messages_per_second, 0.01);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, monitor.counters().messages_today);
        step(1200);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1200}, monitor.counters().messages_today);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, monitor.counters().gateways_failed);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, monitor.traffic().size());
        CPPUNIT_ASSERT_DOUBLES_EQUAL(10.0, monitor.traffic()[1].downlink_per_second, 0.01);
        for (int i = 0; i < 100; ++i) {
            step(1);
        }
        CPPUNIT_ASSERT_EQUAL(web::kTrafficMinutes, monitor.traffic().size());
        CPPUNIT_ASSERT(monitor.process().resident_bytes > 0);
        CPPUNIT_ASSERT(monitor.process().open_files > 0);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SmallPartsTest);
