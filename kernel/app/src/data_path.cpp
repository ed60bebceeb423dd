// SPDX-License-Identifier: Apache-2.0
#include "data_path.hpp"

#include "fairlead/base/time.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/metrics.hpp"

#include <algorithm>
#include <thread>

namespace fairlead::app {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::chrono::minutes kMaintenanceInterval{10};
constexpr std::chrono::minutes kTokenInterval{1};

std::size_t loopCount(const runtime::Configuration& configuration) {
    const auto wanted = static_cast<std::size_t>(configuration.integer("network.threads"));
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    return wanted != 0 ? wanted : std::max<std::size_t>(1, cores - 1);
}

} // namespace

base::Result<std::vector<security::Usage>>
DataPath::CertificateUsers::usedBy(const std::string& id) {
    std::vector<security::Usage> out;
    for (const auto& use : owner_.components_->certificateUsedBy(id)) {
        out.push_back({use.kind, use.id, use.name});
    }
    return out;
}

DataPath::DataPath(const runtime::Configuration& configuration, Core& core)
    : configuration_(configuration), core_(core),
      plugin_host_(*core.database, *core.executor, runtime::Metrics::global()) {}

DataPath::~DataPath() = default;

base::Result<std::unique_ptr<DataPath>> DataPath::open(const runtime::Configuration& configuration,
                                                       Core& core) {
    std::unique_ptr<DataPath> out{new DataPath(configuration, core)};
    FL_TRY(out->openPlugins());
    FL_TRY(out->openDevices());
    out->makeLoops();
    out->makeNetwork();
    out->makeGateways();
    out->makeWeb();
    return out;
}

base::Status DataPath::openPlugins() {
    plugin_loop_ = plugin::makeThreadLoopServices();
    plugin::ManagerOptions options;
    const auto data = configuration_.path("data.directory");
    options.run_dir = data / "run";
    options.store_dir = configuration_.path("plugins.packageDirectory");
    options.loops = loopCount(configuration_);
    options.drain_timeout = std::chrono::seconds{configuration_.integer("plugins.drainSeconds")};
    plugins_ = std::make_unique<plugin::PluginManager>(options, plugin_host_, *plugin_loop_);
    const auto folder = configuration_.path("plugins.directory");
    if (plugins_->discover(folder) == 0) {
        return base::Error{base::Errc::NotFound, "plugins.none",
                           "no plugin could be loaded from \"" + folder.string() +
                               "\"; set plugins.directory, or give --plugins"};
    }
    return {};
}

base::Status DataPath::openDevices() {
    web::SettingsValues defaults;
    defaults.history_days = configuration_.integer("history.retentionDays");
    defaults.message_days = configuration_.integer("history.messageRetentionDays");
    defaults.access_log_days = configuration_.integer("logs.accessRetentionDays");
    defaults.system_log_days = configuration_.integer("logs.systemRetentionDays");
    settings_ = std::make_unique<web::SettingsStore>(*core_.database, defaults);
    FL_ASSIGN(const auto values, settings_->get());
    device::ModuleOptions options;
    options.database = core_.database.get();
    options.history = &core_.history();
    options.secrets = core_.secrets.get();
    options.cluster = core_.cluster.get();
    options.executor = &*core_.executor;
    options.retention = {values.history_days, values.message_days};
    options.devices_cached_max =
        static_cast<std::size_t>(configuration_.integer("ingest.devicesCachedMax"));
    device::IngestOptions& ingest = options.ingest;
    ingest.directory = configuration_.path("ingest.journalDirectory");
    ingest.segment_bytes =
        static_cast<std::uint64_t>(configuration_.integer("ingest.segmentBytes"));
    ingest.journal_bytes_max =
        static_cast<std::uint64_t>(configuration_.integer("ingest.journalBytesMax"));
    ingest.uncommitted_messages_max =
        static_cast<std::size_t>(configuration_.integer("ingest.pendingMessagesMax"));
    ingest.uncommitted_bytes_max =
        static_cast<std::size_t>(configuration_.integer("ingest.pendingBytesMax"));
    ingest.commit_messages =
        static_cast<std::size_t>(configuration_.integer("ingest.commitMessagesMax"));
    ingest.commit_spacing_us = configuration_.integer("ingest.commitSpacingMs") * 1000;
    ingest.compaction_interval_seconds = configuration_.integer("ingest.compactionIntervalSeconds");
    ingest.compaction_slice_messages =
        static_cast<std::size_t>(configuration_.integer("ingest.compactionMessagesMax"));
    FL_ASSIGN(devices_, device::Module::open(std::move(options)));
    settings_->onChange([this](const web::SettingsValues& changed) {
        devices_->setRetention({changed.history_days, changed.message_days});
    });
    return {};
}

