// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/event_hub.hpp"

#include "fairlead/base/json.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace fairlead;
using namespace std::chrono_literals;
using web::EventHub;
using web::EventStreamStart;

namespace {

/// The browser's end of a stream.
class Client {
public:
    Client(EventHub& hub, std::vector<std::string> topics, std::string last = {},
           std::string login = "login", std::function<bool()> allowed = {}) {
        std::array<int, 2> pair{};
        CPPUNIT_ASSERT_EQUAL(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()));
        fd_ = pair[0];
        auto start = std::make_shared<EventStreamStart>();
        start->topics = std::move(topics);
        start->last_event_id = std::move(last);
        start->login = std::move(login);
        start->still_allowed = std::move(allowed);
        hub.add(pair[1], std::move(start));
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Reads until `text` was seen; false at the end of the stream or after 10 s.
    bool until(const std::string& text) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (seen_.find(text) == std::string::npos) {
            if (!readSome(deadline)) {
                return false;
            }
        }
        return true;
    }

    bool closed() {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (readSome(deadline)) {
        }
        return ended_;
    }

    const std::string& seen() const { return seen_; }

    std::string lastId() const {
        const std::size_t at = seen_.rfind("id: ");
        return at == std::string::npos ? "" : seen_.substr(at + 4, seen_.find('\n', at) - at - 4);
    }

private:
    bool readSome(std::chrono::steady_clock::time_point deadline) {
        pollfd poller{fd_, POLLIN, 0};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0 || ::poll(&poller, 1, static_cast<int>(left.count())) <= 0) {
            return false;
        }
        std::array<char, 65536> buffer{};
        const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
        ended_ = got <= 0;
        if (got > 0) {
            seen_.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return got > 0;
    }

    int fd_ = -1;
    std::string seen_;
    bool ended_ = false;
};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

/// What sources were told, to be waited for.
class Demands {
public:
    EventHub::Demand listener() {
        return [this](const std::string& topic, bool wanted) {
            const std::lock_guard lock(mutex_);
            told_.push_back((wanted ? "+" : "-") + topic);
            changed_.notify_all();
        };
    }
    bool wait(const std::string& text) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(
            lock, 10s, [&] { return std::find(told_.begin(), told_.end(), text) != told_.end(); });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> told_;
};

} // namespace

class EventHubTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(EventHubTest);
    CPPUNIT_TEST(deliversTopicsToWhoWantsThem);
    CPPUNIT_TEST(coalescesByKeyAndTime);
    CPPUNIT_TEST(resumesAfterTheLastEvent);
    CPPUNIT_TEST(saysResetWhenEventsAreLost);
    CPPUNIT_TEST(cutsSlowReaders);
    CPPUNIT_TEST(limitsStreams);
    CPPUNIT_TEST(tellsSourcesAboutDemand);
    CPPUNIT_TEST(pings);
    CPPUNIT_TEST(endsStreamsThatLostTheirPermission);
    CPPUNIT_TEST(noticesClientsThatLeave);
    CPPUNIT_TEST(servesOnTheCallersThread);
    CPPUNIT_TEST_SUITE_END();

    void start(web::EventHubOptions options) {
        hub_ = std::make_unique<EventHub>(options);
        hub_->addSource("device.", demands_.listener());
        hub_->start();
    }

public:
    void setUp() override { options_.topic_interval = 1ms; }
    void tearDown() override {
        if (hub_ != nullptr) {
            hub_->stop();
        }
    }

