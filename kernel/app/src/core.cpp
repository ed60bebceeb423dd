// SPDX-License-Identifier: Apache-2.0
#include "core.hpp"

#include "plugin_host.hpp"

#include "fairlead/runtime/log.hpp"
#include "fairlead/security/schema.hpp"
#include "fairlead/web/settings.hpp"

#include <sys/stat.h>

#include <fstream>

namespace fairlead::app {

namespace {

// Blocking work: database reads for devices that connect, password hashing, plugin tasks.
constexpr std::size_t kWorkers = 4;
constexpr std::size_t kWorkQueueMax = 16'384;

base::Status makeDirectory(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        return base::Error::io("cannot make the folder " + path.string() + ": " + error.message());
    }
    // Keys and device data: for the server's own user only.
    if (chmod(path.c_str(), 0750) != 0) {
        return base::Error::io("cannot set the permissions of " + path.string());
    }
    return {};
}

base::Result<std::string> passwordOf(const runtime::Configuration& configuration) {
    const auto file = configuration.path("database.passwordFile");
    if (file.empty()) {
        return configuration.text("database.password");
    }
    std::ifstream in(file);
    std::string password;
    if (!std::getline(in, password)) {
        return base::Error::io("cannot read database.passwordFile " + file.string());
    }
    return password;
}

} // namespace

Core::~Core() = default;

base::Result<std::unique_ptr<Core>> Core::open(const runtime::Configuration& configuration) {
    auto core = std::make_unique<Core>();
    auto done = core->openStorage(configuration);
    if (done) {
        done = core->openSecurity();
    }
    if (done) {
        done = core->startWork(configuration);
    }
    if (!done) {
        core->stop();
        return std::move(done).error();
    }
    return core;
}

base::Status Core::openStorage(const runtime::Configuration& configuration) {
    const auto data = configuration.path("data.directory");
    FL_TRY(makeDirectory(data));
    FL_TRY(data_lock.take(data));
    storage::DatabaseOptions options;
    options.driver = configuration.text("database.driver");
    options.path = configuration.path("database.path").string();
    options.host = configuration.text("database.host");
    options.port = static_cast<std::uint16_t>(configuration.integer("database.port"));
    options.user = configuration.text("database.user");
    FL_ASSIGN(options.password, passwordOf(configuration));
    options.schema = configuration.text("database.schema");
    options.readers = static_cast<std::size_t>(configuration.integer("database.readers"));
    FL_ASSIGN(database, storage::openDatabase(options));
    if (options.driver == "sqlite") {
        const auto history = configuration.path("history.directory");
        FL_TRY(makeDirectory(history));
        options.path = (history / "history.db").string();
        options.bulk = true;
        FL_ASSIGN(history_database, storage::openDatabase(options));
    }
    FL_TRY(database->migrate("security", security::migrations()));
    FL_TRY(database->migrate("cluster", cluster::migrations()));
    FL_TRY(database->migrate("web", web::SettingsStore::migrations()));
    FL_TRY(database->migrate("app", PluginHost::migrations()));
    FL_ASSIGN(files, storage::FileStore::open(data / "files"));
    FL_ASSIGN(secrets, security::Secrets::open(data / "secret.key"));
    return {};
}

base::Status Core::openSecurity() {
    users = std::make_unique<security::UserService>(*database);
    tokens = std::make_unique<security::TokenService>(*database, *users);
    users->onChange([this](const std::string& id) { tokens->forgetUser(id); });
    certificates = std::make_unique<security::CertificateService>(*database, *secrets);
    access_log = std::make_unique<security::AccessLog>(*database);
    FL_ASSIGN(const auto password, users->ensureAdministrator());
    first_password = password.value_or("");
    return {};
}

base::Status Core::startWork(const runtime::Configuration& configuration) {
    system_log = std::make_unique<security::SystemLog>(*database, runtime::Log::global(),
                                                       configuration.text("node.id"));
    runtime::ExecutorOptions workers;
    workers.threads = kWorkers;
    workers.queue_max = kWorkQueueMax;
    executor.emplace(workers);
    executor->start();
    scheduler.emplace(*executor);
    scheduler->start();
    cluster::ClusterOptions node;
    node.node_id = configuration.text("node.id");
    node.address = configuration.text("node.address");
    node.version = FAIRLEAD_VERSION;
    node.heartbeat_ms = configuration.integer("node.heartbeatSeconds") * 1000;
    cluster = cluster::makeSingleNode(*database, node);
    return cluster->start();
}

void Core::stopWork() {
    if (scheduler) {
        scheduler->stop();
    }
    if (executor) {
        executor->stop();
    }
}

void Core::stop() {
    if (cluster) {
        cluster->stop();
        cluster.reset();
    }
    stopWork();
    scheduler.reset();
    executor.reset();
    if (database) {
        database->close();
    }
    if (history_database) {
        history_database->close();
    }
}

} // namespace fairlead::app
