// SPDX-License-Identifier: Apache-2.0
#include "event_ring.hpp"

#include "fairlead/web/json_out.hpp"

#include <algorithm>

namespace fairlead::web {

void EventRing::add(std::uint64_t sequence, std::string text) {
    events_.emplace_back(sequence, std::move(text));
    if (events_.size() > events_max_) {
        lost_through_ = events_.front().first;
        events_.pop_front();
    }
}

void EventRing::collect(std::uint64_t sequence,
                        std::vector<std::pair<std::uint64_t, std::string_view>>& out) const {
    for (const auto& [number, text] : events_) {
        if (number > sequence) {
            out.emplace_back(number, text);
        }
    }
}

void PendingItems::add(std::string item, std::string key, std::size_t items_max) {
    if (!key.empty()) {
        const auto same = std::find_if(items_.begin(), items_.end(),
                                       [&](const Item& other) { return other.key == key; });
        if (same != items_.end()) {
            items_.erase(same);
        }
    }
    if (items_.size() >= items_max) {
        items_.erase(items_.begin());
        ++dropped_;
    }
    items_.push_back({std::move(key), std::move(item)});
}

std::string PendingItems::take(std::string_view now) {
    JsonOut out;
    out.object().field("ts", now).array("items");
    for (const Item& item : items_) {
        out.raw(item.json);
    }
    out.end();
    if (dropped_ > 0) {
        out.field("dropped", dropped_);
    }
    out.end();
    items_.clear();
    dropped_ = 0;
    return std::move(out).text();
}

std::string formatEvent(std::string_view id, std::string_view topic, std::string_view data) {
    std::string text;
    text.reserve(id.size() + topic.size() + data.size() + 24);
    text.append("id: ").append(id).append("\nevent: ").append(topic);
    text.append("\ndata: ").append(data).append("\n\n");
    return text;
}

} // namespace fairlead::web
