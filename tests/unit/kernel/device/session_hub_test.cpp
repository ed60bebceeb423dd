// SPDX-License-Identifier: Apache-2.0
#include "session_hub.hpp"

#include <cppunit/extensions/HelperMacros.h>

using namespace fairlead;
using namespace fairlead::device;

namespace {

class RecordingLink final : public SessionLink {
public:
    void send(OwnedMessage, std::function<void(base::Status)> sent) override { sent({}); }
    void close(CloseReason reason) override { closed.push_back(reason); }
    std::vector<CloseReason> closed;
};

DevicePtr deviceOf(const std::string& id, std::int64_t keep_alive_seconds = 0) {
    auto product = std::make_shared<ProductSnapshot>();
    product->keep_alive_seconds = keep_alive_seconds;
    auto facts = std::make_shared<DeviceEntry::Facts>();
    facts->id = id;
    facts->product = product;
    return std::make_shared<DeviceEntry>(facts);
}

} // namespace

class SessionHubTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(SessionHubTest);
    CPPUNIT_TEST(endsSilentSessions);
    CPPUNIT_TEST(keepsSessionsWithoutALimit);
    CPPUNIT_TEST(keepsLimitsBeyondTheWheel);
    CPPUNIT_TEST(endsSilentChildrenAlone);
    CPPUNIT_TEST(listsByGateway);
    CPPUNIT_TEST(closesEverythingAtTheEnd);
    CPPUNIT_TEST_SUITE_END();

    std::vector<std::string> events_;
    std::shared_ptr<RecordingLink> link_ = std::make_shared<RecordingLink>();
    SessionHub hub_{[this](const Presence& presence) {
        events_.push_back(presence.device->id() + (presence.online ? "+" : "-"));
    }};

    SessionPtr open(const std::string& id, std::int64_t keep_alive_ms,
                    const std::string& gateway = "gw") {
        SessionInfo info;
        info.gateway_id = gateway;
        info.keep_alive_ms = keep_alive_ms;
        return hub_.open(deviceOf(id, 5), link_, info);
    }

public:
    void endsSilentSessions() {
        const SessionPtr session = open("d1", 10'000);
        const base::UtcMs start = session->lastSeen();
        hub_.sweep(start + 9'000);
        CPPUNIT_ASSERT(hub_.find("d1") == session);
        session->touch(start + 9'500);
        hub_.sweep(start + 12'000);
        CPPUNIT_ASSERT(hub_.find("d1") == session);
        hub_.sweep(start + 18'000);
        CPPUNIT_ASSERT(hub_.find("d1") == session);
        hub_.sweep(start + 21'000);
        CPPUNIT_ASSERT(hub_.find("d1") == nullptr);
        CPPUNIT_ASSERT(link_->closed == std::vector{CloseReason::Timeout});
        CPPUNIT_ASSERT((events_ == std::vector<std::string>{"d1+", "d1-"}));
    }

    void keepsSessionsWithoutALimit() {
        open("d1", 0);
        hub_.sweep(base::utcNow() + 1'000'000'000);
        CPPUNIT_ASSERT(hub_.find("d1") != nullptr);
    }

    void keepsLimitsBeyondTheWheel() {
        const base::UtcMs now = base::utcNow();
        hub_.sweep(now);
        open("d1", 3 * 4'096'000LL);
        for (base::UtcMs at = now; at < now + 3 * 4'096'000LL - 60'000; at += 60'000) {
            hub_.sweep(at);
        }
        CPPUNIT_ASSERT(hub_.find("d1") != nullptr);
        hub_.sweep(now + 3 * 4'096'000LL + 2'000);
        CPPUNIT_ASSERT(hub_.find("d1") == nullptr);
    }

    void endsSilentChildrenAlone() {
        const SessionPtr parent = open("g1", 0);
        const SessionPtr child = hub_.openChild(deviceOf("c1", 5), parent);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{5'000}, child->info().keep_alive_ms);
        hub_.sweep(child->lastSeen() + 7'000);
        CPPUNIT_ASSERT(hub_.find("c1") == nullptr && hub_.find("g1") == parent);
        CPPUNIT_ASSERT(link_->closed.empty());
    }

    void listsByGateway() {
        for (int i = 0; i < 5; ++i) {
            open("d" + std::to_string(i), 0, i == 3 ? "other" : "gw");
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{4}, hub_.countOfGateway("gw"));
        const auto page = hub_.ofGateway("gw", 1, 2);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, page.size());
        CPPUNIT_ASSERT_EQUAL(std::string{"d1"}, page[0]->device()->id());
        CPPUNIT_ASSERT(hub_.ofGateway("none", 0, 2).empty());
    }

    void closesEverythingAtTheEnd() {
        open("d1", 0);
        open("d2", 0);
        hub_.stop();
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, hub_.count());
        CPPUNIT_ASSERT(
            (link_->closed == std::vector{CloseReason::Shutdown, CloseReason::Shutdown}));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SessionHubTest);
