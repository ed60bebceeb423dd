// SPDX-License-Identifier: Apache-2.0
#include "device_contract.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <random>

using namespace fairlead;
using namespace fairlead::device;
using base::Errc;

namespace {

constexpr const char* kModel = R"({
  "properties":[
    {"id":"temp","name":"Temperature","valueType":{"type":"double","unit":"°C","max":1000}},
    {"id":"count","name":"Count","valueType":{"type":"int"}},
    {"id":"on","name":"On","valueType":{"type":"boolean","trueText":"On","falseText":"Off"},
     "expands":{"type":["read","write","report"]}},
    {"id":"mode","name":"Mode","valueType":{"type":"enum","elements":[{"value":"a","text":"Auto"}]},
     "expands":{"type":["report"]}}],
  "functions":[
    {"id":"reboot","name":"Reboot","inputs":[
      {"id":"delay","name":"Delay","required":true,"valueType":{"type":"int","min":0}}]},
    {"id":"later","name":"Later","async":true,"inputs":[]}],
  "events":[{"id":"fire","name":"Fire","valueType":{"type":"object","properties":[
    {"id":"lvl","name":"Level","valueType":{"type":"int"}}]},"expands":{"level":"urgent"}}],
  "tags":[]})";

/// A fixed time in the middle of an hour: nothing here depends on the clock.
constexpr base::UtcMs kNoon = 1'700'000'000'000;

template <typename T>
T must(base::Result<T> result) {
    CPPUNIT_ASSERT_MESSAGE(result ? "" : result.error().message(), result.hasValue());
    return std::move(*result);
}

void mustDo(const base::Status& status) {
    CPPUNIT_ASSERT_MESSAGE(status ? "" : status.error().message(), status.hasValue());
}

template <typename T>
std::string codeOf(const base::Result<T>& result) {
    return result ? "ok" : result.error().code();
}

std::string fieldsOf(const base::Error& error) {
    std::string out;
    for (const auto& field : error.fields()) {
        out += field.field + " ";
    }
    return out;
}

} // namespace

void FakeLink::send(OwnedMessage message, std::function<void(base::Status)> sent) {
    messages.push_back(message);
    sent(answer);
    if (onMessage && answer) {
        onMessage(messages.back());
    }
}

void FakeLink::close(CloseReason reason) {
    closed.push_back(reason);
}

ModuleOptions DeviceContract::options() {
    ModuleOptions out;
    out.database = database_.get();
    out.history = history_.get();
    out.secrets = secrets_.get();
    out.cluster = &cluster_;
    out.executor = executor_.get();
    out.ingest = ingest_;
    out.retention = retention_;
    out.check_reference = [](const std::string&, const std::string& id) -> base::Status {
        if (id == "missing") {
            return base::Error::notFound("there is no \"missing\"");
        }
        return {};
    };
    return out;
}

void DeviceContract::setUp() {
    ingest_ = {};
    ingest_.directory = dir_.path() / "journal";
    std::filesystem::remove_all(ingest_.directory);
    ingest_.segment_bytes = 256U << 10;
    ingest_.journal_bytes_max = 16U << 20;
    ingest_.compaction_interval_seconds = 3'600; // only when a test asks
    retention_ = {100'000, 100'000};
    database_ = openDatabase("main");
    history_ = openDatabase("history");
    secrets_ = must(security::Secrets::open(dir_.path() / "key"));
    open();
}

void DeviceContract::tearDown() {
    shut();
    database_.reset();
    history_.reset();
}

void DeviceContract::open(bool started) {
    runtime::ExecutorOptions workers;
    workers.threads = 2;
    executor_ = std::make_unique<runtime::Executor>(workers);
    executor_->start();
    module_ = must(Module::open(options()));
    if (started) {
        mustDo(module_->start());
        wakes_ = 0;
        lane_ = module_->ingest().attach([this] {
            const std::lock_guard guard(mutex_);
            ++wakes_;
            woken_.notify_all();
        });
    }
}

