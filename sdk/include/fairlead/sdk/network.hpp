// SPDX-License-Identifier: Apache-2.0
// Network component types in C++: derive from Network (one per component) and Connection (one per
// connection), register with FL_NETWORK_PLUGIN. A class for NetworkFactory has
//     static const sdk::NetworkDescription& description();
//     MyNetwork(sdk::Host host, sdk::NetworkIo io, std::string_view config_json);
#pragma once

#include "fairlead/factory/network.h"
#include "fairlead/sdk/message.hpp"
#include "fairlead/sdk/module.hpp"

#include <array>
#include <memory>

FL_SDK_BEGIN

/// The host's services for one component; copyable, valid until the component is destroyed.
class NetworkIo {
public:
    NetworkIo() noexcept = default;
    explicit NetworkIo(const fl_network_host* raw) noexcept : raw_(raw) {}
    const fl_network_host* raw() const noexcept { return raw_; }

    /// Durable state under a key of this component, at most 64 KiB each.
    fl_status statePut(std::string_view key, ByteView value) const noexcept {
        return raw_->state_put(raw_->ctx, str(key), bytes(value));
    }
    /// `out` is valid until the call of the host we are in returns.
    fl_status stateGet(std::string_view key, ByteView& out) const noexcept {
        fl_bytes found{};
        const fl_status status = raw_->state_get(raw_->ctx, str(key), &found);
        out = view(found);
        return status;
    }
    fl_status stateRemove(std::string_view key) const noexcept {
        return raw_->state_remove(raw_->ctx, str(key));
    }

private:
    const fl_network_host* raw_ = nullptr;
};

/// How a message is handed over, see fl_delivery.
struct Delivery {
    std::uint64_t token = 0;
    bool durable = false;
    std::string_view once_key = {};
};

/// A connection of the host; copyable, valid until onClose returns. Use it only within a call for
/// this connection.
class Conn {
public:
    Conn() noexcept = default;
    Conn(NetworkIo io, fl_conn* conn) noexcept : io_(io), conn_(conn) {}

    const NetworkIo& io() const noexcept { return io_; }
    fl_conn* raw() const noexcept { return conn_; }

    fl_status write(ByteView data) const noexcept {
        return host().write(host().ctx, conn_, bytes(data));
    }
    fl_status write(std::string_view data) const noexcept { return write(octets(data)); }
    fl_status deliver(const TransportBuilder& message, const Delivery& delivery) const noexcept {
        return deliver(message.raw(), delivery);
    }
    fl_status deliver(const fl_transport_message& message,
                      const Delivery& delivery) const noexcept {
        const fl_delivery raw{sizeof(fl_delivery),
                              delivery.durable ? std::uint32_t{FL_DELIVER_DURABLE} : 0U,
                              delivery.token, str(delivery.once_key)};
        return host().deliver(host().ctx, conn_, &message, &raw);
    }
    fl_status release(std::string_view once_key, std::uint64_t token) const noexcept {
        return host().release(host().ctx, conn_, str(once_key), token);
    }
    void sent(std::uint64_t token, fl_status status) const noexcept {
        host().sent(host().ctx, conn_, token, status);
    }
    void close(std::uint32_t reason, std::string_view why) const noexcept {
        host().close(host().ctx, conn_, reason, str(why));
    }
    /// One-shot timer 0 to FL_NETWORK_TIMERS - 1; 0 ms cancels.
    void setTimer(std::uint32_t id, std::uint64_t milliseconds) const noexcept {
        host().set_timer(host().ctx, conn_, id, milliseconds);
    }
    void report(std::string_view what, std::string_view detail = {}) const noexcept {
        host().report(host().ctx, conn_, str(what), str(detail));
    }
    std::size_t outputBytes() const noexcept { return host().output_bytes(host().ctx, conn_); }

