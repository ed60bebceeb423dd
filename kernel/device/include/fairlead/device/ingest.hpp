// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/device/entry.hpp"
#include "fairlead/device/session.hpp"
#include "fairlead/message.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// Given to submit, given back by completed(). The meaning is the caller's.
struct Ticket {
    std::uint64_t owner = 0;
    std::uint64_t token = 0;
};

struct Completion {
    Ticket ticket;
    bool stored = false; ///< false: the journal failed; nothing may be acknowledged
};

/// One transport message with what its protocol made of it. Borrowed for the call.
struct Uplink {
    const DevicePtr* device = nullptr; ///< the session's device
    /// Its facts; nullptr: they are read from it.
    const DeviceEntry::Facts* facts = nullptr;
    const fl_transport_message* raw = nullptr;
    std::string_view transport;
    std::string_view protocol; ///< id of the protocol that decoded it
    std::uint32_t protocol_generation = 0;
    std::span<const fl_device_message> messages;
    /// Devices of `messages`, same order; a child's differs from `device`. Empty: all are `device`.
    std::span<const DevicePtr> devices;
    std::string_view once_scope; ///< component id + "/" + client, when once_key is set
    std::string_view once_key;
};

enum class Admission {
    Accepted,  ///< in the batch; the ticket comes back after the commit
    Duplicate, ///< its once_key is held and durable: acknowledge again; no ticket follows
    Full,      ///< bound of uncommitted messages or bytes reached: stop reading, try again after
               ///< the next wake (which comes, with or without completions); nothing was taken
    Refused    ///< larger than a journal record may be
};

/// A loop's way into the journal. Owner and only caller: one loop thread. Blocks: never.
///
/// submit also applies the messages: validates them against the thing model, updates the latest
/// values, answers waiting commands, raises the bus events. What is invalid is stored as raw
/// message with the reason and counted, not refused: the device has done its part.
class IngestLane {
public:
    virtual ~IngestLane() = default;

    virtual Admission submit(const Uplink& uplink, Ticket ticket) = 0;

    /// Gives up a once_key; Accepted with a ticket, or Duplicate when it was not held (done).
    virtual Admission release(std::string_view scope, std::string_view key, Ticket ticket) = 0;

    /// Durable small state of clients (bounded: 64 KiB each, 256 MiB in all). An empty value
    /// removes. Stored with the next commit; no ticket.
    virtual base::Status putState(std::string_view scope, std::string_view key,
                                  std::string_view value) = 0;
    /// nullptr when there is none. Thread: any.
    virtual std::shared_ptr<const std::string> state(std::string_view scope,
                                                     std::string_view key) = 0;

    /// End of a loop round: hands the batch to the writer when it is due. Call it once per round.
    virtual void flush() = 0;

    /// Takes all completions since the last call, in order of submission. Call it after wake.
    virtual void completed(std::vector<Completion>& out) = 0;

    /// True while submit would answer Full.
    virtual bool full() const noexcept = 0;
};

/// The ingest path: journal, writer, compaction into history. Owner: app.
class Ingest {
public:
    virtual ~Ingest() = default;

    /// A lane for the calling loop. `wake` is called from the writer thread when completions are
    /// there; it must only post to the loop.
    virtual std::unique_ptr<IngestLane> attach(std::function<void()> wake) = 0;

    /// Records a downlink for the message log; not acknowledged, bounded. Thread: any.
    virtual void recordDownlink(const DevicePtr& device, const fl_device_message& message,
                                std::string_view transport, std::string_view result) = 0;
};

} // namespace fairlead::device