void DeviceContract::shut(bool orderly) {
    lane_.reset();
    if (module_ != nullptr) {
        module_->stop(orderly ? 10'000 : 0);
    }
    if (executor_ != nullptr) {
        executor_->stop();
    }
    module_.reset();
    executor_.reset();
}

void DeviceContract::makeProduct(const std::string& id, DeviceKind kind) {
    NewProduct input;
    input.id = id;
    input.name = "Product " + id;
    input.kind = kind;
    input.protocol_id = "official";
    input.thing_model = kModel;
    must(module_->products().create(input));
    must(module_->products().publish(id));
}

DevicePtr DeviceContract::makeDevice(const std::string& id, const std::string& product,
                                     const std::string& parent) {
    if (!module_->products().get(product)) {
        makeProduct(product);
    }
    NewDevice input;
    input.id = id;
    input.name = "Device " + id;
    input.product_id = product;
    input.parent_id = parent;
    input.active = true;
    must(module_->devices().create(input));
    return must(module_->registry().get(id));
}

Admission DeviceContract::submit(const DevicePtr& device, const Report& report,
                                 std::uint64_t token) {
    fl_transport_message raw{};
    raw.size = sizeof raw;
    raw.kind = FL_TRANSPORT_DATA;
    raw.address = fl_str{"/t", 2};
    raw.payload = fl_bytes{reinterpret_cast<const std::uint8_t*>(report.payload.data()),
                           report.payload.size()};
    raw.received_ms = report.message.time_ms > 0 ? report.message.time_ms : base::utcNow();
    const fl_device_message message = report.message.view();
    Uplink uplink;
    uplink.device = &device;
    uplink.raw = &raw;
    uplink.transport = "MQTT";
    uplink.protocol = "official";
    uplink.messages = std::span{&message, 1};
    uplink.devices = std::span{&device, 1};
    uplink.once_scope = report.once_scope;
    uplink.once_key = report.once_key;
    return lane_->submit(uplink, Ticket{1, token});
}

std::vector<Completion> DeviceContract::awaitCompletions(std::size_t count) {
    std::vector<Completion> out;
    lane_->flush();
    std::unique_lock lock(mutex_);
    const auto done = [&] {
        lane_->completed(out);
        return out.size() >= count;
    };
    CPPUNIT_ASSERT(woken_.wait_for(lock, std::chrono::seconds{20}, done));
    return out;
}

void DeviceContract::store(const DevicePtr& device, const Report& report) {
    CPPUNIT_ASSERT(submit(device, report) == Admission::Accepted);
    CPPUNIT_ASSERT(awaitCompletions(1).front().stored);
}

void DeviceContract::compact() {
    mustDo(module_->compactNow(20'000));
}

std::int64_t DeviceContract::total(const DeviceQuery& query) {
    return must(module_->devices().list(query)).total;
}

void DeviceContract::keepsProducts() {
    NewProduct input;
    input.id = "meter";
    input.name = "电表";
    input.description = "A meter";
    input.gateway_id = "gw";
    input.thing_model = kModel;
    input.configuration = R"({"secureId":"sid","limit":5})";
    input.keep_alive_seconds = 60;
    const Product made = must(module_->products().create(input));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, made.version);
    CPPUNIT_ASSERT(!made.published);
    CPPUNIT_ASSERT_EQUAL(std::string{"product.exists"}, codeOf(module_->products().create(input)));
    ProductChange change;
    change.name = "Meter";
    change.thing_model = R"({"properties":[]})";
    const Product changed = must(module_->products().change("meter", change, 1));
    CPPUNIT_ASSERT_EQUAL(std::string{"Meter"}, changed.name);
    CPPUNIT_ASSERT_EQUAL(std::string{"A meter"}, changed.description);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{2}, changed.version);
    CPPUNIT_ASSERT(must(module_->products().publish("meter")).published);
    CPPUNIT_ASSERT(must(module_->products().publish("meter")).published);
    CPPUNIT_ASSERT(!must(module_->products().unpublish("meter")).published);
    makeProduct("other");
    ProductQuery query;
    query.q = "Met";
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, must(module_->products().list(query)).total);
    query = {};
    query.gateway_id = "gw";
    CPPUNIT_ASSERT_EQUAL(std::string{"meter"},
                         must(module_->products().list(query)).items.at(0).id);
    CPPUNIT_ASSERT_EQUAL(std::string{"meter"},
                         must(module_->products().usersOfGateway().usedBy("gw")).at(0).id);
    CPPUNIT_ASSERT(must(module_->products().usersOfProtocol().usedBy("gw")).empty());
    mustDo(module_->products().remove("meter", 0));
    CPPUNIT_ASSERT_EQUAL(std::string{"product.unknown"}, codeOf(module_->products().get("meter")));
}

