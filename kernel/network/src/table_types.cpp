// SPDX-License-Identifier: Apache-2.0
#include "fairlead/factory/network.h"
#include "fairlead/network/type.hpp"
#include "owned_message.hpp"
#include "type_description.hpp"

#include <cstring>
#include <utility>

// Types straight from a C table: no pin, no generations, because nothing is ever unloaded.

namespace fairlead::network {

namespace {

class TableInstance final : public Instance {
public:
    TableInstance(std::shared_ptr<const fl_network_host> io) : io_(std::move(io)) {}
    ~TableInstance() override {
        if (FL_HAS(&table_, fl_network, destroy)) {
            table_.destroy(table_.self);
        }
    }

    fl_network& table() { return table_; }

    std::int32_t onOpen(fl_conn* conn, const Peer& peer, InstanceState& state,
                        fl_err& error) override {
        const fl_peer raw{sizeof(fl_peer),         peer.secure ? 1U : 0U, strOf(peer.address),
                          strOf(peer.server_name), strOf(peer.subject),   strOf(peer.psk_identity)};
        void* made = nullptr;
        const fl_status status = table_.on_open(table_.self, conn, &raw, &made, &error);
        std::memcpy(state.bytes, &made, sizeof(made));
        return status;
    }
    std::int32_t onData(fl_conn* conn, InstanceState& state, fl_bytes in, std::size_t& consumed,
                        fl_err& error) override {
        return table_.on_data(table_.self, conn, of(state), in, &consumed, &error);
    }
    void onTimer(fl_conn* conn, InstanceState& state, std::uint32_t id) override {
        table_.on_timer(table_.self, conn, of(state), id);
    }
    void onComplete(fl_conn* conn, InstanceState& state, std::uint64_t token, std::int32_t status,
                    const fl_transport_message* reply) override {
        const fl_completion completion{sizeof(fl_completion), status, reply};
        table_.on_complete(table_.self, conn, of(state), token, &completion);
    }
    std::int32_t send(fl_conn* conn, InstanceState& state, const fl_transport_message& message,
                      std::uint64_t token, fl_err& error) override {
        return table_.send(table_.self, conn, of(state), &message, token, &error);
    }
    void onShutdown(fl_conn* conn, InstanceState& state, std::uint32_t reason) override {
        table_.on_shutdown(table_.self, conn, of(state), reason);
    }
    void onClose(fl_conn* conn, InstanceState& state, std::uint32_t reason) override {
        table_.on_close(table_.self, conn, of(state), reason);
    }

private:
    static void* of(const InstanceState& state) noexcept {
        void* made = nullptr;
        std::memcpy(&made, state.bytes, sizeof(made));
        return made;
    }

    std::shared_ptr<const fl_network_host> io_;
    fl_network table_{};
};

class TableType final : public NetworkType {
public:
    TableType(const fl_network_factory& factory, TypeDescription description)
        : factory_(factory), description_(std::move(description)) {}

    const TypeDescription& description() const noexcept override { return description_; }

    base::Result<std::shared_ptr<Instance>> create(std::shared_ptr<const fl_network_host> io,
                                                   const std::string&,
                                                   const std::string& configuration) override {
        const fl_network_host* const raw = io.get();
        auto made = std::make_shared<TableInstance>(std::move(io));
        fl_err error{};
        error.size = sizeof(error);
        made->table().size = sizeof(fl_network);
        const fl_status status = factory_.create(nullptr, raw, strOf(description_.id),
                                                 strOf(configuration), &made->table(), &error);
        if (status < 0) {
            made->table().size = 0; // nothing to destroy
            return base::Error(base::Errc::Failed, std::string(error.text, error.len));
        }
        return std::shared_ptr<Instance>(std::move(made));
    }

private:
    const fl_network_factory& factory_;
    TypeDescription description_;
};

class TableTypes final : public NetworkTypes {
public:
    explicit TableTypes(const fl_network_factory& factory) {
        for (std::uint32_t i = 0; i < factory.count(); ++i) {
            const fl_network_descriptor* d = factory.describe(i);
            TypeDescription description = describeFlags(d->flags);
            description.id = viewOf(d->id);
            description.transport = viewOf(d->transport);
            description.scheme = viewOf(d->scheme);
            description.secure_scheme = viewOf(d->secure_scheme);
            description.name = viewOf(d->name);
            description.description = viewOf(d->description);
            description.schema = viewOf(d->schema);
            types_.push_back(std::make_shared<TableType>(factory, std::move(description)));
        }
    }

    std::vector<std::shared_ptr<NetworkType>> list() override { return types_; }
    std::shared_ptr<NetworkType> find(std::string_view id) override {
        for (const auto& type : types_) {
            if (type->description().id == id) {
                return type;
            }
        }
        return nullptr;
    }

private:
    std::vector<std::shared_ptr<NetworkType>> types_;
};

} // namespace

TypeDescription describeFlags(std::uint32_t flags) {
    TypeDescription description;
    description.stream = (flags & FL_NETWORK_STREAM) != 0;
    description.datagram = (flags & FL_NETWORK_DATAGRAM) != 0;
    description.client = (flags & FL_NETWORK_CLIENT) != 0;
    description.tls = (flags & FL_NETWORK_TLS) != 0;
    description.dtls = (flags & FL_NETWORK_DTLS) != 0;
    description.shareable = (flags & FL_NETWORK_SHARED) != 0;
    description.connect = (flags & FL_NETWORK_CONNECT) != 0;
    description.relay = (flags & FL_NETWORK_RELAY) != 0;
    return description;
}

std::unique_ptr<NetworkTypes> typesOfTable(const fl_network_factory& factory) {
    return std::make_unique<TableTypes>(factory);
}

} // namespace fairlead::network
