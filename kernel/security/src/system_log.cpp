// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/system_log.hpp"

#include "batch_writer.hpp"
#include "fairlead/security/audit_log.hpp"
#include "fairlead/storage/sql.hpp"
#include "log_table.hpp"

#include <algorithm>

namespace fairlead::security {

using base::Result;
using base::Status;
using storage::Row;
using storage::Session;

namespace {

/// Source of what the store itself logs; it does not store that.
constexpr const char* kOwnSource = "system_log";

constexpr const char* kColumns = "id, logged_at, level, source, node, message, thread";

SystemLogRecord toRecord(const Row& row) {
    SystemLogRecord record;
    record.id = row.integer(0);
    record.time = row.integer(1);
    record.level = static_cast<runtime::LogLevel>(std::clamp<std::int64_t>(row.integer(2), 0, 4));
    record.source = row.text(3);
    record.node = row.text(4);
    record.message = row.text(5);
    record.thread = row.text(6);
    return record;
}

LogConditions conditionsOf(const SystemLogQuery& query) {
    LogConditions conditions;
    conditions.addRange(query.from, query.to, query.after);
    if (query.level) {
        conditions.add("level>=?", {static_cast<std::int64_t>(*query.level)});
    }
    if (!query.source.empty()) {
        // '/' is the character after '.'.
        conditions.add("(source=? OR (source>=? AND source<?))",
                       {query.source, query.source + ".", query.source + "/"});
    }
    if (!query.q.empty()) {
        conditions.add("LOWER(message) LIKE LOWER(?) ESCAPE '!'",
                       {"%" + storage::escapeLike(query.q) + "%"});
    }
    return conditions;
}

Result<std::vector<SystemLogRecord>> neighbours(Session& s, const char* condition,
                                                std::int64_t id) {
    FL_ASSIGN(const auto rows,
              s.query("SELECT " + std::string(kColumns) + " FROM system_log " + condition,
                      {id, static_cast<std::int64_t>(kSystemLogAround)}));
    std::vector<SystemLogRecord> out;
    std::transform(rows.begin(), rows.end(), std::back_inserter(out), toRecord);
    return out;
}

} // namespace

struct SystemLog::Impl {
    Impl(storage::Database& d, runtime::Log& l, std::string n)
        : database(d), log(l), node(std::move(n)),
          writer(
              "system.log", kSystemLogQueueMax,
              [this](std::vector<SystemLogRecord>& batch) { return write(batch); },
              [this](const std::string& what, std::uint64_t lost) { report(what, lost); }) {}

    void report(const std::string& what, std::uint64_t lost) {
        log.log(runtime::LogLevel::Error, kOwnSource,
                lost > 0 ? std::to_string(lost) + " records of the system log were lost"
                         : "Cannot write the system log: " + what);
    }

    void heard(const runtime::LogRecord& record);
    Status write(std::vector<SystemLogRecord>& batch);

    storage::Database& database;
    runtime::Log& log;
    const std::string node;
    std::uint64_t listener = 0;
    std::vector<std::function<void(const SystemLogRecord&)>> listeners;
    BatchWriter<SystemLogRecord> writer;
};

void SystemLog::Impl::heard(const runtime::LogRecord& record) {
    if (record.source == kOwnSource) {
        return;
    }
    SystemLogRecord stored;
    stored.time = record.time;
    stored.level = record.level;
    stored.source = record.source.substr(0, 200);
    stored.node = node;
    stored.message = record.message;
    stored.context = record.context;
    stored.thread = record.thread.substr(0, 64);
    writer.push(std::move(stored));
}

Status SystemLog::Impl::write(std::vector<SystemLogRecord>& batch) {
    FL_TRY(database.write([&](Session& s) -> Status {
        for (SystemLogRecord& r : batch) {
            FL_ASSIGN(r.id, s.insert("INSERT INTO system_log (logged_at, level, source, node, "
                                     "message, context, thread) VALUES (?,?,?,?,?,?,?)",
                                     {r.time, static_cast<std::int64_t>(r.level), r.source, r.node,
                                      r.message, r.context, r.thread}));
        }
        return {};
    }));
    for (const SystemLogRecord& record : batch) {
        for (const auto& call : listeners) {
            call(record);
        }
    }
    return {};
}

SystemLog::SystemLog(storage::Database& database, runtime::Log& log, std::string node)
    : impl_(std::make_unique<Impl>(database, log, std::move(node))) {}
SystemLog::~SystemLog() {
    FL_ASSERT(impl_->listener == 0);
}

void SystemLog::start() {
    impl_->writer.start();
    impl_->listener =
        impl_->log.listen([impl = impl_.get()](const runtime::LogRecord& r) { impl->heard(r); });
}

void SystemLog::stop() {
    if (impl_->listener != 0) {
        impl_->log.unlisten(std::exchange(impl_->listener, 0));
    }
    impl_->writer.stop();
}

void SystemLog::onRecord(std::function<void(const SystemLogRecord&)> listener) {
    impl_->listeners.push_back(std::move(listener));
}

Result<SystemLogPage> SystemLog::query(const SystemLogQuery& query) {
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kLogPageMax);
    LogConditions conditions = conditionsOf(query);
    conditions.values.emplace_back(static_cast<std::int64_t>(limit + 1));
    SystemLogPage page;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT " + std::string(kColumns) + " FROM system_log" +
                                               conditions.sql + " ORDER BY id DESC LIMIT ?",
                                           conditions.values));
        std::transform(rows.begin(), rows.end(), std::back_inserter(page.items), toRecord);
        return {};
    }));
    if (page.items.size() > limit) {
        page.items.pop_back();
        page.next = page.items.back().id;
    }
    return page;
}

Result<SystemLogDetail> SystemLog::get(std::int64_t id) {
    SystemLogDetail detail;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT " + std::string(kColumns) +
                                               ", context FROM system_log WHERE id=?",
                                           {id}));
        if (rows.empty()) {
            return base::Error::notFound("There is no record " + std::to_string(id) +
                                         " in the system log");
        }
        detail.record = toRecord(rows[0]);
        detail.record.context = rows[0].text(7);
        FL_ASSIGN(detail.before, neighbours(s, "WHERE id<? ORDER BY id DESC LIMIT ?", id));
        std::reverse(detail.before.begin(), detail.before.end());
        FL_ASSIGN(detail.after, neighbours(s, "WHERE id>? ORDER BY id LIMIT ?", id));
        return {};
    }));
    return detail;
}

void SystemLog::flush() {
    // First what still waits in the log itself.
    impl_->log.flush(std::chrono::seconds(10));
    impl_->writer.flush();
}

Result<std::int64_t> SystemLog::purge(base::UtcMs older_than, std::int64_t rows_max) {
    return purgeLog(impl_->database, "system_log", older_than, rows_max);
}

std::uint64_t SystemLog::dropped() const noexcept {
    return impl_->writer.dropped();
}

} // namespace fairlead::security
