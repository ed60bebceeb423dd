// SPDX-License-Identifier: Apache-2.0
// Design notes. Order of construction is the order of dependence: journal and client state first,
// then those who write to them, then what reads. Stop goes the other way: sessions end (their last
// presence goes to the journal), the writer commits, the compaction drains.
#include "fairlead/device/module.hpp"

#include "command_table.hpp"
#include "compactor.hpp"
#include "device_service.hpp"
#include "fairlead/cluster/cluster.hpp"
#include "fairlead/runtime/log.hpp"
#include "feed_hub.hpp"
#include "history_reader.hpp"
#include "ingest_core.hpp"
#include "product_service.hpp"
#include "registry_cache.hpp"
#include "schema.hpp"
#include "session_hub.hpp"
#include "state_writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace fairlead::device {

namespace {

using base::Status;

/// A cached device may go while the history is at most this far behind.
constexpr std::int64_t kEvictLagMs = 30'000;

constexpr const char* kProductChanged = "product.changed";
constexpr const char* kDeviceChanged = "device.changed";

Status checkIngestOptions(const IngestOptions& options) {
    if (options.segment_bytes < (256U << 10) || options.segment_bytes > (1ULL << 30)) {
        return base::Error::invalid("ingest.segmentBytes must be 256 KiB to 1 GiB");
    }
    if (options.journal_bytes_max < 3 * options.segment_bytes) {
        return base::Error::invalid("ingest.journalBytesMax must be at least three segments");
    }
    if (options.uncommitted_messages_max < 1 || options.uncommitted_bytes_max < 1 ||
        options.compaction_slice_messages < 1 || options.compaction_interval_seconds < 1 ||
        options.commit_messages < 1) {
        return base::Error::invalid("the limits of ingest must be at least 1");
    }
    return {};
}

CommitOptions commitOptions(const IngestOptions& options) {
    CommitOptions out;
    out.messages_max = options.uncommitted_messages_max;
    out.bytes_max = options.uncommitted_bytes_max;
    out.spacing_us = options.commit_spacing_us;
    out.cut_short_messages = options.commit_messages;
#ifdef FAIRLEAD_FAULTS
    const char* early = std::getenv("FAIRLEAD_TEST_EARLY_ACK");
    out.early_acknowledge = early != nullptr && std::string_view{early} == "1";
#endif
    return out;
}

CompactorOptions compactorOptions(const ModuleOptions& options) {
    CompactorOptions out;
    out.node_id = options.cluster->nodeId();
    out.interval_seconds = options.ingest.compaction_interval_seconds;
    out.slice_messages = options.ingest.compaction_slice_messages;
    out.slice_bytes = options.ingest.compaction_slice_bytes;
    out.retention = options.retention;
    return out;
}

/// Exactly-once keys and client states from the records behind the checkpoint.
void replayClients(const JournalBlock& block, ClientState& clients) {
    std::string_view records{block.records};
    UplinkRecord uplink;
    ClientRecord record;
    while (const auto next = nextRecord(records)) {
        if (next->kind == RecordKind::Uplink) {
            if (readUplink(next->content, uplink) && !uplink.once_key.empty()) {
                clients.restoreHold(uplink.once_scope, uplink.once_key, uplink.once_generation);
            }
            continue;
        }
        const bool client = next->kind == RecordKind::Release ||
                            next->kind == RecordKind::StatePut ||
                            next->kind == RecordKind::StateRemove;
        if (!client || !readClient(next->content, record)) {
            continue;
        }
        if (next->kind == RecordKind::Release) {
            clients.restoreRelease(record.scope, record.key, record.generation);
        } else if (next->kind == RecordKind::StateRemove) {
            clients.remove(record.scope, record.key);
        } else if (const Status put = clients.put(record.scope, record.key, record.value); !put) {
            runtime::logWarning("device",
                                "a client's state was not restored: " + put.error().message());
        }
    }
}

} // namespace

class ModuleCore final : public Module {
public:
    explicit ModuleCore(ModuleOptions options) : options_(std::move(options)) {}
    ~ModuleCore() override;

    Status build();

    Status start() override;
    void stop(std::int64_t limit_ms) override;

    Registry& registry() override { return *registry_; }
    Sessions& sessions() override { return *sessions_; }
    Ingest& ingest() override { return *ingest_; }
    Commands& commands() override { return *commands_; }
    Products& products() override { return *products_; }
    Devices& devices() override { return *devices_; }
    History& history() override { return *reader_; }
    MessageLog& messageLog() override { return *reader_; }
    Feed& feed() override { return *feed_; }

