// SPDX-License-Identifier: Apache-2.0
#include "resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace fairlead::network {

namespace {

base::Result<SocketAddresses> ask(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (code != 0) {
        return base::Error(base::Errc::NotFound, "network.name_unknown",
                           "The name \"" + host + "\" cannot be looked up: " +
                               (code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code)));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    SocketAddresses addresses;
    for (const addrinfo* a = found; a != nullptr && addresses.size() < Resolver::kAddressesMax;
         a = a->ai_next) {
        SocketAddress one;
        one.size = a->ai_addrlen;
        std::memcpy(&one.storage, a->ai_addr, a->ai_addrlen);
        addresses.push_back(one);
    }
    return addresses;
}

} // namespace

struct Resolver::Shared {
    struct Task {
        std::string host;
        std::uint16_t port;
        Done done;
    };

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Task> tasks;
    std::vector<std::thread> threads; // made when first needed
    LookUp look_up;
    std::size_t busy = 0;
    bool stopping = false;

    void run();
};

void Resolver::Shared::run() {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return stopping || !tasks.empty(); });
        if (stopping) {
            return;
        }
        const Task task = std::move(tasks.front());
        tasks.pop_front();
        ++busy;
        lock.unlock();
        auto found = look_up(task.host, task.port);
        lock.lock();
        --busy;
        if (!stopping) {
            task.done(std::move(found)); // under the lock: whom it calls is there as long as we are
        }
        changed.notify_all();
    }
}

Resolver::Resolver(LookUp look_up) : shared_(std::make_shared<Shared>()) {
    shared_->look_up =
        look_up ? std::move(look_up) : [](const std::string& host, std::uint16_t port) {
            return ask(host, port, AI_ADDRCONFIG);
        };
}

void Resolver::leave() {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->tasks.clear();
    shared_->changed.notify_all();
}

Resolver::~Resolver() {
    leave();
    std::vector<std::thread> threads;
    bool idle = false;
    {
        std::unique_lock lock(shared_->mutex);
        idle = shared_->changed.wait_for(lock, std::chrono::milliseconds(kLeaveMs),
                                         [this] { return shared_->busy == 0; });
        threads.swap(shared_->threads);
    }
    for (std::thread& thread : threads) {
        if (idle) {
            thread.join();
        } else {
            thread.detach(); // it holds nothing but its own share of the state
        }
    }
}

bool Resolver::resolve(const std::string& host, std::uint16_t port, Done done) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->tasks.size() >= kQueueMax) {
        return false;
    }
    while (shared_->threads.size() < kThreads) {
        shared_->threads.emplace_back([shared = shared_] { shared->run(); });
    }
    shared_->tasks.push_back({host, port, std::move(done)});
    shared_->changed.notify_one();
    return true;
}

SocketAddresses Resolver::numeric(const std::string& host, std::uint16_t port) {
    auto found = ask(host, port, AI_NUMERICHOST);
    return found ? std::move(*found) : SocketAddresses{};
}

} // namespace fairlead::network
