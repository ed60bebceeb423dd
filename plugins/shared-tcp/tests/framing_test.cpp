// SPDX-License-Identifier: Apache-2.0
#include "framing.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <string>
#include <vector>

using namespace fairlead::tcp;

class TcpFramingTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TcpFramingTest);
    CPPUNIT_TEST(readsDelimiters);
    CPPUNIT_TEST(cutsFixedLength);
    CPPUNIT_TEST(cutsDelimited);
    CPPUNIT_TEST(cutsLengthFields);
    CPPUNIT_TEST(refusesLongFrames);
    CPPUNIT_TEST(cutsWhatWasRead);
    CPPUNIT_TEST(doesNotCareHowBytesArrive);
    CPPUNIT_TEST_SUITE_END();

    static Bytes bytes(const std::string& s) {
        return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
    }
    static std::string text(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
    // All frames of `stream`, given in pieces of `step` bytes; "!" for one that is too long.
    static std::vector<std::string> cut(const Framing& framing, const std::string& stream,
                                        std::size_t step) {
        std::vector<std::string> out;
        std::string kept;
        std::size_t scanned = 0;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            kept += stream.substr(at, step);
            for (;;) {
                const Frame frame = cutFrame(framing, bytes(kept), scanned);
                if (frame.cut == Cut::TooLong) {
                    out.emplace_back("!");
                    return out;
                }
                if (frame.cut == Cut::Incomplete) {
                    break;
                }
                CPPUNIT_ASSERT(frame.bytes > 0 && frame.bytes <= kept.size());
                out.push_back(text(frame.payload));
                kept.erase(0, frame.bytes);
            }
        }
        return out;
    }
    static Framing lengthField(std::uint8_t length, std::uint16_t offset, bool little) {
        Framing f;
        f.rule = Rule::LengthField;
        f.length = length;
        f.offset = offset;
        f.little = little;
        return f;
    }

public:
    void readsDelimiters() {
        const std::vector<std::pair<std::string, std::string>> good = {
            {"\\r\\n", "\r\n"},
            {"\\n", "\n"},
            {"||", "||"},
            {"0x0D0a", "\r\n"},
            {"0X00", std::string(1, '\0')},
            {"\\x7E\\x7e", "~~"},
            {"a\\\\b", "a\\b"},
            {"\\t\\0", std::string("\t\0", 2)},
            {"0", "0"},
            {"0x", "0x"},
            {"0", "0"}};
        for (const auto& [in, out] : good) {
            const auto parsed = parseDelimiter(in);
            CPPUNIT_ASSERT_MESSAGE(in, parsed.has_value());
            CPPUNIT_ASSERT_EQUAL(out, *parsed);
        }
        for (const char* bad : {"", "0x0", "0xGG", "\\", "\\q", "\\x1", "\\xZZ"}) {
            CPPUNIT_ASSERT_MESSAGE(bad, !parseDelimiter(bad).has_value());
        }
        CPPUNIT_ASSERT(parseDelimiter(std::string(64, 'x')).has_value());
        CPPUNIT_ASSERT(!parseDelimiter(std::string(65, 'x')).has_value());
    }

    void cutsFixedLength() {
        Framing f;
        f.rule = Rule::FixedLength;
        f.size = 3;
        const std::vector<std::string> expected = {"abc", "def"};
        CPPUNIT_ASSERT(expected == cut(f, "abcdefg", 7));
    }

    void cutsDelimited() {
        Framing f;
        f.rule = Rule::Delimited;
        f.delimiter = "\r\n";
        const std::vector<std::string> expected = {"one", "", "t\rwo", "x\n"};
        for (std::size_t step = 1; step < 20; ++step) {
            CPPUNIT_ASSERT(expected == cut(f, "one\r\n\r\nt\rwo\r\nx\n\r\nrest", step));
        }
        f.delimiter = "aab"; // begins inside itself
        const std::vector<std::string> twisted = {"a", "x"};
        for (std::size_t step = 1; step < 8; ++step) {
            CPPUNIT_ASSERT(twisted == cut(f, "aaabxaab", step));
        }
    }

    void cutsLengthFields() {
        struct Case {
            Framing framing;
            std::string frame;
        };
        const std::string z1(1, '\0');
        const std::string z2(2, '\0');
        const std::string z3(3, '\0');
        const std::string z7(7, '\0');
        for (const Case& c : std::vector<Case>{
                 {lengthField(1, 0, false), "\x03"
                                            "abc"},
                 {lengthField(2, 0, false), z1 + "\x03"
                                                 "abc"},
                 {lengthField(2, 0, true), "\x03" + z1 + "abc"},
                 {lengthField(3, 0, false), z2 + "\x03"
                                                 "abc"},
                 {lengthField(3, 2, true), "HH\x03" + z2 + "abc"},
                 {lengthField(4, 0, false), z3 + "\x03"
                                                 "abc"},
                 {lengthField(4, 1, true), "H\x03" + z3 + "abc"},
                 {lengthField(8, 0, false), z7 + "\x03"
                                                 "abc"},
                 {lengthField(8, 3, true), "HHH\x03" + z7 + "abc"},
                 {lengthField(4, 0, false), z3 + z1},
             }) {
            const std::vector<std::string> twice = {c.frame, c.frame};
            for (std::size_t step = 1; step < 30; ++step) {
                CPPUNIT_ASSERT(twice ==
                               cut(c.framing, c.frame + c.frame + c.frame.substr(0, 1), step));
            }
        }
    }

    void refusesLongFrames() {
        const std::vector<std::string> refused = {"!"};
        for (const std::uint8_t length : {std::uint8_t{3}, std::uint8_t{4}, std::uint8_t{8}}) {
            for (const bool little : {false, true}) {
                const std::string all(length, '\xFF'); // also -1 and what would overflow
                CPPUNIT_ASSERT(refused == cut(lengthField(length, 0, little), all, 1));
            }
        }
        Framing f = lengthField(2, 0, false);
        f.max_frame = 100;
        CPPUNIT_ASSERT(refused == cut(f, std::string("\0\x63", 2), 2));
        CPPUNIT_ASSERT(cut(f, std::string("\0\x62", 2) + std::string(98, 'x'), 200).size() == 1);
        f.rule = Rule::Delimited;
        f.delimiter = "\n";
        CPPUNIT_ASSERT(refused == cut(f, std::string(101, 'x'), 101));
        CPPUNIT_ASSERT(refused == cut(f, std::string(101, 'x') + "\n", 200));
        CPPUNIT_ASSERT(refused == cut(f, std::string(200, 'x'), 1));
        CPPUNIT_ASSERT(cut(f, std::string(100, 'x') + "\n", 1).size() == 1);
    }

    void cutsWhatWasRead() {
        Framing f;
        f.max_frame = 4;
        const std::vector<std::string> expected = {"abcd", "ef"};
        CPPUNIT_ASSERT(expected == cut(f, "abcdef", 6));
    }

    void doesNotCareHowBytesArrive() {
        Framing f;
        f.rule = Rule::Delimited;
        f.delimiter = "--";
        std::string stream;
        for (int i = 0; i < 200; ++i) {
            stream += std::string(static_cast<std::size_t>(i % 17), "-,+"[i % 3]) + "--";
        }
        const auto whole = cut(f, stream, stream.size());
        for (std::size_t step = 1; step < 40; ++step) {
            CPPUNIT_ASSERT(whole == cut(f, stream, step));
        }
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TcpFramingTest);
