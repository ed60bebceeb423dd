// SPDX-License-Identifier: Apache-2.0
#include "engine_fixture.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <fstream>
#include <iostream>

namespace {

using namespace fairlead;
using namespace fairlead::test;

/// Holds connections in a process of its own, because each has two ends and files are limited.
class Crowd {
public:
    /// Before any thread is started.
    Crowd() {
        if (pipe(orders_) != 0 || (child_ = fork()) < 0) {
            throw std::runtime_error("cannot fork");
        }
        if (child_ == 0) {
            ::close(orders_[1]);
            hold();
        }
        ::close(orders_[0]);
    }
    ~Crowd() {
        leave();
        waitpid(child_, nullptr, 0);
    }
    Crowd(const Crowd&) = delete;

    void come(std::uint16_t port, std::uint32_t count) {
        const std::uint32_t order[2] = {port, count};
        CPPUNIT_ASSERT(::write(orders_[1], order, sizeof(order)) == sizeof(order));
    }
    void leave() {
        if (orders_[1] >= 0) {
            ::close(std::exchange(orders_[1], -1));
        }
    }

private:
    [[noreturn]] void hold() {
        std::uint32_t order[2] = {};
        if (::read(orders_[0], order, sizeof(order)) == sizeof(order)) {
            for (std::uint32_t i = 0; i < order[1]; ++i) {
                const int fd = Client::dial(static_cast<std::uint16_t>(order[0]));
                if (fd < 0 || ::send(fd, "hello\n", 6, MSG_NOSIGNAL) != 6) {
                    _exit(1);
                }
            }
            char wait = 0;
            static_cast<void>(::read(orders_[0], &wait, 1));
        }
        _exit(0);
    }

    int orders_[2] = {-1, -1};
    pid_t child_ = -1;
};

std::size_t residentBytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class IdleTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(IdleTest);
    CPPUNIT_TEST(idleConnectionsAreSmall);
    CPPUNIT_TEST_SUITE_END();

public:
    void idleConnectionsAreSmall() {
        rlimit files{};
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
#ifdef FAIRLEAD_SANITIZED
        constexpr rlim_t kWanted = 500;
#else
        constexpr rlim_t kWanted = 10'000;
#endif
        const auto count = static_cast<std::uint32_t>(
            std::min<rlim_t>(kWanted, files.rlim_cur > 200 ? files.rlim_cur - 200 : 0));
        Crowd crowd;
        FakeHandler handler;
        EngineFixture f;
        const std::uint16_t port = f.open(&handler);
        CPPUNIT_ASSERT_EQUAL(std::string("warm"), Client(port).ask("warm"));
        const std::size_t before = residentBytes();
        crowd.come(port, count);
        CPPUNIT_ASSERT(f.wait([&] {
            const auto c = f.engine->counters("a");
            return c.connections == count && c.bytes_out >= 6U * count;
        }));
        const std::size_t each = (residentBytes() - before) / count;
        std::cerr << " [" << count << " idle connections: " << each << " bytes each]";
#ifndef FAIRLEAD_SANITIZED
        // With the state of the type and of the handler here; the product promises 4 KiB in all.
        CPPUNIT_ASSERT(each <= 2048);
#endif
        crowd.leave();
        CPPUNIT_ASSERT(f.wait([&] { return f.engine->counters("a").connections == 0; }));
        CPPUNIT_ASSERT_EQUAL(static_cast<int>(count) + 1, handler.get(&FakeHandler::closes));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(IdleTest);

} // namespace
