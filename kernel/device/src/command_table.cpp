// SPDX-License-Identifier: Apache-2.0
// Design notes. A waiter is in by_device_ and by_deadline_ from before the message is sent until
// exactly one of these takes it out: its reply, its deadline, a failed send, stop. Whoever took it
// out calls `done`, without the lock.
#include "command_table.hpp"

#include "bytes.hpp"
#include "fairlead/base/assert.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/base/time.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <pthread.h>

namespace fairlead::device {

namespace {

using base::Errc;
using base::Error;
using base::FieldError;
using base::Status;

constexpr std::size_t kCommandFieldsMax = 100;

Error undefined(const std::string& field, const std::string& code, const std::string& message) {
    return Error{Errc::Invalid, "command.invalid", message}.with(
        {FieldError{field, code, message}});
}

Error offline(const DeviceEntry::Facts& facts) {
    return Error{Errc::Conflict, "device.offline",
                 "device " + facts.id + " is not connected; try again when it is online"};
}

Error sendError(const Status& status, const std::string& id) {
    switch (status.error().kind()) {
    case Errc::Unsupported:
        return Error{Errc::Unsupported, "device.unsupported",
                     "the protocol of device " + id + " cannot carry this command"};
    case Errc::Limit:
    case Errc::Busy:
        return Error{Errc::Busy, "device.busy",
                     "device " + id + " does not keep up with what it is sent; try again later"};
    case Errc::Timeout:
        return Error{Errc::Timeout, "device.timeout",
                     "device " + id + " did not acknowledge the command in time"};
    case Errc::Closed:
        return Error{Errc::Closed, "device.connection_lost",
                     "device " + id + " disconnected before the command reached it"};
    default:
        return Error{Errc::Failed, "device.send_failed",
                     "sending to device " + id + " failed: " + status.error().message()};
    }
}

/// Which reply answers which command.
std::uint32_t replyKindOf(std::uint32_t kind) {
    switch (kind) {
    case FL_DEVICE_READ_PROPERTY:
        return FL_DEVICE_READ_PROPERTY_REPLY;
    case FL_DEVICE_WRITE_PROPERTY:
        return FL_DEVICE_WRITE_PROPERTY_REPLY;
    default:
        return FL_DEVICE_INVOKE_FUNCTION_REPLY;
    }
}

Status prepareRead(const DeviceEntry::Facts& facts, const std::vector<std::string>& properties,
                   OwnedMessage& message) {
    if (properties.empty() || properties.size() > kCommandFieldsMax) {
        return undefined("properties", "invalid", "name 1 to 100 properties to read");
    }
    const fl_value none{};
    for (const std::string& id : properties) {
        const PropertyModel* model = facts.product->model->property(id);
        if (model == nullptr) {
            return undefined("properties", "property_undefined",
                             "product " + facts.product->id + " has no property \"" + id + "\"");
        }
        if (!model->readable) {
            return undefined("properties", "not_readable",
                             "property \"" + id + "\" cannot be read");
        }
        message.addProperty(id, none);
    }
    message.kind = FL_DEVICE_READ_PROPERTY;
    return {};
}

Status prepareWrite(const DeviceEntry::Facts& facts, const NamedValues& properties,
                    OwnedMessage& message) {
    if (properties.empty() || properties.size() > kCommandFieldsMax) {
        return undefined("properties", "invalid", "name 1 to 100 properties to write");
    }
    for (const auto& entry : properties) {
        const PropertyModel* model = facts.product->model->property(entry.first);
        if (model == nullptr) {
            return undefined("properties." + entry.first, "property_undefined",
                             "product " + facts.product->id + " has no property \"" + entry.first +
                                 "\"");
        }
        if (!model->writable) {
            return undefined("properties." + entry.first, "not_writable",
                             "property \"" + entry.first + "\" cannot be written");
        }
        DataValue converted;
        const Status valid =
            model->type.convert(entry.second.view(), "properties." + entry.first, converted);
        if (!valid) {
            return Error{Errc::Invalid, "command.invalid", valid.error().message()}.with(
                valid.error().fields());
        }
        message.addProperty(entry.first, model->type.forDevice(converted).view());
    }
    message.kind = FL_DEVICE_WRITE_PROPERTY;
    return {};
}

Status prepareInputs(const FunctionModel& model, const NamedValues& inputs, OwnedMessage& message) {
    for (const auto& input : inputs) {
        const bool known =
            std::any_of(model.inputs.begin(), model.inputs.end(),
                        [&input](const FieldModel& field) { return field.id == input.first; });
        if (!known) {
            return undefined("inputs." + input.first, "parameter_undefined",
                             "function \"" + model.id + "\" has no input \"" + input.first + "\"");
        }
    }
    for (const FieldModel& field : model.inputs) {
        const auto given = std::find_if(inputs.begin(), inputs.end(), [&field](const auto& input) {
            return input.first == field.id;
        });
        if (given == inputs.end() || given->second.isNull()) {
            if (field.required) {
                return undefined("inputs." + field.id, "required",
                                 "input \"" + field.id + "\" is required");
            }
            continue;
        }
        DataValue converted;
        const Status valid =
            field.type->convert(given->second.view(), "inputs." + field.id, converted);
        if (!valid) {
            return Error{Errc::Invalid, "command.invalid", valid.error().message()}.with(
                valid.error().fields());
        }
        message.addProperty(field.id, field.type->forDevice(converted).view());
    }
    return {};
}

CommandReply replyOf(const fl_device_message& message) {
    CommandReply out;
    out.success = (message.flags & FL_DEVICE_FAILED) == 0;
    out.code = textOf(message.code);
    out.message = textOf(message.text);
    out.output = DataValue{message.data};
    for (std::uint32_t i = 0; i < message.property_count && i < kCommandFieldsMax; ++i) {
        out.properties.emplace_back(textOf(message.properties[i].id),
                                    DataValue{message.properties[i].value});
    }
    return out;
}

} // namespace

struct CommandTable::Waiter {
    DevicePtr device;
    std::string message_id;
    std::uint32_t reply_kind = 0;
    bool asynchronous = false;
    std::uint64_t started_ns = 0;
    std::uint64_t deadline_ns = 0;
    CommandDone done;

