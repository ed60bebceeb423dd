// SPDX-License-Identifier: Apache-2.0
#include "backoff.hpp"
#include "dial_socket.hpp"
#include "fairlead/network/dial.hpp"
#include "resolver.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <netinet/in.h>
#include <poll.h>

#include <condition_variable>
#include <future>
#include <mutex>

namespace {

using namespace fairlead;
using network::Backoff;
using network::Resolver;
using network::SocketAddresses;

class BackoffTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(BackoffTest);
    CPPUNIT_TEST(doublesUpToTheLongest);
    CPPUNIT_TEST(usesTheWholeRange);
    CPPUNIT_TEST(beginsAnew);
    CPPUNIT_TEST(takesStrangeSettings);
    CPPUNIT_TEST(knowsAddressesWithoutAsking);
    CPPUNIT_TEST(asksOnThreadsOfItsOwn);
    CPPUNIT_TEST(doesNotAnswerAfterItsEnd);
    CPPUNIT_TEST(aSocketThatReachesItselfIsRefused);
    CPPUNIT_TEST(writesTargets);
    CPPUNIT_TEST_SUITE_END();

public:
    void doublesUpToTheLongest() {
        Backoff backoff(1'000, 60'000, 7);
        for (const unsigned bound :
             {1'000U, 2'000U, 4'000U, 8'000U, 16'000U, 32'000U, 60'000U, 60'000U}) {
            CPPUNIT_ASSERT_EQUAL(std::uint64_t{bound}, backoff.bound());
            const std::uint64_t pause = backoff.next();
            CPPUNIT_ASSERT(pause >= Backoff::kLeastMs && pause <= bound);
        }
    }
    void usesTheWholeRange() {
        std::uint64_t least = 60'000;
        std::uint64_t most = 0;
        for (std::uint32_t seed = 1; seed <= 2'000; ++seed) {
            Backoff backoff(60'000, 60'000, seed * 7919);
            const std::uint64_t pause = backoff.next();
            least = std::min(least, pause);
            most = std::max(most, pause);
        }
        CPPUNIT_ASSERT(least < 3'000 && most > 57'000);
    }
    void beginsAnew() {
        Backoff backoff(500, 60'000, 7);
        for (int i = 0; i < 5; ++i) {
            backoff.next();
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{16'000}, backoff.bound());
        backoff.reset();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{500}, backoff.bound());
    }
    void takesStrangeSettings() {
        Backoff zero(0, 0, 7);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{1}, zero.next());
        Backoff reversed(5'000, 1'000, 7);
        CPPUNIT_ASSERT(reversed.next() <= 5'000);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{5'000}, reversed.bound());
    }

    void knowsAddressesWithoutAsking() {
        CPPUNIT_ASSERT_EQUAL(AF_INET, Resolver::numeric("192.0.2.1", 7).at(0).family());
        CPPUNIT_ASSERT_EQUAL(AF_INET6, Resolver::numeric("2001:db8::1", 7).at(0).family());
        CPPUNIT_ASSERT(Resolver::numeric("localhost", 7).empty());
        CPPUNIT_ASSERT(Resolver::numeric("", 7).empty());
    }
    void asksOnThreadsOfItsOwn() {
        std::promise<std::thread::id> asked;
        Resolver resolver([&](const std::string& host, std::uint16_t port) {
            asked.set_value(std::this_thread::get_id());
            return base::Result<SocketAddresses>(Resolver::numeric(host + ".0.0.1", port));
        });
        std::promise<std::size_t> answered;
        CPPUNIT_ASSERT(resolver.resolve("127", 9, [&](base::Result<SocketAddresses> found) {
            answered.set_value(found->size());
        }));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, answered.get_future().get());
        CPPUNIT_ASSERT(asked.get_future().get() != std::this_thread::get_id());
    }
    void doesNotAnswerAfterItsEnd() {
        std::promise<void> begun;
        std::promise<void> go;
        std::atomic<bool> answered{false};
        {
            Resolver resolver([&](const std::string&, std::uint16_t) {
                begun.set_value();
                go.get_future().wait();
                return base::Result<SocketAddresses>(SocketAddresses{});
            });
            CPPUNIT_ASSERT(resolver.resolve(
                "slow", 1, [&](const base::Result<SocketAddresses>&) { answered = true; }));
            begun.get_future().wait();
            resolver.leave();
            go.set_value();
        }
        CPPUNIT_ASSERT(!answered);
    }

    void aSocketThatReachesItselfIsRefused() {
        const network::Descriptor fd = network::connectingSocket(AF_INET);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(at);
        CPPUNIT_ASSERT(bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
        static_cast<void>(connect(fd.get(), reinterpret_cast<sockaddr*>(&at), size));
        pollfd p{fd.get(), POLLOUT, 0};
        CPPUNIT_ASSERT_EQUAL(1, poll(&p, 1, 20'000));
        CPPUNIT_ASSERT_EQUAL(ECONNREFUSED, network::connectOutcome(fd.get()));
    }
    void writesTargets() {
        CPPUNIT_ASSERT_EQUAL(std::string("a.example:7"), network::targetText({"a.example", 7}));
        CPPUNIT_ASSERT_EQUAL(std::string("[::1]:7"), network::targetText({"::1", 7}));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(BackoffTest);

} // namespace