void DeviceContract::refusesBadProducts() {
    NewProduct input;
    input.id = "a b";
    input.name = std::string(65, 'x');
    input.description = std::string(201, 'x');
    input.gateway_id = "missing";
    input.configuration = "[]";
    input.keep_alive_seconds = -1;
    input.thing_model = R"({"properties":[{"id":""}]})";
    const auto refused = module_->products().create(input);
    CPPUNIT_ASSERT_EQUAL(std::string{"product.invalid"}, codeOf(refused));
    CPPUNIT_ASSERT_EQUAL(std::string{"id name description settings.keepAliveSeconds configuration "
                                     "gatewayId thingModel.properties.0.id "},
                         fieldsOf(refused.error()));
    input = {};
    input.id = "bare";
    input.name = "Bare";
    must(module_->products().create(input));
    CPPUNIT_ASSERT_EQUAL(std::string{"product.incomplete"},
                         codeOf(module_->products().publish("bare")));
    ProductQuery query;
    query.sort = "color";
    CPPUNIT_ASSERT(!module_->products().list(query));
}

void DeviceContract::hidesSecrets() {
    NewProduct input;
    input.id = "p1";
    input.name = "P";
    input.protocol_id = "official";
    input.configuration = R"({"secureId":"sid","secureKey":"geheim","retries":3})";
    const Product made = must(module_->products().create(input));
    CPPUNIT_ASSERT_EQUAL(std::string{R"({"secureId":"sid","secureKey":"***","retries":3})"},
                         made.configuration);
    // Nothing of it lies in the database in clear.
    std::string stored;
    mustDo(database_->read([&](storage::Session& session) -> base::Status {
        FL_ASSIGN(const auto rows, session.query("SELECT configuration FROM products"));
        stored = rows.front().text(0);
        return {};
    }));
    CPPUNIT_ASSERT(stored.find("geheim") == std::string::npos);
    CPPUNIT_ASSERT(stored.find("sid") == std::string::npos);
    ProductChange change;
    change.configuration = R"({"secureId":"new","secureKey":"***","retries":null})";
    must(module_->products().change("p1", change, 0));
    NewDevice device;
    device.id = "d1";
    device.name = "D";
    device.product_id = "p1";
    device.configuration = R"({"token":"t-1"})";
    CPPUNIT_ASSERT_EQUAL(std::string{R"({"token":"***"})"},
                         must(module_->devices().create(device)).configuration);
    const auto facts = must(module_->registry().get("d1"))->facts();
    CPPUNIT_ASSERT_EQUAL(std::string{"geheim"}, std::string{configuration(*facts, "secureKey")});
    CPPUNIT_ASSERT_EQUAL(std::string{"new"}, std::string{configuration(*facts, "secureId")});
    CPPUNIT_ASSERT_EQUAL(std::string{"t-1"}, std::string{configuration(*facts, "token")});
    CPPUNIT_ASSERT(configuration(*facts, "retries").empty());
}

void DeviceContract::locksOptimistically() {
    makeDevice("d1");
    DeviceChange change;
    change.name = "One";
    const Device first = must(module_->devices().get("d1"));
    must(module_->devices().change("d1", change, first.version));
    const auto stale = module_->devices().change("d1", change, first.version);
    CPPUNIT_ASSERT_EQUAL(std::string{"stale"}, codeOf(stale));
    CPPUNIT_ASSERT(stale.error().kind() == Errc::Conflict);
    CPPUNIT_ASSERT_EQUAL(std::string{"stale"},
                         codeOf(module_->devices().remove("d1", first.version)));
    ProductChange other;
    other.name = "Two";
    CPPUNIT_ASSERT_EQUAL(std::string{"stale"}, codeOf(module_->products().change("p1", other, 99)));
}

void DeviceContract::keepsDevices() {
    makeProduct("p1");
    NewDevice input;
    input.id = "d-1";
    input.name = "泵";
    input.product_id = "p1";
    input.tags = {{"room", "1"}, {"floor", "二"}};
    Device device = must(module_->devices().create(input));
    CPPUNIT_ASSERT(device.state == DeviceState::Inactive);
    CPPUNIT_ASSERT_EQUAL(std::string{"Product p1"}, device.product_name);
    CPPUNIT_ASSERT(device.tags == input.tags);
    CPPUNIT_ASSERT_EQUAL(std::string{"device.exists"}, codeOf(module_->devices().create(input)));
    DeviceChange change;
    change.description = "in the cellar";
    change.tags = {{"room", std::nullopt}, {"floor", "3"}};
    device = must(module_->devices().change("d-1", change, 0));
    CPPUNIT_ASSERT((device.tags == Tags{{"floor", "3"}}));
    CPPUNIT_ASSERT(must(module_->devices().activate("d-1")).state == DeviceState::Offline);
    CPPUNIT_ASSERT(must(module_->devices().activate("d-1")).state == DeviceState::Offline);
    DeviceCounts counts = must(module_->devices().counts());
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, counts.total);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, counts.offline);
    CPPUNIT_ASSERT(must(module_->devices().deactivate("d-1")).state == DeviceState::Inactive);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, must(module_->products().get("p1")).device_count);
    mustDo(module_->devices().remove("d-1", 0));
    CPPUNIT_ASSERT_EQUAL(std::string{"device.unknown"}, codeOf(module_->devices().get("d-1")));
    counts = must(module_->devices().counts());
    CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, counts.total);
}