    std::int64_t milliseconds() const {
        return static_cast<std::int64_t>((base::monotonicNs() - started_ns) / 1'000'000);
    }
};

CommandTable::CommandTable(Registry& registry, Sessions& sessions, Ingest& ingest)
    : registry_(registry), sessions_(sessions), ingest_(ingest) {
    auto& metrics = runtime::Metrics::global();
    sent_total_ = metrics.counter("fairlead_device_commands_total", "Commands sent to devices");
    late_total_ = metrics.counter("fairlead_device_replies_late_total",
                                  "Replies of devices that no command waited for");
    timeout_total_ = metrics.counter("fairlead_device_commands_timeout_total",
                                     "Commands that devices did not answer in time");
}

CommandTable::~CommandTable() {
    FL_ASSERT(!thread_.joinable());
}

void CommandTable::start() {
    {
        const std::lock_guard guard(mutex_);
        started_ = true;
    }
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "commands");
        expire();
    });
}

void CommandTable::stop() {
    std::multimap<std::uint64_t, WaiterPtr> left;
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
        left.swap(by_deadline_);
        by_device_.clear();
        count_ = 0;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    for (const auto& entry : left) {
        entry.second->done(Error{Errc::Closed, "device.connection_lost",
                                 "the server stops; send the command again"});
    }
}

void CommandTable::readProperties(const std::string& device_id, std::vector<std::string> properties,
                                  CommandOptions options, CommandDone done) {
    run(
        device_id, options,
        [properties = std::move(properties)](const Facts& facts, OwnedMessage& message,
                                             CommandOptions&) {
            return prepareRead(*facts, properties, message);
        },
        std::move(done));
}

void CommandTable::writeProperties(const std::string& device_id, NamedValues properties,
                                   CommandOptions options, CommandDone done) {
    run(
        device_id, options,
        [properties = std::move(properties)](const Facts& facts, OwnedMessage& message,
                                             CommandOptions&) {
            return prepareWrite(*facts, properties, message);
        },
        std::move(done));
}

void CommandTable::invokeFunction(const std::string& device_id, const std::string& function,
                                  NamedValues inputs, CommandOptions options, CommandDone done) {
    run(
        device_id, options,
        [function, inputs = std::move(inputs)](const Facts& facts, OwnedMessage& message,
                                               CommandOptions& chosen) -> Status {
            const FunctionModel* model = facts->product->model->function(function);
            if (model == nullptr) {
                return undefined("function", "function_undefined",
                                 "product " + facts->product->id + " has no function \"" +
                                     function + "\"");
            }
            message.kind = FL_DEVICE_INVOKE_FUNCTION;
            message.name = function;
            chosen.asynchronous = chosen.asynchronous || model->asynchronous;
            return prepareInputs(*model, inputs, message);
        },
        std::move(done));
}

