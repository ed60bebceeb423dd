// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"
#include "record.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace fairlead;
using namespace fairlead::device;

namespace {

constexpr std::uint64_t kSegment = 256U << 10;

std::string recordOf(const std::string& key, std::size_t bytes = 10) {
    std::string out;
    writeClient(RecordKind::StatePut, ClientRecord{"scope", key, 0, std::string(bytes, 'x')}, out);
    return out;
}

/// Keys of the records of a block that can be read.
void keysOf(const JournalBlock& block, std::vector<std::string>& out) {
    std::string_view records{block.records};
    while (const auto next = nextRecord(records)) {
        ClientRecord record;
        CPPUNIT_ASSERT(readClient(next->content, record));
        out.emplace_back(record.key);
    }
}

} // namespace

class JournalTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(JournalTest);
    CPPUNIT_TEST(readsWhatWasAppended);
    CPPUNIT_TEST(recoversAfterReopening);
    CPPUNIT_TEST(changesSegments);
    CPPUNIT_TEST(reusesReleasedSegments);
    CPPUNIT_TEST(cutsATornTailAtAnyByte);
    CPPUNIT_TEST(keepsWhatStandsBehindDamage);
    CPPUNIT_TEST(ignoresImitatedBlocks);
    CPPUNIT_TEST(failsForGoodAfterAFailedSync);
    CPPUNIT_TEST(failsForGoodAfterAFailedWrite);
    CPPUNIT_TEST(startsAnewBehindTheCheckpoint);
    CPPUNIT_TEST(recoversFromTheCheckpointOn);
    CPPUNIT_TEST(removesFilesThatWereNeverBegun);
    CPPUNIT_TEST(preparesAhead);
    CPPUNIT_TEST_SUITE_END();

    test::TempDir dir_;
    std::unique_ptr<Journal> journal_;
    std::vector<std::string> recovered_;
    JournalSystem system_ = realJournalSystem();

    JournalOptions options() {
        JournalOptions out;
        out.directory = dir_.path() / "journal";
        out.segment_bytes = kSegment;
        out.bytes_max = 4 * kSegment;
        out.system = system_;
        return out;
    }

    void open(JournalPosition from = {}) {
        journal_.reset();
        recovered_.clear();
        auto opened = Journal::open(
            options(), from, [this](const JournalBlock& block) { keysOf(block, recovered_); });
        CPPUNIT_ASSERT_MESSAGE(opened ? "" : opened.error().message(), opened.hasValue());
        journal_ = std::move(*opened);
    }

    base::Status append(const std::vector<std::string>& records) {
        FL_TRY(journal_->ensureRoom(sizeOf(records)));
        const std::vector<std::string_view> parts(records.begin(), records.end());
        return journal_->append(parts, static_cast<std::uint32_t>(records.size()));
    }
    static std::uint64_t sizeOf(const std::vector<std::string>& records) {
        std::uint64_t out = 0;
        for (const std::string& record : records) {
            out += record.size();
        }
        return out;
    }
    void mustAppend(const std::vector<std::string>& records) {
        const base::Status done = append(records);
        CPPUNIT_ASSERT_MESSAGE(done ? "" : done.error().message(), done.hasValue());
    }

    std::vector<std::string> readAll(JournalPosition from = {}) {
        std::vector<std::string> out;
        JournalReader reader(*journal_, from);
        JournalBlock block;
        for (;;) {
            const auto more = reader.next(block);
            CPPUNIT_ASSERT(more.hasValue());
            if (!*more) {
                return out;
            }
            keysOf(block, out);
        }
    }

    std::filesystem::path segment(std::uint64_t number) {
        char name[40];
        std::snprintf(name, sizeof name, "%016llx.journal",
                      static_cast<unsigned long long>(number));
        return dir_.path() / "journal" / name;
    }

    static void overwrite(const std::filesystem::path& path, std::uint64_t offset,
                          const std::string& bytes) {
        const int file = ::open(path.c_str(), O_WRONLY);
        CPPUNIT_ASSERT(file >= 0);
        CPPUNIT_ASSERT_EQUAL(
            static_cast<ssize_t>(bytes.size()),
            ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)));
        ::close(file);
    }
    static std::string contentOf(const std::filesystem::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

public:
    void readsWhatWasAppended() {
        open();
        mustAppend({recordOf("a"), recordOf("b")});
        mustAppend({recordOf("c")});
        CPPUNIT_ASSERT((readAll() == std::vector<std::string>{"a", "b", "c"}));
    }

    void recoversAfterReopening() {
        open();
        mustAppend({recordOf("a")});
        open();
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"a"}));
        mustAppend({recordOf("b")});
        open();
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"a", "b"}));
        CPPUNIT_ASSERT((readAll() == std::vector<std::string>{"a", "b"}));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, journal_->recovery().torn_bytes);
    }

    void changesSegments() {
        open();
        std::vector<std::string> keys;
        for (int i = 0; i < 40; ++i) {
            keys.push_back(std::to_string(i));
            mustAppend({recordOf(keys.back(), 20'000)});
        }
        CPPUNIT_ASSERT(journal_->committed().segment >= 3);
        CPPUNIT_ASSERT(readAll() == keys);
        open();
        CPPUNIT_ASSERT(recovered_ == keys);
    }

    void reusesReleasedSegments() {
        open();
        for (int i = 0; i < 200; ++i) {
            mustAppend({recordOf(std::to_string(i), 20'000)});
            journal_->release(journal_->committed());
        }
        CPPUNIT_ASSERT(journal_->bytes() <= 2 * kSegment);
        CPPUNIT_ASSERT(!journal_->isFull());
        const JournalPosition end = journal_->committed();
        mustAppend({recordOf("last")});
        open(end);
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"last"}));
    }

    void cutsATornTailAtAnyByte() {
        open();
        mustAppend({recordOf("a"), recordOf("b")});
        const std::uint64_t begin = journal_->committed().offset;
        mustAppend({recordOf("torn-1"), recordOf("torn-2")});
        const std::uint64_t end = journal_->committed().offset;
        const std::string whole = contentOf(segment(1));
        for (std::uint64_t cut = begin; cut < end; ++cut) {
            // Up to `cut` the block reached the disk, what is behind is as it was before: zeros.
            journal_.reset();
            std::filesystem::remove_all(dir_.path() / "journal");
            std::filesystem::create_directories(dir_.path() / "journal");
            std::string torn = whole;
            std::fill(torn.begin() + static_cast<std::ptrdiff_t>(cut), torn.end(), '\0');
            std::ofstream(segment(1), std::ios::binary) << torn;
            open();
            // The padding at the end carries nothing.
            const bool complete = whole.compare(0, whole.size(), torn) == 0;
            CPPUNIT_ASSERT_EQUAL(complete ? std::size_t{4} : std::size_t{2}, recovered_.size());
            CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, journal_->recovery().damaged_blocks);
            mustAppend({recordOf("c")});
            open();
            CPPUNIT_ASSERT_EQUAL(std::string{"c"}, recovered_.back());
            CPPUNIT_ASSERT_EQUAL(complete ? std::size_t{5} : std::size_t{3}, recovered_.size());
        }
    }

    void keepsWhatStandsBehindDamage() {
        open();
        mustAppend({recordOf("a")});
        const std::uint64_t broken = journal_->committed().offset;
        mustAppend({recordOf("b1"), recordOf("b2")});
        const std::uint64_t second = journal_->committed().offset;
        mustAppend({recordOf("c")});
        mustAppend({recordOf("d")});
        journal_.reset();
        // One flipped bit in the second record of the block, and a header destroyed altogether.
        const std::string content = contentOf(segment(1));
        std::string flipped{content[broken + 48 + recordOf("b1").size() + 12]};
        flipped[0] = static_cast<char>(flipped[0] ^ 1);
        overwrite(segment(1), broken + 48 + recordOf("b1").size() + 12, flipped);
        overwrite(segment(1), second, "XXXXXXXX");
        open();
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"a", "b1", "d"}));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, journal_->recovery().damaged_blocks);
        CPPUNIT_ASSERT((readAll() == std::vector<std::string>{"a", "b1", "d"}));
    }

    void ignoresImitatedBlocks() {
        open();
        // A payload that looks like a block of the next sequence, at every alignment.
        const std::string inner = recordOf("forged");
        BlockHeader header;
        header.nonce = 0; // the nonce cannot be known
        header.sequence = 2;
        header.records = 1;
        header.bytes = static_cast<std::uint32_t>(inner.size());
        std::string forged;
        for (int i = 0; i < 32; ++i) {
            forged += encode(header) + inner;
            forged.resize((forged.size() + 15) / 16 * 16);
        }
        std::string record;
        writeClient(RecordKind::StatePut, ClientRecord{"scope", "real", 0, forged}, record);
        mustAppend({record});
        const std::uint64_t begin = kSegmentHeaderBytes;
        journal_.reset();
        overwrite(segment(1), begin, "XXXX");
        open();
        CPPUNIT_ASSERT(recovered_.empty());
    }

    void failsForGoodAfterAFailedSync() {
        bool broken = false;
        system_.sync = [&broken](int file) { return broken ? EIO : ::fdatasync(file); };
        open();
        mustAppend({recordOf("a")});
        broken = true;
        CPPUNIT_ASSERT(!append({recordOf("b")}));
        CPPUNIT_ASSERT(journal_->failed());
        // What is not known to be on disk is not shown to readers.
        CPPUNIT_ASSERT((readAll() == std::vector<std::string>{"a"}));
    }

    void failsForGoodAfterAFailedWrite() {
        const auto real = system_.write;
        bool broken = false;
        system_.write = [&](int file, std::span<iovec> parts, std::uint64_t offset) {
            return broken ? ENOSPC : real(file, parts, offset);
        };
        open();
        broken = true;
        CPPUNIT_ASSERT(!append({recordOf("b")}));
        CPPUNIT_ASSERT(journal_->failed());
    }

    void startsAnewBehindTheCheckpoint() {
        // The files are gone, the database's checkpoint is not: numbers must not repeat.
        open(JournalPosition{7, 4096});
        CPPUNIT_ASSERT(journal_->committed().segment > 7);
        mustAppend({recordOf("a")});
        CPPUNIT_ASSERT((readAll(JournalPosition{7, 4096}) == std::vector<std::string>{"a"}));
    }

    void recoversFromTheCheckpointOn() {
        open();
        mustAppend({recordOf("a")});
        const JournalPosition done = journal_->committed();
        mustAppend({recordOf("b")});
        open(done);
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"b"}));
        mustAppend({recordOf("c")});
        const JournalPosition all = journal_->committed();
        open(all);
        CPPUNIT_ASSERT(recovered_.empty());
        mustAppend({recordOf("d")});
        open(all);
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"d"}));
    }

    void removesFilesThatWereNeverBegun() {
        open();
        mustAppend({recordOf("a")});
        CPPUNIT_ASSERT(journal_->prepare().hasValue());
        journal_.reset();
        std::ofstream(segment(99), std::ios::binary) << std::string(8192, '\0');
        open();
        CPPUNIT_ASSERT((recovered_ == std::vector<std::string>{"a"}));
        CPPUNIT_ASSERT(!std::filesystem::exists(segment(99)));
    }

    void preparesAhead() {
        open();
        CPPUNIT_ASSERT(journal_->prepare().hasValue());
        CPPUNIT_ASSERT(std::filesystem::exists(segment(2)));
        for (int i = 0; i < 20; ++i) {
            mustAppend({recordOf(std::to_string(i), 20'000)});
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{20}, readAll().size());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(JournalTest);