void DeviceContract::refusesBadDevices() {
    makeProduct("p1");
    NewDevice input;
    input.id = "ä";
    input.configuration = "1";
    input.tags = {{"", "x"}, {"k", std::string(129, 'x')}};
    const auto refused = module_->devices().create(input);
    CPPUNIT_ASSERT_EQUAL(std::string{"device.invalid"}, codeOf(refused));
    CPPUNIT_ASSERT_EQUAL(std::string{"id name configuration tags tags.k "},
                         fieldsOf(refused.error()));
    input = {};
    input.id = "d1";
    input.name = "D";
    input.product_id = "none";
    CPPUNIT_ASSERT_EQUAL(std::string{"productId "},
                         fieldsOf(module_->devices().create(input).error()));
    DeviceQuery query;
    query.page_size = 201;
    CPPUNIT_ASSERT(!module_->devices().list(query));
    query = {};
    query.sort = "state";
    CPPUNIT_ASSERT_EQUAL(std::string{"list.sort"}, codeOf(module_->devices().list(query)));
    DeviceChange change;
    for (int i = 0; i < 33; ++i) {
        change.tags["t" + std::to_string(i)] = "v";
    }
    makeDevice("d2");
    CPPUNIT_ASSERT_EQUAL(std::string{"tags "},
                         fieldsOf(module_->devices().change("d2", change, 0).error()));
    CPPUNIT_ASSERT(must(module_->devices().get("d2")).tags.empty());
}

void DeviceContract::refusesToRemoveWhatIsUsed() {
    makeProduct("gp", DeviceKind::Gateway);
    makeProduct("cp", DeviceKind::Child);
    makeDevice("g1", "gp");
    makeDevice("c1", "cp", "g1");
    CPPUNIT_ASSERT_EQUAL(std::string{"product.in_use"},
                         codeOf(module_->products().remove("gp", 0)));
    CPPUNIT_ASSERT_EQUAL(std::string{"g1"}, must(module_->products().usedBy("gp")).at(0).id);
    CPPUNIT_ASSERT_EQUAL(std::string{"device.in_use"}, codeOf(module_->devices().remove("g1", 0)));
    CPPUNIT_ASSERT_EQUAL(std::string{"c1"}, must(module_->devices().usedBy("g1")).at(0).id);
    mustDo(module_->devices().remove("c1", 0));
    mustDo(module_->devices().remove("g1", 0));
    mustDo(module_->products().remove("gp", 0));
}

void DeviceContract::checksParents() {
    makeProduct("gp", DeviceKind::Gateway);
    makeProduct("cp", DeviceKind::Child);
    makeDevice("g1", "gp");
    makeDevice("d1");
    makeDevice("c1", "cp", "g1");
    DeviceChange change;
    change.parent_id = "d1";
    CPPUNIT_ASSERT_EQUAL(std::string{"parentId "},
                         fieldsOf(module_->devices().change("c1", change, 0).error()));
    change.parent_id = "c1";
    CPPUNIT_ASSERT(!module_->devices().change("c1", change, 0));
    change.parent_id = "none";
    CPPUNIT_ASSERT(!module_->devices().change("c1", change, 0));
    change.parent_id = "g1";
    CPPUNIT_ASSERT(!module_->devices().change("d1", change, 0));
    change.parent_id = "";
    CPPUNIT_ASSERT(must(module_->devices().change("c1", change, 0)).parent_id.empty());
}

