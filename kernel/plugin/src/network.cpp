// SPDX-License-Identifier: Apache-2.0
#include "fairlead/plugin/network.hpp"

#include "fairlead/base/assert.hpp"
#include "generation.hpp"
#include "reclaimer.hpp"
#include "tables.hpp"

#include <utility>

namespace fairlead::plugin {

NetworkInstance::NetworkInstance(std::shared_ptr<Generation> generation, const fl_network& table,
                                 std::shared_ptr<const fl_network_host> io)
    : table_(table), generation_id_(generation->number()), io_(std::move(io)),
      generation_(std::move(generation)) {
    generation_->instances.fetch_add(1, std::memory_order_acq_rel);
}

NetworkInstance::~NetworkInstance() {
    FL_ASSERT(connections() == 0);
    generation_->destroyInstance(table_.destroy, table_.self, std::move(io_));
}

NetworkConnection& NetworkConnection::operator=(NetworkConnection&& other) noexcept {
    FL_ASSERT(instance_ == nullptr);
    instance_ = std::exchange(other.instance_, nullptr);
    state_ = std::exchange(other.state_, nullptr);
    return *this;
}

NetworkConnection::~NetworkConnection() {
    FL_ASSERT(instance_ == nullptr);
}

fl_status NetworkConnection::onData(fl_conn* conn, fl_bytes in, std::size_t& consumed,
                                    fl_err& err) {
    Pin pin;
    pin.enter(instance_->generation_id_);
    const fl_network& t = instance_->table_;
    return t.on_data(t.self, conn, state_, in, &consumed, &err);
}

void NetworkConnection::onTimer(fl_conn* conn, std::uint32_t id) {
    const fl_network& t = instance_->table_;
    if (t.on_timer != nullptr) {
        Pin pin;
        pin.enter(instance_->generation_id_);
        t.on_timer(t.self, conn, state_, id);
    }
}

void NetworkConnection::onComplete(fl_conn* conn, std::uint64_t token,
                                   const fl_completion& completion) {
    const fl_network& t = instance_->table_;
    if (t.on_complete != nullptr) {
        Pin pin;
        pin.enter(instance_->generation_id_);
        t.on_complete(t.self, conn, state_, token, &completion);
    }
}

fl_status NetworkConnection::send(fl_conn* conn, const fl_transport_message& message,
                                  std::uint64_t token, fl_err& err) {
    const fl_network& t = instance_->table_;
    if (t.send == nullptr) {
        return FL_E_UNSUPPORTED;
    }
    Pin pin;
    pin.enter(instance_->generation_id_);
    return t.send(t.self, conn, state_, &message, token, &err);
}

void NetworkConnection::onShutdown(fl_conn* conn, std::uint32_t reason) {
    const fl_network& t = instance_->table_;
    if (t.on_shutdown != nullptr) {
        Pin pin;
        pin.enter(instance_->generation_id_);
        t.on_shutdown(t.self, conn, state_, reason);
    }
}

void NetworkConnection::onClose(fl_conn* conn, std::uint32_t reason) {
    Pin pin;
    NetworkInstance* instance = std::exchange(instance_, nullptr);
    pin.enter(instance->generation_id_);
    const fl_network& t = instance->table_;
    t.on_close(t.self, conn, std::exchange(state_, nullptr), reason);
    instance->generation_->connections.fetch_sub(1, std::memory_order_acq_rel);
    // Last: with the count at zero the instance may go at once.
    instance->connections_.fetch_sub(1, std::memory_order_acq_rel);
}

fl_status NetworkComponent::open(fl_conn* conn, const fl_peer& peer, NetworkConnection& out,
                                 fl_err& err) const {
    FL_ASSERT(!out.isOpen());
    Pin pin;
    NetworkInstance* instance = current_.load(std::memory_order_seq_cst);
    if (instance == nullptr) {
        return FL_E_CLOSED;
    }
    // Counted while pinned: who retires the instance waits for the pin, then for the count.
    instance->connections_.fetch_add(1, std::memory_order_acq_rel);
    instance->generation_->connections.fetch_add(1, std::memory_order_acq_rel);
    pin.enter(instance->generation_id_);
    const fl_network& t = instance->table_;
    out.instance_ = instance; // on_open may already write, deliver or close
    const fl_status status = t.on_open(t.self, conn, &peer, &out.state_, &err);
    if (status < 0) {
        out.instance_ = nullptr;
        out.state_ = nullptr;
        instance->generation_->connections.fetch_sub(1, std::memory_order_acq_rel);
        instance->connections_.fetch_sub(1, std::memory_order_acq_rel);
    }
    return status;
}

std::uint64_t NetworkComponent::generation() const {
    const Pin pin;
    const NetworkInstance* instance = current_.load(std::memory_order_seq_cst);
    return instance == nullptr ? 0 : instance->generation();
}

NetworkComponent::~NetworkComponent() {
    NetworkInstance* instance = current_.exchange(nullptr, std::memory_order_seq_cst);
    if (instance == nullptr) {
        return;
    }
    if (const auto reclaimer = reclaimer_.lock()) {
        reclaimer->retire({[instance] { return instance->connections() == 0; },
                           [instance] { delete instance; },
                           {},
                           {}});
    } else {
        delete instance; // the manager stopped; nobody calls any more
    }
}

} // namespace fairlead::plugin
