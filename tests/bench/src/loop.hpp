// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

/// One epoll instance. Handlers outlive it or remove themselves; a handler must not be destroyed
/// while events are dispatched.
class Loop {
public:
    class Handler {
    public:
        virtual void onEvents(std::uint32_t events) = 0;

    protected:
        ~Handler() = default;
    };

    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void add(int fd, Handler* handler, std::uint32_t events);
    void change(int fd, Handler* handler, std::uint32_t events);

    /// Waits at most `ns` (0: not at all) and dispatches what is ready.
    void run(std::int64_t ns);

private:
    int fd_;
};

struct Endpoint {
    std::string host = "127.0.0.1"; ///< IPv4 address
    std::uint16_t port = 1883;
    bool spread = true; ///< connect from 127.0.0.2 to 127.0.0.17 in turns
};

/// A non-blocking TCP connection with an output buffer. The owner gets its events.
class Stream {
public:
    Stream(Loop& loop, Loop::Handler* owner) : loop_(loop), owner_(owner) {}
    ~Stream() { close(); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Starts to connect; `index` chooses the source address. False when that fails at once.
    bool connect(const Endpoint& endpoint, unsigned index);
    /// After a first event: did it connect? Errors are 0 or an errno.
    int connectError() const;
    bool isOpen() const noexcept { return fd_ >= 0; }

    void write(std::string_view bytes) { out_ += bytes; }
    std::string& out() noexcept { return out_; }
    /// Sends as much as goes; asks for EPOLLOUT when something is left. False: broken.
    bool flush();
    /// Reads into `room`; 0 when nothing is there, -1 at the end or on an error.
    std::ptrdiff_t read(char* room, std::size_t n) const;
    /// `abort`: RST instead of FIN, so that no port stays in TIME_WAIT.
    void close(bool abort = false);

private:
    Loop& loop_;
    Loop::Handler* owner_;
    int fd_ = -1;
    bool wants_write_ = false;
    std::string out_;
};

/// Raises the soft limit of open descriptors to the hard one.
void raiseDescriptorLimit();

} // namespace fairlead::bench
