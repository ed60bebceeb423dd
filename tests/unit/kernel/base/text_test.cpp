// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/text.hpp"

#include "fairlead/base/id.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <set>

using namespace fairlead::base;

class TextTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TextTest);
    CPPUNIT_TEST(countsCharactersNotBytes);
    CPPUNIT_TEST(refusesBrokenUtf8);
    CPPUNIT_TEST(checksNamesAndDescriptions);
    CPPUNIT_TEST(trims);
    CPPUNIT_TEST(convertsHex);
    CPPUNIT_TEST(hashes);
    CPPUNIT_TEST(sumsCrc);
    CPPUNIT_TEST(makesIds);
    CPPUNIT_TEST(comparesSecrets);
    CPPUNIT_TEST_SUITE_END();

public:
    void countsCharactersNotBytes() {
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, countCharacters("").value());
        CPPUNIT_ASSERT_EQUAL(std::size_t{4}, countCharacters("网关ab").value());
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, countCharacters("\xF0\x9F\x98\x80").value());
    }

    void refusesBrokenUtf8() {
        for (const std::string text : {"\xC0\x80", "\xE4\xBD", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                       "\x80", "a\xFFz", "\xE0\x80\x80", "\xF0\x80\x80\x80"}) {
            CPPUNIT_ASSERT(!countCharacters(text).has_value());
        }
    }

    void checksNamesAndDescriptions() {
        std::string name;
        for (int i = 0; i < 64; ++i) {
            name += "阀";
        }
        CPPUNIT_ASSERT(checkName(name, "name"));
        CPPUNIT_ASSERT_EQUAL(std::string("text.too_long"),
                             checkName(name + "x", "name").error().code());
        CPPUNIT_ASSERT_EQUAL(std::string("text.required"), checkName("", "name").error().code());
        CPPUNIT_ASSERT_EQUAL(std::string("text.required"), checkName("  ", "name").error().code());
        CPPUNIT_ASSERT(!checkName("\xFF", "name"));
        CPPUNIT_ASSERT(checkDescription("", "description"));
        CPPUNIT_ASSERT(checkDescription(std::string(200, 'x'), "description"));
        CPPUNIT_ASSERT(!checkDescription(std::string(201, 'x'), "description"));
    }

    void trims() {
        CPPUNIT_ASSERT_EQUAL(std::string_view("a b"), trim(" \t a b\n"));
        CPPUNIT_ASSERT_EQUAL(std::string_view(""), trim(" \r\n"));
    }

    void convertsHex() {
        const std::vector<std::uint8_t> bytes{0x00, 0xAB, 0xFF};
        CPPUNIT_ASSERT_EQUAL(std::string("00abff"), toHex(bytes));
        CPPUNIT_ASSERT(fromHex("00ABff").value() == bytes);
        CPPUNIT_ASSERT(!fromHex("0").has_value());
        CPPUNIT_ASSERT(!fromHex("0g").has_value());
    }

    void hashes() {
        CPPUNIT_ASSERT_EQUAL(
            std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            sha256Hex("abc"));
    }

    void sumsCrc() {
        // RFC 3720, B.4.
        CPPUNIT_ASSERT_EQUAL(0xE3069283U, crc32c(0, "123456789", 9));
        const std::string zeros(32, '\0');
        CPPUNIT_ASSERT_EQUAL(0x8A9136AAU, crc32c(0, zeros.data(), zeros.size()));
        const std::uint32_t first = crc32c(0, "1234", 4);
        CPPUNIT_ASSERT_EQUAL(0xE3069283U, crc32c(first, "56789", 5));
    }

    void makesIds() {
        std::set<std::string> ids;
        for (int i = 0; i < 1000; ++i) {
            const std::string id = newId();
            CPPUNIT_ASSERT_EQUAL(std::size_t{16}, id.size());
            CPPUNIT_ASSERT(isUserId(id));
            ids.insert(id);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{1000}, ids.size());
        CPPUNIT_ASSERT_EQUAL(std::size_t{32}, randomHex(16).size());
        CPPUNIT_ASSERT(!isUserId(""));
        CPPUNIT_ASSERT(!isUserId("a/b"));
        CPPUNIT_ASSERT(!isUserId(std::string(65, 'a')));
        CPPUNIT_ASSERT(isUserId("A-z_09"));
    }

    void comparesSecrets() {
        CPPUNIT_ASSERT(equalSecret("abc", "abc"));
        CPPUNIT_ASSERT(!equalSecret("abc", "abd"));
        CPPUNIT_ASSERT(!equalSecret("abc", "ab"));
        CPPUNIT_ASSERT(equalSecret("", ""));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TextTest);
