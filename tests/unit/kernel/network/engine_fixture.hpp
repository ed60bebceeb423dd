// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/network/engine.hpp"
#include "fairlead/runtime/loop.hpp"
#include "line_type.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::test {

/// A blocking TCP client with a limit of 20 s on everything.
class Client {
public:
    explicit Client(std::uint16_t port, int receive_buffer = 0) : fd_(dial(port, receive_buffer)) {
        if (fd_ < 0) {
            throw std::runtime_error("cannot connect: " + std::string(std::strerror(errno)));
        }
    }
    Client(Client&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)),
          start_(other.start_) {}
    Client(const Client&) = delete;
    ~Client() { close(); }

    /// Takes over a connected socket.
    static Client adopt(int fd) { return Client(Adopted{fd}); }

    static int dial(std::uint16_t port, int receive_buffer = 0) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receive_buffer != 0) {
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
        }
        const timeval limit{20, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (!connectTo(fd, port)) {
            ::close(fd);
            return -1;
        }
        return fd;
    }

    static bool connectTo(int fd, std::uint16_t port) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
    }

    int fd() const { return fd_; }
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }
    void endSending() { ::shutdown(fd_, SHUT_WR); }

    void write(std::string_view text) {
        while (!text.empty()) {
            const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                throw std::runtime_error("cannot write");
            }
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    /// The next line, or "<end>" when the server closed, "<late>" when nothing came in time.
    std::string line() {
        for (;;) {
            const std::size_t end = buffer_.find('\n', start_);
            if (end != std::string::npos) {
                std::string found = buffer_.substr(start_, end - start_);
                start_ = end + 1;
                return found;
            }
            buffer_.erase(0, std::exchange(start_, 0));
            char chunk[65536];
            const ssize_t n = recv(fd_, chunk, sizeof(chunk), 0);
            if (n <= 0) {
                return n == 0 || errno == ECONNRESET ? "<end>" : "<late>";
            }
            buffer_.append(chunk, static_cast<std::size_t>(n));
        }
    }
    std::string ask(std::string_view text) {
        write(std::string(text) + "\n");
        return line();
    }
    /// Reads `bytes` bytes, or fewer when the server closed.
    std::size_t drain(std::size_t bytes) {
        buffer_.erase(0, std::exchange(start_, 0));
        std::size_t got = std::min(bytes, buffer_.size());
        buffer_.erase(0, got);
        std::vector<char> chunk(65536);
        while (got < bytes) {
            const ssize_t n = recv(fd_, chunk.data(), std::min(chunk.size(), bytes - got), 0);
            if (n <= 0) {
                break;
            }
            got += static_cast<std::size_t>(n);
        }
        return got;
    }
    bool hasInput(int milliseconds) const {
        pollfd p{fd_, POLLIN, 0};
        return poll(&p, 1, milliseconds) == 1;
    }

private:
    struct Adopted {
        int fd;
    };
    explicit Client(Adopted adopted) : fd_(adopted.fd) {}

    int fd_;
    std::string buffer_;
    std::size_t start_ = 0; ///< of what was not given out yet
};

/// A handler that does what the test says. Its state is guarded, the engine's calls come from
/// loops.
class FakeHandler : public network::Handler {
public:
    void opened(network::Connection& c) override {
        const std::lock_guard lock(mutex);
        ++opens;
        ids.push_back(c.id());
        last_peer = c.peer();
    }
    std::int32_t deliver(network::Connection& c, const fl_transport_message& message, std::uint32_t,
                         std::uint64_t token, std::string_view) override {
        const std::lock_guard lock(mutex);
        ++attempts;
        if (busy) {
            return FL_E_BUSY;
        }
        payloads.emplace_back(reinterpret_cast<const char*>(message.payload.p), message.payload.n);
        Events& events = lineFacts().events;
        if (complete_inside) {
            c.complete(token, FL_OK, nullptr);
            return FL_PENDING;
        }
        if (answer == FL_PENDING) {
            pending.push_back({c.id(), token});
        }
        events.happened();
        return answer;
    }
    std::int32_t release(network::Connection&, std::string_view, std::uint64_t) override {
        return FL_OK;
    }
    void sent(network::Connection&, std::uint64_t, std::int32_t) override {}
    void closed(network::Connection&, std::uint32_t why) override {
        const std::lock_guard lock(mutex);
        ++closes;
        reason = why;
        lineFacts().events.happened();
    }
    std::int32_t pskOf(runtime::Loop& loop, std::string_view identity, std::string& key,
                       std::function<void()> ready) override {
        const std::lock_guard lock(mutex);
        ++key_questions;
        if (key_never || (key_later && key_questions % 2 == 1)) {
            loop.runAfter(50, std::move(ready));
            return FL_PENDING;
        }
        const auto found = keys.find(std::string(identity));
        key = found == keys.end() ? std::string{} : found->second;
        return found == keys.end() ? FL_E_NOT_FOUND : FL_OK;
    }
    base::Status putState(runtime::Loop&, std::string_view component, std::string_view key,
                          std::string_view value) override {
        const std::lock_guard lock(mutex);
        state[std::string(component) + "/" + std::string(key)] = value;
        return {};
    }
    std::shared_ptr<const std::string> getState(runtime::Loop&, std::string_view component,
                                                std::string_view key) override {
        const std::lock_guard lock(mutex);
        const auto found = state.find(std::string(component) + "/" + std::string(key));
        return found == state.end() ? nullptr : std::make_shared<const std::string>(found->second);
    }