    JournalStatus journal() const override;
    void setRetention(const RetentionOptions& retention) override {
        compactor_->setRetention(retention);
    }
    Status compactNow(std::int64_t limit_ms) override { return compactor_->waitFor(limit_ms); }
    void observe(std::uint32_t kind, Observer observer) override;

private:
    Status openJournal();
    void buildServices();
    void buildRegistry();
    void present(const Presence& presence);
    void registerMetrics();
    Status followOthers();

    ModuleOptions options_;
    bool started_ = false;
    ClientState clients_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Compactor> compactor_;
    std::unique_ptr<Committer> committer_;
    UplinkContext context_;
    std::unique_ptr<FeedHub> feed_;
    std::unique_ptr<RegistryCache> registry_;
    std::unique_ptr<IngestCore> ingest_;
    std::unique_ptr<StateWriter> states_;
    std::unique_ptr<SessionHub> sessions_;
    std::unique_ptr<CommandTable> commands_;
    std::unique_ptr<ProductService> products_;
    std::unique_ptr<DeviceService> devices_;
    std::unique_ptr<HistoryReader> reader_;
    std::vector<std::uint64_t> subscriptions_;
};

base::Result<std::unique_ptr<Module>> Module::open(ModuleOptions options) {
    FL_ASSERT(options.database != nullptr && options.history != nullptr &&
              options.secrets != nullptr && options.cluster != nullptr &&
              options.executor != nullptr);
    FL_TRY(checkIngestOptions(options.ingest));
    if (!options.is_secret) {
        options.is_secret = [](const std::string&, const std::string& key) {
            return soundsSecret(key);
        };
    }
    auto core = std::make_unique<ModuleCore>(std::move(options));
    FL_TRY(core->build());
    return std::unique_ptr<Module>{std::move(core)};
}

ModuleCore::~ModuleCore() {
    if (started_) {
        stop(0);
    }
}

Status ModuleCore::build() {
    FL_TRY(options_.database->migrate("device", deviceMigrations()));
    FL_TRY(options_.history->migrate("history", historyMigrations(options_.history->dialect())));
    feed_ = std::make_unique<FeedHub>(*options_.cluster);
    buildRegistry();
    FL_TRY(openJournal());
    buildServices();
    return {};
}

void ModuleCore::buildRegistry() {
    RegistryCache::Options options;
    options.database = options_.database;
    options.history = options_.history;
    options.secrets = options_.secrets;
    options.executor = options_.executor;
    options.devices_max = options_.devices_cached_max;
    options.may_evict = [this] { return compactor_->lagMs() < kEvictLagMs; };
    registry_ = std::make_unique<RegistryCache>(std::move(options));
}

Status ModuleCore::openJournal() {
    const std::string& node = options_.cluster->nodeId();
    FL_ASSIGN(const Checkpoint checkpoint, loadCheckpoint(*options_.history, node));
    FL_TRY(loadClients(*options_.history, node, clients_));
    JournalOptions journal;
    journal.directory = options_.ingest.directory;
    journal.segment_bytes = options_.ingest.segment_bytes;
    journal.bytes_max = options_.ingest.journal_bytes_max;
    FL_ASSIGN(journal_,
              Journal::open(std::move(journal), checkpoint.position,
                            [this](const JournalBlock& block) { replayClients(block, clients_); }));
    const JournalRecovery& recovery = journal_->recovery();
    if (recovery.records > 0 || recovery.torn_bytes > 0) {
        runtime::logInformation("device", "journal recovered: " + std::to_string(recovery.records) +
                                              " records to bring into the history, " +
                                              std::to_string(recovery.torn_bytes) +
                                              " bytes of an unfinished commit cut off");
    }
    compactor_ = std::make_unique<Compactor>(*journal_, clients_, *options_.history,
                                             compactorOptions(options_), checkpoint);
    committer_ = std::make_unique<Committer>(*journal_, commitOptions(options_.ingest), [this] {
        compactor_->committed(committer_->messages());
    });
    return {};
}

void ModuleCore::buildServices() {
    ingest_ = std::make_unique<IngestCore>(*journal_, *committer_, clients_, context_);
    states_ = std::make_unique<StateWriter>(*options_.database, options_.cluster->nodeId());
    sessions_ =
        std::make_unique<SessionHub>([this](const Presence& presence) { present(presence); });
    commands_ = std::make_unique<CommandTable>(*registry_, *sessions_, *ingest_);
    context_.feed = feed_.get();
    context_.commands = commands_.get();
    cluster::Cluster* cluster = options_.cluster;

    ProductService::Options products;
    products.database = options_.database;
    products.secrets = options_.secrets;
    products.registry = registry_.get();
    products.is_secret = options_.is_secret;
    products.check_reference = options_.check_reference;
    products.changed = [cluster](const std::string& id) {
        static_cast<void>(cluster->publish(kProductChanged, id));
    };
    products_ = std::make_unique<ProductService>(std::move(products));

    DeviceService::Options devices;
    devices.database = options_.database;
    devices.secrets = options_.secrets;
    devices.registry = registry_.get();
    devices.sessions = sessions_.get();
    devices.states = states_.get();
    devices.node_id = cluster->nodeId();
    devices.is_secret = options_.is_secret;
    devices.changed = [cluster](const std::string& id) {
        static_cast<void>(cluster->publish(kDeviceChanged, id));
    };
    devices_ = std::make_unique<DeviceService>(std::move(devices));

    reader_ = std::make_unique<HistoryReader>(*options_.history, *registry_, *compactor_);
    compactor_->onTags(
        [this](const std::vector<TagUpdate>& tags) { return devices_->storeReportedTags(tags); });
    compactor_->onReleased([this] { committer_->wakeStarved(); });
}

