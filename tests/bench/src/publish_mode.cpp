// SPDX-License-Identifier: Apache-2.0
#include "clock.hpp"
#include "modes.hpp"
#include "publisher.hpp"
#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::int64_t kPollNs = kSecondNs / 100; // how often deadlines are looked at

class PublishRun {
public:
    explicit PublishRun(Context& context) : context_(context), cpu_(context.options.server_pid) {
        for (unsigned i = 0; i < context.options.clients; ++i) {
            clients_.push_back(std::make_unique<Publisher>(context, context.options.first + i));
        }
    }

    std::string run() {
        connectAll();
        load();
        drain();
        writeLog();
        return result();
    }

private:
    void connectAll() {
        std::size_t next = 0;
        runUntil(
            context_,
            [&] {
                return (next == clients_.size() && context_.connecting == 0) || stopRequested();
            },
            [&] {
                while (next < clients_.size() && context_.connecting < context_.options.parallel) {
                    clients_[next++]->open();
                }
                return kPollNs;
            });
    }

    void load() {
        const Options& o = context_.options;
        const std::int64_t now = nowNs();
        begin_ns_ = now;
        context_.window_begin_ns = now + static_cast<std::int64_t>(o.warmup_s * 1e9);
        const auto length = static_cast<std::int64_t>(o.duration_s * 1e9);
        context_.window_end_ns = o.count > 0 ? INT64_MAX : context_.window_begin_ns + length;
        for (const auto& client : clients_) {
            client->pump();
        }
        runUntil(
            context_, [this] { return loaded(); }, [this] { return tick(); });
        if (measuring_) {
            cpu_.end();
            measured_s_ = static_cast<double>(nowNs() - context_.window_begin_ns) / 1e9;
        }
        context_.window_end_ns = std::min(context_.window_end_ns, nowNs());
    }

    bool loaded() {
        const std::int64_t now = nowNs();
        if (!measuring_ && now >= context_.window_begin_ns) {
            measuring_ = true;
            cpu_.begin();
        }
        if (stopRequested() || now >= context_.window_end_ns) {
            return true;
        }
        return context_.options.count > 0 &&
               std::all_of(clients_.begin(), clients_.end(), [](const auto& client) {
                   return client->finished() ||
                          (client->state() == MqttClient::State::Failed && client->retryNs() == 0);
               });
    }

    // Hands out what became due since the last round, in turns; returns the time to the next.
    std::int64_t tick() {
        const double rate = context_.options.rate;
        const std::int64_t now = nowNs();
        retryLost(now);
        if (rate <= 0) {
            return kPollNs;
        }
        std::int64_t next = dueNs(handed_out_, rate);
        while (next <= now) {
            Publisher& client = *clients_[handed_out_ % clients_.size()];
            client.due(next);
            client.pump();
            next = dueNs(++handed_out_, rate);
        }
        return std::min(kPollNs, std::max<std::int64_t>(0, next - nowNs()));
    }

    std::int64_t dueNs(std::uint64_t k, double rate) const {
        return begin_ns_ + static_cast<std::int64_t>(static_cast<double>(k) * 1e9 / rate);
    }

    void retryLost(std::int64_t now) {
        if (!context_.options.resume || now < next_retry_ns_) {
            return;
        }
        next_retry_ns_ = now + kPollNs;
        for (const auto& client : clients_) {
            if (client->retryNs() != 0 && now >= client->retryNs()) {
                client->retry();
            }
        }
    }

    void drain() {
        context_.stopping = true;
        const auto limit = static_cast<std::int64_t>(context_.options.drain_s * 1e9);
        const std::int64_t until = nowNs() + limit;
        runUntil(
            context_, [&] { return inFlight() == 0 || nowNs() >= until; },
            [&] {
                retryLost(nowNs());
                return kPollNs;
            });
        unanswered_ = inFlight();
        for (const auto& client : clients_) {
            waiting_ += client->waiting();
            client->close(true);
        }
    }

    std::uint64_t inFlight() const {
        std::uint64_t sum = 0;
        for (const auto& client : clients_) {
            sum += client->inFlight();
        }
        return sum;
    }

    void writeLog() const {
        const std::string& path = context_.options.acked_log;
        if (path.empty()) {
            return;
        }
        std::FILE* file = std::fopen(path.c_str(), "w");
        if (file == nullptr) {
            std::perror(path.c_str());
            return;
        }
        for (const auto& client : clients_) {
            const std::string line = client->ackedLine();
            std::fwrite(line.data(), 1, line.size(), file);
        }
        std::fclose(file);
    }

    std::string result() const {
        Report out = commonReport(context_, "publish");
        out.number("seconds", measured_s_);
        out.number("messagesPerSecond",
                   measured_s_ > 0 ? static_cast<double>(context_.acked) / measured_s_ : 0);
        out.object("latencyUs", latencyJson(context_.latency));
        out.whole("unanswered", unanswered_).whole("neverSent", waiting_);
        cpu_.addTo(out, context_.acked);
        return out.json();
    }

    Context& context_;
    CpuWindow cpu_;
    std::vector<std::unique_ptr<Publisher>> clients_;
    std::int64_t begin_ns_ = 0;
    std::int64_t next_retry_ns_ = 0;
    std::uint64_t handed_out_ = 0;
    std::uint64_t unanswered_ = 0;
    std::uint64_t waiting_ = 0;
    double measured_s_ = 0;
    bool measuring_ = false;
};

} // namespace

std::string runPublish(Context& context) {
    return PublishRun(context).run();
}

} // namespace fairlead::bench
