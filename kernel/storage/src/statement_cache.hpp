// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fairlead::storage {

/// Prepared statements by their text, least recently used out first. `Statement` closes itself when
/// it is destroyed. Thread: one.
template <typename Statement>
class StatementCache {
public:
    /// A session runs some 100 different statements; a prepared one takes a few KB.
    static constexpr std::size_t kMax = 256;

    Statement* find(std::string_view sql) {
        const auto it = index_.find(sql);
        if (it == index_.end()) {
            return nullptr;
        }
        entries_.splice(entries_.begin(), entries_, it->second);
        return &it->second->second;
    }

    Statement& put(std::string_view sql, Statement statement) {
        if (entries_.size() >= kMax) {
            index_.erase(entries_.back().first);
            entries_.pop_back();
        }
        entries_.emplace_front(std::string(sql), std::move(statement));
        // The key views the text inside of the entry, which never moves.
        index_.emplace(entries_.front().first, entries_.begin());
        return entries_.front().second;
    }

    void clear() {
        index_.clear();
        entries_.clear();
    }

private:
    using Entries = std::list<std::pair<std::string, Statement>>;
    Entries entries_;
    std::unordered_map<std::string_view, typename Entries::iterator> index_;
};

} // namespace fairlead::storage
