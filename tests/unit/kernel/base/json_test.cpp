// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/json.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead::base;

class JsonTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(JsonTest);
    CPPUNIT_TEST(readsAndWrites);
    CPPUNIT_TEST(readsMembers);
    CPPUNIT_TEST(refusesBadText);
    CPPUNIT_TEST(limitsDepth);
    CPPUNIT_TEST(keepsNumbers);
    CPPUNIT_TEST(knowsTheRangeOfNumbers);
    CPPUNIT_TEST_SUITE_END();

public:
    void readsAndWrites() {
        const std::string text = R"({"a":1,"b":[true,null,"阀"],"c":0.1})";
        CPPUNIT_ASSERT_EQUAL(text, toText(parseJson(text).value()));
    }

    void readsMembers() {
        const auto json = parseJson(R"({"t":"x","n":7,"b":true,"f":1.5})");
        CPPUNIT_ASSERT_EQUAL(std::string_view("x"), textOr(*json, "t", "?"));
        CPPUNIT_ASSERT_EQUAL(std::string_view("?"), textOr(*json, "n", "?"));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{7}, integerOr(*json, "n", 0));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{-1}, integerOr(*json, "t", -1));
        CPPUNIT_ASSERT(booleanOr(*json, "b", false));
        CPPUNIT_ASSERT(booleanOr(*json, "missing", true));
        CPPUNIT_ASSERT(member(*json, "f") != nullptr);
        CPPUNIT_ASSERT(member(*json, "missing") == nullptr);
        CPPUNIT_ASSERT(member(*parseJson("[1]"), "f") == nullptr);
    }

    void refusesBadText() {
        for (const char* text :
             {"", "{", "{\"a\":}", "[1,]", "nul", "{\"a\":1}x", "\"\xFF\"", "01", "{'a':1}"}) {
            const auto json = parseJson(text);
            CPPUNIT_ASSERT_MESSAGE(text, !json);
            CPPUNIT_ASSERT(!json.error().message().empty());
        }
    }

    void limitsDepth() {
        const auto nested = [](int depth) {
            return std::string(static_cast<std::size_t>(depth), '[') +
                   std::string(static_cast<std::size_t>(depth), ']');
        };
        CPPUNIT_ASSERT(parseJson(nested(kJsonDepthMax)));
        CPPUNIT_ASSERT(!parseJson(nested(kJsonDepthMax + 1)));
        CPPUNIT_ASSERT(!parseJson(nested(100'000)));
    }

    void keepsNumbers() {
        for (const char* text :
             {"0", "-1", "2147483648", "-9223372036854775808", "18446744073709551615", "0.1",
              "-0.0", "123456.789", "5e-324", "1.7976931348623157e308"}) {
            CPPUNIT_ASSERT_EQUAL(std::string(text), toText(parseJson(text).value()));
        }
        CPPUNIT_ASSERT_EQUAL(0.1 + 0.2, parseJson("0.30000000000000004")->GetDouble());
        CPPUNIT_ASSERT(parseJson("2147483648")->IsInt64());
        CPPUNIT_ASSERT(parseJson("7")->IsInt());
        CPPUNIT_ASSERT(parseJson("1e2")->IsDouble());
        CPPUNIT_ASSERT(parseJson("18446744073709551616")->IsDouble());
        // The sanitizers stop at what RapidJSON's own conversion does here.
        CPPUNIT_ASSERT_EQUAL(0.0, parseJson("0e66")->GetDouble());
        CPPUNIT_ASSERT_EQUAL(0.0, parseJson("[0.00e+43]")->GetArray()[0].GetDouble());
    }

    void knowsTheRangeOfNumbers() {
        const std::string zeros(400, '0');
        for (const char* text : {"1e-400", "1E-99999999999999999999", "0.0000001e-320"}) {
            CPPUNIT_ASSERT_EQUAL_MESSAGE(text, 0.0, parseJson(text)->GetDouble());
        }
        CPPUNIT_ASSERT_EQUAL(0.0, parseJson("0." + zeros + "1e+10")->GetDouble());
        for (const std::string& text :
             {std::string("1e309"), "-1" + zeros, "1" + zeros + "e-9", std::string("[1,2e999]")}) {
            const auto json = parseJson(text);
            CPPUNIT_ASSERT_MESSAGE(text, !json);
            CPPUNIT_ASSERT(json.error().message().find("too big") != std::string::npos);
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(JsonTest);
