// SPDX-License-Identifier: Apache-2.0
#include "ingest_core.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/time.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

/// A batch this large goes to the writer even when that is busy.
constexpr std::size_t kHandOverBytes = 256U * 1024;
/// A writer that sleeps is given work within a round after so many messages.
constexpr std::uint32_t kHandOverMessages = 64;

} // namespace

/// One loop's lane. Thread: the loop's; state and full are safe from any.
class Lane final : public IngestLane {
public:
    Lane(IngestCore& core, LaneQueuePtr queue)
        : core_(core), queue_(std::move(queue)), applier_(core.context_) {}

    ~Lane() override {
        flush();
        core_.committer_.detach(queue_);
    }

    Admission submit(const Uplink& uplink, Ticket ticket) override;
    Admission release(std::string_view scope, std::string_view key, Ticket ticket) override;
    base::Status putState(std::string_view scope, std::string_view key,
                          std::string_view value) override;
    std::shared_ptr<const std::string> state(std::string_view scope,
                                             std::string_view key) override {
        return core_.clients_.get(scope, key);
    }
    void flush() override;
    void completed(std::vector<Completion>& out) override { queue_->completed(out); }
    bool full() const noexcept override { return core_.committer_.full(*queue_); }

private:
    Batch& batch() {
        if (batch_ == nullptr) {
            batch_ = queue_->emptyBatch();
        }
        return *batch_;
    }
    void added(std::size_t bytes);
    void write(const Uplink& uplink, const ClientState::Hold& hold);

    IngestCore& core_;
    LaneQueuePtr queue_;
    UplinkApplier applier_;
    BatchPtr batch_;
    std::vector<std::string> sections_;
};

/// Counts the record just written, and hands over when it is time.
void Lane::added(std::size_t bytes) {
    batch_->records += 1;
    core_.committer_.count(1, bytes);
    const bool enough = batch_->records >= kHandOverMessages && core_.committer_.idle();
    if (enough || batch_->bytes.size() >= core_.batch_bytes_max_) {
        flush();
    }
}

void Lane::flush() {
    if (batch_ != nullptr && (batch_->records > 0 || !batch_->tickets.empty())) {
        core_.committer_.handOver(*queue_, std::move(batch_));
        batch_ = nullptr;
    }
}

void Lane::write(const Uplink& uplink, const ClientState::Hold& hold) {
    const base::UtcMs received_at =
        uplink.raw->received_ms > 0 ? uplink.raw->received_ms : base::utcNow();
    const std::size_t count = applier_.apply(uplink, received_at, sections_);
    const bool only_keepalive = count == 0 && !uplink.messages.empty() && hold.entry == nullptr;
    if (only_keepalive) {
        return; // nothing worth a place on the disk; the ticket still comes back in order
    }
    UplinkRecord head;
    head.device_key = (*uplink.device)->key();
    head.received_at = received_at;
    head.transport = uplink.transport;
    head.protocol = uplink.protocol;
    head.protocol_generation = uplink.protocol_generation;
    head.address = textOf(uplink.raw->address);
    head.payload = textOf(uplink.raw->payload);
    if (hold.entry != nullptr) {
        head.once_scope = uplink.once_scope;
        head.once_key = uplink.once_key;
        head.once_generation = hold.entry->generation;
        batch().held.push_back(hold.entry);
    }
    std::string& bytes = batch().bytes;
    const std::size_t start = bytes.size();
    beginUplink(head, count, bytes);
    for (std::size_t i = 0; i < count; ++i) {
        addSection(sections_[i], bytes);
    }
    sealRecord(bytes, start);
    applier_.announce(uplink, received_at, sections_, count);
    added(bytes.size() - start);
}

Admission Lane::submit(const Uplink& uplink, Ticket ticket) {
    FL_ASSERT(uplink.device != nullptr && uplink.raw != nullptr &&
              (uplink.devices.empty() || uplink.devices.size() == uplink.messages.size()));
    if (full()) {
        core_.full_total_->add();
        return Admission::Full;
    }
    const std::size_t bytes =
        uplink.raw->payload.n + uplink.raw->address.n + 1'024 + UplinkApplier::bytesAtMost(uplink);
    if (bytes > core_.record_bytes_max_ || uplink.once_scope.size() > kScopeBytesMax ||
        uplink.once_key.size() > kClientKeyBytesMax) {
        core_.refused_total_->add();
        return Admission::Refused;
    }
    ClientState::Hold hold;
    if (!uplink.once_key.empty()) {
        hold = core_.clients_.hold(uplink.once_scope, uplink.once_key);
        if (!hold.fresh) {
            core_.duplicate_total_->add();
            if (hold.entry->durable.load(std::memory_order_acquire)) {
                return Admission::Duplicate;
            }
            // Sent again before the first was committed: answered together with it.
            batch().awaited.push_back(hold.entry);
            batch().tickets.push_back(ticket);
            return Admission::Accepted;
        }
    }
    batch().tickets.push_back(ticket);
    write(uplink, hold);
    return Admission::Accepted;
}

Admission Lane::release(std::string_view scope, std::string_view key, Ticket ticket) {
    if (full()) {
        return Admission::Full;
    }
    const std::uint64_t generation = core_.clients_.release(scope, key);
    if (generation == 0) {
        return Admission::Duplicate;
    }
    batch().tickets.push_back(ticket);
    const std::size_t start = batch().bytes.size();
    writeClient(RecordKind::Release, ClientRecord{scope, key, generation, {}}, batch().bytes);
    added(batch().bytes.size() - start);
    return Admission::Accepted;
}

