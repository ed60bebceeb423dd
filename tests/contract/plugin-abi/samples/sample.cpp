// SPDX-License-Identifier: Apache-2.0
// The plugin that most tests swap: its protocol names its own version in every message, its state
// counts hand-overs, and its network type answers with the version too. Built several times with
// different SAMPLE_ macros.
#include "fairlead/sdk/host.hpp"
#include "fairlead/sdk/network.hpp"
#include "fairlead/sdk/protocol.hpp"
#include "fairlead/sdk/state.hpp"

#include <atomic>

#ifndef SAMPLE_VERSION
#define SAMPLE_VERSION "1.0.0"
#endif
#ifndef SAMPLE_SCHEMA
#define SAMPLE_SCHEMA 1
#endif
#ifndef SAMPLE_READS_MIN
#define SAMPLE_READS_MIN 1
#endif

namespace fairlead::sample {
namespace {

struct Globals {
    std::atomic<std::uint32_t> hand_overs{0};
    std::atomic<std::uint32_t> ticks{0};
    sdk::Host host;
};
Globals globals;

struct State {
    static constexpr std::uint32_t schema = SAMPLE_SCHEMA;
    static constexpr std::uint32_t reads_min = SAMPLE_READS_MIN;
    static constexpr std::uint32_t reads_max = SAMPLE_SCHEMA;

    static sdk::Status save(std::vector<std::uint8_t>& out) {
        const std::string text = std::to_string(globals.hand_overs);
        out.assign(text.begin(), text.end());
        return {};
    }
    static sdk::Status load(std::uint32_t, sdk::ByteView state) {
        globals.hand_overs =
            static_cast<std::uint32_t>(std::stoul(std::string(sdk::text(state)))) + 1;
        return {};
    }
};

struct Life : sdk::Part {
    static sdk::Status init(sdk::Host host) {
        globals.host = host;
        host.info("init " SAMPLE_VERSION);
        const auto* timer = host.ext<fl_host_timer>();
        timer->start(
            timer->ctx, 1, 1, [](void*) { ++globals.ticks; }, nullptr);
        return {};
    }
    static void quiesce() { globals.host.info("quiesce " SAMPLE_VERSION); }
    static void resume() { globals.host.info("resume " SAMPLE_VERSION); }
    static void deinit() { globals.host.info("deinit " SAMPLE_VERSION); }
};

struct Health {
    static sdk::Status check() { return {}; }
};

class SampleProtocol final : public sdk::Protocol {
public:
    SampleProtocol(sdk::Host, std::string_view config) {
        if (config == "refuse") {
            throw sdk::Failure(FL_E_INVALID, "the configuration says so");
        }
    }
    static const sdk::ProtocolDescription& description() {
        static const sdk::ProtocolDescription text =
            sdk::ProtocolDescription("sample", R"({"en":"Sample"})", R"({"en":"For tests"})")
                .transport("MQTT",
                           {{.direction = FL_ROUTE_UP, .address = "/{product}/{device}/up"},
                            {.direction = FL_ROUTE_DOWN, .address = "/{product}/{device}/down"}},
                           R"({"type":"object"})", R"({"en":"# Sample"})")
                .feature("firmware");
        return text;
    }
    sdk::Status identify(const sdk::TransportView& message, sdk::Identity& out) override {
        out.device_id = message.text();
        return {};
    }
    sdk::Status authenticate(const sdk::TransportView&, const sdk::SessionView&,
                             sdk::ProtocolSink&) override {
        return {};
    }
    sdk::Status decode(const sdk::TransportView& message, const sdk::SessionView&,
                       sdk::ProtocolSink& sink) override {
        if (message.text() == "throw") {
            throw std::runtime_error("boom from " SAMPLE_VERSION);
        }
        report_.clear(FL_DEVICE_REPORT_PROPERTY).name(SAMPLE_VERSION);
        report_.property("handOvers", sdk::integer(globals.hand_overs));
        report_.property("ticks", sdk::integer(globals.ticks));
        return sink.device(report_);
    }
    sdk::Status encode(const sdk::DeviceView&, const sdk::SessionView&,
                       sdk::ProtocolSink&) override {
        return sdk::Status::unsupported("no downlink");
    }

private:
    sdk::DeviceMessage report_;
};

class SampleConnection final : public sdk::Connection {
public:
    explicit SampleConnection(sdk::Conn conn) : conn_(conn) {}
    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override {
        consumed = in.size();
        return conn_.write(SAMPLE_VERSION);
    }
    sdk::Status send(const sdk::TransportView& message, std::uint64_t) override {
        return conn_.write(message.payload());
    }

private:
    sdk::Conn conn_;
};

class SampleNetwork final : public sdk::Network {
public:
    SampleNetwork(sdk::Host, sdk::NetworkIo, std::string_view) {}
    static const sdk::NetworkDescription& description() {
        static constexpr sdk::NetworkDescription text{.id = "sample-tcp",
                                                      .transport = "TCP",
                                                      .scheme = "tcp",
                                                      .secure_scheme = "tls",
                                                      .name = R"({"en":"Sample"})",
                                                      .description = R"({"en":"For tests"})",
                                                      .schema = R"({"type":"object"})",
                                                      .flags = FL_NETWORK_STREAM};
        return text;
    }
    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView&) override {
        return std::make_unique<SampleConnection>(conn);
    }
};

} // namespace
} // namespace fairlead::sample

using namespace fairlead; // a plugin's entry file, nothing follows

FL_PLUGIN("test.sample", SAMPLE_VERSION, R"({"en":"Sample"})", sample::Life,
          sdk::StatePart<sample::State>, sdk::HealthPart<sample::Health>,
          sdk::ProtocolFactory<sample::SampleProtocol>, sdk::NetworkFactory<sample::SampleNetwork>);
