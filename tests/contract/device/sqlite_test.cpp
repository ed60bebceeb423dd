// SPDX-License-Identifier: Apache-2.0
#include "device_contract.hpp"

class SqliteDeviceContract : public DeviceContract {
    CPPUNIT_TEST_SUB_SUITE(SqliteDeviceContract, DeviceContract);
    CPPUNIT_TEST_SUITE_END();

protected:
    std::unique_ptr<fairlead::storage::Database> openDatabase(const std::string& name) override {
        fairlead::storage::DatabaseOptions options;
        options.path = dir_.path() / (name + ".db");
        auto opened = fairlead::storage::openDatabase(options);
        CPPUNIT_ASSERT_MESSAGE(opened ? "" : opened.error().message(), opened.hasValue());
        return std::move(*opened);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(SqliteDeviceContract);