void DeviceContract::listsAndFilters() {
    makeProduct("p1");
    makeProduct("p2");
    for (int i = 0; i < 30; ++i) {
        NewDevice input;
        input.id = (i < 20 ? "alpha-" : "beta-") + std::to_string(100 + i);
        input.name = "Pump " + std::to_string(i);
        input.product_id = i % 3 == 0 ? "p2" : "p1";
        input.active = i % 2 == 0;
        input.tags = {{"room", std::to_string(i % 5)}};
        must(module_->devices().create(input));
    }
    DeviceQuery query;
    DevicePage page = must(module_->devices().list(query));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{30}, page.total);
    CPPUNIT_ASSERT_EQUAL(std::size_t{20}, page.items.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"beta-129"}, page.items.front().id);
    query.page = 2;
    page = must(module_->devices().list(query));
    CPPUNIT_ASSERT_EQUAL(std::size_t{10}, page.items.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"alpha-100"}, page.items.back().id);
    query = {};
    query.sort = "id";
    CPPUNIT_ASSERT_EQUAL(std::string{"alpha-100"},
                         must(module_->devices().list(query)).items.front().id);
    query = {};
    query.product_id = "p2";
    CPPUNIT_ASSERT_EQUAL(std::int64_t{10}, total(query));
    query.state = DeviceState::Offline;
    page = must(module_->devices().list(query));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{5}, page.total);
    CPPUNIT_ASSERT_EQUAL(std::size_t{5}, page.items.size());
    query = {};
    query.tag = {"room", "3"};
    page = must(module_->devices().list(query));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{6}, page.total);
    CPPUNIT_ASSERT_EQUAL(std::string{"3"}, page.items.front().tags.at("room"));
    query = {};
    query.q = "alpha-11";
    query.sort = "-id";
    page = must(module_->devices().list(query));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{10}, page.total);
    CPPUNIT_ASSERT_EQUAL(std::string{"alpha-119"}, page.items.front().id);
    query.q = "Pump 2"; // Pump 2, 20 … 29
    query.sort = "name";
    query.page_size = 4;
    query.page = 3;
    page = must(module_->devices().list(query));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{11}, page.total);
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, page.items.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"Pump 29"}, page.items.back().name);
    query.state = DeviceState::Inactive;
    query.page = 1;
    CPPUNIT_ASSERT_EQUAL(std::int64_t{5}, total(query));
    query.tag = {"room", "1"};
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, total(query));
}

void DeviceContract::createsManyOrNone() {
    makeProduct("p1");
    std::vector<NewDevice> inputs(100);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].id = "m" + std::to_string(i);
        inputs[i].name = "M";
        inputs[i].product_id = "p1";
    }
    inputs[99].id = "m5";
    CPPUNIT_ASSERT_EQUAL(std::string{"device.exists"},
                         codeOf(module_->devices().createMany(inputs)));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, must(module_->devices().counts()).total);
    inputs[99].id = "m99";
    inputs[3].name = "";
    CPPUNIT_ASSERT_EQUAL(std::string{"3.name "},
                         fieldsOf(module_->devices().createMany(inputs).error()));
    inputs[3].name = "M3";
    mustDo(module_->devices().createMany(inputs));
    CPPUNIT_ASSERT_EQUAL(std::int64_t{100}, must(module_->devices().counts()).inactive);
}

void DeviceContract::refreshesTheRegistry() {
    CPPUNIT_ASSERT(!module_->registry().get("d1"));
    const DevicePtr device = makeDevice("d1"); // although it was remembered as unknown
    CPPUNIT_ASSERT(module_->registry().find("d1") == device);
    CPPUNIT_ASSERT(device->facts()->product->published);
    must(module_->products().unpublish("p1"));
    CPPUNIT_ASSERT(!device->facts()->product->published);
    DeviceChange change;
    change.name = "New";
    must(module_->devices().change("d1", change, 0));
    CPPUNIT_ASSERT_EQUAL(std::string{"New"}, device->facts()->name);
    must(module_->devices().deactivate("d1"));
    CPPUNIT_ASSERT(!device->facts()->active);
    mustDo(module_->devices().remove("d1", 0));
    CPPUNIT_ASSERT(module_->registry().find("d1") == nullptr);
    // The asynchronous form answers once, also when many ask.
    makeDevice("d2");
    shut();
    open();
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<DevicePtr> loaded;
    for (int i = 0; i < 50; ++i) {
        module_->registry().load("d2", [&](base::Result<DevicePtr> result) {
            const std::lock_guard guard(mutex);
            loaded.push_back(must(std::move(result)));
            changed.notify_all();
        });
    }
    std::unique_lock lock(mutex);
    CPPUNIT_ASSERT(
        changed.wait_for(lock, std::chrono::seconds{20}, [&] { return loaded.size() == 50; }));
    CPPUNIT_ASSERT(std::all_of(loaded.begin(), loaded.end(),
                               [&](const DevicePtr& d) { return d == loaded.front(); }));
}

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

