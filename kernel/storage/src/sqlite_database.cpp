// SPDX-License-Identifier: Apache-2.0
#include "sqlite_database.hpp"

#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/thread.hpp"
#include "migrate.hpp"
#include "sqlite_session.hpp"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

// Design notes. One thread owns the writing session. Each round it takes everything that waits,
// opens one transaction, runs every piece of work behind a savepoint and commits once: while a
// commit is being synced, the next batch gathers by itself. A caller waits on its own stack object
// until the batch that holds it is committed. Readers are a pool of sessions; each read is one
// deferred transaction and so one snapshot.

namespace fairlead::storage {

using base::Errc;
using base::Error;
using base::Status;

namespace {

/// Work in one commit. Bounds how long the first of a batch waits for the last.
constexpr std::size_t kBatchMax = 256;

using Work = std::function<Status(Session&)>;

struct Request {
    const Work* work = nullptr;
    Status status;
    bool done = false;
};

Status guarded(const Work& work, Session& session) {
    try {
        return work(session);
    } catch (const std::exception& e) {
        return Error(Errc::Exception, std::string("Database work failed: ") + e.what());
    }
}

class SqliteDatabase : public Database {
public:
    explicit SqliteDatabase(std::unique_ptr<SqliteSession> writer,
                            std::vector<std::unique_ptr<SqliteSession>> readers, bool bulk)
        : writer_(std::move(writer)), idle_(std::move(readers)), readers_(idle_.size()),
          bulk_(bulk), thread_([this] { run(); }) {}

    ~SqliteDatabase() override { close(); }

    Dialect dialect() const noexcept override { return Dialect::Sqlite; }
    std::string version() const override { return std::string("SQLite ") + sqlite3_libversion(); }

    Status read(const Work& work) override;
    Status write(const Work& work) override;
    Status migrate(std::string_view component, std::span<const Migration> migrations) override;
    void close() override;

private:
    void run();
    void runBatch(const std::vector<Request*>& batch);
    void runOne(Request& request);
    std::unique_ptr<SqliteSession> takeReader();

    std::unique_ptr<SqliteSession> writer_; // writer thread only

