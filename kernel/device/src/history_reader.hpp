// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "chunk.hpp"
#include "compactor.hpp"
#include "db.hpp"
#include "fairlead/device/history.hpp"
#include "fairlead/device/message_log.hpp"
#include "fairlead/device/registry.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// Place of an entry in the history of one device: total order.
struct HistoryPlace {
    base::UtcMs time = 0;
    std::int64_t sequence = 0; ///< of its chunk
    std::int64_t index = 0;    ///< within the chunk
    auto operator<=>(const HistoryPlace&) const = default;

    std::string text() const;
    static std::optional<HistoryPlace> parse(std::string_view text);
};

/// Reads property chunks, message chunks and events of one device.
class HistoryReader final : public History, public MessageLog {
public:
    HistoryReader(storage::Database& database, Registry& registry, Compactor& compactor)
        : database_(database), registry_(registry), compactor_(compactor) {}

    base::Result<HistoryPage> property(const HistoryQuery& query) override;
    base::Result<std::vector<AggregateRow>> aggregate(const AggregateQuery& query) override;
    base::Result<MessagePage> messages(const MessageQuery& query) override;
    base::Result<EventPage> events(const EventQuery& query) override;

private:
    struct Range {
        std::int64_t device_key = 0;
        base::UtcMs from = 0; ///< inclusive
        base::UtcMs to = 0;   ///< exclusive
        bool descending = true;
    };
    /// A chunk's row; false ends the reading.
    using EachChunk =
        std::function<bool(base::UtcMs t0, std::int64_t sequence, const std::string& data)>;

    base::Result<DevicePtr> deviceOf(const std::string& device_id);
    base::Result<std::vector<std::int64_t>> days(DbSession& session, HistoryKind kind,
                                                 const Range& range);
    base::Status eachChunk(DbSession& session, HistoryKind kind, const Range& range,
                           const EachChunk& each);

    storage::Database& database_;
    Registry& registry_;
    Compactor& compactor_;
};

} // namespace fairlead::device