void ModuleCore::present(const Presence& presence) {
    states_->note(presence);
    ingest_->recordPresence(presence);
    feed_->state(presence.device->id(),
                 presence.online ? DeviceState::Online : DeviceState::Offline, presence.time);
}

/// What other nodes changed is brought up to date here too.
Status ModuleCore::followOthers() {
    const auto follow = [this](const char* topic, auto change) -> Status {
        FL_ASSIGN(const std::uint64_t id,
                  options_.cluster->subscribe(topic, [this, change](const cluster::Event& event) {
                      if (event.node == options_.cluster->nodeId()) {
                          return;
                      }
                      const std::string what = event.payload;
                      const Status queued =
                          options_.executor->submit([change, what] { change(what); });
                      if (!queued) {
                          runtime::logWarning("device", "a change of " + what +
                                                            " on another node was missed: " +
                                                            queued.error().message());
                      }
                  }));
        subscriptions_.push_back(id);
        return {};
    };
    FL_TRY(follow(kProductChanged, [this](const std::string& id) {
        static_cast<void>(static_cast<bool>(registry_->productChanged(id)));
    }));
    return follow(kDeviceChanged, [this](const std::string& id) {
        static_cast<void>(static_cast<bool>(registry_->deviceChanged(id)));
    });
}

Status ModuleCore::start() {
    FL_TRY(compactor_->catchUp());
    FL_TRY(states_->resetOnline(base::utcNow()));
    FL_TRY(followOthers());
    committer_->start();
    compactor_->start();
    states_->start();
    sessions_->start();
    commands_->start();
    registerMetrics();
    started_ = true;
    return {};
}

void ModuleCore::stop(std::int64_t limit_ms) {
    if (!started_) {
        return;
    }
    started_ = false;
    for (const char* name : {"fairlead_ingest_journal_bytes", "fairlead_ingest_waiting_messages",
                             "fairlead_ingest_lag_seconds", "fairlead_ingest_commits"}) {
        runtime::Metrics::global().remove(name);
    }
    for (const std::uint64_t id : subscriptions_) {
        options_.cluster->unsubscribe(id);
    }
    subscriptions_.clear();
    commands_->stop();
    sessions_->stop();
    states_->stop();
    committer_->stop();
    if (const Status done = compactor_->waitFor(limit_ms); !done) {
        runtime::logInformation("device", "the rest of the journal comes into the history at the "
                                          "next start");
    }
    compactor_->stop();
}

JournalStatus ModuleCore::journal() const {
    JournalStatus out;
    out.failed = journal_->failed();
    out.error = committer_->error();
    out.bytes = journal_->bytes();
    out.committed_messages = committer_->messages();
    out.messages_waiting =
        out.committed_messages - std::min(out.committed_messages, compactor_->compacted());
    out.lag_ms = compactor_->lagMs();
    out.commits = committer_->commits();
    return out;
}

void ModuleCore::registerMetrics() {
    auto& metrics = runtime::Metrics::global();
    metrics.gaugeFunction("fairlead_ingest_journal_bytes", "Bytes of journal segments in use",
                          [this] { return static_cast<double>(journal().bytes); });
    metrics.gaugeFunction("fairlead_ingest_waiting_messages",
                          "Committed messages that are not in the history yet",
                          [this] { return static_cast<double>(journal().messages_waiting); });
    metrics.gaugeFunction("fairlead_ingest_lag_seconds",
                          "Age of the oldest message that is not in the history yet",
                          [this] { return static_cast<double>(journal().lag_ms) / 1'000; });
    metrics.gaugeFunction("fairlead_ingest_commits", "Journal commits since the start",
                          [this] { return static_cast<double>(journal().commits); });
}

void ModuleCore::observe(std::uint32_t kind, Observer observer) {
    FL_ASSERT(!started_ && kind < UplinkContext::kKinds);
    context_.observers[kind].push_back(std::move(observer));
}

} // namespace fairlead::device