void DeviceContract::followsPresence() {
    const DevicePtr device = makeDevice("d1");
    auto link = std::make_shared<FakeLink>();
    SessionInfo info;
    info.gateway_id = "gw1";
    info.transport = "MQTT";
    info.address = "192.0.2.1:4711";
    const SessionPtr session = module_->sessions().open(device, link, info);
    Device read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT(read.state == DeviceState::Online);
    CPPUNIT_ASSERT_EQUAL(std::string{"192.0.2.1:4711"}, read.address);
    CPPUNIT_ASSERT_EQUAL(std::string{"node-1"}, read.session_node);
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, module_->sessions().countOfGateway("gw1"));
    CPPUNIT_ASSERT(module_->sessions().ofGateway("gw1", 0, 10).at(0) == session);
    CPPUNIT_ASSERT(module_->sessions().ofGateway("gw1", 1, 10).empty());
    module_->sessions().close(session, CloseReason::Peer);
    module_->sessions().close(session, CloseReason::Peer);
    CPPUNIT_ASSERT(link->closed.empty());
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->sessions().count());
    read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT(read.state == DeviceState::Offline);
    module_->sessions().open(device, link, info);
    mustDo(module_->devices().disconnect("d1"));
    CPPUNIT_ASSERT(link->closed == std::vector{CloseReason::Kicked});
    module_->sessions().open(device, link, info);
    shut(); // writes the states
    open();
    read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT(read.online_at > 0 && read.offline_at >= read.online_at);
    CPPUNIT_ASSERT(read.last_seen_at >= read.online_at);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, must(module_->devices().counts()).offline);
    MessageQuery messages;
    messages.device_id = "d1";
    messages.kind = FL_DEVICE_OFFLINE;
    const auto lines = must(module_->messageLog().messages(messages)).items;
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, lines.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"server or gateway stopped"}, lines[0].summary);
}

void DeviceContract::setsDevicesOfflineAtTheStart() {
    makeDevice("d1");
    makeDevice("d2");
    // As a crash leaves it: online on this node and on another one.
    mustDo(database_->write([](storage::Session& session) -> base::Status {
        FL_TRY(session.execute("UPDATE devices SET state = 2, session_node = 'node-1' WHERE id = "
                               "'d1'"));
        FL_TRY(session.execute("UPDATE devices SET state = 2, session_node = 'node-2' WHERE id = "
                               "'d2'"));
        FL_TRY(session.execute("UPDATE device_counts SET device_count = 0 WHERE state = 1"));
        FL_TRY(session.execute("INSERT INTO device_counts (product_id, state, device_count) VALUES "
                               "('p1', 2, 2)"));
        return {};
    }));
    shut();
    open();
    CPPUNIT_ASSERT(must(module_->devices().get("d1")).state == DeviceState::Offline);
    CPPUNIT_ASSERT(must(module_->devices().get("d2")).state == DeviceState::Online);
    const DeviceCounts counts = must(module_->devices().counts());
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, counts.online);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, counts.offline);
}

void DeviceContract::takesOverSessions() {
    const DevicePtr device = makeDevice("d1");
    std::vector<std::string> states;
    const auto watch = must(module_->feed().watchStates(
        [&states](const std::string& json) { states.push_back(json); }));
    auto first = std::make_shared<FakeLink>();
    auto second = std::make_shared<FakeLink>();
    const SessionPtr old = module_->sessions().open(device, first, SessionInfo{});
    const SessionPtr fresh = module_->sessions().open(device, second, SessionInfo{});
    CPPUNIT_ASSERT(first->closed == std::vector{CloseReason::TakenOver});
    module_->sessions().close(old, CloseReason::Peer);
    CPPUNIT_ASSERT(module_->sessions().find("d1") == fresh);
    module_->sessions().close(fresh, CloseReason::Peer);
    module_->feed().unwatch(watch);
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, states.size());
    CPPUNIT_ASSERT(states[0].find("online") != std::string::npos);
    CPPUNIT_ASSERT(states[1].find("online") != std::string::npos);
    CPPUNIT_ASSERT(states[2].find("offline") != std::string::npos);
    CPPUNIT_ASSERT(second->closed.empty());
}

void DeviceContract::endsChildrenWithTheirGateway() {
    makeProduct("gp", DeviceKind::Gateway);
    makeProduct("cp", DeviceKind::Child);
    const DevicePtr gateway = makeDevice("g1", "gp");
    const DevicePtr child = makeDevice("c1", "cp", "g1");
    auto link = std::make_shared<FakeLink>();
    const SessionPtr parent = module_->sessions().open(gateway, link, SessionInfo{});
    const SessionPtr session = module_->sessions().openChild(child, parent);
    CPPUNIT_ASSERT_EQUAL(std::string{"g1"}, session->parentId());
    CPPUNIT_ASSERT(module_->sessions().openChild(child, parent) == session);
    CPPUNIT_ASSERT_EQUAL(std::size_t{2}, module_->sessions().count());
    mustDo(module_->devices().disconnect("c1"));
    CPPUNIT_ASSERT(link->closed.empty()); // the gateway device stays
    module_->sessions().openChild(child, parent);
    module_->sessions().close(parent, CloseReason::Peer);
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->sessions().count());
    CPPUNIT_ASSERT(must(module_->devices().get("c1")).state == DeviceState::Offline);
    // A message of a child that comes late does not bring it online behind nobody.
    module_->sessions().openChild(child, parent);
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->sessions().count());
}

