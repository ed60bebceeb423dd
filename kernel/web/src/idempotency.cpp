// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/idempotency.hpp"

#include "fairlead/base/text.hpp"

#include <list>
#include <map>
#include <mutex>

namespace fairlead::web {

namespace {

struct Entry {
    std::string key;
    std::string body_hash;
    std::int64_t time_ms = 0;
    std::optional<Response> response{}; // none: at work
};

} // namespace

struct IdempotencyCache::Impl {
    using Entries = std::list<Entry>;

    void erase(Entries::iterator entry) {
        index.erase(entry->key);
        entries.erase(entry);
    }

    void removeOld(std::int64_t now_ms) {
        while (!entries.empty() && entries.front().response &&
               entries.front().time_ms + kKeepMs < now_ms) {
            erase(entries.begin());
        }
    }

    bool makeRoom() {
        for (auto entry = entries.begin(); entries.size() >= kEntriesMax; ++entry) {
            if (entry == entries.end()) {
                return false;
            }
            if (entry->response) {
                erase(entry);
                return true;
            }
        }
        return true;
    }

    mutable std::mutex mutex;
    Entries entries; // oldest first
    std::map<std::string, Entries::iterator> index;
};

IdempotencyCache::IdempotencyCache() : impl_(std::make_unique<Impl>()) {}
IdempotencyCache::~IdempotencyCache() = default;

base::Result<std::optional<Response>>
IdempotencyCache::begin(const std::string& key, const std::string& body, std::int64_t now_ms) {
    const std::string hash = base::sha256Hex(body);
    const std::lock_guard lock(impl_->mutex);
    impl_->removeOld(now_ms);
    if (const auto found = impl_->index.find(key); found != impl_->index.end()) {
        const Entry& entry = *found->second;
        if (entry.body_hash != hash) {
            return base::Error{base::Errc::Unsupported, "idempotency.mismatch",
                               "this Idempotency-Key was used for another request; use a new one"};
        }
        if (!entry.response) {
            return base::Error{base::Errc::Conflict, "idempotency.in_progress",
                               "the first request with this Idempotency-Key is still at work"};
        }
        return entry.response;
    }
    if (!impl_->makeRoom()) {
        return base::Error{base::Errc::Busy, "idempotency.busy",
                           "too many creating requests are at work; try again"};
    }
    impl_->entries.push_back({key, hash, now_ms});
    impl_->index.emplace(key, std::prev(impl_->entries.end()));
    return std::optional<Response>{};
}

void IdempotencyCache::finish(const std::string& key, const Response& response) {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->index.find(key);
    if (found == impl_->index.end()) {
        return;
    }
    // A failure may succeed when it is tried again, and an answer too large to keep is not kept.
    if (response.status >= 300 || response.stream || response.body.size() > kBodyBytesMax) {
        impl_->erase(found->second);
    } else {
        found->second->response = response;
    }
}

void IdempotencyCache::abandon(const std::string& key) {
    const std::lock_guard lock(impl_->mutex);
    if (const auto found = impl_->index.find(key); found != impl_->index.end()) {
        impl_->erase(found->second);
    }
}

std::size_t IdempotencyCache::entries() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->entries.size();
}

} // namespace fairlead::web
