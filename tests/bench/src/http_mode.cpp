// SPDX-License-Identifier: Apache-2.0
#include "clock.hpp"
#include "http_client.hpp"
#include "modes.hpp"
#include "report.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::int64_t kPollNs = kSecondNs / 100;
constexpr int kFailuresMax = 10; // in a row, before a poster gives up

class Poster final : public HttpClient {
public:
    Poster(Context& context, unsigned number)
        : HttpClient(context, context.options.endpoint, number) {
        id_ = context.client_id.text({number, {}, 0, 0});
        path_ = Template(context.options.path).text({number, id_, 0, 0});
        const std::string token = Template(context.options.token).text({number, id_, 0, 0});
        if (!token.empty()) {
            headers_ = "Authorization: Bearer " + token + "\r\n";
        }
        seq_ = context.options.first_seq;
    }

    void due(std::int64_t due_ns) { due_.push_back(due_ns); }
    std::size_t waiting() const noexcept { return due_.size(); }

    void pump() {
        const bool open_loop = context_.options.rate > 0;
        if (busy() || context_.stopping || failures_ >= kFailuresMax ||
            (open_loop && due_.empty())) {
            return;
        }
        sent_ns_ = open_loop ? due_.front() : nowNs();
        if (open_loop) {
            due_.pop_front();
        }
        last_ms_ = std::max(last_ms_ + 1, utcMs());
        payload_.clear();
        context_.payload.append(payload_, {number_, id_, seq_++, last_ms_});
        ++context_.sent_all;
        post(path_, headers_, payload_);
    }

protected:
    void onResponse(int status, std::string_view) override {
        if (status == 200) {
            failures_ = 0;
            context_.count(sent_ns_, nowNs());
        } else {
            ++failures_;
            ++context_.refused;
            context_.error("HTTP " + std::to_string(status));
        }
        pump();
    }

private:
    std::string id_;
    std::string path_;
    std::string headers_;
    std::string payload_;
    std::deque<std::int64_t> due_;
    std::uint64_t seq_ = 0;
    std::int64_t last_ms_ = 0;
    std::int64_t sent_ns_ = 0;
    int failures_ = 0;
};

} // namespace

std::string runHttp(Context& context) {
    const Options& o = context.options;
    std::vector<std::unique_ptr<Poster>> posters;
    for (unsigned i = 0; i < o.clients; ++i) {
        posters.push_back(std::make_unique<Poster>(context, o.first + i));
    }
    const std::int64_t begin = nowNs();
    context.window_begin_ns = begin + static_cast<std::int64_t>(o.warmup_s * 1e9);
    context.window_end_ns = context.window_begin_ns + static_cast<std::int64_t>(o.duration_s * 1e9);
    for (const auto& poster : posters) {
        poster->pump();
    }
    CpuWindow cpu(o.server_pid);
    bool measuring = false;
    std::uint64_t handed_out = 0;
    runUntil(
        context, [&] { return nowNs() >= context.window_end_ns || stopRequested(); },
        [&] {
            const std::int64_t now = nowNs();
            if (!measuring && now >= context.window_begin_ns) {
                measuring = true;
                cpu.begin();
            }
            const auto dueNs = [&] {
                return begin +
                       static_cast<std::int64_t>(static_cast<double>(handed_out) * 1e9 / o.rate);
            };
            while (o.rate > 0 && dueNs() <= now) {
                Poster& poster = *posters[handed_out % posters.size()];
                poster.due(dueNs());
                poster.pump();
                ++handed_out;
            }
            return o.rate > 0 ? std::min(kPollNs, std::max<std::int64_t>(0, dueNs() - nowNs()))
                              : kPollNs;
        });
    cpu.end();
    context.stopping = true;
    Report out = commonReport(context, "http");
    out.number("messagesPerSecond", static_cast<double>(context.acked) / o.duration_s);
    out.object("latencyUs", latencyJson(context.latency));
    cpu.addTo(out, context.acked);
    return out.json();
}

} // namespace fairlead::bench
