// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/runtime/loop.hpp"
#include "socket.hpp"
#include "watch.hpp"

#include <cstdint>

namespace fairlead::network {

class EngineConnection;

/// Readiness of the sockets of one loop's connections: an epoll set of its own, watched by the
/// loop.
///
/// Registrations stay and are edge-triggered, so that a message costs no system call but its read
/// and the kernel does not look at each socket twice. Asio's own waits are one-shot and cost an
/// epoll_ctl and a queued handler each, a third of the system calls at one message per read
/// (decision 5). Whoever stops reading before the socket is empty asks again. Thread: the loop's.
class Poller {
public:
    static constexpr std::uint8_t kRead = 1;
    static constexpr std::uint8_t kWrite = 2;
    static constexpr std::uint8_t kEnd = 4; ///< reported only: the peer sends no more

    explicit Poller(runtime::Loop& loop);

    /// Changes what is reported for a socket from `before` to `after`, sums of kRead and kWrite;
    /// with 0 nothing is, not even errors. The same again reports once more what is ready. False
    /// when the kernel has no memory for it.
    bool change(EngineConnection& connection, int fd, std::uint8_t before, std::uint8_t after);

private:
    void arm();
    void dispatch();

    Descriptor set_;
    Watch watch_;
};

} // namespace fairlead::network