void CommandTable::run(const std::string& device_id, CommandOptions options, Prepare prepare,
                       CommandDone done) {
    if (options.timeout_ms < 1 || options.timeout_ms > kCommandTimeoutMsMax) {
        done(undefined("timeoutSeconds", "range", "the timeout is more than 0 and at most 300 s"));
        return;
    }
    registry_.load(device_id, [this, options, prepare = std::move(prepare),
                               done = std::move(done)](base::Result<DevicePtr> device) {
        if (!device) {
            done(std::move(device).error());
            return;
        }
        send(*device, options, prepare, done);
    });
}

base::Result<std::shared_ptr<SessionLink>> CommandTable::linkOf(const DeviceEntry::Facts& facts,
                                                                OwnedMessage& message) const {
    if (const SessionPtr session = sessions_.find(facts.id)) {
        message.parent_id = session->parentId();
        return session->link();
    }
    // A child that did not speak yet is reached through its gateway device.
    const SessionPtr parent = facts.parent_id.empty() ? nullptr : sessions_.find(facts.parent_id);
    if (parent == nullptr) {
        return offline(facts);
    }
    message.parent_id = facts.parent_id;
    return parent->link();
}

void CommandTable::send(const DevicePtr& device, CommandOptions options, const Prepare& prepare,
                        const CommandDone& done) {
    const Facts facts = device->facts();
    OwnedMessage message;
    message.device_id = device->id();
    message.message_id = base::newId();
    message.time_ms = base::utcNow();
    if (!facts->active) {
        done(Error{Errc::Conflict, "device.inactive",
                   "device " + device->id() + " is not activated"});
        return;
    }
    if (Status valid = prepare(facts, message, options); !valid) {
        done(std::move(valid).error());
        return;
    }
    auto link = linkOf(*facts, message);
    if (!link) {
        ingest_.recordDownlink(device, message.view(), "", "CLIENT_OFFLINE");
        done(std::move(link).error());
        return;
    }
    auto waiter = std::make_shared<Waiter>();
    waiter->device = device;
    waiter->message_id = message.message_id;
    waiter->reply_kind = replyKindOf(message.kind);
    waiter->asynchronous = options.asynchronous;
    waiter->started_ns = base::monotonicNs();
    waiter->deadline_ns =
        waiter->started_ns + static_cast<std::uint64_t>(options.timeout_ms) * 1'000'000;
    waiter->done = done;
    if (Status entered = enter(waiter); !entered) {
        done(std::move(entered).error());
        return;
    }
    sent_total_->add();
    ingest_.recordDownlink(device, message.view(), "", "");
    (*link)->send(std::move(message), [this, waiter](Status status) { sent(waiter, status); });
}

Status CommandTable::enter(const WaiterPtr& waiter) {
    const std::lock_guard guard(mutex_);
    if (!started_ || stopping_) {
        return Error{Errc::Closed, "device.connection_lost", "the server is stopping"};
    }
    std::deque<WaiterPtr>& own = by_device_[waiter->device->key()];
    if (own.size() >= kCommandsPerDeviceMax || by_deadline_.size() >= kCommandsMax) {
        if (own.empty()) {
            by_device_.erase(waiter->device->key());
        }
        return Error{Errc::Busy, "device.busy",
                     "too many commands wait for device " + waiter->device->id() +
                         "; try again later"};
    }
    own.push_back(waiter);
    const auto place = by_deadline_.emplace(waiter->deadline_ns, waiter);
    count_ += 1;
    if (place == by_deadline_.begin()) {
        changed_.notify_one();
    }
    return {};
}

void CommandTable::leaveLocked(const WaiterPtr& waiter) {
    const auto own = by_device_.find(waiter->device->key());
    own->second.erase(std::find(own->second.begin(), own->second.end(), waiter));
    if (own->second.empty()) {
        by_device_.erase(own);
    }
    const auto range = by_deadline_.equal_range(waiter->deadline_ns);
    for (auto at = range.first; at != range.second; ++at) {
        if (at->second == waiter) {
            by_deadline_.erase(at);
            break;
        }
    }
    count_ -= 1;
}

/// True for the one caller who takes it out.
bool CommandTable::leave(const WaiterPtr& waiter) {
    const std::lock_guard guard(mutex_);
    const auto own = by_device_.find(waiter->device->key());
    if (own == by_device_.end() ||
        std::find(own->second.begin(), own->second.end(), waiter) == own->second.end()) {
        return false;
    }
    leaveLocked(waiter);
    return true;
}

