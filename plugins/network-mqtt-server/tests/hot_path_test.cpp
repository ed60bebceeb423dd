// SPDX-License-Identifier: Apache-2.0
// The promise that uplinks of QoS 0 and 1 allocate nothing, and that an idle client is small. Not
// under sanitizers, which have an allocator of their own: plain builds run it.
#ifndef FAIRLEAD_SANITIZED
#include "client.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allocations{0};
std::atomic<std::size_t> allocated{0};

void* counted(std::size_t n) {
    ++allocations;
    allocated += n;
    if (void* p = std::malloc(n == 0 ? 1 : n)) {
        return p;
    }
    throw std::bad_alloc();
}

} // namespace

void* operator new(std::size_t n) {
    return counted(n);
}
void* operator new[](std::size_t n) {
    return counted(n);
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete[](void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
    std::free(p);
}

using namespace fairlead::mqtt;
using namespace fairlead::mqtt::test;

namespace {

constexpr std::size_t kWindow = 64;

// A host that remembers tokens in a fixed array and allocates nothing itself.
struct PlainHost {
    PlainHost() {
        table.size = sizeof(table);
        table.ctx = this;
        table.write = [](void* ctx, fl_conn*, fl_bytes b) -> fl_status {
            of(ctx).written += b.n;
            return FL_OK;
        };
        table.deliver = [](void* ctx, fl_conn*, const fl_transport_message* m,
                           const fl_delivery* d) -> fl_status {
            PlainHost& self = of(ctx);
            ++self.delivered;
            if (m->kind != FL_TRANSPORT_CONNECT && (d->flags & FL_DELIVER_DURABLE) == 0) {
                return FL_OK;
            }
            self.tokens[self.count++ % kWindow] = d->token;
            return FL_PENDING;
        };
        table.set_timer = [](void*, fl_conn*, std::uint32_t, std::uint64_t) {};
        table.report = [](void*, fl_conn*, fl_str, fl_str) {};
        table.close = [](void* ctx, fl_conn*, std::uint32_t, fl_str) { of(ctx).closed = true; };
        table.state_get = [](void*, fl_str, fl_bytes*) -> fl_status { return FL_E_NOT_FOUND; };
        table.state_put = [](void*, fl_str, fl_bytes) -> fl_status { return FL_OK; };
        table.state_remove = [](void*, fl_str) -> fl_status { return FL_OK; };
    }
    static PlainHost& of(void* ctx) { return *static_cast<PlainHost*>(ctx); }

    fl_network_host table{};
    std::array<std::uint64_t, kWindow> tokens{};
    std::size_t count = 0;
    std::size_t written = 0;
    std::size_t delivered = 0;
    bool closed = false;
};

} // namespace

class MqttHotPathTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MqttHotPathTest);
    CPPUNIT_TEST(allocatesNothingPerUplink);
    CPPUNIT_TEST(keepsIdleClientsSmall);
    CPPUNIT_TEST_SUITE_END();

    struct Client {
        explicit Client(int level) {
            (void)fairlead::sdk::NetworkFactory<MqttServer>::raw().create(
                host.raw(), &plain.table, fairlead::sdk::str("mqtt-server"),
                fairlead::sdk::str("{}"), &plugin, nullptr);
            const fl_peer peer{
                sizeof(fl_peer), 0, fairlead::sdk::str("192.0.2.1:4711"), {}, {}, {}};
            (void)plugin.on_open(plugin.self, nullptr, &peer, &state, nullptr);
            ConnectOptions o;
            o.level = level;
            feed(test::connect(o));
            complete();
        }
        ~Client() {
            plugin.on_close(plugin.self, nullptr, state, FL_CLOSE_PEER);
            plugin.destroy(plugin.self);
        }
        void feed(const std::string& bytes) {
            std::size_t consumed = 0;
            (void)plugin.on_data(plugin.self, nullptr, state,
                                 fairlead::sdk::bytes(std::string_view(bytes)), &consumed, nullptr);
            all_consumed = all_consumed && consumed == bytes.size();
        }
        void complete() {
            const fl_completion done{sizeof(fl_completion), FL_OK, nullptr};
            for (std::size_t i = 0; i < plain.count; ++i) {
                plugin.on_complete(plugin.self, nullptr, state, plain.tokens[i], &done);
            }
            plain.count = 0;
        }

        fairlead::testkit::FakeHost host;
        PlainHost plain;
        fl_network plugin{sizeof(fl_network),
                          0,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};
        void* state = nullptr;
        bool all_consumed = true;
    };

public:
    void allocatesNothingPerUplink() {
        for (const int level : {4, 5}) {
            Client client(level);
            std::string batch;
            for (unsigned i = 1; i <= kWindow; ++i) {
                batch += publish("/product/device/properties/report", std::string(100, 'j'),
                                 {i % 2, i, false, false, level == 5, {}});
            }
            client.feed(batch); // the ring of acknowledgements grows to its size
            client.complete();
            const std::size_t written = client.plain.written;
            const long before = allocations;
            for (int round = 0; round < 100; ++round) {
                client.feed(batch);
                client.complete();
            }
            const long used = allocations - before;
            CPPUNIT_ASSERT_EQUAL(0L, used);
            CPPUNIT_ASSERT_EQUAL(std::size_t{1 + 101 * kWindow}, client.plain.delivered);
            CPPUNIT_ASSERT_EQUAL(std::size_t{100 * kWindow / 2 * 4},
                                 client.plain.written - written);
            CPPUNIT_ASSERT(client.all_consumed && !client.plain.closed);
        }
    }

    void keepsIdleClientsSmall() {
        const std::size_t before = allocated;
        Client client(4);
        client.feed(publish("/p/d/properties/report", "{}", {1, 1, false, false, false, {}}));
        client.complete();
        // Everything that was ever asked for, the component and what was freed included.
        CPPUNIT_ASSERT(allocated - before < 6 * 1024);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MqttHotPathTest);
#endif
