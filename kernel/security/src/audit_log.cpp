// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/audit_log.hpp"

#include "batch_writer.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/storage/sql.hpp"
#include "log_table.hpp"

#include <algorithm>

namespace fairlead::security {

using base::Result;
using base::Status;
using storage::Row;
using storage::Session;

namespace {

/// Characters of the short columns ({text}).
constexpr std::size_t kShortBytes = 600;

constexpr const char* kColumns = "id, logged_at, username, address, method, path, action, target, "
                                 "status, milliseconds, request_id";

// Cuts at a character's border.
void limitTo(std::string& text, std::size_t bytes) {
    if (text.size() <= bytes) {
        return;
    }
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) {
        --bytes;
    }
    text.resize(bytes);
}

void limitAll(AccessRecord& record) {
    for (std::string* text :
         {&record.user, &record.address, &record.action, &record.target, &record.request_id}) {
        limitTo(*text, kShortBytes);
    }
    limitTo(record.method, 16);
    for (std::string* text :
         {&record.path, &record.request_headers, &record.request, &record.response}) {
        limitTo(*text, kAuditTextBytesMax);
    }
}

AccessRecord toRecord(const Row& row) {
    AccessRecord record;
    record.id = row.integer(0);
    record.time = row.integer(1);
    record.user = row.text(2);
    record.address = row.text(3);
    record.method = row.text(4);
    record.path = row.text(5);
    record.action = row.text(6);
    record.target = row.text(7);
    record.status = static_cast<int>(row.integer(8));
    record.milliseconds = row.integer(9);
    record.request_id = row.text(10);
    return record;
}

LogConditions conditionsOf(const AccessQuery& query) {
    LogConditions conditions;
    conditions.addRange(query.from, query.to, query.after);
    if (!query.user.empty()) {
        conditions.add("username=?", {query.user});
    }
    if (!query.method.empty()) {
        conditions.add("method=?", {query.method});
    }
    if (!query.action.empty()) {
        conditions.add("action=?", {query.action});
    }
    if (query.success) {
        conditions.add(*query.success ? "status<400" : "status>=400", {});
    }
    if (!query.q.empty()) {
        const std::string pattern = "%" + storage::escapeLike(query.q) + "%";
        conditions.add("(LOWER(path) LIKE LOWER(?) ESCAPE '!' OR LOWER(target) LIKE LOWER(?) "
                       "ESCAPE '!')",
                       {pattern, pattern});
    }
    return conditions;
}

} // namespace

struct AccessLog::Impl {
    explicit Impl(storage::Database& d)
        : database(d),
          writer(
              "access.log", kAuditQueueMax,
              [this](std::vector<AccessRecord>& batch) { return write(batch); }, report) {}

    static void report(const std::string& what, std::uint64_t lost) {
        runtime::logError("access_log",
                          lost > 0 ? std::to_string(lost) + " records of the access log were lost"
                                   : "Cannot write the access log: " + what);
    }

    Status write(std::vector<AccessRecord>& batch);

    storage::Database& database;
    std::vector<std::function<void(const AccessRecord&)>> listeners;
    BatchWriter<AccessRecord> writer;
};

Status AccessLog::Impl::write(std::vector<AccessRecord>& batch) {
    FL_TRY(database.write([&](Session& s) -> Status {
        for (AccessRecord& r : batch) {
            FL_ASSIGN(r.id,
                      s.insert("INSERT INTO access_log (logged_at, username, address, method, "
                               "path, action, target, status, milliseconds, request_id, "
                               "request_headers, request, response) VALUES "
                               "(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                               {r.time, r.user, r.address, r.method, r.path, r.action, r.target,
                                std::int64_t{r.status}, r.milliseconds, r.request_id,
                                r.request_headers, r.request, r.response}));
        }
        return {};
    }));
    for (const AccessRecord& record : batch) {
        for (const auto& listener : listeners) {
            listener(record);
        }
    }
    return {};
}

AccessLog::AccessLog(storage::Database& database) : impl_(std::make_unique<Impl>(database)) {}
AccessLog::~AccessLog() = default;

void AccessLog::start() {
    impl_->writer.start();
}
void AccessLog::stop() {
    impl_->writer.stop();
}

void AccessLog::record(AccessRecord record) {
    limitAll(record);
    impl_->writer.push(std::move(record));
}

void AccessLog::onRecord(std::function<void(const AccessRecord&)> listener) {
    impl_->listeners.push_back(std::move(listener));
}

Result<AccessPage> AccessLog::query(const AccessQuery& query) {
    const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kLogPageMax);
    LogConditions conditions = conditionsOf(query);
    conditions.values.emplace_back(static_cast<std::int64_t>(limit + 1));
    AccessPage page;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows, s.query("SELECT " + std::string(kColumns) + " FROM access_log" +
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

Result<AccessRecord> AccessLog::get(std::int64_t id) {
    AccessRecord record;
    FL_TRY(impl_->database.read([&](Session& s) -> Status {
        FL_ASSIGN(const auto rows,
                  s.query("SELECT " + std::string(kColumns) +
                              ", request_headers, request, response FROM access_log WHERE id=?",
                          {id}));
        if (rows.empty()) {
            return base::Error::notFound("There is no access record " + std::to_string(id));
        }
        record = toRecord(rows[0]);
        record.request_headers = rows[0].text(11);
        record.request = rows[0].text(12);
        record.response = rows[0].text(13);
        return {};
    }));
    return record;
}

void AccessLog::flush() {
    impl_->writer.flush();
}

Result<std::int64_t> AccessLog::purge(base::UtcMs older_than) {
    return purgeLog(impl_->database, "access_log", older_than, std::nullopt);
}

std::uint64_t AccessLog::dropped() const noexcept {
    return impl_->writer.dropped();
}

} // namespace fairlead::security
