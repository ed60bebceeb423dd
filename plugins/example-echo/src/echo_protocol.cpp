// SPDX-License-Identifier: Apache-2.0
#include "echo_protocol.hpp"

#include <array>
#include <charconv>
#include <string>

namespace fairlead::example {
namespace {

constexpr std::size_t kWordsMax = 4;

struct Words {
    std::array<std::string_view, kWordsMax> word{};
    std::size_t count = 0;
};

// Splits at single spaces; more than four words leave the rest in the last one.
Words split(std::string_view line) {
    Words out;
    while (!line.empty() && out.count < kWordsMax) {
        const std::size_t end = out.count + 1 < kWordsMax ? line.find(' ') : std::string_view::npos;
        out.word[out.count++] = line.substr(0, end);
        line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
    }
    return out;
}

// Takes the same time wherever the first difference is.
bool equalSecrets(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
    }
    return difference == 0;
}

} // namespace

EchoProtocol::EchoProtocol(sdk::Host host, std::string_view) : host_(host) {}

const sdk::ProtocolDescription& EchoProtocol::description() {
    static const sdk::ProtocolDescription text =
        sdk::ProtocolDescription("example-echo", R"({"en":"Echo example","zh-CN":"回声示例"})",
                                 R"({"en":"Lines of text","zh-CN":"文本行"})")
            .transport("TCP", {{.direction = FL_ROUTE_UP | FL_ROUTE_DOWN,
                                .address = "device property number [secret]",
                                .group = R"({"en":"Lines","zh-CN":"文本行"})",
                                .description = R"({"en":"A reading","zh-CN":"一个读数"})"}});
    return text;
}

sdk::Status EchoProtocol::identify(const sdk::TransportView& message, sdk::Identity& out) {
    const Words words = split(message.text());
    if (words.count == 0) {
        return sdk::Status::notFound("the line names no device");
    }
    out.device_id = words.word[0];
    return {};
}

sdk::Status EchoProtocol::authenticate(const sdk::TransportView& message,
                                       const sdk::SessionView& session, sdk::ProtocolSink&) {
    const std::string_view secret = session.config("secret");
    if (!secret.empty() && !equalSecrets(split(message.text()).word[3], secret)) {
        return sdk::Status::unauthorized("the line's secret is wrong");
    }
    return {};
}

sdk::Status EchoProtocol::decode(const sdk::TransportView& message, const sdk::SessionView& session,
                                 sdk::ProtocolSink& sink) {
    const Words words = split(message.text());
    double number = 0;
    const std::string_view digits = words.word[2];
    const auto end = digits.data() + digits.size();
    if (words.count < 3 || std::from_chars(digits.data(), end, number).ptr != end) {
        return sdk::Status::malformed("expected: device property number");
    }
    report_.clear(FL_DEVICE_REPORT_PROPERTY).device(session.deviceId());
    report_.property(words.word[1], sdk::real(number));
    if (const fl_status status = sink.device(report_); status < 0) {
        return status;
    }
    return sink.reply(sdk::TransportBuilder().payload(message.text()), FL_REPLY_AFTER_COMMIT);
}

sdk::Status EchoProtocol::encode(const sdk::DeviceView& message, const sdk::SessionView& session,
                                 sdk::ProtocolSink& sink) {
    if (message.kind() != FL_DEVICE_WRITE_PROPERTY) {
        return sdk::Status::unsupported("the echo protocol can only write properties");
    }
    for (const fl_property& property : message.properties()) {
        std::string line(session.deviceId());
        line.append(" ").append(sdk::view(property.id)).append(" ");
        line += property.value.kind == FL_VALUE_DOUBLE ? std::to_string(property.value.d)
                                                       : std::to_string(property.value.i);
        if (const fl_status status = sink.transport(sdk::TransportBuilder().payload(line));
            status < 0) {
            return status;
        }
    }
    return {};
}

} // namespace fairlead::example