    /// Client types: what was dialled; nothing when the host is older or it was not.
    std::optional<fl_dialed> dialed() const noexcept {
        fl_dialed out{sizeof(fl_dialed), 0, nullptr, 0, 0};
        if (!FL_HAS(io_.raw(), fl_network_host, dialed) ||
            host().dialed(host().ctx, conn_, &out) < 0) {
            return std::nullopt;
        }
        return out;
    }
    /// Client types: logged in at the peer.
    void ready() const noexcept {
        if (FL_HAS(io_.raw(), fl_network_host, ready)) {
            host().ready(host().ctx, conn_);
        }
    }

private:
    const fl_network_host& host() const noexcept { return *io_.raw(); }

    NetworkIo io_;
    fl_conn* conn_ = nullptr;
};

class PeerView {
public:
    explicit PeerView(const fl_peer& raw) noexcept : raw_(&raw) {}
    bool secure() const noexcept { return raw_->secure != 0; }
    std::string_view address() const noexcept { return view(raw_->address); }
    std::string_view serverName() const noexcept { return view(raw_->server_name); }
    std::string_view subject() const noexcept { return view(raw_->subject); }
    /// Empty without a pre-shared key, and from a server that knows of none.
    std::string_view pskIdentity() const noexcept {
        const bool known = raw_->size >= sizeof(fl_peer);
        return known ? view(raw_->psk_identity) : std::string_view{};
    }

private:
    const fl_peer* raw_;
};

/// Result of a deliver or release that was pending.
struct Completion {
    fl_status status = FL_OK;
    /// The protocol's answer, for request transports.
    std::optional<TransportView> reply;
};

/// One connection, for datagram types one peer. Calls never overlap; see factory/network.h for what
/// each call means.
class Connection {
public:
    Connection() = default;
    virtual ~Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Sets `consumed` to the bytes used; the host gives the rest again with what comes next.
    virtual Status onData(ByteView in, std::size_t& consumed) = 0;
    virtual void onTimer(std::uint32_t) {}
    virtual void onComplete(std::uint64_t, const Completion&) {}
    /// Downlink: ok, pending (sent() follows) or an error.
    virtual Status send(const TransportView&, std::uint64_t) { return FL_E_UNSUPPORTED; }
    /// Last chance to write before the host closes.
    virtual void onShutdown(std::uint32_t) {}
    /// Over; the object is destroyed when this returns.
    virtual void onClose(std::uint32_t) {}
};

/// One component; open() may run on several threads at once.
class Network {
public:
    Network() = default;
    virtual ~Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// A new connection, or null to refuse it (throw Failure to say why).
    virtual std::unique_ptr<Connection> open(Conn conn, const PeerView& peer) = 0;
    virtual const void* extension(std::string_view) { return nullptr; }

    /// The C table of `instance`, which it takes over.
    static fl_network table(std::unique_ptr<Network> instance, NetworkIo io) {
        auto self = std::make_unique<Self>(Self{std::move(instance), io});
        return {
            sizeof(fl_network), 0,           self.release(), &onDestroy,  &onOpen,  &onData,
            &onTimer,           &onComplete, &onSend,        &onShutdown, &onClose, &onExtension};
    }

private:
    struct Self {
        std::unique_ptr<Network> network;
        NetworkIo io;
    };
    static Self& of(void* self) noexcept { return *static_cast<Self*>(self); }
    static Connection& at(void* state) noexcept { return *static_cast<Connection*>(state); }

