// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine_fixture.hpp"

#include <cppunit/TestAssert.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::test {

/// The line type as one that dials; "line-login" counts as connected only after "ready".
inline const fl_network_factory& dialFactory() {
    static const auto str = [](std::string_view t) { return fl_str{t.data(), t.size()}; };
    static constexpr std::uint32_t kFlags = FL_NETWORK_STREAM | FL_NETWORK_CLIENT | FL_NETWORK_TLS;
    static const fl_network_descriptor types[] = {
        {sizeof(fl_network_descriptor), kFlags, str("line-client"), str("LINE"), str("line"),
         str("lines"), str("{}"), str("{}"), str(kLineSchema)},
        {sizeof(fl_network_descriptor), kFlags | FL_NETWORK_CONNECT, str("line-login"), str("LINE"),
         str("line"), str("lines"), str("{}"), str("{}"), str("{}")},
        {sizeof(fl_network_descriptor), kFlags, str("line-targets"), str("LINE"), str("line"),
         str("lines"), str("{}"), str("{}"),
         str(R"({"type":"object","required":["targets"],"properties":{"targets":{"type":"array",
             "maxItems":4,"items":{"type":"object","required":["host","port"],"properties":{
             "host":{"type":"string"},"port":{"type":"integer"},"deviceId":{"type":"string"}}}}}})")}};
    static const fl_network_factory factory{sizeof(fl_network_factory), [] { return 3U; },
                                            [](std::uint32_t i) { return &types[i]; }, lineCreate};
    return factory;
}

/// Equipment that listens, for as long as the object lives.
class Equipment {
public:
    explicit Equipment(std::uint16_t port = 0, int backlog = 16)
        : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int one = 1;
        setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(at);
        CPPUNIT_ASSERT(bind(fd_, reinterpret_cast<sockaddr*>(&at), size) == 0);
        getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
        if (backlog >= 0) {
            CPPUNIT_ASSERT(listen(fd_, backlog) == 0);
        }
    }
    Equipment(const Equipment&) = delete;
    ~Equipment() { ::close(fd_); }

    std::uint16_t port() const { return port_; }
    /// The next connection; fails the test when none comes within 20 s.
    Client accept() {
        pollfd p{fd_, POLLIN, 0};
        CPPUNIT_ASSERT_MESSAGE("nobody dials", poll(&p, 1, 20'000) == 1);
        const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        CPPUNIT_ASSERT(fd >= 0);
        const timeval limit{20, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        return Client::adopt(fd);
    }
    bool isDialed(int milliseconds) const {
        pollfd p{fd_, POLLIN, 0};
        return poll(&p, 1, milliseconds) == 1;
    }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

/// A listener that takes no more connections: whoever dials it waits for an answer.
class Deaf {
public:
    Deaf() : equipment_(0, 0) {
        for (int i = 0; i < 4; ++i) {
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(equipment_.port());
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            static_cast<void>(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)));
            fillers_.push_back(fd);
        }
    }
    Deaf(const Deaf&) = delete;
    ~Deaf() {
        for (const int fd : fillers_) {
            ::close(fd);
        }
    }
    std::uint16_t port() const { return equipment_.port(); }

private:
    Equipment equipment_;
    std::vector<int> fillers_;
};

/// An engine that dials with short pauses.
class DialFixture : public EngineFixture {
public:
    explicit DialFixture(network::EngineOptions options = {})
        : EngineFixture(options), dial_types(network::typesOfTable(dialFactory())) {
        engine->onTargets([this](const std::string&) {
            ++changes;
            lineFacts().events.happened();
        });
    }

    network::ComponentSpec client(std::vector<network::DialTarget> targets,
                                  const std::string& type = "line-client") {
        network::ComponentSpec s;
        s.id = "c";
        s.type = dial_types->find(type);
        s.targets = std::move(targets);
        s.dial = {2'000, 20, 100, 30'000};
        return s;
    }
    void dial(const network::ComponentSpec& s, network::Handler& handler) {
        engine->setHandler(s.id, &handler);
        const auto opened = engine->open(s);
        CPPUNIT_ASSERT_MESSAGE(opened ? "" : opened.error().message(), opened.hasValue());
    }
    network::TargetStatus target(std::size_t i = 0) { return engine->targets("c").at(i); }
    bool waitState(network::DialState state, std::size_t i = 0) {
        return wait([&] { return target(i).state == state; });
    }
    /// Until the target has failed; its error.
    std::string failure(std::size_t i = 0) {
        CPPUNIT_ASSERT(wait([&] { return target(i).failures > 0; }));
        return target(i).last_error;
    }

    std::unique_ptr<network::NetworkTypes> dial_types;
    std::atomic<int> changes{0};
};

} // namespace fairlead::test