void DeviceContract::commandsADevice() {
    const DevicePtr device = makeDevice("d1");
    auto link = std::make_shared<FakeLink>();
    link->onMessage = [&](const OwnedMessage& command) {
        Report reply(command.kind == FL_DEVICE_READ_PROPERTY    ? FL_DEVICE_READ_PROPERTY_REPLY
                     : command.kind == FL_DEVICE_WRITE_PROPERTY ? FL_DEVICE_WRITE_PROPERTY_REPLY
                                                                : FL_DEVICE_INVOKE_FUNCTION_REPLY);
        // The function's reply comes without an id: it answers the oldest that waits.
        reply.message.message_id =
            reply.message.kind == FL_DEVICE_INVOKE_FUNCTION_REPLY ? "" : command.message_id;
        if (command.kind == FL_DEVICE_INVOKE_FUNCTION) {
            reply.message.flags = FL_DEVICE_FAILED;
            reply.message.code = "BUSY";
            reply.message.text = "not now";
        } else {
            reply.value("on", DataValue::boolean(true));
        }
        CPPUNIT_ASSERT(submit(device, reply) == Admission::Accepted);
    };
    module_->sessions().open(device, link, SessionInfo{});
    CommandReply reply = must(module_->commands().readProperties("d1", {"on"}));
    CPPUNIT_ASSERT(reply.success);
    CPPUNIT_ASSERT_EQUAL(std::string{"on"}, reply.properties.at(0).first);
    CPPUNIT_ASSERT_EQUAL(link->messages.at(0).message_id, reply.message_id);
    reply = must(module_->commands().writeProperties("d1", {{"on", DataValue::text("true")}}));
    CPPUNIT_ASSERT(reply.success);
    CPPUNIT_ASSERT_EQUAL(std::string{"true"},
                         DataValue{link->messages.at(1).properties().at(0).value}.toJson());
    CPPUNIT_ASSERT_EQUAL(std::string{"On"}, must(module_->devices().properties("d1")).at(2).text);
    reply = must(
        module_->commands().invokeFunction("d1", "reboot", {{"delay", DataValue::integer(5)}}));
    CPPUNIT_ASSERT(!reply.success);
    CPPUNIT_ASSERT_EQUAL(std::string{"BUSY"}, reply.code);
    CPPUNIT_ASSERT_EQUAL(std::string{"not now"}, reply.message);
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->commands().waiting());
    link->onMessage = nullptr;
    reply = must(module_->commands().invokeFunction("d1", "later", {}));
    CPPUNIT_ASSERT_EQUAL(std::string{"REQUEST_HANDLING"}, reply.code);
    awaitCompletions(3);
}

void DeviceContract::refusesBadCommands() {
    makeDevice("d1");
    Commands& commands = module_->commands();
    const auto code = [](const base::Result<CommandReply>& result) {
        CPPUNIT_ASSERT(!result);
        return std::string{deviceCode(result.error())};
    };
    CPPUNIT_ASSERT_EQUAL(std::string{"device.unknown"},
                         codeOf(commands.readProperties("none", {"on"})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PROPERTY_UNDEFINED"},
                         code(commands.readProperties("d1", {"nope"})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.readProperties("d1", {"mode"})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.writeProperties("d1", {{"temp", DataValue::number(1)}})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.writeProperties("d1", {{"on", DataValue::text("?")}})));
    CPPUNIT_ASSERT_EQUAL(std::string{"FUNCTION_UNDEFINED"},
                         code(commands.invokeFunction("d1", "explode", {})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.invokeFunction("d1", "reboot", {})));
    CPPUNIT_ASSERT_EQUAL(
        std::string{"PARAMETER_UNDEFINED"},
        code(commands.invokeFunction("d1", "reboot", {{"x", DataValue::integer(1)}})));
    CPPUNIT_ASSERT_EQUAL(std::string{"CLIENT_OFFLINE"},
                         code(commands.readProperties("d1", {"on"})));
    CommandOptions options;
    options.timeout_ms = 300'001;
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.readProperties("d1", {"on"}, options)));
    must(module_->devices().deactivate("d1"));
    CPPUNIT_ASSERT_EQUAL(std::string{"device.inactive"},
                         codeOf(commands.readProperties("d1", {"on"})));
}