    // For calls without a result: what throws ends the connection, and counts.
    template <class F>
    static void wall(void* self, fl_conn* conn, F&& f) noexcept {
        fl_err err{sizeof(fl_err), 0, 0, {}};
        const fl_status status = guard(&err, [&]() -> Status {
            f();
            return {};
        });
        if (status < 0) {
            const Conn c(of(self).io, conn);
            c.report("plugin_exception", {err.text, err.len});
            c.close(FL_CLOSE_ERROR, "internal error");
        }
    }
    static void onDestroy(void* self) noexcept { delete static_cast<Self*>(self); }
    static fl_status onOpen(void* self, fl_conn* conn, const fl_peer* peer, void** state,
                            fl_err* err) noexcept {
        return guard(err, [&]() -> Status {
            auto opened = of(self).network->open(Conn(of(self).io, conn), PeerView(*peer));
            if (!opened) {
                return {FL_E_BUSY, "the component refused the connection"};
            }
            *state = opened.release();
            return {};
        });
    }
    static fl_status onData(void*, fl_conn*, void* state, fl_bytes in, std::size_t* consumed,
                            fl_err* err) noexcept {
        return guard(err, [&] { return at(state).onData(view(in), *consumed); });
    }
    static void onTimer(void* self, fl_conn* conn, void* state, std::uint32_t id) noexcept {
        wall(self, conn, [&] { at(state).onTimer(id); });
    }
    static void onComplete(void* self, fl_conn* conn, void* state, std::uint64_t token,
                           const fl_completion* raw) noexcept {
        wall(self, conn, [&] {
            Completion completion{raw->status, std::nullopt};
            if (raw->reply != nullptr) {
                completion.reply.emplace(*raw->reply);
            }
            at(state).onComplete(token, completion);
        });
    }
    static fl_status onSend(void*, fl_conn*, void* state, const fl_transport_message* message,
                            std::uint64_t token, fl_err* err) noexcept {
        return guard(err, [&] { return at(state).send(TransportView(*message), token); });
    }
    static void onShutdown(void* self, fl_conn* conn, void* state, std::uint32_t reason) noexcept {
        wall(self, conn, [&] { at(state).onShutdown(reason); });
    }
    static void onClose(void*, fl_conn*, void* state, std::uint32_t reason) noexcept {
        const std::unique_ptr<Connection> last(static_cast<Connection*>(state));
        (void)guard(nullptr, [&]() -> Status {
            last->onClose(reason);
            return {};
        });
    }
    static const void* onExtension(void* self, const char* id) noexcept {
        return of(self).network->extension(id);
    }
};

/// The descriptor of a type, as an aggregate of static texts.
struct NetworkDescription {
    std::string_view id;
    std::string_view transport;
    std::string_view scheme;
    std::string_view secure_scheme;
    std::string_view name;
    std::string_view description;
    std::string_view schema;
    std::uint32_t flags = FL_NETWORK_STREAM;

    fl_network_descriptor raw() const noexcept {
        return {sizeof(fl_network_descriptor),
                flags,
                str(id),
                str(transport),
                str(scheme),
                str(secure_scheme),
                str(name),
                str(description),
                str(schema)};
    }
};

/// The network factory of a module for the classes `N`.
template <class... N>
struct NetworkFactory : Part {
    static const fl_network_factory& raw() noexcept {
        static const fl_network_factory table = {sizeof(fl_network_factory), &count, &describe,
                                                 &create};
        return table;
    }
    static const void* factory(std::string_view id) noexcept {
        return id == FL_FACTORY_NETWORK ? &raw() : nullptr;
    }

private:
    static std::uint32_t count() noexcept { return sizeof...(N); }
    static const fl_network_descriptor* describe(std::uint32_t index) noexcept {
        static const std::array<fl_network_descriptor, sizeof...(N)> all{N::description().raw()...};
        return index < all.size() ? &all[index] : nullptr;
    }
    template <class T>
    static bool make(const fl_host* host, const fl_network_host* raw_io, std::string_view id,
                     std::string_view config, fl_network& out) {
        if (id != T::description().id) {
            return false;
        }
        const NetworkIo io(raw_io);
        fillTable(out, Network::table(std::make_unique<T>(Host(host), io, config), io));
        return true;
    }
    static fl_status create(const fl_host* host, const fl_network_host* io, fl_str id,
                            fl_str config, fl_network* out, fl_err* err) noexcept {
        return guard(err, [&]() -> Status {
            if ((make<N>(host, io, view(id), view(config), *out) || ...)) {
                return {};
            }
            return Status::notFound("no network type with the id " + std::string(view(id)));
        });
    }
};

FL_SDK_END

#define FL_NETWORK_PLUGIN(CLASS, ID, VERSION, NAME)                                                \
    FL_PLUGIN(ID, VERSION, NAME, fairlead::sdk::NetworkFactory<CLASS>)
