// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "folder_lock.hpp"

#include "fairlead/base/result.hpp"
#include "fairlead/cluster/cluster.hpp"
#include "fairlead/runtime/configuration.hpp"
#include "fairlead/runtime/executor.hpp"
#include "fairlead/security/audit_log.hpp"
#include "fairlead/security/certificates.hpp"
#include "fairlead/security/secrets.hpp"
#include "fairlead/security/system_log.hpp"
#include "fairlead/security/throttle.hpp"
#include "fairlead/security/tokens.hpp"
#include "fairlead/security/users.hpp"
#include "fairlead/storage/database.hpp"
#include "fairlead/storage/files.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fairlead::app {

/// The lower half: log, databases, users, logs, workers. Everything of it outlives the data path.
struct Core {
    ~Core();

    /// Opens and starts. The error says what could not be had.
    static base::Result<std::unique_ptr<Core>> open(const runtime::Configuration& configuration);
    /// Ends executor and scheduler, after what waits in them: before anything that tasks use goes.
    void stopWork();
    void stop();

    FolderLock data_lock; ///< first, so that it is let go last
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Database> history_database; ///< nullptr: the same database
    std::unique_ptr<storage::FileStore> files;
    std::unique_ptr<security::Secrets> secrets;
    std::unique_ptr<security::UserService> users;
    std::unique_ptr<security::TokenService> tokens;
    security::LoginThrottle throttle;
    std::unique_ptr<security::CertificateService> certificates;
    std::unique_ptr<security::AccessLog> access_log;
    std::unique_ptr<security::SystemLog> system_log;
    std::optional<runtime::Executor> executor;
    std::optional<runtime::Scheduler> scheduler;
    std::unique_ptr<cluster::Cluster> cluster;
    std::string first_password;

    storage::Database& history() noexcept {
        return history_database ? *history_database : *database;
    }

private:
    base::Status openStorage(const runtime::Configuration& configuration);
    base::Status openSecurity();
    base::Status startWork(const runtime::Configuration& configuration);
};

} // namespace fairlead::app
