// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/throttle.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>

namespace fairlead::security {

namespace {

/// Failures of one user from anywhere before he has to wait: many addresses guess together.
constexpr int kFreeAttemptsAnywhere = 100 * LoginThrottle::kFreeAttempts;

std::int64_t delayAfter(int failures, int free) {
    if (failures < free) {
        return 0;
    }
    const int doublings = std::min(failures - free, 20);
    return std::min(std::int64_t{1000} << doublings, LoginThrottle::kWaitMsMax);
}

} // namespace

struct LoginThrottle::Impl {
    struct Entry {
        std::string key;
        int failures = 0;
        std::uint64_t last_ms = 0;
    };
    using Entries = std::list<Entry>;

    const Entry* find(const std::string& key) const {
        const auto it = index.find(key);
        return it == index.end() ? nullptr : &*it->second;
    }

    std::int64_t wait(const std::string& key, int free, std::uint64_t now) const {
        const Entry* entry = find(key);
        if (entry == nullptr || now - entry->last_ms >= static_cast<std::uint64_t>(kForgetMs)) {
            return 0;
        }
        const auto since = static_cast<std::int64_t>(now - entry->last_ms);
        return std::max<std::int64_t>(0, delayAfter(entry->failures, free) - since);
    }

    void add(const std::string& key, std::uint64_t now) {
        const auto it = index.find(key);
        if (it != index.end()) {
            Entry& entry = *it->second;
            const bool old = now - entry.last_ms >= static_cast<std::uint64_t>(kForgetMs);
            entry.failures = old ? 1 : entry.failures + 1;
            entry.last_ms = now;
            entries.splice(entries.begin(), entries, it->second);
            return;
        }
        if (entries.size() >= kEntriesMax) {
            index.erase(entries.back().key);
            entries.pop_back();
        }
        entries.push_front({key, 1, now});
        index.emplace(key, entries.begin());
    }

    void remove(const std::string& key) {
        if (const auto it = index.find(key); it != index.end()) {
            entries.erase(it->second);
            index.erase(it);
        }
    }

    mutable std::mutex mutex;
    Entries entries; // guarded by mutex, as the next
    std::map<std::string, Entries::iterator> index;
};

namespace {

// User names are compared without regard to case and may hold anything.
std::string folded(const std::string& user) {
    std::string out = user.substr(0, 64);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    return out;
}

std::string addressKey(const std::string& address) {
    return "a " + address;
}
std::string pairKey(const std::string& user, const std::string& address) {
    return "p " + address + " " + folded(user);
}
std::string userKey(const std::string& user) {
    return "u " + folded(user);
}

} // namespace

LoginThrottle::LoginThrottle() : impl_(std::make_unique<Impl>()) {}
LoginThrottle::~LoginThrottle() = default;

std::int64_t LoginThrottle::waitMs(const std::string& user, const std::string& address,
                                   std::uint64_t now_ms) const {
    const std::lock_guard lock(impl_->mutex);
    // An address may stand for an office full of people: it gets more room than one user there.
    return std::max({impl_->wait(pairKey(user, address), kFreeAttempts, now_ms),
                     impl_->wait(addressKey(address), 4 * kFreeAttempts, now_ms),
                     impl_->wait(userKey(user), kFreeAttemptsAnywhere, now_ms)});
}

void LoginThrottle::failed(const std::string& user, const std::string& address,
                           std::uint64_t now_ms) {
    const std::lock_guard lock(impl_->mutex);
    impl_->add(pairKey(user, address), now_ms);
    impl_->add(addressKey(address), now_ms);
    impl_->add(userKey(user), now_ms);
}

void LoginThrottle::succeeded(const std::string& user, const std::string& address) {
    const std::lock_guard lock(impl_->mutex);
    // The address keeps its failures: one known password must not buy guesses at others.
    impl_->remove(pairKey(user, address));
}

std::size_t LoginThrottle::entries() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->entries.size();
}

} // namespace fairlead::security
