// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client_state.hpp"
#include "commit.hpp"
#include "fairlead/device/ingest.hpp"
#include "journal.hpp"
#include "session_hub.hpp"
#include "uplink.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace fairlead::device {

/// The lanes' side of the ingest path.
class IngestCore final : public Ingest {
public:
    IngestCore(Journal& journal, Committer& committer, ClientState& clients,
               const UplinkContext& context);
    ~IngestCore() override;

    std::unique_ptr<IngestLane> attach(std::function<void()> wake) override;
    void recordDownlink(const DevicePtr& device, const fl_device_message& message,
                        std::string_view transport, std::string_view result) override;
    /// Online and offline, for the message log.
    void recordPresence(const Presence& presence);

private:
    friend class Lane;

    /// Appends one log record that nobody waits for; dropped and counted when the journal is full.
    void record(RecordKind kind, const LogRecordContent& content);

    Committer& committer_;
    ClientState& clients_;
    const UplinkContext& context_;
    const std::size_t record_bytes_max_;
    const std::size_t batch_bytes_max_;
    std::shared_ptr<runtime::Counter> dropped_total_;
    std::shared_ptr<runtime::Counter> full_total_;
    std::shared_ptr<runtime::Counter> refused_total_;
    std::shared_ptr<runtime::Counter> duplicate_total_;

    std::mutex service_mutex_;
    LaneQueuePtr service_;
    std::string section_;
    std::vector<Completion> ignored_;
};

} // namespace fairlead::device
