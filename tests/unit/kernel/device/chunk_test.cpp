// SPDX-License-Identifier: Apache-2.0
#include "chunk.hpp"
#include "chunk_packing.hpp"
#include "client_state.hpp"
#include "latest.hpp"
#include "record.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <random>

using namespace fairlead;
using namespace fairlead::device;

namespace {

std::vector<DataValue> everyKind() {
    DataValue binary = DataValue::text(std::string("\0\xff", 2));
    binary.kind = FL_VALUE_BINARY;
    return {DataValue{},
            DataValue::boolean(true),
            DataValue::integer(std::numeric_limits<std::int64_t>::min()),
            DataValue::integer(std::numeric_limits<std::int64_t>::max()),
            DataValue::number(-0.1),
            DataValue::text("温度"),
            DataValue::text(""),
            binary,
            DataValue::json(R"({"a":[1]})")};
}

} // namespace

class ChunkTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ChunkTest);
    CPPUNIT_TEST(keepsPoints);
    CPPUNIT_TEST(closesAtTheHour);
    CPPUNIT_TEST(keepsMessages);
    CPPUNIT_TEST(packsChunks);
    CPPUNIT_TEST(refusesBrokenPacks);
    CPPUNIT_TEST(keepsRecords);
    CPPUNIT_TEST(survivesBrokenBytes);
    CPPUNIT_TEST(keepsLatestValues);
    CPPUNIT_TEST(boundsUndeclaredValues);
    CPPUNIT_TEST(holdsOnceKeys);
    CPPUNIT_TEST(boundsClientStates);
    CPPUNIT_TEST_SUITE_END();

