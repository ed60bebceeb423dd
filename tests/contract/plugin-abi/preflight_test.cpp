// SPDX-License-Identifier: Apache-2.0
#include "preflight.hpp"

#include "fixture.hpp"
#include "staging.hpp"

#include <cppunit/extensions/HelperMacros.h>
#include <elf.h>
#include <random>

namespace fairlead::plugin {
namespace {

class PreflightTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(PreflightTest);
    CPPUNIT_TEST(acceptsGoodPlugins);
    CPPUNIT_TEST(refusesEachBrokenRule);
    CPPUNIT_TEST(judgesImportsByPolicy);
    CPPUNIT_TEST(marksUniqueSymbols);
    CPPUNIT_TEST(refusesOtherFiles);
    CPPUNIT_TEST(survivesEveryCut);
    CPPUNIT_TEST(survivesFlippedBytes);
    CPPUNIT_TEST_SUITE_END();

    static std::string bytesOf(const std::string& name) {
        return readImage(sample(name)).value().bytes;
    }
    static std::string refusal(const std::string& name) {
        const auto result = preflight(bytesOf(name), {});
        return result ? "accepted" : result.error().message();
    }

    void acceptsGoodPlugins() {
        for (const char* name : {"sample-v1", "sample-v2", "minimal"}) {
            const auto facts = preflight(bytesOf(name), {false, {}});
            CPPUNIT_ASSERT_MESSAGE(name, facts);
            CPPUNIT_ASSERT_EQUAL(std::size_t{1}, facts->exports.size());
            CPPUNIT_ASSERT_EQUAL(std::string("fl_plugin_entry_v1"), facts->exports[0]);
            CPPUNIT_ASSERT(facts->unique.empty());
#ifndef FAIRLEAD_SANITIZED
            CPPUNIT_ASSERT_MESSAGE(facts->not_unloadable.empty() ? ""
                                                                 : facts->not_unloadable.front(),
                                   facts->not_unloadable.empty());
            CPPUNIT_ASSERT_EQUAL(std::string("accepted"), refusal(name));
#endif
        }
    }

    void refusesEachBrokenRule() {
        const std::pair<const char*, const char*> cases[] = {
            {"odd-textrel", "text relocations"},
            {"odd-rpath", "search path"},
            {"odd-execstack", "executable stack"},
            {"odd-no-entry", "does not export fl_plugin_entry_v1"},
        };
        for (const auto& [name, text] : cases) {
            const std::string why = refusal(name);
            CPPUNIT_ASSERT_MESSAGE(std::string(name) + ": " + why,
                                   why.find(text) != std::string::npos);
        }
    }

    void judgesImportsByPolicy() {
        const auto strict = preflight(bytesOf("odd-forbidden"), {true, {}});
        CPPUNIT_ASSERT(!strict);
#ifndef FAIRLEAD_SANITIZED
        CPPUNIT_ASSERT_EQUAL(std::string("it calls system, which plugins must not"),
                             strict.error().message());
#endif
        const auto lenient = preflight(bytesOf("odd-forbidden"), {false, {}});
        CPPUNIT_ASSERT(lenient);
        CPPUNIT_ASSERT(std::any_of(
            lenient->warnings.begin(), lenient->warnings.end(),
            [](const std::string& w) { return w.find("it calls system") != std::string::npos; }));
    }

    void marksUniqueSymbols() {
        const auto facts = preflight(bytesOf("unique"), {false, {}});
        CPPUNIT_ASSERT(facts);
#ifdef __GNUC__
#ifndef __clang__
        CPPUNIT_ASSERT(!facts->unique.empty());
        CPPUNIT_ASSERT(!facts->not_unloadable.empty());
#endif
#endif
    }

    void refusesOtherFiles() {
        CPPUNIT_ASSERT_EQUAL(std::string("not an ELF file"), preflight("", {}).error().message());
        CPPUNIT_ASSERT_EQUAL(std::string("not an ELF file"),
                             preflight(std::string(10'000, 'x'), {}).error().message());
        std::string other = bytesOf("minimal");
        other[offsetof(Elf64_Ehdr, e_machine)] = 3; // a 386
        CPPUNIT_ASSERT_EQUAL(std::string("built for another kind of machine"),
                             preflight(other, {}).error().message());
        const std::string program = readImage("/proc/self/exe").value().bytes;
        CPPUNIT_ASSERT(!preflight(program, {}));
    }

    void survivesEveryCut() {
        const std::string whole = bytesOf("minimal");
        const auto last = preflight(whole, {false, {}});
        CPPUNIT_ASSERT(last);
        for (std::size_t n = 0; n < whole.size(); n += n < 2048 ? 1 : 97) {
            const auto result = preflight(std::string_view(whole).substr(0, n), {false, {}});
            // The tail after the last segment (section headers) is not needed.
            CPPUNIT_ASSERT(!result || n > 4096);
        }
    }

    void survivesFlippedBytes() {
        const std::string whole = bytesOf("minimal");
        std::mt19937 random(4711);
        std::size_t refused = 0;
        for (int round = 0; round < 5000; ++round) {
            std::string broken = whole;
            for (int i = 0; i < 8; ++i) {
                broken[random() % std::min<std::size_t>(broken.size(), 4096)] =
                    static_cast<char>(random());
            }
            refused += preflight(broken, {false, {}}) ? 0U : 1U;
        }
        CPPUNIT_ASSERT(refused > 0);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(PreflightTest);

} // namespace
} // namespace fairlead::plugin
