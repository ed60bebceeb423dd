// SPDX-License-Identifier: Apache-2.0
// What one message costs below the sockets: validation, latest values, journal, commit, and the way
// into the history. Usage: fairlead-bench-ingest [messages] [devices] [devices in the list]
// [messages of a slice]
#include "../../contract/device/local_cluster.hpp"

#include "fairlead/device/module.hpp"
#include "fairlead/runtime/executor.hpp"
#include "fairlead/security/secrets.hpp"
#include "fairlead/storage/database.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>

using namespace fairlead;
using namespace fairlead::device;

namespace {

constexpr const char* kModel = R"({"properties":[
  {"id":"temperature","name":"T","valueType":{"type":"double"}},
  {"id":"humidity","name":"H","valueType":{"type":"double"}},
  {"id":"count","name":"C","valueType":{"type":"int"}},
  {"id":"battery","name":"B","valueType":{"type":"int"}},
  {"id":"mode","name":"M","valueType":{"type":"string"}}]})";

double seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename T>
T must(base::Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().message().c_str());
        std::exit(1);
    }
    return std::move(*result);
}

void mustDo(const base::Status& status) {
    if (!status) {
        std::fprintf(stderr, "%s\n", status.error().message().c_str());
        std::exit(1);
    }
}

/// The server below the sockets, in a private directory.
struct Bench {
    test::TempDir dir;
    std::unique_ptr<storage::Database> database = open("fairlead");
    std::unique_ptr<storage::Database> history = open("history");
    std::unique_ptr<security::Secrets> secrets = must(security::Secrets::open(dir.path() / "key"));
    LocalCluster cluster;
    runtime::Executor executor{runtime::ExecutorOptions{}};
    std::unique_ptr<Module> module;

