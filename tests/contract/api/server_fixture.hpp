// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client.hpp"

#include <cppunit/TestFixture.h>

#include <cstdint>
#include <string>

namespace fairlead::test {

/// The server of this test process: everything real, on a private data folder, on SQLite or, with
/// FAIRLEAD_TEST_DATABASE=mysql, on a MariaDB server of its own. Started at first use.
class ServerUnderTest {
public:
    static ServerUnderTest& get();

    std::uint16_t port() const { return port_; }
    /// Signed in as administrator, the first password changed.
    Client administrator() const { return Client(port_, admin_token_); }
    /// A user of that role, made at first use.
    Client withRole(const std::string& role);

    static constexpr const char* kPassword = "correct horse 1";

private:
    ServerUnderTest();
    struct Running;

    std::shared_ptr<Running> running_;
    std::uint16_t port_ = 0;
    std::string admin_token_;
    std::map<std::string, std::string> role_tokens_;
};

/// A fixture with the callers that most tests need.
class ApiFixture : public CppUnit::TestFixture {
public:
    ApiFixture()
        : server(ServerUnderTest::get()), admin(server.administrator()),
          nobody(Client(server.port())) {}

    /// An id that no other test uses.
    static std::string unique(const std::string& prefix);
    /// A port on which nothing listens at the moment.
    static int freePort();

    ServerUnderTest& server;
    Client admin;
    Client nobody;
};

} // namespace fairlead::test
