// SPDX-License-Identifier: Apache-2.0
// Design notes. Chunks of one hour may overlap in time, since devices report late and out of order;
// chunks of different hours do not. So an hour is collected, put in order, and given out, and a
// page never reads more hours than it needs. What a page does not need of an hour is dropped early.
#include "history_reader.hpp"

#include "feed_hub.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

namespace fairlead::device {

namespace {

using base::Errc;
using base::Error;
using base::Status;

/// Beyond every time that is stored.
constexpr base::UtcMs kEndOfTime = 253'402'300'800'000;
constexpr std::size_t kDaysReadMax = 40'000;

Error invalidQuery(const std::string& field, const std::string& message) {
    return Error{Errc::Invalid, "history.invalid", message}.with({{field, "invalid", message}});
}

/// The best `limit` entries of an hour, in order, without holding all of them.
template <typename Item>
class HourPage {
public:
    HourPage(std::size_t limit, bool descending) : limit_(limit), descending_(descending) {}

    void add(HistoryPlace place, Item item) {
        items_.emplace_back(place, std::move(item));
        if (items_.size() > 4 * limit_ + 64) {
            const auto nth = items_.begin() + static_cast<std::ptrdiff_t>(limit_);
            std::nth_element(items_.begin(), nth, items_.end(), before());
            items_.erase(nth, items_.end());
        }
    }
    /// Moves the hour's entries to `out`, up to `limit` in all there.
    void finish(std::vector<std::pair<HistoryPlace, Item>>& out, std::size_t limit) {
        std::sort(items_.begin(), items_.end(), before());
        for (auto& item : items_) {
            if (out.size() < limit) {
                out.push_back(std::move(item));
            }
        }
        items_.clear();
    }

private:
    auto before() const {
        const bool descending = descending_;
        return [descending](const auto& a, const auto& b) {
            return descending ? b.first < a.first : a.first < b.first;
        };
    }

    const std::size_t limit_;
    const bool descending_;
    std::vector<std::pair<HistoryPlace, Item>> items_;
};

bool isBehind(const HistoryPlace& place, const std::optional<HistoryPlace>& cursor,
              bool descending) {
    return !cursor || (descending ? place < *cursor : *cursor < place);
}

struct Accumulator {
    AggregateRow row;
    double sum = 0;
    std::int64_t numbers = 0;
    HistoryPlace first;
    HistoryPlace last;

    void add(const HistoryPlace& place, const fl_value& value) {
        if (row.count == 0 || place < first) {
            first = place;
            row.first.assign(value);
        }
        if (row.count == 0 || last < place) {
            last = place;
            row.last.assign(value);
        }
        row.count += 1;
        if (value.kind < FL_VALUE_BOOLEAN || value.kind > FL_VALUE_DOUBLE) {
            return;
        }
        const double number =
            value.kind == FL_VALUE_DOUBLE ? value.d : static_cast<double>(value.i);
        row.minimum = numbers == 0 ? number : std::min(*row.minimum, number);
        row.maximum = numbers == 0 ? number : std::max(*row.maximum, number);
        sum += number;
        numbers += 1;
    }
    AggregateRow take() {
        if (numbers > 0) {
            row.average = sum / static_cast<double>(numbers);
        }
        return std::move(row);
    }
};

LoggedMessage loggedOf(const ChunkMessage& entry, const HistoryPlace& place,
                       const StoredMessage& stored) {
    LoggedMessage out;
    out.id = place.text();
    out.time = entry.time;
    out.direction = entry.direction;
    out.kind = stored.kind;
    out.message_id = stored.message_id;
    out.summary = summaryOf(stored);
    out.payload = entry.payload;
    out.truncated = entry.truncated;
    out.transport = entry.transport;
    out.address = entry.address;
    out.result = !entry.result.empty()     ? entry.result
                 : !stored.problem.empty() ? stored.problem
                                           : stored.code;
    return out;
}

} // namespace

std::string HistoryPlace::text() const {
    return std::to_string(time) + "-" + std::to_string(sequence) + "-" + std::to_string(index);
}

std::optional<HistoryPlace> HistoryPlace::parse(std::string_view text) {
    HistoryPlace out;
    std::int64_t* const parts[] = {&out.time, &out.sequence, &out.index};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < 3; ++i) {
        if (i > 0 && (at == end || *at++ != '-')) {
            return std::nullopt;
        }
        const auto read = std::from_chars(at, end, *parts[i]);
        if (read.ec != std::errc{}) {
            return std::nullopt;
        }
        at = read.ptr;
    }
    return at == end ? std::optional{out} : std::nullopt;
}