    explicit Bench(std::size_t slice) {
        executor.start();
        ModuleOptions options;
        options.database = database.get();
        options.history = history.get();
        options.secrets = secrets.get();
        options.cluster = &cluster;
        options.executor = &executor;
        options.ingest.directory = dir.path() / "journal";
        options.ingest.compaction_interval_seconds = 3'600; // measured apart
        options.ingest.compaction_slice_messages = slice;
        options.ingest.compaction_slice_bytes = 64U << 20;
        module = must(Module::open(std::move(options)));
        mustDo(module->start());
    }
    ~Bench() {
        module->stop(60'000);
        module.reset();
        executor.stop();
    }
    std::unique_ptr<storage::Database> open(const std::string& name) {
        storage::DatabaseOptions options;
        options.path = dir.path() / (name + ".db");
        options.bulk = name == "history";
        return must(storage::openDatabase(options));
    }
    void makeDevices(std::size_t count) {
        NewProduct product;
        product.id = "p";
        product.name = "P";
        product.protocol_id = "official";
        product.thing_model = kModel;
        must(module->products().create(product));
        std::vector<NewDevice> batch;
        for (std::size_t i = 0; i < count; ++i) {
            NewDevice device;
            device.id = "device-" + std::to_string(i);
            device.name = "Pump " + std::to_string(i * 7 % count);
            device.product_id = "p";
            device.active = i % 3 != 0;
            batch.push_back(std::move(device));
            if (batch.size() == kCreateManyMax || i + 1 == count) {
                mustDo(module->devices().createMany(batch));
                batch.clear();
            }
        }
    }
};

void fillProperties(fl_property (&out)[5], std::size_t i) {
    constexpr const char* kIds[] = {"temperature", "humidity", "count", "battery", "mode"};
    for (std::size_t p = 0; p < 5; ++p) {
        out[p].id = fl_str{kIds[p], std::char_traits<char>::length(kIds[p])};
        out[p].value.kind = p < 2 ? FL_VALUE_DOUBLE : p < 4 ? FL_VALUE_INTEGER : FL_VALUE_STRING;
        out[p].value.d = static_cast<double>(i % 1'000) / 10;
        out[p].value.i = static_cast<std::int64_t>(i % 100);
        out[p].value.s = fl_str{"auto", 4};
    }
}

fl_transport_message makeRaw(const std::string& payload, base::UtcMs time) {
    fl_transport_message raw{};
    raw.size = sizeof raw;
    raw.address = fl_str{"/p/device/properties/report", 27};
    raw.payload = fl_bytes{reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    raw.received_ms = time;
    return raw;
}

void runIngest(Bench& bench, std::size_t messages, std::size_t devices) {
    std::vector<DevicePtr> entries;
    for (std::size_t i = 0; i < devices; ++i) {
        entries.push_back(must(bench.module->registry().get("device-" + std::to_string(i))));
    }
    std::mutex mutex;
    std::condition_variable woken;
    bool awake = false;
    auto lane = bench.module->ingest().attach([&] {
        const std::lock_guard guard(mutex);
        awake = true;
        woken.notify_all();
    });
    const std::string payload(100, 'x');
    std::vector<Completion> done;
    std::size_t completed = 0;
    const auto drain = [&](bool wait) {
        if (wait) {
            std::unique_lock lock(mutex);
            woken.wait_for(lock, std::chrono::milliseconds{100}, [&] { return awake; });
            awake = false;
        }
        done.clear();
        lane->completed(done);
        completed += done.size();
    };
    const base::UtcMs start_ms = base::utcNow();
    const double wall = seconds(CLOCK_MONOTONIC);
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double own = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (std::size_t i = 0; i < messages; ++i) {
        fl_property properties[5]{};
        fillProperties(properties, i);
        fl_device_message message{};
        message.size = sizeof message;
        message.kind = FL_DEVICE_REPORT_PROPERTY;
        message.properties = properties;
        message.property_count = 5;
        message.time_ms = start_ms + static_cast<base::UtcMs>(i / devices);
        const fl_transport_message raw = makeRaw(payload, message.time_ms);
        const DevicePtr& device = entries[i % devices];
        Uplink uplink;
        uplink.device = &device;
        uplink.raw = &raw;
        uplink.transport = "MQTT";
        uplink.protocol = "official";
        uplink.messages = std::span{&message, 1};
        uplink.devices = std::span{&device, 1};
        while (lane->submit(uplink, Ticket{1, i}) == Admission::Full) {
            lane->flush();
            drain(true);
        }
        if (i % 64 == 63) {
            lane->flush();
            drain(false);
        }
    }
    lane->flush();
    while (completed < messages) {
        drain(true);
    }
    const auto count = static_cast<double>(messages);
    const double took = seconds(CLOCK_MONOTONIC) - wall;
    std::printf("ingest: %.0f messages/s committed, %.2f us CPU per message (%.2f in the lane), "
                "%.0f messages per commit\n",
                count / took, (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / count * 1e6,
                (seconds(CLOCK_THREAD_CPUTIME_ID) - own) / count * 1e6,
                count / static_cast<double>(bench.module->journal().commits));
}

void runCompaction(Bench& bench, std::size_t messages) {
    const double before = static_cast<double>(bench.module->journal().messages_waiting);
    const double wall = seconds(CLOCK_MONOTONIC);
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    mustDo(bench.module->compactNow(600'000));
    if (before < 1) {
        return;
    }
    std::printf("compaction of the last %.0f of %zu: %.0f messages/s, %.2f us CPU per message\n",
                before, messages, before / (seconds(CLOCK_MONOTONIC) - wall),
                (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / before * 1e6);
}

void timeList(Bench& bench, const char* what, const DeviceQuery& query) {
    double best = 1e9;
    std::int64_t total = 0;
    for (int i = 0; i < 5; ++i) {
        const double begin = seconds(CLOCK_MONOTONIC);
        total = must(bench.module->devices().list(query)).total;
        best = std::min(best, seconds(CLOCK_MONOTONIC) - begin);
    }
    std::printf("list %-28s %7.2f ms, %lld devices\n", what, best * 1e3,
                static_cast<long long>(total));
}

void runLists(Bench& bench) {
    timeList(bench, "first page", {});
    DeviceQuery query;
    query.product_id = "p";
    query.state = DeviceState::Offline;
    timeList(bench, "product and state", query);
    query.page = 500;
    query.page_size = 200;
    timeList(bench, "its page 500 of 200", query);
    query = {};
    query.q = "device-1";
    timeList(bench, "prefix, many", query);
    query.q = "Pump 4711";
    query.sort = "name";
    timeList(bench, "prefix, few, by name", query);
    query = {};
    query.q = "device-99999";
    query.state = DeviceState::Offline;
    timeList(bench, "prefix, few, of a state", query);
    query = {};
    query.sort = "name";
    query.state = DeviceState::Inactive;
    timeList(bench, "inactive by name", query);
}

std::size_t argument(int argc, char** argv, int index, std::size_t other) {
    return argc > index ? static_cast<std::size_t>(std::strtoull(argv[index], nullptr, 10)) : other;
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t messages = argument(argc, argv, 1, 500'000);
    const std::size_t devices = argument(argc, argv, 2, 10'000);
    const std::size_t listed = argument(argc, argv, 3, devices);
    Bench bench(argument(argc, argv, 4, 50'000));
    bench.makeDevices(std::max(devices, listed));
    runIngest(bench, messages, devices);
    runCompaction(bench, messages);
    runLists(bench);
    return 0;
}
