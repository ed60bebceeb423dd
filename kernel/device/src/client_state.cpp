// SPDX-License-Identifier: Apache-2.0
#include "client_state.hpp"

#include <algorithm>

namespace fairlead::device {

std::string ClientState::joined(std::string_view scope, std::string_view key) {
    std::string out;
    out.reserve(scope.size() + key.size() + 1);
    out.append(scope);
    out.push_back('\0');
    out.append(key);
    return out;
}

OncePtr ClientState::insert(Shard& shard, const std::string& joined_key, std::uint64_t generation) {
    auto entry = std::make_shared<OnceEntry>();
    entry->generation = generation;
    shard.ages.push_back(joined_key);
    shard.once.emplace(joined_key, Held{entry, std::prev(shard.ages.end())});
    held_ += 1;
    if (shard.once.size() > kOnceKeysMax / kShards) {
        evict(shard);
    }
    return entry;
}

void ClientState::evict(Shard& shard) {
    const auto oldest = shard.once.find(shard.ages.front());
    if (!oldest->second.entry->durable.load(std::memory_order_acquire)) {
        return; // its message is still on the way to the disk
    }
    const std::string name = oldest->first;
    const std::size_t end = name.find('\0');
    drop(shard, oldest);
    const std::lock_guard guard(evicted_mutex_);
    evicted_.emplace_back(name.substr(0, end), name.substr(end + 1));
}

void ClientState::drop(Shard& shard, std::unordered_map<std::string, Held>::iterator found) {
    shard.ages.erase(found->second.age);
    shard.once.erase(found);
    held_ -= 1;
}

ClientState::Hold ClientState::hold(std::string_view scope, std::string_view key) {
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    if (const auto found = shard.once.find(name); found != shard.once.end()) {
        return Hold{found->second.entry, false};
    }
    const std::uint64_t generation = generation_.fetch_add(1) + 1;
    return Hold{insert(shard, name, generation), true};
}

void ClientState::unhold(std::string_view scope, std::string_view key, const OncePtr& entry) {
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.once.find(name);
    if (found != shard.once.end() && found->second.entry == entry) {
        drop(shard, found);
    }
}

std::uint64_t ClientState::release(std::string_view scope, std::string_view key) {
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.once.find(name);
    if (found == shard.once.end()) {
        return 0;
    }
    const std::uint64_t generation = found->second.entry->generation;
    drop(shard, found);
    return generation;
}

base::Status ClientState::put(std::string_view scope, std::string_view key,
                              std::string_view value) {
    if (scope.size() > kScopeBytesMax || key.size() > kClientKeyBytesMax ||
        value.size() > kClientStateBytesMax) {
        return base::Error::limit("a client's state is limited to 64 KiB and its key to 160 bytes");
    }
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    auto& place = shard.states[name];
    const std::size_t before = place == nullptr ? 0 : place->size();
    const std::size_t added = place == nullptr ? 1 : 0;
    if (bytes_ + value.size() > kClientStatesBytesMax + before ||
        states_ + added > kClientStatesMax) {
        if (place == nullptr) {
            shard.states.erase(name);
        }
        return base::Error::limit("the states of all clients together are limited to 256 MiB");
    }
    place = std::make_shared<const std::string>(value);
    states_ += added;
    bytes_ += value.size() - before;
    return {};
}

void ClientState::remove(std::string_view scope, std::string_view key) {
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.states.find(name);
    if (found != shard.states.end()) {
        bytes_ -= found->second->size();
        states_ -= 1;
        shard.states.erase(found);
    }
}

std::shared_ptr<const std::string> ClientState::get(std::string_view scope,
                                                    std::string_view key) const {
    const std::string name = joined(scope, key);
    const Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.states.find(name);
    return found == shard.states.end() ? nullptr : found->second;
}

void ClientState::restoreHold(std::string_view scope, std::string_view key,
                              std::uint64_t generation) {
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    if (const auto found = shard.once.find(name); found != shard.once.end()) {
        drop(shard, found);
    }
    insert(shard, name, generation)->durable = true;
    generation_ = std::max(generation_.load(), generation);
}

void ClientState::restoreRelease(std::string_view scope, std::string_view key,
                                 std::uint64_t generation) {
    const std::string name = joined(scope, key);
    Shard& shard = shardOf(name);
    const std::lock_guard guard(shard.mutex);
    const auto found = shard.once.find(name);
    if (found != shard.once.end() && found->second.entry->generation <= generation) {
        drop(shard, found);
    }
    generation_ = std::max(generation_.load(), generation);
}

std::vector<std::pair<std::string, std::string>> ClientState::takeEvicted() {
    const std::lock_guard guard(evicted_mutex_);
    return std::exchange(evicted_, {});
}

} // namespace fairlead::device
