// SPDX-License-Identifier: Apache-2.0
#include "device_contract.hpp"

#include "fairlead/test/mariadb.hpp"

#include <map>

using fairlead::test::MariaDb;

class MysqlDeviceContract : public DeviceContract {
    CPPUNIT_TEST_SUB_SUITE(MysqlDeviceContract, DeviceContract);
    CPPUNIT_TEST_SUITE_END();

public:
    void setUp() override {
        schemas_.clear();
        DeviceContract::setUp();
    }

protected:
    std::unique_ptr<fairlead::storage::Database> openDatabase(const std::string& name) override {
        if (schemas_.count(name) == 0) {
            schemas_[name] = MariaDb::shared().createSchema();
        }
        fairlead::storage::DatabaseOptions options;
        options.driver = "mysql";
        options.host = MariaDb::shared().socket();
        options.user = MariaDb::shared().user();
        options.schema = schemas_[name];
        auto opened = fairlead::storage::openDatabase(options);
        CPPUNIT_ASSERT_MESSAGE(opened ? "" : opened.error().message(), opened.hasValue());
        return std::move(*opened);
    }

private:
    std::map<std::string, std::string> schemas_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(MysqlDeviceContract);
