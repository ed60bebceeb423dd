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
};

CPPUNIT_TEST_SUITE_REGISTRATION(JsonTest);