base::Result<DevicePtr> HistoryReader::deviceOf(const std::string& device_id) {
    FL_ASSIGN(DevicePtr device, registry_.get(device_id));
    // When the history lags, what is there is better than no answer.
    static_cast<void>(static_cast<bool>(compactor_.waitFor(kHistoryBarrierMs)));
    return device;
}

base::Result<std::vector<std::int64_t>> HistoryReader::days(DbSession& session, HistoryKind kind,
                                                            const Range& range) {
    FL_ASSIGN(const auto rows,
              session.query(std::string{"SELECT day FROM history_days WHERE kind = ? AND day >= ? "
                                        "AND day <= ? ORDER BY day"} +
                                (range.descending ? " DESC" : ""),
                            {DbValue{static_cast<std::int64_t>(kind)}, DbValue{dayOf(range.from)},
                             DbValue{dayOf(range.to - 1)}},
                            kDaysReadMax));
    std::vector<std::int64_t> out;
    for (const DbRow& row : rows) {
        out.push_back(row.integer(0));
    }
    return out;
}

Status HistoryReader::eachChunk(DbSession& session, HistoryKind kind, const Range& range,
                                const EachChunk& each) {
    FL_ASSIGN(const auto found, days(session, kind, range));
    const std::string table = kind == kPropertyDays ? "property_chunks" : "message_chunks";
    const std::string order = range.descending ? " DESC" : "";
    bool more = true;
    for (const std::int64_t day : found) {
        const std::vector<DbValue> values{DbValue{day}, DbValue{range.device_key},
                                          DbValue{range.to}, DbValue{range.from}};
        FL_TRY(session.stream("SELECT t0, sequence, data FROM " + table +
                                  " WHERE day = ? AND device_key = ? AND t0 < ? AND t1 >= ? ORDER "
                                  "BY t0" +
                                  order + ", sequence" + order,
                              values, [&](const DbRow& row) {
                                  more = each(row.integer(0), row.integer(1), row.text(2));
                                  return more;
                              }));
        if (!more) {
            break;
        }
    }
    return {};
}

base::Result<HistoryPage> HistoryReader::property(const HistoryQuery& query) {
    const auto cursor = HistoryPlace::parse(query.after);
    if (!query.after.empty() && !cursor) {
        return invalidQuery("after", "after is not a cursor that an earlier page gave");
    }
    if (query.limit < 1 || query.limit > kHistoryPageMax) {
        return invalidQuery("limit", "limit is 1 to 1000");
    }
    FL_ASSIGN(const DevicePtr device, deviceOf(query.device_id));
    Range range{device->key(), query.from, query.to == 0 ? kEndOfTime : query.to, query.descending};
    if (cursor && query.descending) {
        range.to = std::min(range.to, cursor->time + 1);
    } else if (cursor) {
        range.from = std::max(range.from, cursor->time);
    }
    std::vector<std::pair<HistoryPlace, HistoryPoint>> items;
    HourPage<HistoryPoint> hour(query.limit + 1, query.descending);
    std::int64_t current = std::numeric_limits<std::int64_t>::min();
    const auto work = [&](DbSession& session) {
        return eachChunk(
            session, kPropertyDays, range,
            [&](base::UtcMs t0, std::int64_t sequence, const std::string& data) {
                if (hourOf(t0) != current) {
                    hour.finish(items, query.limit + 1);
                    current = hourOf(t0);
                }
                readPropertyChunk(
                    data, query.property, [&](const ChunkPoint& point, std::size_t index) {
                        const HistoryPlace place{point.time, sequence,
                                                 static_cast<std::int64_t>(index)};
                        if (point.time >= range.from && point.time < range.to &&
                            isBehind(place, cursor, query.descending)) {
                            hour.add(place, HistoryPoint{point.time, DataValue{point.value},
                                                         point.quality});
                        }
                    });
                return items.size() <= query.limit;
            });
    };
    if (range.from < range.to) {
        FL_TRY(database_.read(work));
    }
    hour.finish(items, query.limit + 1);
    HistoryPage page;
    for (std::size_t i = 0; i < items.size() && i < query.limit; ++i) {
        page.items.push_back(std::move(items[i].second));
    }
    if (items.size() > query.limit) {
        page.next = items[query.limit - 1].first.text();
    }
    return page;
}

