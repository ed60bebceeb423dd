// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_handler.hpp"
#include "text.hpp"

#include "fairlead/device/ingest.hpp"
#include "fairlead/device/registry.hpp"
#include "fairlead/factory/network.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

/// What the gateway stands between, made so that a test decides each step.
namespace fairlead::gateway::test {

inline device::DevicePtr makeDevice(const std::string& id, const std::string& parent = {},
                                    bool active = true) {
    auto product = std::make_shared<device::ProductSnapshot>();
    product->id = "p1";
    product->gateway_id = "g1";
    product->published = true;
    auto facts = std::make_shared<device::DeviceEntry::Facts>();
    facts->id = id;
    facts->parent_id = parent;
    facts->active = active;
    facts->configuration["secret"] = "s3";
    facts->product = product;
    return std::make_shared<device::DeviceEntry>(facts);
}

class FakeRegistry final : public device::Registry {
public:
    device::DevicePtr find(std::string_view id) override {
        const auto found = cached.find(std::string{id});
        return found == cached.end() ? nullptr : found->second;
    }
    void load(std::string id, Loaded done) override { loads.emplace_back(id, std::move(done)); }
    base::Result<device::DevicePtr> get(const std::string_view id) override {
        return base::Error::notFound(std::string{id});
    }

    /// Answers the oldest load: with `device`, or that there is none.
    void answer(const device::DevicePtr& device) {
        auto [id, done] = std::move(loads.front());
        loads.pop_front();
        if (device) {
            cached[id] = device;
            done(device);
        } else {
            done(base::Error::notFound(id));
        }
    }

    std::map<std::string, device::DevicePtr> cached;
    std::deque<std::pair<std::string, Loaded>> loads;
};

class FakeSessions final : public device::Sessions {
public:
    device::SessionPtr open(device::DevicePtr device, std::shared_ptr<device::SessionLink> link,
                            device::SessionInfo info) override {
        const std::string id = device->id();
        auto session = std::make_shared<device::Session>(std::move(device), std::move(link),
                                                         std::move(info), std::string{});
        live[id] = session;
        return session;
    }
    device::SessionPtr openChild(device::DevicePtr child,
                                 const device::SessionPtr& parent) override {
        const std::string id = child->id();
        auto session = std::make_shared<device::Session>(std::move(child), parent->link(),
                                                         parent->info(), parent->device()->id());
        live[id] = session;
        return session;
    }
    void close(const device::SessionPtr& session, device::CloseReason) override {
        live.erase(session->device()->id());
    }
    device::SessionPtr find(std::string_view id) const override {
        const auto found = live.find(std::string{id});
        return found == live.end() ? nullptr : found->second;
    }
    std::size_t count() const override { return live.size(); }
    std::size_t countOfGateway(std::string_view) const override { return live.size(); }
    std::vector<device::SessionPtr> ofGateway(std::string_view, std::size_t,
                                              std::size_t) const override {
        return {};
    }

    std::map<std::string, device::SessionPtr> live;
};

class FakeLane final : public device::IngestLane {
public:
    device::Admission submit(const device::Uplink& uplink, device::Ticket ticket) override {
        if (is_full) {
            return device::Admission::Full;
        }
        scopes.emplace_back(uplink.once_scope);
        if (!uplink.once_key.empty() && !held.insert(std::string{uplink.once_key}).second) {
            return device::Admission::Duplicate;
        }
        for (const fl_device_message& message : uplink.messages) {
            stored.push_back(toString(message.device_id) + ":" + std::to_string(message.kind));
        }
        pending.push_back({ticket, true});
        return device::Admission::Accepted;
    }
    device::Admission release(std::string_view, std::string_view key,
                              device::Ticket ticket) override {
        if (held.erase(std::string{key}) == 0) {
            return device::Admission::Duplicate;
        }
        pending.push_back({ticket, true});
        return device::Admission::Accepted;
    }
    base::Status putState(std::string_view, std::string_view, std::string_view) override {
        return {};
    }
    std::shared_ptr<const std::string> state(std::string_view, std::string_view) override {
        return nullptr;
    }
    void flush() override {}
    void completed(std::vector<device::Completion>& out) override { out.swap(done); }
    bool full() const noexcept override { return is_full; }

    bool is_full = false;
    std::set<std::string> held;
    std::vector<std::string> stored;
    std::vector<std::string> scopes;
    std::vector<device::Completion> pending;
    std::vector<device::Completion> done;
};

class FakeIngest final : public device::Ingest {
public:
    std::unique_ptr<device::IngestLane> attach(std::function<void()> wake) override {
        wake_ = std::move(wake);
        auto out = std::make_unique<FakeLane>();
        lane = out.get();
        return out;
    }
    void recordDownlink(const device::DevicePtr&, const fl_device_message&, std::string_view,
                        std::string_view) override {}