void DataPath::makeLoops() {
    for (std::size_t i = 0; i < loopCount(configuration_); ++i) {
        loops_.push_back(std::make_unique<runtime::Loop>("io" + std::to_string(i), i));
    }
}

void DataPath::makeNetwork() {
    network::EngineOptions options;
    options.connections_max =
        static_cast<std::size_t>(configuration_.integer("network.connectionsMax"));
    options.output_bytes_max =
        static_cast<std::size_t>(configuration_.integer("network.outputBytesMax"));
    options.accepts_per_round =
        static_cast<std::uint32_t>(configuration_.integer("network.acceptPerRoundMax"));
    options.handshake_steps_per_round =
        static_cast<std::uint32_t>(configuration_.integer("network.handshakesPerRound"));
    options.handshake_ms =
        static_cast<std::uint64_t>(configuration_.integer("network.handshakeSeconds")) * 1000;
    options.first_byte_ms =
        static_cast<std::uint64_t>(configuration_.integer("network.loginSeconds")) * 1000;
    options.backlog = static_cast<int>(configuration_.integer("network.backlog"));
    std::vector<runtime::Loop*> loops;
    for (const auto& loop : loops_) {
        loops.push_back(loop.get());
    }
    engine_ = std::make_unique<network::Engine>(loops, options);
    types_ = network::typesOfPlugins(*plugins_);
    certificates_ = network::certificatesOf(*core_.certificates);
    network::ComponentsParts parts;
    parts.database = core_.database.get();
    parts.engine = engine_.get();
    parts.types = types_.get();
    parts.certificates = certificates_.get();
    parts.node_id = configuration_.text("node.id");
    components_ = network::makeComponents(std::move(parts));
    plugins_->onEvent([this](const plugin::Event& event) {
        // Not on this thread: what changes may be changed again by the components.
        if (event.to == plugin::State::Started || event.to == plugin::State::Draining) {
            static_cast<void>(core_.executor->submit([this] { typesChanged(); }));
        }
    });
    core_.certificates->addUsageProvider(certificate_users_);
    core_.certificates->watch(
        [this](const std::string& id) { components_->certificateChanged(id); });
}

void DataPath::makeGateways() {
    gateway::Parts parts;
    parts.database = core_.database.get();
    parts.plugins = plugins_.get();
    parts.components = components_.get();
    parts.engine = engine_.get();
    parts.registry = &devices_->registry();
    parts.sessions = &devices_->sessions();
    parts.ingest = &devices_->ingest();
    for (const auto& loop : loops_) {
        parts.loops.push_back(loop.get());
    }
    parts.products_of_gateway = [this](const std::string& id) {
        std::vector<gateway::UsedBy> out;
        if (auto used = devices_->products().usersOfGateway().usedBy(id)) {
            for (const security::Usage& use : *used) {
                out.push_back({use.kind, use.id, use.name});
            }
        }
        return out;
    };
    parts.file_path = [this](const std::string& id) { return core_.files->path(id); };
    parts.local_roots = configuration_.list("plugins.localRoots");
    gateways_ = gateway::makeRuntime(std::move(parts));
    components_->onUsedBy([this](const std::string& id) {
        std::vector<network::ComponentUse> out;
        for (const gateway::UsedBy& use : gateways_->gatewaysOfComponent(id)) {
            out.push_back({use.kind, use.id, use.name});
        }
        return out;
    });
}