base::Status Lane::putState(std::string_view scope, std::string_view key, std::string_view value) {
    if (core_.committer_.overloaded()) {
        return base::Error{base::Errc::Busy, "ingest.busy",
                           "the disk does not keep up with what clients want kept"};
    }
    if (value.empty()) {
        core_.clients_.remove(scope, key);
    } else {
        FL_TRY(core_.clients_.put(scope, key, value));
    }
    const RecordKind kind = value.empty() ? RecordKind::StateRemove : RecordKind::StatePut;
    const std::size_t start = batch().bytes.size();
    writeClient(kind, ClientRecord{scope, key, 0, value}, batch().bytes);
    added(batch().bytes.size() - start);
    return {};
}

IngestCore::IngestCore(Journal& journal, Committer& committer, ClientState& clients,
                       const UplinkContext& context)
    : committer_(committer), clients_(clients), context_(context),
      record_bytes_max_(std::min<std::size_t>(kRecordBytesMax, journal.blockBytesMax() / 2)),
      batch_bytes_max_(std::min<std::size_t>(kHandOverBytes, journal.blockBytesMax() / 4)),
      service_(committer.attach(nullptr)) {
    auto& metrics = runtime::Metrics::global();
    dropped_total_ = metrics.counter("fairlead_ingest_log_dropped_total",
                                     "Message-log records dropped because the journal was full");
    full_total_ = metrics.counter("fairlead_ingest_full_total",
                                  "Messages put off because too many were uncommitted");
    refused_total_ = metrics.counter("fairlead_ingest_refused_total",
                                     "Messages larger than a journal record may be");
    duplicate_total_ = metrics.counter("fairlead_ingest_duplicates_total",
                                       "Exactly-once messages that were sent again");
}

IngestCore::~IngestCore() {
    committer_.detach(service_);
}

std::unique_ptr<IngestLane> IngestCore::attach(std::function<void()> wake) {
    return std::make_unique<Lane>(*this, committer_.attach(std::move(wake)));
}

void IngestCore::record(RecordKind kind, const LogRecordContent& content) {
    if (committer_.full()) {
        dropped_total_->add();
        return;
    }
    ignored_.clear();
    service_->completed(ignored_); // gives the batches back to the pool
    BatchPtr batch = service_->emptyBatch();
    writeLog(kind, content, batch->bytes);
    batch->records = 1;
    committer_.count(1, batch->bytes.size());
    committer_.handOver(*service_, std::move(batch));
}

void IngestCore::recordDownlink(const DevicePtr& device, const fl_device_message& message,
                                std::string_view transport, std::string_view result) {
    const std::lock_guard guard(service_mutex_);
    StoredMessage stored;
    stored.kind = message.kind;
    stored.device_key = device->key();
    stored.time = message.time_ms > 0 ? message.time_ms : base::utcNow();
    stored.message_id = textOf(message.message_id);
    stored.name = textOf(message.name);
    stored.data = message.data;
    std::size_t bytes = stored.data.kind >= FL_VALUE_STRING ? stored.data.s.n : 0;
    section_.clear();
    MessageWriter writer(section_);
    for (std::uint32_t i = 0; i < message.property_count; ++i) {
        bytes += message.properties[i].id.n + (message.properties[i].value.kind >= FL_VALUE_STRING
                                                   ? message.properties[i].value.s.n
                                                   : 0);
    }
    // What would be too much for the log goes in with its head only.
    const bool whole = bytes <= kLoggedPayloadBytesMax;
    stored.data = whole ? stored.data : fl_value{};
    writer.begin(stored, stored.time, whole ? message.property_count : 0);
    for (std::uint32_t i = 0; whole && i < message.property_count; ++i) {
        const fl_property& property = message.properties[i];
        writer.property(
            StoredProperty{textOf(property.id), property.value, Quality::Good, true, stored.time});
    }
    writer.end({});
    LogRecordContent content;
    content.device_key = device->key();
    content.time = stored.time;
    content.transport = transport;
    content.result = result;
    content.section = section_;
    record(RecordKind::Downlink, content);
    if (context_.feed->watched(device->id()) && readMessage(section_, stored.time, stored)) {
        LoggedMessage line;
        line.time = stored.time;
        line.direction = Direction::Down;
        line.kind = stored.kind;
        line.message_id = stored.message_id;
        line.summary = summaryOf(stored);
        line.transport = transport;
        line.result = result;
        context_.feed->message(device->id(), line);
    }
}

void IngestCore::recordPresence(const Presence& presence) {
    const std::lock_guard guard(service_mutex_);
    StoredMessage stored;
    stored.kind = presence.online ? FL_DEVICE_ONLINE : FL_DEVICE_OFFLINE;
    stored.device_key = presence.device->key();
    stored.time = presence.time;
    stored.text = presence.online ? "" : toText(presence.reason);
    section_.clear();
    MessageWriter writer(section_);
    writer.begin(stored, presence.time, 0);
    writer.end({});
    LogRecordContent content;
    content.device_key = presence.device->key();
    content.time = presence.time;
    content.transport = presence.info.transport;
    content.address = presence.info.address;
    content.section = section_;
    record(RecordKind::Session, content);
}

} // namespace fairlead::device
