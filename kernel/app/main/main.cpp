// SPDX-License-Identifier: Apache-2.0
#include "fairlead/app/application.hpp"
#include "fairlead/runtime/log.hpp"

#include "notify.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

using fairlead::runtime::Configuration;

constexpr const char* kUsage =
    "usage: fairlead [--config FILE] [--plugins FOLDER] [--webroot FOLDER] [--set KEY=VALUE]…\n"
    "  --config FILE     configuration; see conf/fairlead.yaml, where every key is explained\n"
    "  --plugins FOLDER  built-in plugins (plugins.directory)\n"
    "  --webroot FOLDER  built admin pages (web.root)\n"
    "  --set KEY=VALUE   sets one key, after file and environment\n"
    "  --version, --help\n";

// Two official binary frames as the shell's printf takes them: log-in, and temperature = 23.
constexpr const char* kTcpLogin = R"(\0\0\0\x1d\1\0\0\0\0\0\0\0\0\0\1\0\6demo-1\0\x08demo-key)";
constexpr const char* kTcpReport =
    R"(\0\0\0\x27\3\0\0\0\0\0\0\0\0\0\2\0\6demo-1\0\1\0\x0btemperature\x09\x41\xb8\0\0)";

struct Options {
    std::string config;
    std::vector<std::pair<std::string, std::string>> settings;
};

// Nothing when the arguments are wrong; then the reason was printed.
bool parse(int argc, char** argv, Options& out) {
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (i + 1 >= argc) {
            std::fprintf(stderr, "fairlead: %s needs a value\n%s", name.c_str(), kUsage);
            return false;
        }
        const std::string value = argv[++i];
        const std::size_t equals = value.find('=');
        if (name == "--config") {
            out.config = value;
        } else if (name == "--plugins") {
            out.settings.emplace_back("plugins.directory",
                                      std::filesystem::absolute(value).string());
        } else if (name == "--webroot") {
            out.settings.emplace_back("web.root", std::filesystem::absolute(value).string());
        } else if (name == "--set" && equals != std::string::npos) {
            out.settings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
        } else {
            std::fprintf(stderr, "fairlead: unknown option %s\n%s", name.c_str(), kUsage);
            return false;
        }
    }
    return true;
}

// Sets an empty path to the first of `places`, seen from the program's folder, that exists.
fairlead::base::Status findBeside(Configuration& configuration, const char* key,
                                  std::initializer_list<const char*> places) {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error || !configuration.path(key).empty()) {
        return {};
    }
    for (const char* place : places) {
        const auto path = (program.parent_path() / place).lexically_normal();
        if (std::filesystem::is_directory(path, error)) {
            return configuration.set(key, path.string());
        }
    }
    return {};
}

fairlead::base::Result<Configuration> configure(const Options& options) {
    auto loaded = Configuration::load(options.config, Configuration::processEnvironment());
    if (!loaded) {
        return std::move(loaded).error();
    }
    for (const auto& [key, value] : options.settings) {
        FL_TRY(loaded->set(key, value));
    }
    // Where a build or an installation keeps what comes with the program.
    FL_TRY(findBeside(*loaded, "plugins.directory", {"../plugins", "../lib/fairlead/plugins"}));
    FL_TRY(findBeside(*loaded, "web.root", {"../webroot", "../share/fairlead/webroot"}));
    return loaded;
}

void startLog(const Configuration& configuration) {
    using namespace fairlead::runtime;
    Log& log = Log::global();
    log.setLevel(parseLogLevel(configuration.text("log.level")).value_or(LogLevel::Information));
    for (const std::string& entry : configuration.list("log.levels")) {
        const std::size_t equals = entry.find('=');
        if (equals != std::string::npos) {
            if (const auto level = parseLogLevel(entry.substr(equals + 1))) {
                log.setLevel(entry.substr(0, equals), *level);
            }
        }
    }
    const bool json = configuration.text("log.format") == "json";
    log.addSink(stderrSink(json));
    const auto file = configuration.path("log.file");
    if (!file.empty()) {
        FileSinkOptions options;
        options.path = file.string();
        options.json = json;
        options.bytes_max = static_cast<std::uint64_t>(configuration.integer("log.fileBytesMax"));
        options.files = static_cast<int>(configuration.integer("log.files"));
        log.addSink(fileSink(options));
    }
    log.start();
}

// A connection is a descriptor: take as many as the system allows.
void raiseDescriptorLimit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void announce(const fairlead::app::Application& application, const Configuration& configuration) {
    const std::string scheme = configuration.path("web.certificateFile").empty() ? "http" : "https";
    std::printf("\nFairlead %s is running.\n\n  Admin page  %s://127.0.0.1:%u/\n", FAIRLEAD_VERSION,
                scheme.c_str(), application.webPort());
    if (!application.firstPassword().empty()) {
        std::printf("  User        admin\n  Password    %s   (shown this once; you will be asked "
                    "for a new one)\n",
                    application.firstPassword().c_str());
    }
    const auto ports = application.quickstart();
    if (ports.mqtt != 0) {
        std::printf(
            "\n  A demo device waits for its first value:\n\n"
            "  ts=$(date +%%s000); mosquitto_pub -p %u -i demo-1 -u \"demo|$ts\" -P \"$(printf "
            "'demo|%%s|demo-key' $ts | md5sum | cut -c1-32)\" -q 1 -t "
            "/demo/demo-1/properties/report -m '{\"properties\":{\"temperature\":21.5}}'\n",
            ports.mqtt);
    }
    if (ports.http != 0) {
        std::printf("\n  curl -H 'Authorization: Bearer demo-token' -H 'Content-Type: "
                    "application/json' -d '{\"properties\":{\"temperature\":22.5}}' "
                    "http://127.0.0.1:%u/demo/demo-1/properties/report\n",
                    ports.http);
    }
    if (ports.tcp != 0) {
        std::printf("\n  printf '%s%s' | nc -q1 127.0.0.1 %u | xxd\n", kTcpLogin, kTcpReport,
                    ports.tcp);
    }
    std::printf("\n");
    std::fflush(stdout);
}

int run(const Configuration& configuration) {
    // Blocked before any thread starts, so that every thread inherits it and sigwait below is the
    // only receiver.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    raiseDescriptorLimit();
    startLog(configuration);
    fairlead::app::Application application(configuration);
    const auto started = application.start();
    if (!started) {
        std::fprintf(stderr, "fairlead: cannot start: %s\n", started.error().message().c_str());
        static_cast<void>(application.stop());
        fairlead::runtime::Log::global().stop();
        return 1;
    }
    announce(application, configuration);
    fairlead::app::notifySupervisor("READY=1");
    int signal = 0;
    sigwait(&signals, &signal);
    fairlead::app::notifySupervisor("STOPPING=1");
    fairlead::runtime::logInformation("app", "stopping: finishing what was read");
    const auto stopped = application.stop();
    if (!stopped) {
        fairlead::runtime::logWarning("app", stopped.error().message());
    }
    fairlead::runtime::Log::global().stop();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
        std::printf("fairlead %s\n", FAIRLEAD_VERSION);
        return 0;
    }
    if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
        std::printf("%s", kUsage);
        return 0;
    }
    Options options;
    if (!parse(argc, argv, options)) {
        return 2;
    }
    const auto configuration = configure(options);
    if (!configuration) {
        std::fprintf(stderr, "fairlead: %s\n", configuration.error().message().c_str());
        return 2;
    }
    return run(*configuration);
}
