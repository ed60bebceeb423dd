// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/storage/database.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <memory>

/// What every driver behind storage::Database promises. The subclasses say which database.
class DatabaseContract : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(DatabaseContract);
    CPPUNIT_TEST(storesEveryType);
    CPPUNIT_TEST(storesLargeValues);
    CPPUNIT_TEST(comparesTextByBytes);
    CPPUNIT_TEST(limitsQueries);
    CPPUNIT_TEST(streamsAndStopsEarly);
    CPPUNIT_TEST(countsChangedRows);
    CPPUNIT_TEST(givesAutomaticKeys);
    CPPUNIT_TEST(insertsManyRows);
    CPPUNIT_TEST(updatesOrInserts);
    CPPUNIT_TEST(refusesDoublesAndOrphans);
    CPPUNIT_TEST(explainsWrongSql);
    CPPUNIT_TEST(undoesFailedWork);
    CPPUNIT_TEST(failedWorkKeepsItsNeighbours);
    CPPUNIT_TEST(writesFromManyThreads);
    CPPUNIT_TEST(repeatsAfterDeadlocks);
    CPPUNIT_TEST(readsWhileWriting);
    CPPUNIT_TEST(migratesOnce);
    CPPUNIT_TEST(migratesFromTwoProcesses);
    CPPUNIT_TEST(refusesANewerSchema);
    CPPUNIT_TEST(namesTheFailedMigration);
    CPPUNIT_TEST(locksOptimistically);
    CPPUNIT_TEST(listsPages);
    CPPUNIT_TEST(searchesLists);
    CPPUNIT_TEST(refusesBadListRequests);
    CPPUNIT_TEST(refusesAfterClose);
    CPPUNIT_TEST_SUITE_END_ABSTRACT();

public:
    void setUp() override;
    void tearDown() override;

    void storesEveryType();
    void storesLargeValues();
    void comparesTextByBytes();
    void limitsQueries();
    void streamsAndStopsEarly();
    void countsChangedRows();
    void givesAutomaticKeys();
    void insertsManyRows();
    void updatesOrInserts();
    void refusesDoublesAndOrphans();
    void explainsWrongSql();
    void undoesFailedWork();
    void failedWorkKeepsItsNeighbours();
    void writesFromManyThreads();
    void repeatsAfterDeadlocks();
    void readsWhileWriting();
    void migratesOnce();
    void migratesFromTwoProcesses();
    void refusesANewerSchema();
    void namesTheFailedMigration();
    void locksOptimistically();
    void listsPages();
    void searchesLists();
    void refusesBadListRequests();
    void refusesAfterClose();

protected:
    /// An empty database; called once per test.
    virtual fairlead::storage::DatabaseOptions makeOptions() = 0;

    /// Applies one statement with type macros as a migration.
    void create(const std::string& statement);
    void write(const std::function<fairlead::base::Status(fairlead::storage::Session&)>& work);
    std::int64_t count(const std::string& table);

    fairlead::storage::DatabaseOptions options_;
    std::unique_ptr<fairlead::storage::Database> database_;
    std::int64_t created_ = 0;
};
