// SPDX-License-Identifier: Apache-2.0
#include "server_fixture.hpp"

#include "fairlead/app/application.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/test/mariadb.hpp"
#include "fairlead/test/temp_dir.hpp"

#include <Poco/Net/ServerSocket.h>

#include <cppunit/TestAssert.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace fairlead::test {

namespace {

runtime::Configuration configure(const TempDir& dir) {
    runtime::Configuration configuration;
    const auto set = [&](const char* key, const std::string& value) {
        const base::Status done = configuration.set(key, value);
        if (!done) {
            throw std::runtime_error(done.error().message());
        }
    };
    set("data.directory", dir.path().string());
    set("web.address", "127.0.0.1");
    set("web.port", "0");
    set("plugins.directory", FAIRLEAD_PLUGINS);
    set("quickstart.enabled", "false");
    set("network.threads", "1");
    const char* database = std::getenv("FAIRLEAD_TEST_DATABASE");
    if (database != nullptr && std::string{database} == "mysql") {
        MariaDb& mariadb = MariaDb::shared();
        set("database.driver", "mysql");
        set("database.host", mariadb.socket());
        set("database.user", mariadb.user());
        set("database.schema", mariadb.createSchema());
    }
    return configuration;
}

void check(const base::Status& status, const std::string& what) {
    if (!status) {
        throw std::runtime_error(what + ": " + status.error().message());
    }
}

} // namespace

struct ServerUnderTest::Running {
    // Made before anything else, so that its server ends after ours.
    Running() : application(configure(dir)) {}
    ~Running() {
        if (const base::Status stopped = application.stop(); !stopped) {
            std::cerr << "the server did not stop in order: " << stopped.error().message() << "\n";
        }
        runtime::Log::global().stop();
    }

    TempDir dir;
    app::Application application;
};

ServerUnderTest& ServerUnderTest::get() {
    static ServerUnderTest server;
    return server;
}

ServerUnderTest::ServerUnderTest() {
    runtime::Log::global().start();
    running_ = std::make_shared<Running>();
    check(running_->application.start(), "the server does not start");
    port_ = running_->application.webPort();
    const std::string first = running_->application.firstPassword();
    Client client(port_);
    Reply login = client.plain("POST", "/api/v1/auth/login",
                               R"({"username":"admin","password":")" + first + "\"}");
    if (login.status != 200) {
        throw std::runtime_error("the first login failed: " + login.text);
    }
    admin_token_ = login.at("token");
    if (login.at("mustChangePassword") == "true") {
        const Reply changed = administrator().plain("POST", "/api/v1/auth/password",
                                                    R"({"currentPassword":")" + first +
                                                        R"(","newPassword":")" + kPassword + "\"}");
        if (changed.status != 204) {
            throw std::runtime_error("the first password could not be changed: " + changed.text);
        }
    }
}

Client ServerUnderTest::withRole(const std::string& role) {
    std::string& token = role_tokens_[role];
    if (token.empty()) {
        Client admin = administrator();
        const Reply made = admin.post(
            "/users", R"({"username":"the-)" + role + R"(","password":")" + kPassword +
                          R"(","roles":[")" + role + R"("],"mustChangePassword":false})");
        CPPUNIT_ASSERT_EQUAL_MESSAGE(made.text, 201, made.status);
        const Reply login = Client(port_).post(
            "/auth/login", R"({"username":"the-)" + role + R"(","password":")" + kPassword + "\"}");
        CPPUNIT_ASSERT_EQUAL(200, login.status);
        token = login.at("token");
    }
    return Client(port_, token);
}

std::string ApiFixture::unique(const std::string& prefix) {
    return prefix + "-" + base::newId();
}

int ApiFixture::freePort() {
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    return socket.address().port();
}

} // namespace fairlead::test