base::Result<std::vector<AggregateRow>> HistoryReader::aggregate(const AggregateQuery& query) {
    if (query.interval_ms < 1 || query.to <= query.from) {
        return invalidQuery("interval", "give an interval, and a from that is before to");
    }
    if ((query.to - query.from) / query.interval_ms >= kIntervalsMax) {
        return invalidQuery("interval", "more than 2000 intervals; choose a longer interval or a "
                                        "shorter time");
    }
    FL_ASSIGN(const DevicePtr device, deviceOf(query.device_id));
    const Range range{device->key(), query.from, query.to, false};
    std::map<std::int64_t, Accumulator> rows;
    std::int64_t points = 0;
    const auto floorTo = [&query](base::UtcMs time) {
        const std::int64_t rest = time % query.interval_ms;
        return time - rest - (rest < 0 ? query.interval_ms : 0);
    };
    const auto work = [&](DbSession& session) {
        return eachChunk(session, kPropertyDays, range,
                         [&](base::UtcMs, std::int64_t sequence, const std::string& data) {
                             readPropertyChunk(
                                 data, query.property,
                                 [&](const ChunkPoint& point, std::size_t index) {
                                     if (point.time < range.from || point.time >= range.to) {
                                         return;
                                     }
                                     Accumulator& row = rows[floorTo(point.time)];
                                     row.row.time = floorTo(point.time);
                                     row.add(HistoryPlace{point.time, sequence,
                                                          static_cast<std::int64_t>(index)},
                                             point.value);
                                     ++points;
                                 });
                             return points <= kAggregatePointsMax;
                         });
    };
    FL_TRY(database_.read(work));
    if (points > kAggregatePointsMax) {
        return Error{Errc::Limit, "history.too_many",
                     "more than 20 million values in that time; choose a shorter time"};
    }
    std::vector<AggregateRow> out;
    for (auto& row : rows) {
        out.push_back(row.second.take());
    }
    return out;
}

