// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/test/temp_dir.hpp"

#include <string>
#include <sys/types.h>

namespace fairlead::test {

/// A MariaDB server of Debian's package on a private data directory and socket, without network.
/// It dies with the test process. Any failure throws std::runtime_error.
class MariaDb {
public:
    /// Prepares the data directory (2 to 4 s) and starts the server.
    MariaDb();
    ~MariaDb();
    MariaDb(const MariaDb&) = delete;
    MariaDb& operator=(const MariaDb&) = delete;

    /// The server of this process, started at first use and shared by its tests.
    static MariaDb& shared();

    const std::string& socket() const { return socket_; }
    std::string user() const { return "root"; } ///< without password

    /// A new empty schema, and its name.
    std::string createSchema();

    void start(); ///< returns when it accepts connections
    void kill();  ///< SIGKILL, as a crash
    void stop();  ///< SIGTERM

private:
    void signalAndWait(int signal);

    TempDir dir_;
    std::string socket_;
    pid_t pid_ = -1;
    int schemas_ = 0;
};

} // namespace fairlead::test
