// SPDX-License-Identifier: Apache-2.0
// The round trip of a command: REST call, device, answer. Devices and callers are both here.
#include "clock.hpp"
#include "http_client.hpp"
#include "modes.hpp"
#include "mqtt_client.hpp"
#include "report.hpp"

#include <memory>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::int64_t kPollNs = kSecondNs / 100;
constexpr int kFailuresMax = 10; // in a row, before a caller gives up

// A device that answers every property read with 36.5.
class Responder final : public MqttClient {
public:
    using MqttClient::MqttClient;

protected:
    void onOpen(bool) override {
        const std::string filter = "/" + context_.options.product + "/" + id() + "/#";
        putSubscribe(out(), 1, filter, context_.options.v5);
    }

    void onPacket(const Packet& packet, std::int64_t) override {
        Publication command;
        if (packet.type != PacketType::Publish ||
            !packet.publication(command, context_.options.v5)) {
            return;
        }
        constexpr std::string_view kKey = "\"messageId\":\"";
        const std::size_t at = command.payload.find(kKey);
        if (at == std::string_view::npos) {
            return;
        }
        const std::string_view rest = command.payload.substr(at + kKey.size());
        const std::string body = "{\"messageId\":\"" + std::string(rest.substr(0, rest.find('"'))) +
                                 "\",\"success\":true,\"properties\":{\"" +
                                 context_.options.property + "\":36.5}}";
        const std::string topic = std::string(command.topic) + "/reply";
        const int qos = context_.options.qos > 0 ? 1 : 0;
        last_id_ = last_id_ == 65535 ? std::uint16_t{1} : static_cast<std::uint16_t>(last_id_ + 1);
        putPublish(out(), {topic, body, qos, false, last_id_, context_.options.v5});
    }

private:
    std::uint16_t last_id_ = 1;
};

class Caller final : public HttpClient {
public:
    Caller(Context& context, unsigned number) : HttpClient(context, context.options.rest, number) {
        const std::string id = context.client_id.text({number, {}, 0, 0});
        path_ = "/api/v1/devices/" + id + "/properties/read";
        headers_ = "Authorization: Bearer " + context.options.token + "\r\n";
        body_ = "{\"properties\":[\"" + context.options.property + "\"]}";
    }

    void call() {
        if (busy() || context_.stopping || failures_ >= kFailuresMax) {
            return;
        }
        sent_ns_ = nowNs();
        ++context_.sent_all;
        post(path_, headers_, body_);
    }

protected:
    void onResponse(int status, std::string_view body) override {
        const bool good = status == 200 &&
                          body.find("\"success\":true") != std::string_view::npos &&
                          body.find("36.5") != std::string_view::npos;
        if (good) {
            failures_ = 0;
            context_.count(sent_ns_, nowNs());
        } else {
            ++failures_;
            ++context_.refused;
            context_.error("REST " + std::to_string(status) + " " +
                           std::string(body.substr(0, 120)));
        }
        call();
    }

private:
    std::string path_;
    std::string headers_;
    std::string body_;
    std::int64_t sent_ns_ = 0;
    int failures_ = 0;
};

} // namespace

std::string runCommand(Context& context) {
    const Options& o = context.options;
    std::vector<std::unique_ptr<Responder>> devices;
    std::vector<std::unique_ptr<Caller>> callers;
    for (unsigned i = 0; i < o.clients; ++i) {
        devices.push_back(std::make_unique<Responder>(context, o.first + i));
        devices.back()->open();
    }
    runUntil(
        context, [&] { return context.connecting == 0 || stopRequested(); },
        [] { return kPollNs; });
    for (unsigned i = 0; i < o.in_flight; ++i) {
        callers.push_back(std::make_unique<Caller>(context, o.first + i % o.clients));
        callers.back()->call();
    }
    context.window_begin_ns = nowNs() + static_cast<std::int64_t>(o.warmup_s * 1e9);
    context.window_end_ns = context.window_begin_ns + static_cast<std::int64_t>(o.duration_s * 1e9);
    CpuWindow cpu(o.server_pid);
    bool measuring = false;
    runUntil(
        context, [&] { return nowNs() >= context.window_end_ns || stopRequested(); },
        [&] {
            if (!measuring && nowNs() >= context.window_begin_ns) {
                measuring = true;
                cpu.begin();
            }
            return kPollNs;
        });
    cpu.end();
    context.stopping = true;
    Report out = commonReport(context, "command");
    out.number("commandsPerSecond", static_cast<double>(context.acked) / o.duration_s);
    out.object("latencyUs", latencyJson(context.latency));
    cpu.addTo(out, context.acked);
    for (const auto& device : devices) {
        device->close(true);
    }
    return out.json();
}

} // namespace fairlead::bench
