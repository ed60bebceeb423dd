// SPDX-License-Identifier: Apache-2.0
// connect: how fast log-ins are answered. idle: what a connection that says nothing costs.
#include "clock.hpp"
#include "modes.hpp"
#include "mqtt_client.hpp"
#include "process.hpp"
#include "report.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::int64_t kPollNs = kSecondNs / 100;
constexpr std::int64_t kConnectLimitNs = 60 * kSecondNs; // a server that answers no more

class Visitor final : public MqttClient {
public:
    using MqttClient::MqttClient;

protected:
    void onOpen(bool) override {
        const std::int64_t now = nowNs();
        context_.latency.add(now - started_ns_);
        ++context_.acked;
    }
    void onPacket(const Packet&, std::int64_t) override {}
};

class Visitors {
public:
    explicit Visitors(Context& context) : context_(context) {
        for (unsigned i = 0; i < context.options.clients; ++i) {
            all_.push_back(std::make_unique<Visitor>(context, context.options.first + i));
        }
    }

    // Connects all, at most --parallel at a time; returns the seconds it took.
    double connectAll() {
        const std::int64_t begin = nowNs();
        std::size_t next = 0;
        runUntil(
            context_,
            [&] {
                return (next == all_.size() && context_.connecting == 0) || stopRequested() ||
                       nowNs() > begin + kConnectLimitNs;
            },
            [&] {
                while (next < all_.size() && context_.connecting < context_.options.parallel) {
                    all_[next++]->open();
                }
                return kPollNs;
            });
        return static_cast<double>(nowNs() - begin) / 1e9;
    }

    void closeAll() {
        for (const auto& visitor : all_) {
            visitor->close(true);
        }
    }

private:
    Context& context_;
    std::vector<std::unique_ptr<Visitor>> all_;
};

void wait(Context& context, double seconds) {
    const std::int64_t until = nowNs() + static_cast<std::int64_t>(seconds * 1e9);
    runUntil(
        context, [&] { return nowNs() >= until || stopRequested(); }, [] { return kPollNs; });
}

} // namespace

std::string runConnect(Context& context) {
    Visitors visitors(context);
    CpuWindow cpu(context.options.server_pid);
    cpu.begin();
    const double seconds = visitors.connectAll();
    cpu.end();
    Report out = commonReport(context, "connect");
    out.whole("parallel", context.options.parallel).number("seconds", seconds);
    out.whole("connected", context.acked);
    out.number("connectionsPerSecond", static_cast<double>(context.acked) / seconds);
    out.object("latencyUs", latencyJson(context.latency));
    cpu.addTo(out, context.acked);
    visitors.closeAll();
    return out.json();
}

std::string runIdle(Context& context) {
    const int pid = context.options.server_pid;
    wait(context, context.options.warmup_s);
    const std::int64_t before = residentBytes(pid);
    Visitors visitors(context);
    visitors.connectAll();
    wait(context, context.options.duration_s);
    const std::int64_t after = residentBytes(pid);
    Report out = commonReport(context, "idle");
    out.whole("connected", context.open);
    out.whole("residentBefore", static_cast<std::uint64_t>(before));
    out.whole("residentAfter", static_cast<std::uint64_t>(after));
    out.number("bytesPerConnection",
               context.open == 0 ? 0 : static_cast<double>(after - before) / context.open);
    visitors.closeAll();
    return out.json();
}

} // namespace fairlead::bench
