// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include "clock.hpp"
#include "process.hpp"

#include <unistd.h>

#include <cstdio>

namespace fairlead::bench {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
}

} // namespace

void Report::key(std::string_view name) {
    if (!members_.empty()) {
        members_ += ',';
    }
    members_ += quoted(name) + ":";
}

Report& Report::text(std::string_view name, std::string_view value) {
    key(name);
    members_ += quoted(value);
    return *this;
}

Report& Report::number(std::string_view name, double value) {
    char room[32];
    std::snprintf(room, sizeof room, "%.3f", value);
    key(name);
    members_ += room;
    return *this;
}

Report& Report::whole(std::string_view name, std::uint64_t value) {
    key(name);
    members_ += std::to_string(value);
    return *this;
}

Report& Report::object(std::string_view name, const std::string& json) {
    key(name);
    members_ += json;
    return *this;
}

std::string latencyJson(const Histogram& histogram) {
    return Report()
        .whole("count", histogram.count())
        .number("p50", histogram.quantileUs(0.5))
        .number("p90", histogram.quantileUs(0.9))
        .number("p99", histogram.quantileUs(0.99))
        .number("p999", histogram.quantileUs(0.999))
        .number("max", histogram.maxUs())
        .number("mean", histogram.meanUs())
        .json();
}

Report commonReport(const Context& context, std::string_view mode) {
    const Options& o = context.options;
    Report out;
    out.text("mode", mode).text("label", o.label);
    out.whole("clients", o.clients).whole("qos", static_cast<std::uint64_t>(o.qos));
    out.whole("inFlight", o.in_flight).number("rate", o.rate);
    out.whole("sent", context.sent_all).whole("acked", context.acked_all);
    out.whole("refused", context.refused).whole("duplicateAcks", context.duplicate_acks);
    out.whole("disconnects", context.disconnects).whole("failedConnections", context.failed);
    out.whole("reconnects", context.reconnects).whole("resent", context.resent);
    Report errors;
    for (const auto& [text, count] : context.errors) {
        errors.whole(text, count);
    }
    out.object("errors", errors.json());
    return out;
}

CpuWindow::CpuWindow(int pid) : pid_(pid) {}

void CpuWindow::begin() {
    server_ns_ = cpuNs(pid_);
    own_ns_ = cpuNs(getpid());
    wall_ns_ = nowNs();
}

void CpuWindow::end() {
    server_ns_ = cpuNs(pid_) - server_ns_;
    own_ns_ = cpuNs(getpid()) - own_ns_;
    wall_ns_ = nowNs() - wall_ns_;
}

void CpuWindow::addTo(Report& report, std::uint64_t messages) const {
    const auto wall = static_cast<double>(wall_ns_);
    report.number("generatorCpuPercent", 100.0 * static_cast<double>(own_ns_) / wall);
    if (pid_ == 0) {
        return;
    }
    report.number("cpuPercent", 100.0 * static_cast<double>(server_ns_) / wall);
    if (messages > 0) {
        report.number("cpuUsPerMessage",
                      static_cast<double>(server_ns_) / static_cast<double>(messages) / 1000);
    }
    report.whole("residentBytes", static_cast<std::uint64_t>(residentBytes(pid_)));
}

} // namespace fairlead::bench
