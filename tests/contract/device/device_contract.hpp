// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "local_cluster.hpp"

#include "fairlead/device/module.hpp"
#include "fairlead/runtime/executor.hpp"
#include "fairlead/security/secrets.hpp"
#include "fairlead/storage/database.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// A connection that a test decides about.
class FakeLink final : public fairlead::device::SessionLink {
public:
    void send(fairlead::device::OwnedMessage message,
              std::function<void(fairlead::base::Status)> sent) override;
    void close(fairlead::device::CloseReason reason) override;

    std::vector<fairlead::device::OwnedMessage> messages;
    std::vector<fairlead::device::CloseReason> closed;
    fairlead::base::Status answer; ///< given to every send
    /// Called with each message, after it was taken.
    std::function<void(const fairlead::device::OwnedMessage&)> onMessage;
};

/// A report or other message with texts of its own.
struct Report {
    explicit Report(std::uint32_t kind = FL_DEVICE_REPORT_PROPERTY) { message.kind = kind; }
    Report& value(const std::string& id, const fairlead::device::DataValue& value,
                  std::int64_t time = 0) {
        message.addProperty(id, value.view(), time);
        return *this;
    }
    Report& time(std::int64_t at) {
        message.time_ms = at;
        return *this;
    }
    fairlead::device::OwnedMessage message;
    std::string payload = "{\"raw\":1}";
    std::string once_scope;
    std::string once_key;
};

/// What the device module promises on every database. The subclasses say which.
class DeviceContract : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DeviceContract);
    CPPUNIT_TEST(keepsProducts);
    CPPUNIT_TEST(refusesBadProducts);
    CPPUNIT_TEST(hidesSecrets);
    CPPUNIT_TEST(locksOptimistically);
    CPPUNIT_TEST(keepsDevices);
    CPPUNIT_TEST(refusesBadDevices);
    CPPUNIT_TEST(refusesToRemoveWhatIsUsed);
    CPPUNIT_TEST(checksParents);
    CPPUNIT_TEST(listsAndFilters);
    CPPUNIT_TEST(createsManyOrNone);
    CPPUNIT_TEST(refreshesTheRegistry);
    CPPUNIT_TEST(storesReports);
    CPPUNIT_TEST(keepsWhatIsInvalidAsRaw);
    CPPUNIT_TEST(pagesThroughHistory);
    CPPUNIT_TEST(aggregatesLikeANaiveReference);
    CPPUNIT_TEST(logsMessages);
    CPPUNIT_TEST(keepsEvents);
    CPPUNIT_TEST(takesReportedTags);
    CPPUNIT_TEST(acknowledgesAfterTheCommitOnly);
    CPPUNIT_TEST(storesOncePerKey);
    CPPUNIT_TEST(keepsClientState);
    CPPUNIT_TEST(stopsTakingWhenFull);
    CPPUNIT_TEST(refusesWhatIsTooLarge);
    CPPUNIT_TEST(losesNothingInACrash);
    CPPUNIT_TEST(takesFromManyLanesAtOnce);
    CPPUNIT_TEST(deletesOldHistory);
    CPPUNIT_TEST(followsPresence);
    CPPUNIT_TEST(setsDevicesOfflineAtTheStart);
    CPPUNIT_TEST(takesOverSessions);
    CPPUNIT_TEST(endsChildrenWithTheirGateway);
    CPPUNIT_TEST(commandsADevice);
    CPPUNIT_TEST(refusesBadCommands);
    CPPUNIT_TEST(endsCommandsInTime);
    CPPUNIT_TEST(reachesChildren);
    CPPUNIT_TEST(feedsThePages);
    CPPUNIT_TEST_SUITE_END_ABSTRACT();

public:
    void setUp() override;
    void tearDown() override;

    void keepsProducts();
    void refusesBadProducts();
    void hidesSecrets();
    void locksOptimistically();
    void keepsDevices();
    void refusesBadDevices();
    void refusesToRemoveWhatIsUsed();
    void checksParents();
    void listsAndFilters();
    void createsManyOrNone();
    void refreshesTheRegistry();
    void storesReports();
    void keepsWhatIsInvalidAsRaw();
    void pagesThroughHistory();
    void aggregatesLikeANaiveReference();
    void logsMessages();
    void keepsEvents();
    void takesReportedTags();
    void acknowledgesAfterTheCommitOnly();
    void storesOncePerKey();
    void keepsClientState();
    void stopsTakingWhenFull();
    void refusesWhatIsTooLarge();
    void losesNothingInACrash();
    void takesFromManyLanesAtOnce();
    void deletesOldHistory();
    void followsPresence();
    void setsDevicesOfflineAtTheStart();
    void takesOverSessions();
    void endsChildrenWithTheirGateway();
    void commandsADevice();
    void refusesBadCommands();
    void endsCommandsInTime();
    void reachesChildren();
    void feedsThePages();

protected:
    /// Opens the same databases again at every call of one test.
    virtual std::unique_ptr<fairlead::storage::Database> openDatabase(const std::string& name) = 0;

    fairlead::test::TempDir dir_;

private:
    void open(bool started = true);
    void shut(bool orderly = true);
    fairlead::device::ModuleOptions options();

    void makeProduct(const std::string& id,
                     fairlead::device::DeviceKind kind = fairlead::device::DeviceKind::Device);
    fairlead::device::DevicePtr makeDevice(const std::string& id, const std::string& product = "p1",
                                           const std::string& parent = {});
    fairlead::device::Admission submit(const fairlead::device::DevicePtr& device,
                                       const Report& report, std::uint64_t token = 1) {
        return submitTo(*lane_, device, report, token);
    }
    static fairlead::device::Admission submitTo(fairlead::device::IngestLane& lane,
                                                const fairlead::device::DevicePtr& device,
                                                const Report& report, std::uint64_t token);
    /// One lane on a thread of its own: `count` messages, the tickets checked for their order.
    void runLane(const std::vector<fairlead::device::DevicePtr>& devices, int lane, int count);
    /// Submits and waits for the commit.
    void store(const fairlead::device::DevicePtr& device, const Report& report);
    std::vector<fairlead::device::Completion> awaitCompletions(std::size_t count);
    void compact();
    std::int64_t total(const fairlead::device::DeviceQuery& query);

    std::unique_ptr<fairlead::storage::Database> database_;
    std::unique_ptr<fairlead::storage::Database> history_;
    std::unique_ptr<fairlead::security::Secrets> secrets_;
    LocalCluster cluster_;
    std::unique_ptr<fairlead::runtime::Executor> executor_;
    std::unique_ptr<fairlead::device::Module> module_;
    std::unique_ptr<fairlead::device::IngestLane> lane_;
    fairlead::device::IngestOptions ingest_;
    fairlead::device::RetentionOptions retention_;

    std::mutex mutex_;
    std::condition_variable woken_;
    std::size_t wakes_ = 0;
};