void DeviceContract::endsCommandsInTime() {
    const DevicePtr device = makeDevice("d1");
    auto link = std::make_shared<FakeLink>();
    module_->sessions().open(device, link, SessionInfo{});
    Commands& commands = module_->commands();
    CommandOptions options;
    options.timeout_ms = 20;
    const auto late = commands.readProperties("d1", {"on"}, options);
    CPPUNIT_ASSERT_EQUAL(std::string{"device.timeout"}, codeOf(late));
    // Its reply comes too late and answers nobody.
    Report reply(FL_DEVICE_READ_PROPERTY_REPLY);
    reply.message.message_id = link->messages.at(0).message_id;
    store(device, reply);
    link->answer = base::Error{Errc::Unsupported, "no"};
    CPPUNIT_ASSERT_EQUAL(std::string{"UNSUPPORTED_MESSAGE"},
                         std::string{deviceCode(commands.readProperties("d1", {"on"}).error())});
    link->answer = base::Error{Errc::Closed, "gone"};
    CPPUNIT_ASSERT_EQUAL(std::string{"CONNECTION_LOST"},
                         std::string{deviceCode(commands.readProperties("d1", {"on"}).error())});
    // Bounded per device; what waits at the end is told so.
    link->answer = {};
    std::atomic<int> lost{0};
    for (std::size_t i = 0; i < kCommandsPerDeviceMax; ++i) {
        commands.readProperties("d1", {"on"}, CommandOptions{},
                                [&lost](base::Result<CommandReply> result) {
                                    lost += codeOf(result) == "device.connection_lost" ? 1 : 0;
                                });
    }
    CPPUNIT_ASSERT_EQUAL(std::string{"device.busy"}, codeOf(commands.readProperties("d1", {"on"})));
    shut();
    CPPUNIT_ASSERT_EQUAL(static_cast<int>(kCommandsPerDeviceMax), lost.load());
    open();
}

void DeviceContract::reachesChildren() {
    makeProduct("gp", DeviceKind::Gateway);
    makeProduct("cp", DeviceKind::Child);
    const DevicePtr gateway = makeDevice("g1", "gp");
    const DevicePtr child = makeDevice("c1", "cp", "g1");
    auto link = std::make_shared<FakeLink>();
    link->onMessage = [&](const OwnedMessage& command) {
        CPPUNIT_ASSERT_EQUAL(std::string{"c1"}, command.device_id);
        CPPUNIT_ASSERT_EQUAL(std::string{"g1"}, command.parent_id);
        Report reply(FL_DEVICE_READ_PROPERTY_REPLY);
        reply.message.message_id = command.message_id;
        submit(child, reply);
    };
    const SessionPtr parent = module_->sessions().open(gateway, link, SessionInfo{});
    CPPUNIT_ASSERT(must(module_->commands().readProperties("c1", {"on"})).success);
    module_->sessions().openChild(child, parent);
    CPPUNIT_ASSERT(must(module_->commands().readProperties("c1", {"on"})).success);
    awaitCompletions(2);
}

void DeviceContract::feedsThePages() {
    const DevicePtr device = makeDevice("d1");
    const DevicePtr other = makeDevice("d2");
    std::vector<std::string> events;
    const auto watch = must(module_->feed().watchDevice(
        "d1", [&events](const std::string& json) { events.push_back(json); }));
    store(device, Report{}.time(kNoon).value("temp", DataValue::number(1.5)));
    store(other, Report{}.time(kNoon).value("temp", DataValue::number(2.5)));
    CPPUNIT_ASSERT_EQUAL(std::size_t{2}, events.size());
    CPPUNIT_ASSERT_EQUAL(
        std::string{R"({"kind":"property","id":"temp","value":1.5,"text":"1.5 °C",)"
                    R"("time":"2023-11-14T22:13:20.000Z","quality":"good"})"},
        events[0]);
    CPPUNIT_ASSERT(events[1].find(R"({"kind":"message","message":{)") == 0);
    CPPUNIT_ASSERT(events[1].find(R"("summary":"temp=1.5")") != std::string::npos);
    Report fire(FL_DEVICE_EVENT);
    fire.message.name = "fire";
    fire.message.setData(DataValue::json(R"({"lvl":1})").view());
    store(device, fire);
    CPPUNIT_ASSERT(events[2].find(R"("level":"urgent","data":{"lvl":1})") != std::string::npos);
    module_->sessions().open(device, std::make_shared<FakeLink>(), SessionInfo{});
    CPPUNIT_ASSERT(events.back().find(R"("kind":"state","state":"online")") != std::string::npos);
    module_->feed().unwatch(watch);
    const std::size_t before = events.size();
    store(device, Report{}.value("temp", DataValue::number(3)));
    CPPUNIT_ASSERT_EQUAL(before, events.size());
}
