// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/result.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <memory>

using namespace fairlead::base;

namespace {

Result<int> half(int n) {
    if (n % 2 != 0) {
        return Error(Errc::Invalid, "number.odd", "the number is odd");
    }
    return n / 2;
}

Result<int> quarter(int n) {
    FL_ASSIGN(const int once, half(n));
    FL_ASSIGN(const int twice, half(once));
    return twice;
}

Status check(int n) {
    FL_TRY(half(n));
    return {};
}

} // namespace

class ResultTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ResultTest);
    CPPUNIT_TEST(holdsAValue);
    CPPUNIT_TEST(holdsAnError);
    CPPUNIT_TEST(passesErrorsOn);
    CPPUNIT_TEST(carriesWhatCannotBeCopied);
    CPPUNIT_TEST(addsContext);
    CPPUNIT_TEST(namesEveryCode);
    CPPUNIT_TEST_SUITE_END();

public:
    void holdsAValue() {
        const Result<int> result = half(8);
        CPPUNIT_ASSERT(result);
        CPPUNIT_ASSERT_EQUAL(4, *result);
        CPPUNIT_ASSERT_EQUAL(4, half(8).valueOr(1));
    }

    void holdsAnError() {
        const Result<int> result = half(7);
        CPPUNIT_ASSERT(!result);
        CPPUNIT_ASSERT(result.error().kind() == Errc::Invalid);
        CPPUNIT_ASSERT_EQUAL(std::string("number.odd"), result.error().code());
        CPPUNIT_ASSERT_EQUAL(1, half(7).valueOr(1));
    }

    void passesErrorsOn() {
        CPPUNIT_ASSERT_EQUAL(2, *quarter(8));
        CPPUNIT_ASSERT(!quarter(6));
        CPPUNIT_ASSERT(check(2));
        CPPUNIT_ASSERT_EQUAL(std::string("the number is odd"), check(3).error().message());
    }

    void carriesWhatCannotBeCopied() {
        Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
        const std::unique_ptr<int> taken = std::move(result).value();
        CPPUNIT_ASSERT_EQUAL(5, *taken);
    }

    void addsContext() {
        const Error error = Error(Errc::Io, "disk.full", "no space").within("Cannot write x");
        CPPUNIT_ASSERT_EQUAL(std::string("Cannot write x: no space"), error.message());
        CPPUNIT_ASSERT_EQUAL(std::string("disk.full"), error.code());
    }

    void namesEveryCode() {
        for (int code = 1; code <= 17; ++code) {
            const std::string name = toText(static_cast<Errc>(code));
            CPPUNIT_ASSERT(!name.empty());
            for (int other = code + 1; other <= 17; ++other) {
                CPPUNIT_ASSERT(name != toText(static_cast<Errc>(other)));
            }
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ResultTest);
