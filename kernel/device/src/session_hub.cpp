// SPDX-License-Identifier: Apache-2.0
// Design notes. mutex_ covers the maps and the order of presence events; links are closed after it
// is given up, since a link may call back at once. The wheel holds each session in the second in
// which it would be silent for too long if nothing came any more; when that second is swept, a
// session that spoke since moves on. So a sweep costs what expires, not what exists.
#include "session_hub.hpp"

#include "fairlead/base/assert.hpp"

#include <algorithm>
#include <chrono>
#include <pthread.h>

namespace fairlead::device {

Session::Session(DevicePtr device, std::shared_ptr<SessionLink> link, SessionInfo info,
                 std::string parent_id)
    : device_(std::move(device)), link_(std::move(link)), info_(std::move(info)),
      parent_id_(std::move(parent_id)), opened_at_(base::utcNow()), last_seen_(opened_at_) {}

const char* toText(CloseReason reason) noexcept {
    switch (reason) {
    case CloseReason::Peer:
        return "closed by the device";
    case CloseReason::Error:
        return "connection error";
    case CloseReason::Timeout:
        return "silent for too long";
    case CloseReason::TakenOver:
        return "taken over by a newer connection";
    case CloseReason::Kicked:
        return "disconnected by an operator";
    case CloseReason::Shutdown:
        return "server or gateway stopped";
    case CloseReason::Device:
        break;
    }
    return "the device said goodbye";
}

SessionHub::SessionHub(Listener listener) : listener_(std::move(listener)) {
    gauge_ = runtime::Metrics::global().gauge("fairlead_device_sessions",
                                              "Devices connected to this node");
}

SessionHub::~SessionHub() {
    FL_ASSERT(!thread_.joinable());
}

void SessionHub::start() {
    swept_second_ = base::utcNow() / 1'000;
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "sessions");
        std::unique_lock lock(stop_mutex_);
        while (
            !stop_changed_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_; })) {
            lock.unlock();
            sweep(base::utcNow());
            lock.lock();
        }
    });
}

void SessionHub::stop() {
    {
        const std::lock_guard guard(stop_mutex_);
        stopping_ = true;
    }
    stop_changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    std::vector<Ended> ended;
    {
        const std::unique_lock lock(mutex_);
        while (!sessions_.empty()) {
            removeLocked(sessions_.begin()->second, CloseReason::Shutdown, true, ended);
        }
    }
    closeLinks(ended, nullptr);
}

void SessionHub::tell(const Session& session, bool online, CloseReason reason) {
    Presence presence;
    presence.device = session.device();
    presence.online = online;
    presence.time = online ? session.openedAt() : base::utcNow();
    presence.last_seen = session.lastSeen();
    presence.info = session.info();
    presence.reason = reason;
    listener_(presence);
}

/// Puts the session in; the device's older one goes to `ended` without an offline event.
SessionPtr SessionHub::enter(SessionPtr session, std::vector<Ended>& ended) {
    const std::string& id = session->device()->id();
    if (const auto old = sessions_.find(id); old != sessions_.end()) {
        removeLocked(SessionPtr{old->second}, CloseReason::TakenOver, false, ended);
    }
    sessions_.emplace(id, session);
    gateways_[session->info().gateway_id].emplace(id, session);
    if (!session->parentId().empty()) {
        children_[session->parentId()].insert(id);
    }
    count_ = sessions_.size();
    gauge_->set(static_cast<std::int64_t>(sessions_.size()));
    arm(session);
    tell(*session, true, CloseReason::Peer);
    return session;
}

void SessionHub::removeLocked(const SessionPtr& session, CloseReason reason, bool tell_offline,
                              std::vector<Ended>& ended) {
    const SessionPtr held = session; // the caller's reference may be to what is erased here
    const std::string& id = held->device()->id();
    sessions_.erase(id);
    const auto gateway = gateways_.find(held->info().gateway_id);
    gateway->second.erase(id);
    if (gateway->second.empty()) {
        gateways_.erase(gateway);
    }
    if (!held->parentId().empty()) {
        const auto siblings = children_.find(held->parentId());
        siblings->second.erase(id);
        if (siblings->second.empty()) {
            children_.erase(siblings);
        }
    }
    if (const auto own = children_.find(id); own != children_.end()) {
        const std::set<std::string> children = own->second;
        for (const std::string& child : children) {
            if (const auto found = sessions_.find(child); found != sessions_.end()) {
                removeLocked(SessionPtr{found->second}, reason, true, ended);
            }
        }
    }
    count_ = sessions_.size();
    gauge_->set(static_cast<std::int64_t>(sessions_.size()));
    if (tell_offline) {
        tell(*held, false, reason);
    }
    ended.push_back(Ended{held, reason});
}

/// Closes the connections of ended sessions, each once; not those that children share with a
/// gateway device, whose own session decides, and not the one of `but`, who knows already.
void SessionHub::closeLinks(const std::vector<Ended>& ended, const SessionPtr& but) {
    for (const Ended& end : ended) {
        if (end.session != but && end.session->parentId().empty() &&
            (but == nullptr || end.session->link() != but->link())) {
            end.session->link()->close(end.reason);
        }
    }
}