base::Result<MessagePage> HistoryReader::messages(const MessageQuery& query) {
    const auto cursor = HistoryPlace::parse(query.after);
    if (!query.after.empty() && !cursor) {
        return invalidQuery("after", "after is not a cursor that an earlier page gave");
    }
    if (query.limit < 1 || query.limit > kMessagePageMax) {
        return invalidQuery("limit", "limit is 1 to 200");
    }
    FL_ASSIGN(const DevicePtr device, deviceOf(query.device_id));
    Range range{device->key(), query.from, query.to == 0 ? kEndOfTime : query.to, true};
    if (cursor) {
        range.to = std::min(range.to, cursor->time + 1);
    }
    std::vector<std::pair<HistoryPlace, LoggedMessage>> items;
    HourPage<LoggedMessage> hour(query.limit + 1, true);
    StoredMessage stored;
    std::int64_t current = std::numeric_limits<std::int64_t>::max();
    std::size_t scanned = 0;
    bool cut = false;
    const auto take = [&](const ChunkMessage& entry, const HistoryPlace& place) {
        if (entry.time < range.from || entry.time >= range.to || !isBehind(place, cursor, true) ||
            (query.direction && entry.direction != *query.direction)) {
            return;
        }
        stored = StoredMessage{};
        if (!entry.section.empty() && !readMessage(entry.section, entry.time, stored)) {
            return;
        }
        if (!query.kind || stored.kind == *query.kind) {
            hour.add(place, loggedOf(entry, place, stored));
        }
    };
    const auto work = [&](DbSession& session) {
        return eachChunk(
            session, kMessageDays, range,
            [&](base::UtcMs t0, std::int64_t sequence, const std::string& data) {
                if (hourOf(t0) != current) {
                    hour.finish(items, query.limit + 1);
                    cut = scanned > kMessagesScannedMax;
                    if (cut || items.size() > query.limit) {
                        return false;
                    }
                    current = hourOf(t0);
                }
                readMessageChunk(data, [&](const ChunkMessage& entry, std::size_t index) {
                    take(entry,
                         HistoryPlace{entry.time, sequence, static_cast<std::int64_t>(index)});
                    ++scanned;
                });
                return true;
            });
    };
    if (range.from < range.to) {
        FL_TRY(database_.read(work));
    }
    hour.finish(items, query.limit + 1);
    MessagePage page;
    for (std::size_t i = 0; i < items.size() && i < query.limit; ++i) {
        page.items.push_back(std::move(items[i].second));
    }
    if (items.size() > query.limit) {
        page.next = items[query.limit - 1].first.text();
    } else if (cut) {
        // Everything from the hour that was finished last on was looked at.
        page.next = HistoryPlace{current * kChunkSpanMs, -1, -1}.text();
    }
    return page;
}

base::Result<EventPage> HistoryReader::events(const EventQuery& query) {
    const auto cursor = HistoryPlace::parse(query.after);
    if (!query.after.empty() && !cursor) {
        return invalidQuery("after", "after is not a cursor that an earlier page gave");
    }
    if (query.limit < 1 || query.limit > kMessagePageMax) {
        return invalidQuery("limit", "limit is 1 to 200");
    }
    FL_ASSIGN(const DevicePtr device, deviceOf(query.device_id));
    const auto facts = device->facts();
    Range range{device->key(), query.from, query.to == 0 ? kEndOfTime : query.to, true};
    if (cursor) {
        range.to = std::min(range.to, cursor->time + 1);
    }
    EventPage page;
    HistoryPlace last;
    bool more = false;
    const auto take = [&](const DbRow& row) {
        const HistoryPlace place{row.integer(0), row.integer(1), 0};
        if (!isBehind(place, cursor, true)) {
            return true;
        }
        more = page.items.size() == query.limit;
        if (more) {
            return false;
        }
        last = place;
        DeviceEvent event;
        event.time = place.time;
        event.event = row.text(2);
        const EventModel* model = facts->product->model->event(event.event);
        event.name = model != nullptr ? model->name : event.event;
        event.level = model != nullptr ? model->level : "ordinary";
        event.data = DataValue::json(row.text(3));
        page.items.push_back(std::move(event));
        return true;
    };
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const auto found, days(session, kEventDays, range));
        for (const std::int64_t day : found) {
            std::vector<DbValue> values{DbValue{day}, DbValue{range.device_key},
                                        DbValue{range.from}, DbValue{range.to}};
            std::string filter;
            if (!query.event.empty()) {
                filter = " AND event = ?";
                values.emplace_back(query.event);
            }
            FL_TRY(session.stream("SELECT event_at, sequence, event, data FROM device_events WHERE "
                                  "day = ? AND device_key = ? AND event_at >= ? AND event_at < ?" +
                                      filter + " ORDER BY event_at DESC, sequence DESC",
                                  values, take));
            if (more) {
                break;
            }
        }
        return {};
    };
    if (range.from < range.to) {
        FL_TRY(database_.read(work));
    }
    page.next = more ? last.text() : "";
    return page;
}

} // namespace fairlead::device
