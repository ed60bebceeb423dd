// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::web {

/// The last events of one topic, for streams that come back.
class EventRing {
public:
    /// `since`: number of the last event before this topic was watched.
    EventRing(std::size_t events_max, std::uint64_t since)
        : events_max_(events_max), lost_through_(since) {}

    void add(std::uint64_t sequence, std::string text);

    /// True when nothing after `sequence` was lost.
    bool reaches(std::uint64_t sequence) const noexcept { return sequence >= lost_through_; }

    /// Appends (number, text) of every event after `sequence`.
    void collect(std::uint64_t sequence,
                 std::vector<std::pair<std::uint64_t, std::string_view>>& out) const;

private:
    std::size_t events_max_;
    std::uint64_t lost_through_;
    std::deque<std::pair<std::uint64_t, std::string>> events_;
};

/// Items of one topic that wait for their event.
class PendingItems {
public:
    struct Item {
        std::string key;
        std::string json;
    };

    void add(std::string item, std::string key, std::size_t items_max);
    bool empty() const noexcept { return items_.empty(); }
    std::size_t size() const noexcept { return items_.size(); }

    /// {"ts":…,"items":[…]} of all, and "dropped" when some had to leave; then it is empty.
    std::string take(std::string_view now);

private:
    std::vector<Item> items_;
    std::uint64_t dropped_ = 0;
};

/// The wire form; `data` has no line feed.
std::string formatEvent(std::string_view id, std::string_view topic, std::string_view data);

} // namespace fairlead::web
