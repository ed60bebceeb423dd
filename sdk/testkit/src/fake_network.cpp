// SPDX-License-Identifier: Apache-2.0
#include "fairlead/testkit/fake_network.hpp"

#include <algorithm>

namespace fairlead::testkit {
namespace {
constexpr std::size_t kStateBytesMax = 64 * 1024; // as network.h promises for state_put
fl_err freshErr() {
    return {sizeof(fl_err), 0, 0, {}};
}
} // namespace

fl_status FakeConnection::feed(std::string_view bytes) {
    if (closed || finished_) {
        return FL_E_CLOSED;
    }
    input_ += bytes;
    std::size_t consumed = 0;
    fl_err err = freshErr();
    const fl_network& plugin = owner_->plugin_;
    const std::string in = input_; // the plugin may not rely on the address between calls
    const fl_status status = plugin.on_data(plugin.self, reinterpret_cast<fl_conn*>(this), state_,
                                            sdk::bytes(std::string_view(in)), &consumed, &err);
    last_error.assign(err.text, err.len);
    input_.erase(0, std::min(consumed, input_.size()));
    if (status < 0 && !closed) {
        closed = true;
        close_reason = FL_CLOSE_PROTOCOL;
        close_text = last_error;
    }
    return status;
}

fl_status FakeConnection::feedByByte(std::string_view bytes) {
    fl_status status = FL_OK;
    for (std::size_t i = 0; i < bytes.size() && status >= 0; ++i) {
        status = feed(bytes.substr(i, 1));
    }
    return status;
}

fl_status FakeConnection::feedDatagram(std::string_view datagram) {
    if (closed || finished_) {
        return FL_E_CLOSED;
    }
    std::size_t consumed = 0;
    fl_err err = freshErr();
    const fl_network& plugin = owner_->plugin_;
    const std::string in(datagram);
    const fl_status status = plugin.on_data(plugin.self, reinterpret_cast<fl_conn*>(this), state_,
                                            sdk::bytes(std::string_view(in)), &consumed, &err);
    last_error.assign(err.text, err.len);
    return status;
}

std::string FakeConnection::take() {
    writes_.clear();
    return std::exchange(output_, {});
}

std::vector<std::string> FakeConnection::takeWrites() {
    output_.clear();
    return std::exchange(writes_, {});
}

std::string FakeConnection::keyed(std::string_view key) const {
    return client_id + '\n' + std::string(key);
}

fl_status FakeConnection::onWrite(fl_bytes bytes) {
    if (finished_ || closed) {
        return FL_E_CLOSED;
    }
    if (output_.size() + bytes.n > output_limit) {
        closed = true;
        close_reason = FL_CLOSE_LIMIT;
        return FL_E_LIMIT;
    }
    output_ += sdk::text(bytes);
    if (bytes.n > 0) {
        writes_.emplace_back(sdk::text(bytes));
    }
    return FL_OK;
}

fl_status FakeConnection::onDeliver(const fl_transport_message& m, const fl_delivery& d) {
    const std::string key(sdk::view(d.once_key));
    if (key.size() > FL_NETWORK_ONCE_KEY_BYTES_MAX) {
        return FL_E_INVALID;
    }
    if (deliver_answer < 0) {
        return deliver_answer;
    }
    Delivered entry{OwnedTransportMessage(m), d.flags, d.token, key, false};
    const bool connect = m.kind == FL_TRANSPORT_CONNECT;
    if (connect) {
        client_id = entry.message.attribute("client_id");
    }
    entry.duplicate = !key.empty() && owner_->durable_->once_keys.count(keyed(key)) > 0;
    const bool duplicate = entry.duplicate;
    delivered.push_back(std::move(entry));
    if (!connect && deliver_answer == FL_OK && key.empty()) {
        return FL_OK;
    }
    pending_.push_back({d.token, duplicate ? "" : key, "", duplicate});
    return FL_PENDING;
}

fl_status FakeConnection::onRelease(std::string_view key, std::uint64_t token) {
    if (owner_->durable_->once_keys.count(keyed(key)) == 0) {
        const auto same = [&](const Pending& p) { return p.hold == key; };
        if (std::none_of(pending_.begin(), pending_.end(), same)) {
            return FL_OK;
        }
    }
    pending_.push_back({token, "", std::string(key), false});
    return FL_PENDING;
}

bool FakeConnection::complete(fl_status status, const OwnedTransportMessage* reply) {
    if (pending_.empty() || finished_) {
        return false;
    }
    const Pending done = pending_.front();
    pending_.pop_front();
    if (status >= 0 && !done.hold.empty()) {
        owner_->durable_->once_keys.insert(keyed(done.hold));
    }
    if (status >= 0 && !done.release.empty()) {
        owner_->durable_->once_keys.erase(keyed(done.release));
    }
    sdk::TransportBuilder builder;
    if (reply != nullptr) {
        builder = reply->builder();
    }
    const fl_completion completion{sizeof(fl_completion),
                                   status >= 0 && done.duplicate ? FL_DUPLICATE : status,
                                   reply != nullptr ? &builder.raw() : nullptr};
    const fl_network& plugin = owner_->plugin_;
    plugin.on_complete(plugin.self, reinterpret_cast<fl_conn*>(this), state_, done.token,
                       &completion);
    return true;
}

std::size_t FakeConnection::completeAll(fl_status status) {
    std::size_t count = 0;
    while (complete(status)) {
        ++count;
    }
    return count;
}

bool FakeConnection::fireTimer(std::uint32_t id) {
    if (finished_ || !timers_.at(id)) {
        return false;
    }
    timers_.at(id).reset();
    const fl_network& plugin = owner_->plugin_;
    plugin.on_timer(plugin.self, reinterpret_cast<fl_conn*>(this), state_, id);
    return true;
}

fl_status FakeConnection::send(const OwnedTransportMessage& message, std::uint64_t token) {
    if (closed || finished_) {
        return FL_E_CLOSED;
    }
    fl_err err = freshErr();
    const fl_network& plugin = owner_->plugin_;
    const auto builder = message.builder();
    const fl_status status = plugin.send(plugin.self, reinterpret_cast<fl_conn*>(this), state_,
                                         &builder.raw(), token, &err);
    last_error.assign(err.text, err.len);
    return status;
}

void FakeConnection::shutdown(std::uint32_t reason) {
    const fl_network& plugin = owner_->plugin_;
    if (plugin.on_shutdown != nullptr && !finished_) {
        plugin.on_shutdown(plugin.self, reinterpret_cast<fl_conn*>(this), state_, reason);
    }
}

void FakeConnection::finish(std::uint32_t reason) {
    if (finished_) {
        return;
    }
    const std::uint32_t why = closed ? close_reason : reason;
    finished_ = true;
    close_reason = why;
    const fl_network& plugin = owner_->plugin_;
    plugin.on_close(plugin.self, reinterpret_cast<fl_conn*>(this), state_, why);
}

FakeNetworkHost::FakeNetworkHost(std::shared_ptr<DurableState> durable)
    : durable_(durable ? std::move(durable) : std::make_shared<DurableState>()) {
    table_ = {};
    table_.size = sizeof(table_);
    table_.ctx = this;
    table_.write = [](void*, fl_conn* c, fl_bytes b) { return at(c).onWrite(b); };
    table_.deliver = [](void*, fl_conn* c, const fl_transport_message* m, const fl_delivery* d) {
        return at(c).onDeliver(*m, *d);
    };
    table_.release = [](void*, fl_conn* c, fl_str key, std::uint64_t token) {
        return at(c).onRelease(sdk::view(key), token);
    };
    table_.sent = [](void*, fl_conn* c, std::uint64_t token, fl_status status) {
        at(c).sents.push_back({token, status});
    };
    table_.close = [](void*, fl_conn* c, std::uint32_t reason, fl_str text) {
        FakeConnection& conn = at(c);
        if (!conn.closed) {
            conn.closed = true;
            conn.close_reason = reason;
            conn.close_text = sdk::view(text);
        }
    };
    table_.set_timer = [](void*, fl_conn* c, std::uint32_t id, std::uint64_t ms) {
        at(c).timers_.at(id) = ms == 0 ? std::nullopt : std::optional<std::uint64_t>(ms);
    };
    table_.report = [](void*, fl_conn* c, fl_str what, fl_str detail) {
        at(c).reports.push_back({std::string(sdk::view(what)), std::string(sdk::view(detail))});
    };
    table_.output_bytes = [](void*, fl_conn* c) { return at(c).output_.size(); };
    table_.state_put = [](void* ctx, fl_str key, fl_bytes value) -> fl_status {
        if (value.n > kStateBytesMax) {
            return FL_E_LIMIT;
        }
        of(ctx).durable_->blobs[std::string(sdk::view(key))] = sdk::text(value);
        return FL_OK;
    };
    table_.state_get = [](void* ctx, fl_str key, fl_bytes* out) -> fl_status {
        const auto& blobs = of(ctx).durable_->blobs;
        const auto found = blobs.find(sdk::view(key));
        if (found == blobs.end()) {
            return FL_E_NOT_FOUND;
        }
        *out = sdk::bytes(std::string_view(of(ctx).blobs_out_.emplace_back(found->second)));
        return FL_OK;
    };
    table_.state_remove = [](void* ctx, fl_str key) -> fl_status {
        of(ctx).durable_->blobs.erase(std::string(sdk::view(key)));
        return FL_OK;
    };
    table_.dialed = [](void* ctx, fl_conn* c, fl_dialed* out) -> fl_status {
        if (!at(c).target_) {
            return FL_E_UNSUPPORTED;
        }
        std::vector<fl_str>& given = of(ctx).routes_out_;
        given.clear();
        for (const std::string& route : of(ctx).routes) {
            given.push_back(sdk::str(route));
        }
        *out = {sizeof(fl_dialed), *at(c).target_, given.data(),
                static_cast<std::uint32_t>(given.size()), 0};
        return FL_OK;
    };
    table_.ready = [](void*, fl_conn* c) { at(c).ready = true; };
}

FakeNetworkHost::~FakeNetworkHost() {
    finishAll();
    if (plugin_.destroy != nullptr) {
        plugin_.destroy(plugin_.self);
    }
}

fl_status FakeNetworkHost::create(const fl_network_factory& factory, const fl_host* host,
                                  std::string_view id, std::string_view config) {
    fl_err err = freshErr();
    plugin_ = {};
    plugin_.size = sizeof(plugin_);
    const fl_status status =
        factory.create(host, &table_, sdk::str(id), sdk::str(config), &plugin_, &err);
    error_.assign(err.text, err.len);
    if (status < 0) {
        plugin_ = {};
    }
    return status;
}

void FakeNetworkHost::adopt(std::unique_ptr<sdk::Network> network) {
    plugin_ = sdk::Network::table(std::move(network), io());
}

FakeConnection* FakeNetworkHost::open(std::string_view peer, bool secure) {
    fl_peer raw{};
    raw.size = sizeof(raw);
    raw.secure = secure ? 1U : 0U;
    raw.address = sdk::str(peer);
    return open(raw);
}

FakeConnection* FakeNetworkHost::openSecure(std::string_view peer, std::string_view psk_identity,
                                            std::string_view subject) {
    fl_peer raw{};
    raw.size = sizeof(raw);
    raw.secure = 1;
    raw.address = sdk::str(peer);
    raw.subject = sdk::str(subject);
    raw.psk_identity = sdk::str(psk_identity);
    return open(raw);
}

FakeConnection* FakeNetworkHost::open(const fl_peer& raw) {
    connections_.push_back(std::make_unique<FakeConnection>());
    FakeConnection& conn = *connections_.back();
    conn.owner_ = this;
    conn.target_ = target;
    fl_err err = freshErr();
    const fl_status status =
        plugin_.on_open(plugin_.self, reinterpret_cast<fl_conn*>(&conn), &raw, &conn.state_, &err);
    error_.assign(err.text, err.len);
    if (status < 0) {
        connections_.pop_back();
        return nullptr;
    }
    return &conn;
}

void FakeNetworkHost::finishAll(std::uint32_t reason) {
    for (const auto& conn : connections_) {
        conn->finish(reason);
    }
}

} // namespace fairlead::testkit