void CommandTable::sent(const WaiterPtr& waiter, const Status& status) {
    if (status && !waiter->asynchronous) {
        return;
    }
    if (!leave(waiter)) {
        return;
    }
    if (!status) {
        waiter->done(sendError(status, waiter->device->id()));
        return;
    }
    CommandReply reply;
    reply.message_id = waiter->message_id;
    reply.code = "REQUEST_HANDLING";
    reply.milliseconds = waiter->milliseconds();
    waiter->done(std::move(reply));
}

CommandTable::WaiterPtr CommandTable::match(std::int64_t device_key, std::string_view message_id,
                                            std::uint32_t kind) {
    const std::lock_guard guard(mutex_);
    const auto own = by_device_.find(device_key);
    if (own == by_device_.end()) {
        return nullptr;
    }
    // Without an id it answers the oldest command of its kind.
    const auto found =
        std::find_if(own->second.begin(), own->second.end(), [&](const WaiterPtr& waiter) {
            return waiter->reply_kind == kind &&
                   (message_id.empty() || waiter->message_id == message_id);
        });
    if (found == own->second.end()) {
        return nullptr;
    }
    WaiterPtr waiter = *found;
    leaveLocked(waiter);
    return waiter;
}

void CommandTable::reply(const DevicePtr& device, const fl_device_message& message) {
    const WaiterPtr waiter =
        waiting() == 0 ? nullptr : match(device->key(), textOf(message.message_id), message.kind);
    if (waiter == nullptr) {
        late_total_->add();
        return;
    }
    CommandReply reply = replyOf(message);
    reply.message_id = waiter->message_id;
    reply.milliseconds = waiter->milliseconds();
    waiter->done(std::move(reply));
}

void CommandTable::expire() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::uint64_t now = base::monotonicNs();
        if (by_deadline_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const WaiterPtr first = by_deadline_.begin()->second;
        if (first->deadline_ns > now) {
            changed_.wait_for(lock, std::chrono::nanoseconds{first->deadline_ns - now});
            continue;
        }
        leaveLocked(first);
        lock.unlock();
        timeout_total_->add();
        first->done(Error{Errc::Timeout, "device.timeout",
                          "device " + first->device->id() + " did not answer in time"});
        lock.lock();
    }
}

namespace {

/// Waits for the one call of `done`.
class BlockingCommand {
public:
    CommandDone done() {
        return [promise = promise_](base::Result<CommandReply> result) {
            promise->set_value(std::move(result));
        };
    }
    base::Result<CommandReply> wait() { return promise_->get_future().get(); }

private:
    using Promise = std::promise<base::Result<CommandReply>>;
    std::shared_ptr<Promise> promise_ = std::make_shared<Promise>();
};

} // namespace

base::Result<CommandReply> Commands::readProperties(const std::string& device_id,
                                                    std::vector<std::string> properties,
                                                    CommandOptions options) {
    BlockingCommand command;
    readProperties(device_id, std::move(properties), options, command.done());
    return command.wait();
}

base::Result<CommandReply> Commands::writeProperties(const std::string& device_id,
                                                     NamedValues properties,
                                                     CommandOptions options) {
    BlockingCommand command;
    writeProperties(device_id, std::move(properties), options, command.done());
    return command.wait();
}

base::Result<CommandReply> Commands::invokeFunction(const std::string& device_id,
                                                    const std::string& function, NamedValues inputs,
                                                    CommandOptions options) {
    BlockingCommand command;
    invokeFunction(device_id, function, std::move(inputs), options, command.done());
    return command.wait();
}

std::string_view deviceCode(const Error& error) noexcept {
    struct Pair {
        std::string_view ours;
        std::string_view device;
    };
    constexpr Pair kCodes[] = {{"device.offline", "CLIENT_OFFLINE"},
                               {"device.inactive", "CLIENT_OFFLINE"},
                               {"device.timeout", "TIME_OUT"},
                               {"device.connection_lost", "CONNECTION_LOST"},
                               {"device.unsupported", "UNSUPPORTED_MESSAGE"},
                               {"device.busy", "SYSTEM_BUSY"},
                               {"property_undefined", "PROPERTY_UNDEFINED"},
                               {"function_undefined", "FUNCTION_UNDEFINED"},
                               {"parameter_undefined", "PARAMETER_UNDEFINED"},
                               {"command.invalid", "PARAMETER_ERROR"}};
    const std::string_view field =
        error.fields().empty() ? "" : std::string_view{error.fields().front().code};
    for (const Pair& pair : kCodes) {
        if (pair.ours == error.code() && error.code() != "command.invalid") {
            return pair.device;
        }
        if (error.code() == "command.invalid" &&
            (pair.ours == field || pair.ours == error.code())) {
            return pair.device;
        }
    }
    return "SYSTEM_ERROR";
}

} // namespace fairlead::device