private:
    void deliversTopicsToWhoWantsThem() {
        start(options_);
        Client one(*hub_, {"a", "b"});
        Client two(*hub_, {"b"});
        CPPUNIT_ASSERT(one.until(": ok"));
        CPPUNIT_ASSERT(two.until(": ok"));
        hub_->publish("a", "{\"n\":1}");
        hub_->publish("c", "{\"n\":3}");
        CPPUNIT_ASSERT(one.until("\"n\":1"));
        hub_->publish("b", "{\"n\":2}");
        CPPUNIT_ASSERT(two.until("event: b\ndata: {\"ts\":"));
        CPPUNIT_ASSERT(two.until("\"items\":[{\"n\":2}]}\n\n"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, count(two.seen(), "\"n\":1"));
        CPPUNIT_ASSERT(one.seen().starts_with("retry: 2000\n"));
    }

    void coalescesByKeyAndTime() {
        options_.topic_interval = 300ms;
        start(options_);
        Client client(*hub_, {"a"});
        CPPUNIT_ASSERT(client.until(": ok"));
        hub_->publish("a", "{\"first\":1}");
        CPPUNIT_ASSERT(client.until("first"));
        for (int i = 0; i < 50; ++i) {
            hub_->publish("a", "{\"v\":" + std::to_string(i) + "}", "key");
        }
        hub_->publish("a", "{\"end\":1}");
        CPPUNIT_ASSERT(client.until("end"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, count(client.seen(), "event: a"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, count(client.seen(), "\"v\":"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, count(client.seen(), "\"v\":49"));
    }

    void resumesAfterTheLastEvent() {
        start(options_);
        std::string last;
        {
            Client client(*hub_, {"a"});
            CPPUNIT_ASSERT(client.until(": ok"));
            hub_->publish("a", "{\"n\":1}");
            CPPUNIT_ASSERT(client.until("\"n\":1"));
            last = client.lastId();
        }
        Client other(*hub_, {"a"}, "", "other");
        CPPUNIT_ASSERT(other.until(": ok"));
        hub_->publish("a", "{\"n\":2}");
        CPPUNIT_ASSERT(other.until("\"n\":2"));
        Client back(*hub_, {"a"}, last);
        CPPUNIT_ASSERT(back.until("\"n\":2"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, count(back.seen(), "\"n\":1"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, count(back.seen(), "event: reset"));
    }

    void saysResetWhenEventsAreLost() {
        options_.ring_events = 2;
        start(options_);
        Client client(*hub_, {"a"});
        CPPUNIT_ASSERT(client.until(": ok"));
        hub_->publish("a", "{\"n\":0}");
        CPPUNIT_ASSERT(client.until("\"n\":0"));
        const std::string last = client.lastId();
        for (int i = 1; i <= 5; ++i) {
            const std::string item = "{\"n\":" + std::to_string(i) + "}";
            hub_->publish("a", item);
            CPPUNIT_ASSERT(client.until(item));
        }
        Client back(*hub_, {"a"}, last, "other");
        CPPUNIT_ASSERT(back.until("event: reset"));
        Client stranger(*hub_, {"a"}, "ffffffff.1", "third");
        CPPUNIT_ASSERT(stranger.until("event: reset"));
    }

    void cutsSlowReaders() {
        options_.backlog_bytes_max = 16 * 1024;
        start(options_);
        Client slow(*hub_, {"a"});
        Client reader(*hub_, {"a"}, "", "other");
        CPPUNIT_ASSERT(slow.until(": ok"));
        CPPUNIT_ASSERT(reader.until(": ok"));
        const std::string big(8 * 1024, 'x');
        // A socket pair holds a few hundred KiB; then the backlog grows to its limit.
        for (int i = 0; i < 400 && hub_->streams() == 2; ++i) {
            const std::string mark = "mark" + std::to_string(i);
            hub_->publish("a", "{\"x\":\"" + big + "\",\"m\":\"" + mark + "\"}");
            CPPUNIT_ASSERT(reader.until(mark + "\""));
        }
        CPPUNIT_ASSERT(slow.closed());
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, hub_->streams());
    }

    void limitsStreams() {
        options_.streams_max = 3;
        options_.streams_per_login_max = 2;
        start(options_);
        Client one(*hub_, {"a"}, "", "x");
        Client two(*hub_, {"a"}, "", "x");
        CPPUNIT_ASSERT_EQUAL(std::string{"events.streams_per_login"},
                             hub_->admit("x").error().code());
        CPPUNIT_ASSERT(hub_->admit("y"));
        Client three(*hub_, {"a"}, "", "y");
        CPPUNIT_ASSERT_EQUAL(std::string{"events.streams"}, hub_->admit("z").error().code());
    }

    void tellsSourcesAboutDemand() {
        options_.linger = 1ms;
        start(options_);
        {
            Client client(*hub_, {"device.d1"});
            CPPUNIT_ASSERT(demands_.wait("+device.d1"));
            CPPUNIT_ASSERT(hub_->wanted("device.d1"));
        }
        CPPUNIT_ASSERT(demands_.wait("-device.d1"));
        CPPUNIT_ASSERT(!hub_->wanted("device.d1"));
    }

    void pings() {
        options_.ping_interval = 5ms;
        start(options_);
        Client client(*hub_, {"a"});
        CPPUNIT_ASSERT(client.until(": ping\n\n: ping\n\n"));
    }

    void endsStreamsThatLostTheirPermission() {
        options_.recheck_interval = 5ms;
        start(options_);
        std::atomic<bool> allowed{true};
        Client client(*hub_, {"a"}, "", "x", [&] { return allowed.load(); });
        CPPUNIT_ASSERT(client.until(": ok"));
        allowed = false;
        CPPUNIT_ASSERT(client.closed());
    }

    void noticesClientsThatLeave() {
        options_.linger = 1ms;
        start(options_);
        {
            Client client(*hub_, {"device.d2"});
            CPPUNIT_ASSERT(client.until(": ok"));
            CPPUNIT_ASSERT_EQUAL(std::size_t{1}, hub_->streams());
        }
        CPPUNIT_ASSERT(demands_.wait("-device.d2"));
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, hub_->streams());
        CPPUNIT_ASSERT(hub_->admit("login"));
    }

    void servesOnTheCallersThread() {
        start(options_);
        auto begin = std::make_shared<EventStreamStart>();
        begin->topics = {"a"};
        begin->login = "tls";
        std::string seen;
        std::thread serving([&] {
            hub_->serve(begin, [&](std::string_view text) {
                seen += text;
                if (text.find(": ok") != std::string_view::npos) {
                    hub_->publish("a", "{\"n\":1}");
                }
                return seen.find("\"n\":1") == std::string::npos; // the client leaves then
            });
        });
        serving.join();
        CPPUNIT_ASSERT(seen.find("event: a") != std::string::npos);
    }

    web::EventHubOptions options_;
    Demands demands_;
    std::unique_ptr<EventHub> hub_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(EventHubTest);
