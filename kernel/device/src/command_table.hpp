// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/device/commands.hpp"
#include "fairlead/device/ingest.hpp"
#include "fairlead/device/registry.hpp"
#include "fairlead/device/session.hpp"
#include "fairlead/device/thing_model.hpp"
#include "fairlead/runtime/metrics.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace fairlead::device {

/// The commands that wait for their reply.
class CommandTable final : public Commands {
public:
    CommandTable(Registry& registry, Sessions& sessions, Ingest& ingest);
    ~CommandTable() override;

    void start();
    /// Ends every waiting command with CONNECTION_LOST. Blocks.
    void stop();

    void readProperties(const std::string& device_id, std::vector<std::string> properties,
                        CommandOptions options, CommandDone done) override;
    void writeProperties(const std::string& device_id, NamedValues properties,
                         CommandOptions options, CommandDone done) override;
    void invokeFunction(const std::string& device_id, const std::string& function,
                        NamedValues inputs, CommandOptions options, CommandDone done) override;
    using Commands::invokeFunction;
    using Commands::readProperties;
    using Commands::writeProperties;

    std::size_t waiting() const override { return count_.load(std::memory_order_relaxed); }

    /// A reply came up. Thread: any I/O thread.
    void reply(const DevicePtr& device, const fl_device_message& message);

private:
    struct Waiter;
    using WaiterPtr = std::shared_ptr<Waiter>;
    using Facts = std::shared_ptr<const DeviceEntry::Facts>;
    /// Checks against the model and fills in the message.
    using Prepare = std::function<base::Status(const Facts&, OwnedMessage&, CommandOptions&)>;

    void run(const std::string& device_id, CommandOptions options, Prepare prepare,
             CommandDone done);
    void send(const DevicePtr& device, CommandOptions options, const Prepare& prepare,
              const CommandDone& done);
    base::Result<std::shared_ptr<SessionLink>> linkOf(const DeviceEntry::Facts& facts,
                                                      OwnedMessage& message) const;
    base::Status enter(const WaiterPtr& waiter);
    bool leave(const WaiterPtr& waiter);
    void leaveLocked(const WaiterPtr& waiter);
    void sent(const WaiterPtr& waiter, const base::Status& status);
    void expire();
    WaiterPtr match(std::int64_t device_key, std::string_view message_id, std::uint32_t kind);

    Registry& registry_;
    Sessions& sessions_;
    Ingest& ingest_;
    std::shared_ptr<runtime::Counter> sent_total_;
    std::shared_ptr<runtime::Counter> late_total_;
    std::shared_ptr<runtime::Counter> timeout_total_;
    std::atomic<std::size_t> count_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    bool started_ = false;
    std::unordered_map<std::int64_t, std::deque<WaiterPtr>> by_device_; ///< oldest first
    std::multimap<std::uint64_t, WaiterPtr> by_deadline_;
    std::thread thread_;
};

} // namespace fairlead::device