    /// The commit: what was submitted completes, `stored` or not.
    void commit(bool stored = true) {
        for (device::Completion& completion : lane->pending) {
            completion.stored = stored;
            lane->done.push_back(completion);
        }
        lane->pending.clear();
        wake_();
    }

    FakeLane* lane = nullptr;

private:
    std::function<void()> wake_;
};

/// "id" of a message is its client_id attribute or the path; the payload decides what it means.
class FakePort final : public ProtocolPort {
public:
    const std::string& id() const noexcept override { return id_; }
    std::uint64_t generation() const noexcept override { return 1; }

    fl_status identify(std::size_t, const fl_transport_message& message, Identity& out,
                       fl_err&) override {
        out.device_id = toString(message.address);
        out.product_id.clear();
        return out.device_id.empty() ? FL_E_NOT_FOUND : FL_OK;
    }
    fl_status authenticate(std::size_t, const fl_transport_message& message,
                           const fl_session_view& session, const fl_protocol_sink& sink,
                           fl_err&) override {
        const bool right =
            view(message.content_type) == view(session.config(session.ctx, borrow("secret")));
        if (!right) {
            fl_transport_message reply{};
            reply.size = sizeof reply;
            reply.code = 401;
            sink.transport(sink.ctx, &reply, FL_REPLY_NOW);
        }
        return right ? FL_OK : FL_E_UNAUTHORIZED;
    }
    fl_status decode(std::size_t, const fl_transport_message& message,
                     const fl_session_view& session, const fl_protocol_sink& sink,
                     fl_err&) override {
        const std::string text{reinterpret_cast<const char*>(message.payload.p), message.payload.n};
        if (text == "broken" || (text == "recall" && session.state.n == 0)) {
            return FL_E_MALFORMED;
        }
        if (text.rfind("remember ", 0) == 0) {
            sink.set_state(sink.ctx, {message.payload.p + 9, message.payload.n - 9});
        }
        fl_device_message out{};
        out.size = sizeof out;
        out.kind = text == "keepalive" ? FL_DEVICE_KEEPALIVE : FL_DEVICE_REPORT_PROPERTY;
        const std::string child = text.rfind("child ", 0) == 0 ? text.substr(6) : std::string{};
        out.device_id = child.empty() ? session.device_id : borrow(child);
        sink.device(sink.ctx, &out);
        fl_transport_message reply{};
        reply.size = sizeof reply;
        reply.code = 200;
        sink.transport(sink.ctx, &reply, FL_REPLY_AFTER_COMMIT);
        return FL_OK;
    }
    fl_status encode(std::size_t, const fl_device_message& message, const fl_session_view&,
                     const fl_protocol_sink& sink, fl_err&) override {
        fl_transport_message out{};
        out.size = sizeof out;
        out.address = message.name;
        sink.transport(sink.ctx, &out, FL_REPLY_NOW);
        if (view(message.name) == "stateful") {
            sink.set_state(sink.ctx, {reinterpret_cast<const std::uint8_t*>("s"), 1});
        }
        return FL_OK;
    }

private:
    std::string id_ = "fake";
};

class FakeConnection final : public network::Connection {
public:
    FakeConnection(runtime::Loop& loop, std::uint64_t id, std::string transport)
        : loop_(loop), id_(id), transport_(std::move(transport)) {}

    network::ConnectionId id() const noexcept override { return {id_}; }
    runtime::Loop& loop() noexcept override { return loop_; }
    const std::string& componentId() const noexcept override { return component_; }
    std::string_view transport() const noexcept override { return transport_; }
    std::string_view peer() const noexcept override { return "192.0.2.1:1"; }
    bool hasConnect() const noexcept override { return transport_ == "MQTT"; }
    bool isOutgoing() const noexcept override { return outgoing; }
    bool isRelay() const noexcept override { return relay; }
    void complete(std::uint64_t token, std::int32_t status,
                  const fl_transport_message* reply) override {
        events.push_back("complete " + std::to_string(token) + " " + std::to_string(status) +
                         (reply == nullptr ? "" : " reply " + std::to_string(reply->code)));
    }
    std::int32_t send(const fl_transport_message& message, std::uint64_t token) override {
        sent_token = token;
        events.push_back("send " + toString(message.address));
        return send_status;
    }
    void close(std::uint32_t reason, std::string_view) override {
        events.push_back("close " + std::to_string(reason));
    }
    void pauseReading() override { ++paused; }
    void resumeReading() override { --paused; }

    bool outgoing = false;
    bool relay = false;
    std::vector<std::string> events;
    int paused = 0;
    std::int32_t send_status = FL_OK;
    std::uint64_t sent_token = 0;

private:
    runtime::Loop& loop_;
    std::uint64_t id_;
    std::string component_ = "c1";
    std::string transport_;
};

} // namespace fairlead::gateway::test
