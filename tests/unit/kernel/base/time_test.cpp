// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/time.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::base;

class TimeTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TimeTest);
    CPPUNIT_TEST(writesMilliseconds);
    CPPUNIT_TEST(readsWhatItWrites);
    CPPUNIT_TEST(readsOffsetsAndFractions);
    CPPUNIT_TEST(refusesWhatIsNoTime);
    CPPUNIT_TEST(clocksMove);
    CPPUNIT_TEST_SUITE_END();

public:
    void writesMilliseconds() {
        CPPUNIT_ASSERT_EQUAL(std::string("1970-01-01T00:00:00.000Z"), toRfc3339(0));
        CPPUNIT_ASSERT_EQUAL(std::string("2026-01-31T08:00:00.123Z"), toRfc3339(1769846400123));
        CPPUNIT_ASSERT_EQUAL(std::string("1969-12-31T23:59:59.999Z"), toRfc3339(-1));
    }

    void readsWhatItWrites() {
        for (const UtcMs time : {UtcMs{0}, UtcMs{951782400000}, UtcMs{1769846400123},
                                 UtcMs{4102444799999}, UtcMs{-86400000}}) {
            CPPUNIT_ASSERT_EQUAL(time, parseRfc3339(toRfc3339(time)).value());
        }
    }

    void readsOffsetsAndFractions() {
        CPPUNIT_ASSERT_EQUAL(UtcMs{1769846400000},
                             parseRfc3339("2026-01-31T16:00:00+08:00").value());
        CPPUNIT_ASSERT_EQUAL(UtcMs{1769846400500}, parseRfc3339("2026-01-31T08:00:00.5Z").value());
        CPPUNIT_ASSERT_EQUAL(UtcMs{1769846400123},
                             parseRfc3339("2026-01-31T08:00:00.123456Z").value());
        CPPUNIT_ASSERT(parseRfc3339("2024-02-29T00:00:00Z").has_value());
    }

    void refusesWhatIsNoTime() {
        for (const char* text :
             {"", "2026", "2026-01-31", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
              "2026-01-31T24:00:00Z", "2026-01-31T08:60:00Z", "2026-01-31T08:00:00",
              "2026-01-31T08:00:00Zx", "2026-01-31T08:00:00.Z", "2026-01-31 08:00:00+8"}) {
            CPPUNIT_ASSERT_MESSAGE(text, !parseRfc3339(text).has_value());
        }
    }

    void clocksMove() {
        CPPUNIT_ASSERT(utcNow() > 1'700'000'000'000);
        const std::uint64_t before = monotonicNs();
        CPPUNIT_ASSERT(monotonicNs() >= before);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TimeTest);
