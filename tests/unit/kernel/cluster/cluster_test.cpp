// SPDX-License-Identifier: Apache-2.0
#include "fairlead/cluster/cluster.hpp"

#include "../../../../kernel/cluster/src/topic.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <atomic>
#include <future>
#include <thread>

using namespace fairlead::cluster;
using fairlead::base::Errc;
using fairlead::base::Result;

class ClusterTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ClusterTest);
    CPPUNIT_TEST(matchesTopics);
    CPPUNIT_TEST(deliversEventsInOrder);
    CPPUNIT_TEST(dropsTheOldestOfASlowSubscriber);
    CPPUNIT_TEST(unsubscribeWaits);
    CPPUNIT_TEST(refusesBadTopics);
    CPPUNIT_TEST(answersRequests);
    CPPUNIT_TEST(endsRequestsInTime);
    CPPUNIT_TEST(endsRequestsAtStop);
    CPPUNIT_TEST(keepsADirectory);
    CPPUNIT_TEST(leases);
    CPPUNIT_TEST(listsNodes);
    CPPUNIT_TEST(saysThatItLives);
    CPPUNIT_TEST_SUITE_END();

    fairlead::test::TempDir dir_;
    std::unique_ptr<fairlead::storage::Database> database_;
    std::unique_ptr<Cluster> cluster_;

    Result<std::string> ask(const std::string& node, const std::string& subject,
                            const std::string& payload, std::int64_t timeout_ms) {
        auto answer = std::make_shared<std::promise<Result<std::string>>>();
        cluster_->request(node, subject, payload, timeout_ms,
                          [answer](Result<std::string> r) { answer->set_value(std::move(r)); });
        return answer->get_future().get();
    }

