// SPDX-License-Identifier: Apache-2.0
#include "device_contract_support.hpp"

#include <algorithm>
#include <chrono>

using namespace fairlead;
using namespace fairlead::device;
using namespace device_contract;
using base::Errc;

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

Admission DeviceContract::submitTo(IngestLane& lane, const DevicePtr& device, const Report& report,
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
    return lane.submit(uplink, Ticket{1, token});
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
