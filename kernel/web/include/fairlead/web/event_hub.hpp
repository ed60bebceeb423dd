// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/http.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::web {

/// Limits of the live stream. Figures: reference measurements of 1,000 streams on one thread.
struct EventHubOptions {
    std::size_t ring_events = 256;              ///< kept per topic for Last-Event-ID
    std::size_t backlog_bytes_max = 256 * 1024; ///< per stream, then it is cut
    std::size_t streams_max = 1000;
    std::size_t streams_per_login_max = 4;
    std::size_t topics_per_stream_max = 64;
    std::size_t pending_items_max = 500; ///< per topic between two events; then the oldest leave
    std::chrono::milliseconds topic_interval{500}; ///< at most 2 events a second per topic
    std::chrono::milliseconds ping_interval{15'000};
    std::chrono::milliseconds recheck_interval{15'000};
    std::chrono::milliseconds linger{30'000}; ///< a topic stays wanted after its last stream
    std::chrono::milliseconds retry{2'000};   ///< told to the browser
};

/// What a stream wants; made by the /events route after it checked every topic's permission.
struct EventStreamStart {
    std::vector<std::string> topics{};
    std::string last_event_id{};
    std::string login{}; ///< session or token id: streams are counted by it
    /// False once the login ended or lost a permission. Called on the hub's checking thread; may
    /// block.
    std::function<bool()> still_allowed{};
};

/// Server-sent events: topics in, streams out. One thread writes all plain streams without ever
/// blocking; streams over TLS are written by the thread that serves them.
///
/// Items of a topic are collected and leave as one event at most every topic_interval:
/// {"ts":…,"items":[…]}. Of items with the same merge key only the newest leaves.
/// Lifecycle: addSource, start, stop. Thread: any unless said otherwise.
class EventHub {
public:
    /// Tells a source that somebody began or ceased to watch one of its topics. Called on the hub's
    /// thread; must not call back into the hub other than publish.
    using Demand = std::function<void(const std::string& topic, bool wanted)>;

    explicit EventHub(EventHubOptions options = {});
    ~EventHub(); ///< asserts that it was stopped
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    /// `prefix` is a topic, or ends in '.' and stands for all below. Before start only.
    void addSource(std::string prefix, Demand demand);

    void start();
    void stop();

    /// Room for one more stream? Errors: Limit "events.streams" or "events.streams_per_login".
    base::Status admit(const std::string& login) const;

    /// Takes over a connected socket whose response headers are written. Ownership: `fd` is closed
    /// by the hub.
    void add(int fd, std::shared_ptr<EventStreamStart> start);

    /// Serves one stream on the calling thread until it ends, for sockets that cannot be handed
    /// over (TLS). Blocks: long.
    void serve(std::shared_ptr<EventStreamStart> start, const Sink& sink);

    /// `item` is JSON text. Nothing happens when nobody wants the topic. Blocks: no.
    void publish(const std::string& topic, std::string item, std::string merge_key = {});
    bool wanted(const std::string& topic) const;
    /// Wanted topics that start with `prefix`.
    std::vector<std::string> wantedBelow(std::string_view prefix) const;

    std::size_t streams() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::web
