// SPDX-License-Identifier: Apache-2.0
#include "mysql_pool.hpp"

#include <algorithm>

namespace fairlead::storage {

using base::Errc;
using base::Error;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDelayFirst{100};
constexpr std::chrono::milliseconds kDelayMax{5000};
/// A connection that was used less long ago is taken to be alive.
constexpr std::chrono::milliseconds kTrusted{1000};

} // namespace

MysqlPool::MysqlPool(DatabaseOptions options, std::size_t most)
    : options_(std::move(options)), most_(most) {}

void MysqlPool::giveUpPlace() {
    const std::lock_guard lock(mutex_);
    --open_;
    changed_.notify_all();
}

base::Result<std::unique_ptr<MysqlSession>> MysqlPool::connect() {
    {
        const std::lock_guard lock(mutex_);
        if (Clock::now() < retry_at_) {
            --open_;
            changed_.notify_all();
            return last_error_;
        }
    }
    auto session = MysqlSession::open(options_);
    const std::lock_guard lock(mutex_);
    if (session) {
        delay_ = std::chrono::milliseconds(0);
        retry_at_ = {};
        return session;
    }
    --open_;
    delay_ = std::clamp(delay_ * 2, kDelayFirst, kDelayMax);
    retry_at_ = Clock::now() + delay_;
    last_error_ = session.error();
    changed_.notify_all();
    return session;
}

base::Result<std::unique_ptr<MysqlSession>> MysqlPool::acquire(bool fresh) {
    std::vector<std::unique_ptr<MysqlSession>> dropped;
    for (;;) {
        std::unique_ptr<MysqlSession> session;
        {
            std::unique_lock lock(mutex_);
            if (fresh) {
                open_ -= idle_.size();
                dropped.swap(idle_);
                fresh = false;
            }
            changed_.wait(lock, [&] { return closing_ || !idle_.empty() || open_ < most_; });
            if (closing_) {
                return Error(Errc::Closed, "storage.closed", "The database is closed");
            }
            if (idle_.empty()) {
                ++open_;
            } else {
                session = std::move(idle_.back());
                idle_.pop_back();
            }
        }
        if (!session) {
            return connect();
        }
        if (session->alive(kTrusted)) {
            return session;
        }
        session.reset();
        giveUpPlace();
    }
}

void MysqlPool::release(std::unique_ptr<MysqlSession> session) {
    if (session->broken()) {
        session.reset();
        giveUpPlace();
        return;
    }
    session->noteUse();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
    changed_.notify_all();
}

void MysqlPool::close() {
    std::vector<std::unique_ptr<MysqlSession>> last;
    std::unique_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return idle_.size() == open_; });
    last.swap(idle_);
    open_ = 0;
}

} // namespace fairlead::storage