    std::mutex mutex_;
    std::condition_variable work_ready_;
    std::condition_variable work_done_;
    std::condition_variable reader_idle_;
    std::deque<Request*> queue_;                       // guarded by mutex_
    std::vector<std::unique_ptr<SqliteSession>> idle_; // guarded by mutex_
    const std::size_t readers_;
    const bool bulk_;
    bool closing_ = false; // guarded by mutex_
    std::thread thread_;
};

Error closedError() {
    return {Errc::Closed, "storage.closed", "The database is closed"};
}

std::unique_ptr<SqliteSession> SqliteDatabase::takeReader() {
    std::unique_lock lock(mutex_);
    reader_idle_.wait(lock, [&] { return closing_ || !idle_.empty(); });
    if (closing_) {
        return nullptr;
    }
    auto session = std::move(idle_.back());
    idle_.pop_back();
    return session;
}

Status SqliteDatabase::read(const Work& work) {
    auto session = takeReader();
    if (!session) {
        return closedError();
    }
    Status status;
    if (auto begun = session->execute("BEGIN"); !begun) {
        status = std::move(begun).error();
    } else {
        status = guarded(work, *session);
        const auto ended = session->execute("ROLLBACK");
        FL_ASSERT(ended || !session->inTransaction());
    }
    {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(session));
    }
    reader_idle_.notify_all();
    return status;
}

Status SqliteDatabase::write(const Work& work) {
    FL_ASSERT(std::this_thread::get_id() != thread_.get_id());
    Request request;
    request.work = &work;
    std::unique_lock lock(mutex_);
    if (closing_) {
        return closedError();
    }
    if (queue_.size() >= kWriteQueueMax) {
        return Error(Errc::Busy, "storage.queue",
                     std::to_string(queue_.size()) +
                         " changes wait for the database; try again later");
    }
    queue_.push_back(&request);
    work_ready_.notify_one();
    work_done_.wait(lock, [&] { return request.done; });
    return std::move(request.status);
}

void SqliteDatabase::runOne(Request& request) {
    auto marked = writer_->execute("SAVEPOINT work");
    if (!marked) {
        request.status = std::move(marked).error();
        return;
    }
    request.status = guarded(*request.work, *writer_);
    if (!writer_->inTransaction()) {
        // SQLite gave up the whole transaction (disk full, out of memory); runBatch tells the
        // others.
        if (request.status) {
            request.status = Error(Errc::Io, "storage.io", "The database ended the transaction");
        }
        return;
    }
    if (!request.status) {
        const auto undone = writer_->execute("ROLLBACK TO work");
        FL_ASSERT(undone || !writer_->inTransaction());
    }
    if (auto released = writer_->execute("RELEASE work"); !released && request.status) {
        request.status = std::move(released).error();
    }
}

void SqliteDatabase::runBatch(const std::vector<Request*>& batch) {
    Status whole;
    if (auto begun = writer_->execute("BEGIN IMMEDIATE"); !begun) {
        whole = std::move(begun).error();
    }
    std::size_t ran = 0;
    while (whole && ran < batch.size()) {
        runOne(*batch[ran]);
        ++ran;
        if (!writer_->inTransaction()) {
            whole =
                Error(Errc::Io, "storage.io",
                      "The database gave up a transaction because another change in it failed: " +
                          (batch[ran - 1]->status ? std::string{}
                                                  : batch[ran - 1]->status.error().message()));
        }
    }
    if (whole) {
        if (auto committed = writer_->execute("COMMIT"); !committed) {
            whole = std::move(committed).error();
        }
    }
    if (writer_->inTransaction()) {
        const auto undone = writer_->execute("ROLLBACK");
        FL_ASSERT(undone || !writer_->inTransaction());
    }
    for (Request* request : batch) {
        if (!whole && request->status) {
            request->status = whole;
        }
    }
}

void SqliteDatabase::run() {
    runtime::setThreadName(bulk_ ? "history.writer" : "db.writer");
    if (bulk_) {
        runtime::standBack();
    }
    std::vector<Request*> batch;
    std::unique_lock lock(mutex_);
    for (;;) {
        work_ready_.wait(lock, [&] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) {
            return;
        }
        while (!queue_.empty() && batch.size() < kBatchMax) {
            batch.push_back(queue_.front());
            queue_.pop_front();
        }
        lock.unlock();
        runBatch(batch);
        lock.lock();
        for (Request* request : batch) {
            request->done = true;
        }
        batch.clear();
        work_done_.notify_all();
    }
}

Status SqliteDatabase::migrate(std::string_view component, std::span<const Migration> migrations) {
    FL_TRY(write(prepareMigrations));
    // Looked up and applied in one transaction: the write lock keeps other processes out.
    return write([&](Session& session) -> Status {
        FL_ASSIGN(const auto missing, missingMigrations(session, component, migrations));
        for (const Migration* migration : missing) {
            FL_TRY(applyMigration(session, component, *migration, false));
        }
        return {};
    });
}

void SqliteDatabase::close() {
    std::unique_lock lock(mutex_);
    if (std::exchange(closing_, true)) {
        return;
    }
    work_ready_.notify_all();
    reader_idle_.notify_all();
    lock.unlock();
    thread_.join();
    lock.lock();
    reader_idle_.wait(lock, [&] { return idle_.size() == readers_; });
    idle_.clear();
    writer_.reset();
}

} // namespace

base::Result<std::unique_ptr<Database>> openSqlite(const DatabaseOptions& options) {
    if (options.path.empty()) {
        return Error::invalid("database.path is empty: name the file of the SQLite database");
    }
    std::error_code ignored;
    const auto parent = std::filesystem::path(options.path).parent_path();
    if (!parent.empty()) {
        std::filesystem::create_directories(parent, ignored);
    }
    const auto mode = options.bulk ? SqliteSession::Mode::BulkWrite : SqliteSession::Mode::Write;
    FL_ASSIGN(auto writer, SqliteSession::open(options.path, mode));
    std::vector<std::unique_ptr<SqliteSession>> readers;
    for (std::size_t i = 0; i < options.readers; ++i) {
        FL_ASSIGN(auto reader, SqliteSession::open(options.path, SqliteSession::Mode::Read));
        readers.push_back(std::move(reader));
    }
    return std::unique_ptr<Database>(
        std::make_unique<SqliteDatabase>(std::move(writer), std::move(readers), options.bulk));
}

} // namespace fairlead::storage