void DataPath::makeWeb() {
    web::ServerOptions options;
    options.address = configuration_.text("web.address");
    options.port = static_cast<std::uint16_t>(configuration_.integer("web.port"));
    options.root = configuration_.path("web.root");
    options.certificate_file = configuration_.path("web.certificateFile");
    options.key_file = configuration_.path("web.keyFile");
    options.trusted_proxies = configuration_.list("web.trustedProxies");
    options.threads = static_cast<int>(configuration_.integer("web.threads"));
    options.queue_max = static_cast<int>(configuration_.integer("web.queueMax"));
    options.session = std::chrono::hours{configuration_.integer("web.sessionHours")};
    options.body_bytes_max =
        static_cast<std::size_t>(configuration_.integer("web.requestBytesMax"));
    options.upload_bytes_max =
        static_cast<std::uint64_t>(configuration_.integer("web.uploadBytesMax"));
    options.event_streams_max =
        static_cast<std::size_t>(configuration_.integer("web.eventStreamsMax"));
    web::Services services{*core_.users,
                           *core_.tokens,
                           core_.throttle,
                           *core_.certificates,
                           *core_.access_log,
                           *core_.system_log,
                           devices_->products(),
                           devices_->devices(),
                           devices_->history(),
                           devices_->messageLog(),
                           devices_->commands(),
                           devices_->feed(),
                           *components_,
                           gateways_->gateways(),
                           gateways_->protocols(),
                           *plugins_,
                           *core_.files,
                           runtime::Metrics::global(),
                           *settings_,
                           makeProbe(),
                           [this] { return ready(); }};
    web_ = std::make_unique<web::Server>(std::move(services), options);
}

base::Status DataPath::ready() {
    const device::JournalStatus journal = devices_->journal();
    if (journal.failed) {
        return base::Error::io("the journal cannot be written: " + journal.error);
    }
    return core_.database->read([](storage::Session& session) -> base::Status {
        FL_TRY(session.query("SELECT 1"));
        return {};
    });
}

base::Status DataPath::start() {
    FL_TRY(devices_->start());
    devices_running_ = true;
    for (const auto& loop : loops_) {
        loop->start();
    }
    loops_running_ = true;
    // Gateways first: components open with their handlers in place.
    FL_TRY(gateways_->start());
    FL_TRY(components_->start());
    {
        const std::lock_guard lock{types_mutex_};
        types_watched_ = true;
    }
    scheduleMaintenance();
    return {};
}

base::Status DataPath::startWeb() {
    core_.access_log->start();
    core_.system_log->start();
    web_running_ = true;
    return web_->start();
}

void DataPath::typesChanged() {
    const std::lock_guard lock{types_mutex_};
    if (types_watched_) {
        components_->typesChanged();
    }
}

base::Status DataPath::stop() {
    {
        // Plugins that go with the server are no news to the components.
        const std::lock_guard lock{types_mutex_};
        types_watched_ = false;
    }
    const std::int64_t drain_ms = configuration_.integer("shutdown.drainSeconds") * 1000;
    if (web_running_) {
        web_->close();
    }
    bool in_order = true;
    if (loops_running_) {
        components_->stop();
        in_order = engine_->stop(static_cast<std::uint64_t>(drain_ms / 2));
        gateways_->stop();
    }
    if (devices_running_) {
        devices_->stop(drain_ms / 2);
    }
    if (web_running_) {
        web_->stop();
        core_.access_log->stop();
        core_.system_log->stop();
        web_running_ = false;
    }
    if (loops_running_) {
        for (const auto& loop : loops_) {
            loop->stop();
        }
        loops_running_ = false;
    }
    web_.reset();
    gateways_.reset();
    components_.reset();
    engine_.reset();
    types_.reset();
    plugins_->stop();
    if (!in_order) {
        return base::Error{base::Errc::Timeout, "some device connections were cut off after " +
                                                    std::to_string(drain_ms / 2) + " ms"};
    }
    return {};
}

void DataPath::scheduleMaintenance() {
    auto scheduled = core_.scheduler->every(kMaintenanceInterval, [this] { maintain(); });
    auto tokens = core_.scheduler->every(kTokenInterval, [this] {
        if (const auto done = core_.tokens->maintain(); !done) {
            runtime::logWarning("app", "tokens were not tidied up: " + done.error().message());
        }
    });
    if (!scheduled || !tokens) {
        runtime::logError("app",
                          "old log rows will not be removed: " + scheduled.error().message());
    }
}

void DataPath::maintain() {
    const auto values = settings_->get();
    if (!values) {
        return; // The database is away; the next round will do.
    }
    const base::UtcMs now = base::utcNow();
    const auto access = core_.access_log->purge(now - values->access_log_days * kDayMs);
    const auto system = core_.system_log->purge(now - values->system_log_days * kDayMs,
                                                configuration_.integer("logs.systemRowsMax"));
    if (!access || !system) {
        runtime::logWarning("app", "old log rows could not be removed; the next attempt is in 10 "
                                   "minutes");
    }
}

} // namespace fairlead::app
