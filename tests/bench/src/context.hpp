// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "histogram.hpp"
#include "loop.hpp"
#include "options.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace fairlead::bench {

/// What all connections of one run share.
struct Context {
    explicit Context(const Options& o)
        : options(o), client_id(o.client_id), topic(o.topic),
          payload(o.payload.empty() ? defaultPayload(o.size) : o.payload) {}

    const Options& options;
    Loop loop;
    Template client_id;
    Template topic;
    Template payload;
    std::array<char, 65536> read_buffer{};

    // The window that counts; both 0 before it is known.
    std::int64_t window_begin_ns = 0;
    std::int64_t window_end_ns = 0;
    bool stopping = false; ///< no new messages

    Histogram latency;           ///< to acknowledgement, within the window
    std::uint64_t acked = 0;     ///< within the window
    std::uint64_t sent_all = 0;  ///< whole run
    std::uint64_t acked_all = 0; ///< whole run
    std::uint64_t refused = 0;   ///< acknowledged with an error
    std::uint64_t duplicate_acks = 0;
    std::uint64_t disconnects = 0;
    std::uint64_t reconnects = 0;
    std::uint64_t resent = 0;
    unsigned open = 0;                           ///< logged in
    unsigned connecting = 0;                     ///< not yet
    unsigned failed = 0;                         ///< refused log-ins and broken connections
    std::map<std::string, std::uint64_t> errors; ///< by text, at most 16

    void error(const std::string& text) {
        constexpr std::size_t kTextsMax = 16;
        if (errors.size() < kTextsMax || errors.count(text) > 0) {
            ++errors[text];
        }
    }

    bool inWindow(std::int64_t ns) const noexcept {
        return ns >= window_begin_ns && ns < window_end_ns;
    }

    /// A message that was due at `due_ns` is acknowledged.
    void count(std::int64_t due_ns, std::int64_t now_ns, std::uint64_t times = 1) noexcept {
        acked_all += times;
        if (inWindow(now_ns)) {
            acked += times;
            latency.add(now_ns - due_ns, times);
        }
    }
};

/// True once SIGTERM or SIGINT has come.
bool stopRequested() noexcept;
void installSignals();

/// Runs `tick` (which returns how many nanoseconds it can wait) and the loop until `until` is true.
template <class Until, class Tick>
void runUntil(Context& context, Until&& until, Tick&& tick) {
    while (!until()) {
        context.loop.run(tick());
    }
}

} // namespace fairlead::bench
