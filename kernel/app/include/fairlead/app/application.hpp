// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/runtime/configuration.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::app {

/// The whole server, wired. Life: construct → start → stop. Thread: one.
class Application {
public:
    explicit Application(runtime::Configuration configuration);
    ~Application(); ///< stops, if that was not done
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    /// Blocks until the server serves, or says why it cannot.
    base::Status start();

    /// Drains: stops accepting, finishes what was read, commits, closes. An error when something
    /// did not end within shutdown.drainSeconds; the process should then end at once.
    base::Status stop();

    std::uint16_t webPort() const noexcept;
    /// Password of the first administrator when this start made one; else empty. For printing once.
    const std::string& firstPassword() const noexcept;
    /// Device ports that the quickstart set up in this start; 0 when it did not.
    struct QuickstartPorts {
        std::uint16_t mqtt = 0;
        std::uint16_t http = 0;
        std::uint16_t tcp = 0;
    };
    QuickstartPorts quickstart() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::app