    template <typename T>
    T get(T FakeHandler::*member) {
        const std::lock_guard lock(mutex);
        return this->*member;
    }
    template <typename T>
    void set(T FakeHandler::*member, T value) {
        const std::lock_guard lock(mutex);
        this->*member = value;
    }
    std::size_t delivered() {
        const std::lock_guard lock(mutex);
        return payloads.size();
    }
    network::ConnectionId id(std::size_t i) {
        const std::lock_guard lock(mutex);
        return ids.at(i);
    }

    struct Pending {
        network::ConnectionId connection;
        std::uint64_t token;
    };
    std::mutex mutex;
    std::int32_t answer = FL_OK;
    bool busy = false;
    bool complete_inside = false;
    bool key_later = false; ///< every first question is answered later
    bool key_never = false; ///< it is looked up for ever
    int key_questions = 0;
    std::map<std::string, std::string> keys; ///< pre-shared ones by identity
    int opens = 0;
    int closes = 0;
    int attempts = 0;
    std::uint32_t reason = 0;
    std::string last_peer;
    std::vector<std::string> payloads;
    std::vector<network::ConnectionId> ids;
    std::deque<Pending> pending;
    std::map<std::string, std::string> state;
};

/// An engine on `count` loops with the line type.
class EngineFixture {
public:
    explicit EngineFixture(network::EngineOptions options = {}, std::size_t count = 2) {
        std::vector<runtime::Loop*> raw;
        for (std::size_t i = 0; i < count; ++i) {
            loops.push_back(std::make_unique<runtime::Loop>("io-" + std::to_string(i), i));
            raw.push_back(loops.back().get());
        }
        engine = std::make_unique<network::Engine>(raw, options);
        for (const auto& loop : loops) {
            loop->start();
        }
        types = network::typesOfTable(lineFactory());
        lineFacts().refuse_create = false;
        lineFacts().refuse_open = false;
    }
    ~EngineFixture() {
        engine->stop(200);
        for (const auto& loop : loops) {
            loop->stop();
        }
        engine.reset();
    }

    network::ComponentSpec spec(const std::string& id) {
        network::ComponentSpec s;
        s.id = id;
        s.type = types->find("line");
        s.configuration = "{\"n\":1}";
        s.host = "127.0.0.1";
        return s;
    }
    /// Opens component "a" with the handler and returns the port.
    std::uint16_t open(network::Handler* handler = nullptr) { return open(spec("a"), handler); }
    std::uint16_t open(const network::ComponentSpec& s, network::Handler* handler) {
        if (handler != nullptr) {
            engine->setHandler(s.id, handler);
        }
        auto port = engine->open(s);
        if (!port) {
            throw std::runtime_error(port.error().message());
        }
        return *port;
    }
    /// Runs `task` on the connection's loop with the connection (or nullptr) and waits.
    void on(network::ConnectionId id, const std::function<void(network::Connection*)>& task) {
        std::atomic<bool> done{false};
        loops[engine->loopOf(id)]->post([&] {
            task(engine->find(id));
            done = true;
            lineFacts().events.happened();
        });
        lineFacts().events.wait([&] { return done.load(); });
    }
    std::uint64_t reported(const std::string& id, const std::string& kind) {
        for (const auto& [name, count] : engine->reports(id)) {
            if (name == kind) {
                return count;
            }
        }
        return 0;
    }
    static bool wait(const std::function<bool()>& condition) {
        return lineFacts().events.wait(condition);
    }

    std::vector<std::unique_ptr<runtime::Loop>> loops;
    std::unique_ptr<network::Engine> engine;
    std::unique_ptr<network::NetworkTypes> types;
};

} // namespace fairlead::test
