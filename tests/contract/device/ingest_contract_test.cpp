// SPDX-License-Identifier: Apache-2.0
// Ingest, history, message log.
#include "device_contract_support.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <random>

using namespace fairlead;
using namespace fairlead::device;
using namespace device_contract;

void DeviceContract::storesReports() {
    const DevicePtr device = makeDevice("d1");
    store(device, Report{}
                      .time(kNoon)
                      .value("temp", DataValue::number(36.5))
                      .value("count", DataValue::integer(3))
                      .value("extra", DataValue::text("x")));
    store(device, Report{}.time(kNoon + 1'000).value("temp", DataValue::number(37)));
    const auto check = [&] {
        const auto views = must(module_->devices().properties("d1"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{5}, views.size());
        CPPUNIT_ASSERT_EQUAL(std::string{"37 °C"}, views[0].text);
        CPPUNIT_ASSERT_EQUAL(kNoon + 1'000, views[0].time);
        CPPUNIT_ASSERT_EQUAL(std::string{"3"}, views[1].value.toJson());
        CPPUNIT_ASSERT(views[2].value.isNull() && views[2].time == 0 && views[2].writable);
        CPPUNIT_ASSERT_EQUAL(std::string{"extra"}, views[4].id);
        CPPUNIT_ASSERT(!views[4].declared);
    };
    check();
    HistoryQuery query;
    query.device_id = "d1";
    query.property = "temp";
    const HistoryPage page = must(module_->history().property(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{2}, page.items.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"37"}, page.items[0].value.toJson());
    CPPUNIT_ASSERT_EQUAL(kNoon, page.items[1].time);
    shut();
    open();
    check(); // from the database now
}

void DeviceContract::keepsWhatIsInvalidAsRaw() {
    const DevicePtr device = makeDevice("d1");
    Report report;
    report.time(kNoon)
        .value("temp", DataValue::number(5'000))
        .value("count", DataValue::integer(7))
        .value("mode", DataValue::text("z"));
    report.payload = "the raw payload";
    store(device, report);
    HistoryQuery query;
    query.device_id = "d1";
    query.property = "temp";
    CPPUNIT_ASSERT(must(module_->history().property(query)).items.empty());
    query.property = "count";
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, must(module_->history().property(query)).items.size());
    MessageQuery messages;
    messages.device_id = "d1";
    const auto line = must(module_->messageLog().messages(messages)).items.at(0);
    CPPUNIT_ASSERT_EQUAL(std::string{"the raw payload"}, line.payload);
    CPPUNIT_ASSERT_EQUAL(std::string{"temp must be a number of at most 1000; mode must be one of: "
                                     "a"},
                         line.result);
}

void DeviceContract::pagesThroughHistory() {
    const DevicePtr device = makeDevice("d1");
    // Out of order, over hours and days, several compactions, some at the same time.
    std::mt19937 random(3);
    std::vector<base::UtcMs> times;
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 150; ++i) {
            const base::UtcMs time = kNoon + static_cast<base::UtcMs>(random() % 400) * 500'000;
            times.push_back(time);
            CPPUNIT_ASSERT(
                submit(device, Report{}.time(time).value("count", DataValue::integer(i))) ==
                Admission::Accepted);
        }
        awaitCompletions(150);
        compact();
    }
    std::sort(times.begin(), times.end());
    for (const bool descending : {false, true}) {
        HistoryQuery query;
        query.device_id = "d1";
        query.property = "count";
        query.descending = descending;
        query.limit = 47;
        std::vector<base::UtcMs> seen;
        do {
            const HistoryPage page = must(module_->history().property(query));
            for (const HistoryPoint& point : page.items) {
                seen.push_back(point.time);
            }
            query.after = page.next;
        } while (!query.after.empty());
        if (descending) {
            std::reverse(seen.begin(), seen.end());
        }
        CPPUNIT_ASSERT(seen == times);
    }
    HistoryQuery query;
    query.device_id = "d1";
    query.property = "count";
    query.from = times[100];
    query.to = times[200];
    query.limit = 1'000;
    const auto expected = std::count_if(times.begin(), times.end(), [&](base::UtcMs time) {
        return time >= query.from && time < query.to;
    });
    CPPUNIT_ASSERT_EQUAL(static_cast<std::size_t>(expected),
                         must(module_->history().property(query)).items.size());
    query.after = "nonsense";
    CPPUNIT_ASSERT_EQUAL(std::string{"history.invalid"},
                         codeOf(module_->history().property(query)));
    query = {};
    query.device_id = "none";
    CPPUNIT_ASSERT_EQUAL(std::string{"device.unknown"}, codeOf(module_->history().property(query)));
}

void DeviceContract::aggregatesLikeANaiveReference() {
    const DevicePtr device = makeDevice("d1");
    struct Sample {
        base::UtcMs time;
        double value;
    };
    std::mt19937 random(11);
    std::vector<Sample> samples;
    for (int i = 0; i < 500; ++i) {
        // Distinct times, so that first and last are well defined.
        samples.push_back({kNoon + i * 37'000 + static_cast<base::UtcMs>(random() % 30'000),
                           static_cast<double>(random() % 100'000) / 100});
    }
    std::shuffle(samples.begin(), samples.end(), random);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        submit(device,
               Report{}.time(samples[i].time).value("temp", DataValue::number(samples[i].value)));
        if (i % 100 == 99) {
            awaitCompletions(100);
            compact();
        }
    }
    AggregateQuery query;
    query.device_id = "d1";
    query.property = "temp";
    query.from = kNoon + 1'000'000;
    query.to = kNoon + 15'000'000;
    query.interval_ms = 600'000;
    std::map<base::UtcMs, std::vector<Sample>> buckets;
    for (const Sample& sample : samples) {
        if (sample.time >= query.from && sample.time < query.to) {
            buckets[sample.time / query.interval_ms * query.interval_ms].push_back(sample);
        }
    }
    const auto rows = must(module_->history().aggregate(query));
    CPPUNIT_ASSERT_EQUAL(buckets.size(), rows.size());
    for (const AggregateRow& row : rows) {
        std::vector<Sample>& bucket = buckets.at(row.time);
        std::sort(bucket.begin(), bucket.end(),
                  [](const Sample& a, const Sample& b) { return a.time < b.time; });
        double sum = 0;
        double least = 1e9;
        double most = -1e9;
        for (const Sample& sample : bucket) {
            sum += sample.value;
            least = std::min(least, sample.value);
            most = std::max(most, sample.value);
        }
        CPPUNIT_ASSERT_EQUAL(static_cast<std::int64_t>(bucket.size()), row.count);
        CPPUNIT_ASSERT_DOUBLES_EQUAL(least, *row.minimum, 1e-9);
        CPPUNIT_ASSERT_DOUBLES_EQUAL(most, *row.maximum, 1e-9);
        CPPUNIT_ASSERT_DOUBLES_EQUAL(sum / static_cast<double>(bucket.size()), *row.average, 1e-6);
        CPPUNIT_ASSERT_DOUBLES_EQUAL(bucket.front().value, row.first.d, 1e-9);
        CPPUNIT_ASSERT_DOUBLES_EQUAL(bucket.back().value, row.last.d, 1e-9);
    }
    query.interval_ms = 1'000;
    CPPUNIT_ASSERT_EQUAL(std::string{"history.invalid"},
                         codeOf(module_->history().aggregate(query)));
    query.interval_ms = 600'000;
    query.property = "mode";
    store(device, Report{}.time(kNoon + 2'000'000).value("mode", DataValue::text("a")));
    const auto texts = must(module_->history().aggregate(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, texts.size());
    CPPUNIT_ASSERT(!texts[0].minimum && texts[0].first.s == "a");
}

void DeviceContract::logsMessages() {
    const DevicePtr device = makeDevice("d1");
    for (int i = 0; i < 10; ++i) {
        Report report;
        report.time(kNoon + i).value("count", DataValue::integer(i));
        report.payload = i == 4 ? std::string(10'000, 'x') : "p" + std::to_string(i);
        store(device, report);
    }
    OwnedMessage down;
    down.kind = FL_DEVICE_READ_PROPERTY;
    down.message_id = "m-1";
    down.time_ms = kNoon + 100;
    down.addProperty("temp", fl_value{});
    module_->ingest().recordDownlink(device, down.view(), "MQTT", "CLIENT_OFFLINE");
    store(device, Report{}.time(kNoon + 200).value("count", DataValue::integer(99)));
    MessageQuery query;
    query.device_id = "d1";
    query.limit = 5;
    MessagePage page = must(module_->messageLog().messages(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{5}, page.items.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"count=99"}, page.items[0].summary);
    CPPUNIT_ASSERT(page.items[1].direction == Direction::Down);
    CPPUNIT_ASSERT_EQUAL(std::string{"temp"}, page.items[1].summary);
    CPPUNIT_ASSERT_EQUAL(std::string{"CLIENT_OFFLINE"}, page.items[1].result);
    CPPUNIT_ASSERT_EQUAL(std::string{"p9"}, page.items[2].payload);
    query.after = page.next;
    query.limit = 100;
    page = must(module_->messageLog().messages(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{7}, page.items.size());
    CPPUNIT_ASSERT(page.next.empty());
    const LoggedMessage& cut = page.items[2];
    CPPUNIT_ASSERT(cut.truncated && cut.payload.size() == kLoggedPayloadBytesMax);
    query = {};
    query.device_id = "d1";
    query.direction = Direction::Down;
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, must(module_->messageLog().messages(query)).items.size());
    query = {};
    query.device_id = "d1";
    query.kind = FL_DEVICE_REPORT_PROPERTY;
    query.from = kNoon + 3;
    query.to = kNoon + 6;
    page = must(module_->messageLog().messages(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, page.items.size());
    CPPUNIT_ASSERT(toJson(page.items[0]).find(R"("payloadText":"p5")") != std::string::npos);
}

void DeviceContract::keepsEvents() {
    const DevicePtr device = makeDevice("d1");
    for (int i = 0; i < 5; ++i) {
        Report report(FL_DEVICE_EVENT);
        report.message.name = i == 4 ? "unknown" : "fire";
        report.message.setData(DataValue::json(R"({"lvl":")" + std::to_string(i) + R"("})").view());
        report.time(kNoon + i);
        store(device, report);
    }
    EventQuery query;
    query.device_id = "d1";
    query.limit = 2;
    EventPage page = must(module_->messageLog().events(query));
    CPPUNIT_ASSERT_EQUAL(std::string{"unknown"}, page.items[0].name);
    CPPUNIT_ASSERT_EQUAL(std::string{"Fire"}, page.items[1].name);
    CPPUNIT_ASSERT_EQUAL(std::string{"urgent"}, page.items[1].level);
    CPPUNIT_ASSERT_EQUAL(std::string{R"({"lvl":3})"}, page.items[1].data.toJson());
    query.after = page.next;
    query.limit = 10;
    page = must(module_->messageLog().events(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, page.items.size());
    CPPUNIT_ASSERT(page.next.empty());
    query = {};
    query.device_id = "d1";
    query.event = "unknown";
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, must(module_->messageLog().events(query)).items.size());
}

void DeviceContract::takesReportedTags() {
    const DevicePtr device = makeDevice("d1");
    Report report(FL_DEVICE_UPDATE_TAG);
    report.value("room", DataValue::text("cellar")).value("floor", DataValue::integer(-1));
    report.value("long", DataValue::text(std::string(129, 'x')));
    store(device, report);
    compact();
    const Device read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT((read.tags == Tags{{"room", "cellar"}, {"floor", "-1"}}));
    DeviceQuery query;
    query.tag = {"room", "cellar"};
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, total(query));
}

void DeviceContract::acknowledgesAfterTheCommitOnly() {
    const DevicePtr device = makeDevice("d1");
    CPPUNIT_ASSERT(submit(device, Report{}.value("count", DataValue::integer(1)), 11) ==
                   Admission::Accepted);
    CPPUNIT_ASSERT(submit(device, Report{}.value("count", DataValue::integer(2)), 12) ==
                   Admission::Accepted);
    std::vector<Completion> early;
    lane_->completed(early);
    CPPUNIT_ASSERT(early.empty());
    const std::uint64_t before = module_->journal().committed_messages;
    const auto done = awaitCompletions(2);
    CPPUNIT_ASSERT(done[0].stored && done[0].ticket.token == 11 && done[1].ticket.token == 12);
    CPPUNIT_ASSERT_EQUAL(before + 2, module_->journal().committed_messages);
}

void DeviceContract::storesOncePerKey() {
    const DevicePtr device = makeDevice("d1");
    Report report;
    report.time(kNoon).value("count", DataValue::integer(1));
    report.once_scope = "component/client";
    report.once_key = "7";
    CPPUNIT_ASSERT(submit(device, report) == Admission::Accepted);
    // Sent again before the commit: answered with it, stored once.
    CPPUNIT_ASSERT(submit(device, report, 2) == Admission::Accepted);
    const auto done = awaitCompletions(2);
    CPPUNIT_ASSERT(done[0].stored && done[1].stored && done[1].ticket.token == 2);
    CPPUNIT_ASSERT(submit(device, report) == Admission::Duplicate);
    // After a crash too, from the journal and from the database.
    shut(false);
    open();
    CPPUNIT_ASSERT(submit(device, report) == Admission::Duplicate);
    compact();
    shut();
    open();
    CPPUNIT_ASSERT(submit(device, report) == Admission::Duplicate);
    CPPUNIT_ASSERT(lane_->release("component/client", "7", Ticket{1, 3}) == Admission::Accepted);
    CPPUNIT_ASSERT(awaitCompletions(1).front().stored);
    CPPUNIT_ASSERT(lane_->release("component/client", "7", Ticket{1, 4}) == Admission::Duplicate);
    shut();
    open();
    HistoryQuery query;
    query.device_id = "d1";
    query.property = "count";
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, must(module_->history().property(query)).items.size());
    CPPUNIT_ASSERT(submit(must(module_->registry().get("d1")), report) == Admission::Accepted);
    awaitCompletions(1);
    CPPUNIT_ASSERT_EQUAL(std::size_t{2}, must(module_->history().property(query)).items.size());
}

void DeviceContract::keepsClientState() {
    makeDevice("d1");
    const std::string scope = "component/\xff\x01";
    mustDo(lane_->putState(scope, "session", std::string("\0bytes", 6)));
    mustDo(lane_->putState(scope, "other", "x"));
    mustDo(lane_->putState(scope, "other", ""));
    CPPUNIT_ASSERT_EQUAL(std::size_t{6}, lane_->state(scope, "session")->size());
    CPPUNIT_ASSERT(!lane_->putState(scope, "large", std::string((64U << 10) + 1, 'x')));
    for (const bool orderly : {false, true}) {
        lane_->flush();
        shut(orderly);
        open();
        CPPUNIT_ASSERT(lane_->state(scope, "session") != nullptr);
        CPPUNIT_ASSERT_EQUAL(std::string("\0bytes", 6), *lane_->state(scope, "session"));
        CPPUNIT_ASSERT(lane_->state(scope, "other") == nullptr);
    }
    mustDo(lane_->putState(scope, "session", ""));
    shut();
    open();
    CPPUNIT_ASSERT(lane_->state(scope, "session") == nullptr);
}

void DeviceContract::stopsTakingWhenFull() {
    shut();
    ingest_.uncommitted_messages_max = 8;
    open();
    const DevicePtr device = makeDevice("d1");
    const Report report = Report{}.value("count", DataValue::integer(1));
    std::size_t accepted = 0;
    while (submit(device, report) == Admission::Accepted) {
        ++accepted;
    }
    CPPUNIT_ASSERT_EQUAL(std::size_t{8}, accepted);
    CPPUNIT_ASSERT(lane_->full());
    awaitCompletions(accepted);
    CPPUNIT_ASSERT(!lane_->full());
    CPPUNIT_ASSERT(submit(device, report) == Admission::Accepted);
    awaitCompletions(1);
}

void DeviceContract::refusesWhatIsTooLarge() {
    const DevicePtr device = makeDevice("d1");
    Report report;
    report.value("count", DataValue::integer(1));
    report.payload = std::string(2U << 20, 'x');
    CPPUNIT_ASSERT(submit(device, report) == Admission::Refused);
    report.payload = std::string(60'000, 'x');
    store(device, report);
}

void DeviceContract::losesNothingInACrash() {
    const DevicePtr device = makeDevice("d1");
    std::mt19937 random(5);
    int sent = 0;
    for (int round = 0; round < 6; ++round) {
        const DevicePtr again = must(module_->registry().get("d1"));
        const int count = 50 + static_cast<int>(random() % 200);
        for (int i = 0; i < count; ++i) {
            CPPUNIT_ASSERT(
                submit(again,
                       Report{}.time(kNoon + sent).value("count", DataValue::integer(sent))) ==
                Admission::Accepted);
            ++sent;
        }
        awaitCompletions(static_cast<std::size_t>(count));
        if (round % 2 == 0) {
            compact();
        }
        shut(false); // what is committed but not compacted stays in the journal
        open();
    }
    HistoryQuery query;
    query.device_id = "d1";
    query.property = "count";
    query.descending = false;
    query.limit = 1'000;
    int expected = 0;
    do {
        const HistoryPage page = must(module_->history().property(query));
        for (const HistoryPoint& point : page.items) {
            CPPUNIT_ASSERT_EQUAL(static_cast<std::int64_t>(expected), point.value.i);
            ++expected;
        }
        query.after = page.next;
    } while (!query.after.empty());
    CPPUNIT_ASSERT_EQUAL(sent, expected);
    CPPUNIT_ASSERT_EQUAL(std::to_string(sent - 1),
                         must(module_->devices().properties("d1")).at(1).value.toJson());
}

void DeviceContract::deletesOldHistory() {
    const DevicePtr device = makeDevice("d1");
    const base::UtcMs now = base::utcNow();
    store(device, Report{}.time(now - 10 * 86'400'000LL).value("count", DataValue::integer(1)));
    store(device, Report{}.time(now).value("count", DataValue::integer(2)));
    compact();
    shut();
    retention_ = {5, 100};
    ingest_.compaction_interval_seconds = 1; // the first round also deletes
    open();
    HistoryQuery query;
    query.device_id = "d1";
    query.property = "count";
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (must(module_->history().property(query)).items.size() > 1) {
        CPPUNIT_ASSERT(std::chrono::steady_clock::now() < limit);
        compact();
    }
    CPPUNIT_ASSERT_EQUAL(std::string{"2"},
                         must(module_->history().property(query)).items.at(0).value.toJson());
    MessageQuery messages;
    messages.device_id = "d1";
    CPPUNIT_ASSERT_EQUAL(std::size_t{2},
                         must(module_->messageLog().messages(messages)).items.size());
}

void DeviceContract::runLane(const std::vector<DevicePtr>& devices, int lane, int count) {
    std::mutex mutex;
    std::condition_variable changed;
    bool awake = false;
    auto own = module_->ingest().attach([&] {
        const std::lock_guard guard(mutex);
        awake = true;
        changed.notify_all();
    });
    std::uint64_t next = 0;
    std::vector<Completion> done;
    const auto drain = [&](bool wait) {
        own->flush();
        if (wait) {
            std::unique_lock lock(mutex);
            CPPUNIT_ASSERT(
                changed.wait_for(lock, std::chrono::seconds{20}, [&awake] { return awake; }));
            awake = false;
        }
        done.clear();
        own->completed(done);
        for (const Completion& completion : done) {
            CPPUNIT_ASSERT(completion.stored);
            CPPUNIT_ASSERT_EQUAL(next++, completion.ticket.token);
        }
    };
    for (int i = 0; i < count; ++i) {
        Report report;
        report.time(kNoon + i).value("count", DataValue::integer(i));
        report.once_scope = "lane" + std::to_string(lane);
        report.once_key = i % 8 == 0 ? std::to_string(i) : "";
        const DevicePtr& device = devices[static_cast<std::size_t>(i + lane) % devices.size()];
        while (submitTo(*own, device, report, static_cast<std::uint64_t>(i)) == Admission::Full) {
            drain(true);
        }
        if (i % 32 == 31) {
            drain(false);
        }
    }
    while (next < static_cast<std::uint64_t>(count)) {
        drain(true);
    }
}

void DeviceContract::takesFromManyLanesAtOnce() {
    shut();
    ingest_.uncommitted_messages_max = 200; // so that lanes meet the bound
    ingest_.compaction_slice_messages = 500;
    open();
    constexpr int kLanes = 3;
    constexpr int kMessages = 2'000;
    std::vector<DevicePtr> devices;
    for (int i = 0; i < 5; ++i) {
        devices.push_back(makeDevice("d" + std::to_string(i)));
    }
    std::vector<std::future<void>> lanes;
    for (int lane = 0; lane < kLanes; ++lane) {
        lanes.push_back(
            std::async(std::launch::async, [&, lane] { runLane(devices, lane, kMessages); }));
    }
    HistoryQuery query;
    query.property = "count";
    query.limit = kHistoryPageMax;
    for (int i = 0; i < 20; ++i) {
        query.device_id = "d" + std::to_string(i % 5);
        must(module_->history().property(query));
        must(module_->devices().properties(query.device_id));
    }
    for (std::future<void>& lane : lanes) {
        lane.get();
    }
    compact();
    AggregateQuery all;
    all.property = "count";
    all.from = kNoon - 86'400'000;
    all.to = kNoon + 86'400'000;
    all.interval_ms = 86'400'000;
    std::int64_t stored = 0;
    for (const DevicePtr& device : devices) {
        all.device_id = device->id();
        for (const AggregateRow& row : must(module_->history().aggregate(all))) {
            stored += row.count;
        }
    }
    CPPUNIT_ASSERT_EQUAL(std::int64_t{kLanes * kMessages}, stored);
}
