// SPDX-License-Identifier: Apache-2.0
// fairlead-bench-mqtt: a load generator for MQTT servers, HTTP ingest and commands.
#include "modes.hpp"

#include <csignal>
#include <cstdio>

namespace fairlead::bench {
namespace {

volatile std::sig_atomic_t g_stop = 0;

void onSignal(int) {
    g_stop = 1;
}

std::string runMode(Context& context) {
    switch (context.options.mode) {
    case Mode::Connect:
        return runConnect(context);
    case Mode::Idle:
        return runIdle(context);
    case Mode::Http:
        return runHttp(context);
    case Mode::Command:
        return runCommand(context);
    case Mode::Publish:
        break;
    }
    return runPublish(context);
}

} // namespace

bool stopRequested() noexcept {
    return g_stop != 0;
}

void installSignals() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGTERM, onSignal);
    std::signal(SIGINT, onSignal);
}

} // namespace fairlead::bench

int main(int argc, char** argv) {
    using namespace fairlead::bench;
    const Options options = parseOptions(argc, argv);
    installSignals();
    raiseDescriptorLimit();
    Context context(options);
    const std::string result = runMode(context);
    std::printf("%s\n", result.c_str());
    return 0;
}