public:
    void setUp() override {
        fairlead::storage::DatabaseOptions options;
        options.path = (dir_.path() / "test.db").string();
        database_ = std::move(fairlead::storage::openDatabase(options)).value();
        CPPUNIT_ASSERT(database_->migrate("cluster", migrations()));
        ClusterOptions own;
        own.node_id = "node1";
        own.address = "127.0.0.1";
        own.version = "1";
        cluster_ = makeSingleNode(*database_, own);
        CPPUNIT_ASSERT(cluster_->start());
    }

    void tearDown() override { cluster_->stop(); }

    void matchesTopics() {
        CPPUNIT_ASSERT(matches("a.b", "a.b"));
        CPPUNIT_ASSERT(!matches("a.b", "a"));
        CPPUNIT_ASSERT(!matches("a", "a.b"));
        CPPUNIT_ASSERT(matches("a.*.c", "a.b.c"));
        CPPUNIT_ASSERT(!matches("a.*", "a.b.c"));
        CPPUNIT_ASSERT(matches("a.>", "a.b.c"));
        CPPUNIT_ASSERT(!matches("a.>", "a"));
        CPPUNIT_ASSERT(matches(">", "a.b"));
        for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a.>.b", "阀"}) {
            CPPUNIT_ASSERT_MESSAGE(bad, !isPattern(bad));
        }
        CPPUNIT_ASSERT(isPattern("a.*.>") && !isTopic("a.*"));
        CPPUNIT_ASSERT(!isTopic(std::string(300, 'a')));
    }

    void deliversEventsInOrder() {
        std::vector<std::string> seen;
        std::promise<void> done;
        CPPUNIT_ASSERT(cluster_->subscribe("device.*.property", [&](const Event& event) {
            seen.push_back(event.payload);
            CPPUNIT_ASSERT_EQUAL(std::string("node1"), event.node);
            if (event.payload == "999") {
                done.set_value();
            }
        }));
        for (int i = 0; i < 1000; ++i) {
            CPPUNIT_ASSERT(cluster_->publish("device.d1.property", std::to_string(i)));
            CPPUNIT_ASSERT(cluster_->publish("device.d1.state", "x"));
        }
        done.get_future().wait();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1000}, seen.size());
        for (std::size_t i = 0; i < seen.size(); ++i) {
            CPPUNIT_ASSERT_EQUAL(std::to_string(i), seen[i]);
        }
    }

    void dropsTheOldestOfASlowSubscriber() {
        std::promise<void> inside;
        std::promise<void> release;
        std::promise<void> done;
        std::vector<std::string> seen;
        CPPUNIT_ASSERT(cluster_->subscribe("t", [&](const Event& event) {
            if (seen.empty()) {
                inside.set_value();
                release.get_future().wait();
            }
            seen.push_back(event.payload);
            if (event.payload == "last") {
                done.set_value();
            }
        }));
        CPPUNIT_ASSERT(cluster_->publish("t", "first"));
        inside.get_future().wait();
        for (std::size_t i = 0; i < kSubscriberQueueMax + 9; ++i) {
            CPPUNIT_ASSERT(cluster_->publish("t", std::to_string(i)));
        }
        CPPUNIT_ASSERT(cluster_->publish("t", "last"));
        release.set_value();
        done.get_future().wait();
        CPPUNIT_ASSERT_EQUAL(kSubscriberQueueMax + 1, seen.size());
        CPPUNIT_ASSERT_EQUAL(std::string("10"), seen[1]);
    }

    void unsubscribeWaits() {
        std::promise<void> inside;
        std::promise<void> release;
        std::atomic<bool> ended{false};
        const auto id = cluster_->subscribe("t", [&](const Event&) {
            inside.set_value();
            release.get_future().wait();
            ended = true;
        });
        CPPUNIT_ASSERT(cluster_->publish("t", "1"));
        inside.get_future().wait();
        std::thread later([&] { release.set_value(); });
        cluster_->unsubscribe(*id);
        CPPUNIT_ASSERT(ended);
        later.join();
        cluster_->unsubscribe(*id);
    }

    void refusesBadTopics() {
        CPPUNIT_ASSERT(!cluster_->publish("a.*", ""));
        CPPUNIT_ASSERT(!cluster_->subscribe("a..b", [](const Event&) {}));
        const auto large = cluster_->publish("a", std::string(kPayloadBytesMax + 1, 'x'));
        CPPUNIT_ASSERT(large.error().kind() == Errc::Limit);
    }

    void answersRequests() {
        CPPUNIT_ASSERT(cluster_->serve("echo", [](const std::string& payload, Reply reply) {
            reply(payload + "!");
            reply(std::string("a second answer is ignored"));
        }));
        CPPUNIT_ASSERT(!cluster_->serve("echo", nullptr));
        CPPUNIT_ASSERT_EQUAL(std::string("hi!"), *ask("", "echo", "hi", 1000));
        CPPUNIT_ASSERT_EQUAL(std::string("hi!"), *ask("node1", "echo", "hi", 1000));
        CPPUNIT_ASSERT(ask("node2", "echo", "hi", 1000).error().kind() == Errc::NotFound);
        cluster_->unserve("echo");
        CPPUNIT_ASSERT(ask("", "echo", "hi", 1000).error().kind() == Errc::NotFound);
    }

    void endsRequestsInTime() {
        Reply kept;
        CPPUNIT_ASSERT(cluster_->serve(
            "never", [&](const std::string&, Reply reply) { kept = std::move(reply); }));
        CPPUNIT_ASSERT(ask("", "never", "", 10).error().kind() == Errc::Timeout);
        kept(std::string("too late"));
    }

    void endsRequestsAtStop() {
        CPPUNIT_ASSERT(cluster_->serve("never", [](const std::string&, const Reply&) {}));
        std::promise<Errc> ended;
        cluster_->request("", "never", "", 60'000, [&](const Result<std::string>& result) {
            ended.set_value(result.error().kind());
        });
        cluster_->stop();
        CPPUNIT_ASSERT(ended.get_future().get() == Errc::Closed);
    }

    void keepsADirectory() {
        CPPUNIT_ASSERT(!cluster_->get("session.d1").has_value());
        const auto first = cluster_->put("session.d1", "a", 0);
        CPPUNIT_ASSERT(first);
        CPPUNIT_ASSERT(cluster_->put("session.d1", "b", 0).error().kind() == Errc::Conflict);
        const auto second = cluster_->put("session.d1", "b", *first);
        CPPUNIT_ASSERT(second && *second > *first);
        CPPUNIT_ASSERT_EQUAL(std::string("b"), cluster_->get("session.d1")->value);
        CPPUNIT_ASSERT(!cluster_->erase("session.d1", *first));
        CPPUNIT_ASSERT(cluster_->erase("session.d1", *second));
        CPPUNIT_ASSERT(!cluster_->erase("session.d1"));
    }

    void leases() {
        const auto first = cluster_->lease("compaction", 60'000);
        const auto renewed = cluster_->lease("compaction", 60'000);
        CPPUNIT_ASSERT_EQUAL(first->fence, renewed->fence);
        CPPUNIT_ASSERT_EQUAL(std::string("node1"), renewed->node);
        cluster_->release("compaction");
        const auto again = cluster_->lease("compaction", 0);
        CPPUNIT_ASSERT(again->fence > first->fence);
        CPPUNIT_ASSERT(cluster_->lease("compaction", 1000)->fence > again->fence);
    }

    void listsNodes() {
        const auto nodes = cluster_->nodes();
        CPPUNIT_ASSERT(nodes);
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, nodes->size());
        CPPUNIT_ASSERT_EQUAL(std::string("node1"), nodes->at(0).id);
        CPPUNIT_ASSERT(nodes->at(0).started_at > 0);
        CPPUNIT_ASSERT(nodes->at(0).alive);
        cluster_->stop();
        CPPUNIT_ASSERT(!cluster_->nodes()->at(0).alive);
    }

    void saysThatItLives() {
        ClusterOptions other;
        other.node_id = "node2";
        other.heartbeat_ms = 1;
        const auto second = makeSingleNode(*database_, other);
        CPPUNIT_ASSERT(second->start());
        const auto seen = [&] { return cluster_->nodes()->at(1).seen_at; };
        const auto first = seen();
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (seen() == first && std::chrono::steady_clock::now() < limit) {
            std::this_thread::yield();
        }
        CPPUNIT_ASSERT(seen() > first);
        second->stop();
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ClusterTest);