public:
    void keepsPoints() {
        PropertyChunkWriter writer;
        const auto values = everyKind();
        const base::UtcMs times[] = {5'000, 1'000, 3'599'999};
        for (std::size_t i = 0; i < 30; ++i) {
            const std::string id = "p" + std::to_string(i % 7);
            CPPUNIT_ASSERT(!writer.closes(times[i % 3]));
            writer.add(ChunkPoint{id, values[i % values.size()].view(), static_cast<Quality>(i % 3),
                                  times[i % 3]});
        }
        std::string blob;
        const ChunkFacts facts = writer.finish(blob);
        CPPUNIT_ASSERT_EQUAL(base::UtcMs{1'000}, facts.t0);
        CPPUNIT_ASSERT_EQUAL(base::UtcMs{3'599'999}, facts.t1);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{30}, facts.entries);
        std::size_t seen = 0;
        CPPUNIT_ASSERT(readPropertyChunk(blob, "", [&](const ChunkPoint& p, std::size_t index) {
            CPPUNIT_ASSERT_EQUAL(seen, index);
            CPPUNIT_ASSERT_EQUAL("p" + std::to_string(seen % 7), std::string{p.id});
            CPPUNIT_ASSERT(DataValue{p.value} == values[seen % values.size()]);
            CPPUNIT_ASSERT(p.quality == static_cast<Quality>(seen % 3));
            CPPUNIT_ASSERT_EQUAL(times[seen % 3], p.time);
            ++seen;
        }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{30}, seen);
        CPPUNIT_ASSERT(writer.empty());
    }

    void packsChunks() {
        PropertyChunkWriter writer;
        for (int i = 0; i < 500; ++i) {
            writer.add(ChunkPoint{"temperature", DataValue::number(20 + i % 3).view(),
                                  Quality::Good, 1'000 + i});
        }
        std::string blob;
        writer.finish(blob);
        const std::string plain = blob;
        ChunkPacker packer;
        packer.pack(blob);
        CPPUNIT_ASSERT(blob.size() * 3 < plain.size());
        int seen = 0;
        CPPUNIT_ASSERT(
            readPropertyChunk(blob, "temperature", [&](const ChunkPoint& p, std::size_t) {
                CPPUNIT_ASSERT_EQUAL(20.0 + seen % 3, p.value.d);
                ++seen;
            }));
        CPPUNIT_ASSERT_EQUAL(500, seen);
        // What would not be shorter stays as it is.
        std::string small = plain.substr(0, 40);
        packer.pack(small);
        CPPUNIT_ASSERT_EQUAL(plain.substr(0, 40), small);
        std::string noise;
        std::mt19937 random(1);
        while (noise.size() < 400) {
            noise.push_back(static_cast<char>(random()));
        }
        noise[0] = 1;
        std::string kept = noise;
        packer.pack(kept);
        CPPUNIT_ASSERT(kept == noise);
    }

    void refusesBrokenPacks() {
        std::string blob(2'000, 'a');
        blob[0] = 1;
        ChunkPacker packer;
        packer.pack(blob);
        std::string buffer;
        CPPUNIT_ASSERT(unpackChunk(blob, buffer).has_value());
        for (std::size_t cut = 1; cut < blob.size(); ++cut) {
            CPPUNIT_ASSERT(!unpackChunk(std::string_view{blob}.substr(0, cut), buffer));
        }
        for (std::size_t at = 1; at < 5; ++at) {
            std::string broken = blob;
            broken[at] = static_cast<char>(broken[at] ^ 0x55);
            CPPUNIT_ASSERT(!unpackChunk(broken, buffer));
        }
        // A frame that claims more than a chunk may hold is refused before memory is taken for it.
        std::string huge(kUnpackedChunkBytesMax + 1, 'a');
        packer.pack(huge);
        CPPUNIT_ASSERT(huge.size() < 100'000);
        CPPUNIT_ASSERT(!unpackChunk(huge, buffer));
    }

    void closesAtTheHour() {
        PropertyChunkWriter writer;
        CPPUNIT_ASSERT(!writer.closes(0));
        writer.add(ChunkPoint{"p", DataValue::integer(1).view(), Quality::Good, 3'599'999});
        CPPUNIT_ASSERT(writer.closes(3'600'000));
        CPPUNIT_ASSERT(!writer.closes(0));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{-1}, dayOf(-1));
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, dayOf(86'400'000));
    }

    void keepsMessages() {
        MessageChunkWriter writer;
        for (int i = 0; i < 5; ++i) {
            ChunkMessage message;
            message.time = 1'000 + i;
            message.direction = i % 2 == 0 ? Direction::Up : Direction::Down;
            message.truncated = i == 3;
            message.transport = i < 3 ? "MQTT" : "TCP";
            message.address = "/a/b";
            message.payload = "payload";
            message.result = i == 4 ? "bad" : "";
            message.section = "s";
            writer.add(message);
        }
        std::string blob;
        writer.finish(blob);
        int seen = 0;
        CPPUNIT_ASSERT(readMessageChunk(blob, [&](const ChunkMessage& m, std::size_t) {
            CPPUNIT_ASSERT_EQUAL(base::UtcMs{1'000 + seen}, m.time);
            CPPUNIT_ASSERT_EQUAL(std::string{seen < 3 ? "MQTT" : "TCP"}, std::string{m.transport});
            CPPUNIT_ASSERT_EQUAL(std::string{"/a/b"}, std::string{m.address});
            CPPUNIT_ASSERT_EQUAL(seen == 3, m.truncated);
            CPPUNIT_ASSERT_EQUAL(std::string{seen == 4 ? "bad" : ""}, std::string{m.result});
            ++seen;
        }));
        CPPUNIT_ASSERT_EQUAL(5, seen);
    }

    static std::string uplinkBytes() {
        StoredMessage message;
        message.kind = FL_DEVICE_REPORT_PROPERTY;
        message.device_key = 7;
        message.time = 900;
        message.message_id = "m1";
        const auto values = everyKind();
        std::string section;
        MessageWriter writer(section);
        writer.begin(message, 1'000, values.size());
        for (const DataValue& value : values) {
            writer.property(StoredProperty{"prop", value.view(), Quality::Bad, false, 800});
        }
        writer.end("problem");
        UplinkRecord head;
        head.device_key = 7;
        head.received_at = 1'000;
        head.transport = "MQTT";
        head.protocol = "official";
        head.once_scope = "c/1";
        head.once_key = "k";
        head.once_generation = 1ULL << 40U;
        head.payload = "{}";
        std::string out;
        beginUplink(head, 1, out);
        addSection(section, out);
        sealRecord(out, 0);
        return out;
    }

    void keepsRecords() {
        const std::string bytes = uplinkBytes();
        std::string_view rest{bytes};
        const auto record = nextRecord(rest);
        CPPUNIT_ASSERT(record && record->kind == RecordKind::Uplink && rest.empty());
        UplinkRecord uplink;
        CPPUNIT_ASSERT(readUplink(record->content, uplink));
        CPPUNIT_ASSERT_EQUAL(std::string{"k"}, std::string{uplink.once_key});
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1ULL << 40U}, uplink.once_generation);
        StoredMessage message;
        CPPUNIT_ASSERT(readMessage(uplink.messages.front(), uplink.received_at, message));
        CPPUNIT_ASSERT_EQUAL(base::UtcMs{900}, message.time);
        CPPUNIT_ASSERT_EQUAL(std::string{"problem"}, std::string{message.problem});
        const auto values = everyKind();
        CPPUNIT_ASSERT_EQUAL(values.size(), message.properties.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            CPPUNIT_ASSERT(DataValue{message.properties[i].value} == values[i]);
            CPPUNIT_ASSERT(message.properties[i].quality == Quality::Bad);
            CPPUNIT_ASSERT(!message.properties[i].declared);
            CPPUNIT_ASSERT_EQUAL(base::UtcMs{800}, message.properties[i].time);
        }
    }

    void survivesBrokenBytes() {
        std::string bytes = uplinkBytes();
        std::mt19937 random(7); // the same bytes every time
        for (int i = 0; i < 20'000; ++i) {
            std::string broken = bytes;
            for (int n = 0; n < 3; ++n) {
                broken[random() % broken.size()] = static_cast<char>(random());
            }
            broken.resize(random() % (broken.size() + 1));
            std::string_view rest{broken};
            while (nextRecord(rest)) {
            }
            // Also past the checksum: no reader may run beyond its bytes.
            UplinkRecord uplink;
            StoredMessage message;
            if (broken.size() > 9 && readUplink(std::string_view{broken}.substr(9), uplink)) {
                for (const auto section : uplink.messages) {
                    static_cast<void>(readMessage(section, 0, message));
                }
            }
            static_cast<void>(readPropertyChunk(broken, "", [](const ChunkPoint&, std::size_t) {}));
            static_cast<void>(readMessageChunk(broken, [](const ChunkMessage&, std::size_t) {}));
            LatestValues latest;
            static_cast<void>(latest.load(broken));
        }
        for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
            std::string_view cut = std::string_view{bytes}.substr(0, i);
            CPPUNIT_ASSERT(!nextRecord(cut));
        }
    }

    void keepsLatestValues() {
        LatestValues latest;
        CPPUNIT_ASSERT(
            latest.apply("a", DataValue::integer(1).view(), Quality::Good, true, 100, 100));
        CPPUNIT_ASSERT(
            latest.apply("b", DataValue::text("x").view(), Quality::Bad, false, 100, 100));
        // Older by the device's clock: does not replace.
        latest.apply("a", DataValue::integer(2).view(), Quality::Good, true, 99, 101);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, latest.find("a")->value.i);
        latest.apply("a", DataValue::integer(3).view(), Quality::Good, true, 100, 102);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{3}, latest.find("a")->value.i);
        // A clock that once was far ahead does not hold the device back for ever.
        latest.apply("a", DataValue::integer(4).view(), Quality::Good, true, 9'000'000'000, 103);
        latest.apply("a", DataValue::integer(5).view(), Quality::Good, true, 100'000, 100'000);
        latest.apply("a", DataValue::integer(6).view(), Quality::Good, true, 200'000, 140'000);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{6}, latest.find("a")->value.i);
        LatestValues copy;
        CPPUNIT_ASSERT(copy.load(latest.save()));
        CPPUNIT_ASSERT_EQUAL(latest.save(), copy.save());
        CPPUNIT_ASSERT(copy.find("b")->quality == Quality::Bad && !copy.find("b")->declared);
        CPPUNIT_ASSERT(!copy.load("x"));
    }

    void boundsUndeclaredValues() {
        LatestValues latest;
        const DataValue one = DataValue::integer(1);
        for (std::size_t i = 0; i < kUndeclaredMax; ++i) {
            CPPUNIT_ASSERT(
                latest.apply("u" + std::to_string(i), one.view(), Quality::Good, false, 1, 1));
        }
        CPPUNIT_ASSERT(!latest.apply("more", one.view(), Quality::Good, false, 1, 1));
        CPPUNIT_ASSERT(latest.apply("u3", one.view(), Quality::Good, false, 2, 2));
        CPPUNIT_ASSERT(latest.apply("declared", one.view(), Quality::Good, true, 1, 1));
    }

    void holdsOnceKeys() {
        ClientState clients;
        const auto first = clients.hold("s", "k");
        CPPUNIT_ASSERT(first.fresh);
        const auto again = clients.hold("s", "k");
        CPPUNIT_ASSERT(!again.fresh && again.entry == first.entry);
        CPPUNIT_ASSERT(clients.hold("s2", "k").fresh);
        CPPUNIT_ASSERT_EQUAL(first.entry->generation, clients.release("s", "k"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, clients.release("s", "k"));
        const auto anew = clients.hold("s", "k");
        CPPUNIT_ASSERT(anew.fresh && anew.entry->generation > first.entry->generation);
        // Replayed out of order: the release of the older one does not touch the newer.
        ClientState restored;
        restored.restoreHold("s", "k", anew.entry->generation);
        restored.restoreRelease("s", "k", first.entry->generation);
        CPPUNIT_ASSERT(!restored.hold("s", "k").fresh);
        restored.restoreRelease("s", "k", anew.entry->generation);
        const auto last = restored.hold("s", "k");
        CPPUNIT_ASSERT(last.fresh && last.entry->generation > anew.entry->generation);
    }

    void boundsClientStates() {
        ClientState clients;
        CPPUNIT_ASSERT(clients.put("s", "k", "v1").hasValue());
        CPPUNIT_ASSERT(clients.put("s", "k", "v22").hasValue());
        CPPUNIT_ASSERT_EQUAL(std::string{"v22"}, *clients.get("s", "k"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, clients.stateBytes());
        CPPUNIT_ASSERT(!clients.put("s", "k", std::string(kClientStateBytesMax + 1, 'x')));
        CPPUNIT_ASSERT(!clients.put("s", std::string(kClientKeyBytesMax + 1, 'x'), "v"));
        clients.remove("s", "k");
        CPPUNIT_ASSERT(clients.get("s", "k") == nullptr);
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, clients.stateBytes());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ChunkTest);