SessionPtr SessionHub::open(DevicePtr device, std::shared_ptr<SessionLink> link, SessionInfo info) {
    auto session = std::make_shared<Session>(std::move(device), std::move(link), std::move(info),
                                             std::string{});
    std::vector<Ended> ended;
    {
        const std::unique_lock lock(mutex_);
        enter(session, ended);
    }
    closeLinks(ended, session);
    return session;
}

SessionPtr SessionHub::openChild(DevicePtr child, const SessionPtr& parent) {
    if (const SessionPtr known = find(child->id());
        known != nullptr && known->link() == parent->link()) {
        known->touch(base::utcNow());
        return known;
    }
    SessionInfo info = parent->info();
    const auto facts = child->facts();
    info.keep_alive_ms = facts->product == nullptr ? 0 : facts->product->keep_alive_seconds * 1'000;
    auto session = std::make_shared<Session>(std::move(child), parent->link(), std::move(info),
                                             parent->device()->id());
    std::vector<Ended> ended;
    {
        const std::unique_lock lock(mutex_);
        const auto current = sessions_.find(parent->device()->id());
        if (current == sessions_.end() || current->second != parent) {
            return session; // the parent is gone already: the child never came online
        }
        enter(session, ended);
    }
    closeLinks(ended, session);
    return session;
}

void SessionHub::close(const SessionPtr& session, CloseReason reason) {
    std::vector<Ended> ended;
    {
        const std::unique_lock lock(mutex_);
        const auto current = sessions_.find(session->device()->id());
        if (current == sessions_.end() || current->second != session) {
            return;
        }
        removeLocked(session, reason, true, ended);
    }
    // The caller closes, or closed, the connection itself.
    closeLinks(ended, session);
}

void SessionHub::disconnect(std::string_view device_id, CloseReason reason) {
    const SessionPtr session = find(device_id);
    if (session == nullptr) {
        return;
    }
    close(session, reason);
    if (session->parentId().empty()) {
        session->link()->close(reason);
    }
}

SessionPtr SessionHub::find(std::string_view device_id) const {
    const std::shared_lock lock(mutex_);
    const auto found = sessions_.find(device_id);
    return found == sessions_.end() ? nullptr : found->second;
}

std::size_t SessionHub::countOfGateway(std::string_view gateway_id) const {
    const std::shared_lock lock(mutex_);
    const auto found = gateways_.find(gateway_id);
    return found == gateways_.end() ? 0 : found->second.size();
}

std::vector<SessionPtr> SessionHub::ofGateway(std::string_view gateway_id, std::size_t offset,
                                              std::size_t limit) const {
    std::vector<SessionPtr> out;
    const std::shared_lock lock(mutex_);
    const auto found = gateways_.find(gateway_id);
    if (found == gateways_.end() || offset >= found->second.size()) {
        return out;
    }
    auto at = std::next(found->second.begin(), static_cast<std::ptrdiff_t>(offset));
    for (; at != found->second.end() && out.size() < limit; ++at) {
        out.push_back(at->second);
    }
    return out;
}

void SessionHub::arm(const SessionPtr& session) {
    const std::int64_t limit = session->info().keep_alive_ms;
    if (limit <= 0) {
        return;
    }
    const std::lock_guard guard(wheel_mutex_);
    // At least the next second, at most one round ahead: what is armed too early moves on then.
    const std::int64_t due = (session->lastSeen() + limit) / 1'000 + 1;
    const std::int64_t second = std::clamp<std::int64_t>(
        due, swept_second_ + 1, swept_second_ + static_cast<std::int64_t>(kWheelSlots) - 1);
    wheel_[static_cast<std::size_t>(second) % kWheelSlots].push_back(session);
}

void SessionHub::sweep(base::UtcMs now) {
    std::vector<SessionPtr> candidates;
    {
        const std::lock_guard guard(wheel_mutex_);
        const std::int64_t second = now / 1'000;
        const std::int64_t first =
            std::max(swept_second_ + 1, second - static_cast<std::int64_t>(kWheelSlots) + 1);
        for (std::int64_t at = first; at <= second; ++at) {
            auto& slot = wheel_[static_cast<std::size_t>(at) % kWheelSlots];
            for (const std::weak_ptr<Session>& entry : slot) {
                if (SessionPtr session = entry.lock()) {
                    candidates.push_back(std::move(session));
                }
            }
            slot.clear();
        }
        swept_second_ = std::max(swept_second_, second);
    }
    for (const SessionPtr& session : candidates) {
        if (session->lastSeen() + session->info().keep_alive_ms <= now) {
            close(session, CloseReason::Timeout);
            if (session->parentId().empty()) {
                session->link()->close(CloseReason::Timeout);
            }
        } else if (find(session->device()->id()) == session) {
            arm(session);
        }
    }
}

} // namespace fairlead::device
