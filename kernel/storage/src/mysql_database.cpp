// SPDX-License-Identifier: Apache-2.0
#include "mysql_database.hpp"

#include "migrate.hpp"
#include "mysql_pool.hpp"

#include <atomic>
#include <random>
#include <thread>

// Design notes. Each write is a transaction of its own on a connection of its own: InnoDB shares
// the sync among transactions that commit at the same time, so batching them here would only make
// them wait for each other's locks. Writers have their own pool, so that a flood of queries does
// not keep changes out.

namespace fairlead::storage {

using base::Errc;
using base::Error;
using base::Status;

namespace {

/// Transactions at a time; more only wait for each other's locks.
constexpr std::size_t kWriters = 8;
/// Deadlocks of one piece of work in a row before it is given up.
constexpr int kAttemptsMax = 6;
constexpr int kLockWaitS = 60;

using Work = std::function<Status(Session&)>;

Status guarded(const Work& work, Session& session) {
    try {
        return work(session);
    } catch (const std::exception& e) {
        return Error(Errc::Exception, std::string("Database work failed: ") + e.what());
    }
}

// Two transactions that met once must not meet again in step.
void pauseBeforeRepeat(int attempt) {
    thread_local std::minstd_rand random(std::random_device{}());
    std::uniform_int_distribution<int> jitter(1, 5 << attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(jitter(random)));
}

class MysqlDatabase : public Database {
public:
    MysqlDatabase(const DatabaseOptions& options, std::string version)
        : version_(std::move(version)), readers_(options, options.readers),
          writers_(options, kWriters) {}
    ~MysqlDatabase() override { close(); }

    Dialect dialect() const noexcept override { return Dialect::Mysql; }
    std::string version() const override { return version_; }

    Status read(const Work& work) override;
    Status write(const Work& work) override;
    Status migrate(std::string_view component, std::span<const Migration> migrations) override;
    void close() override;

private:
    enum class Next { Done, Repeat, Reconnect };

    Next attempt(const Work& work, bool fresh, Status& status);
    Status writeRepeatedly(const Work& work);

    const std::string version_;
    MysqlPool readers_;
    MysqlPool writers_;
    std::atomic<std::size_t> waiting_{0};
    std::atomic<bool> closed_{false};
};

Status MysqlDatabase::read(const Work& work) {
    FL_ASSIGN(auto session, readers_.acquire());
    Status status = guarded(work, *session);
    if (session->doomed()) {
        session->rollback();
    }
    readers_.release(std::move(session));
    return status;
}

MysqlDatabase::Next MysqlDatabase::attempt(const Work& work, bool fresh, Status& status) {
    auto acquired = writers_.acquire(fresh);
    if (!acquired) {
        status = std::move(acquired).error();
        return Next::Done;
    }
    auto session = std::move(acquired).value();
    Next next = Next::Done;
    status = session->begin();
    if (!status) {
        next = session->broken() ? Next::Reconnect : Next::Done;
    } else {
        status = guarded(work, *session);
        if (session->doomed()) {
            // Also when the work did not mind the error: nothing of it is there.
            status = session->doom();
            next = session->broken() ? Next::Done : Next::Repeat;
        } else if (status) {
            status = session->commit();
            if (!status && session->doomed() && !session->broken()) {
                next = Next::Repeat;
            } else if (!status && session->broken()) {
                status = Error(Errc::Io, "storage.commit_unknown",
                               "The connection was lost while a change was committed; look "
                               "whether it is there before repeating it");
            }
        }
    }
    if (!status) {
        session->rollback();
    }
    writers_.release(std::move(session));
    return next;
}

Status MysqlDatabase::writeRepeatedly(const Work& work) {
    Status status;
    bool fresh = false;
    for (int i = 0; i < kAttemptsMax; ++i) {
        const Next next = attempt(work, fresh, status);
        if (next == Next::Done || (next == Next::Reconnect && fresh)) {
            return status;
        }
        fresh = next == Next::Reconnect;
        if (next == Next::Repeat) {
            pauseBeforeRepeat(i);
        }
    }
    return status;
}

Status MysqlDatabase::write(const Work& work) {
    if (waiting_.fetch_add(1) >= kWriteQueueMax) {
        --waiting_;
        return Error(Errc::Busy, "storage.queue",
                     std::to_string(kWriteQueueMax) +
                         " changes wait for the database; try again later");
    }
    Status status = writeRepeatedly(work);
    --waiting_;
    return status;
}

Status MysqlDatabase::migrate(std::string_view component, std::span<const Migration> migrations) {
    FL_ASSIGN(auto session, writers_.acquire());
    const auto work = [&](Session& s) -> Status {
        // The lock belongs to the connection and goes with it when this process dies.
        FL_ASSIGN(const auto locked,
                  s.query("SELECT GET_LOCK('fairlead.schema', ?)", {std::int64_t{kLockWaitS}}));
        if (locked.at(0).integer(0) != 1) {
            return Error(Errc::Busy, "storage.migrating",
                         "Another node has been changing the schema for more than " +
                             std::to_string(kLockWaitS) + " s; start again when it is done");
        }
        FL_TRY(prepareMigrations(s));
        FL_ASSIGN(const auto missing, missingMigrations(s, component, migrations));
        for (const Migration* migration : missing) {
            FL_TRY(applyMigration(s, component, *migration, true));
        }
        return {};
    };
    Status status = guarded(work, *session);
    const auto released = session->query("SELECT RELEASE_LOCK('fairlead.schema')");
    if (status && !released) {
        status = released.error();
    }
    if (session->doomed()) {
        session->rollback();
    }
    writers_.release(std::move(session));
    return status;
}

void MysqlDatabase::close() {
    if (!closed_.exchange(true)) {
        writers_.close();
        readers_.close();
    }
}

} // namespace

base::Result<std::unique_ptr<Database>> openMysql(const DatabaseOptions& options) {
    // The first connection tells at once whether host, user and schema are right.
    FL_ASSIGN(auto session, MysqlSession::open(options));
    FL_ASSIGN(const auto rows, session->query("SELECT VERSION()"));
    return std::unique_ptr<Database>(std::make_unique<MysqlDatabase>(options, rows.at(0).text(0)));
}

} // namespace fairlead::storage
