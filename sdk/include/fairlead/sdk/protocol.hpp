// SPDX-License-Identifier: Apache-2.0
// Protocols in C++: derive from Protocol, describe it with a ProtocolDescription, register with
// FL_PROTOCOL_PLUGIN. A class for ProtocolFactory has
//     static const sdk::ProtocolDescription& description();
//     MyProtocol(sdk::Host host, std::string_view config_json);
#pragma once

#include "fairlead/factory/protocol.h"
#include "fairlead/sdk/message.hpp"
#include "fairlead/sdk/module.hpp"

#include <array>
#include <initializer_list>
#include <memory>

FL_SDK_BEGIN

/// The session of the message at hand. Valid for the call.
class SessionView {
public:
    explicit SessionView(const fl_session_view& raw) noexcept : raw_(&raw) {}

    std::string_view transport() const noexcept { return view(raw_->transport); }
    /// Empty before authentication has named the device.
    std::string_view deviceId() const noexcept { return view(raw_->device_id); }
    std::string_view productId() const noexcept { return view(raw_->product_id); }
    ByteView state() const noexcept { return view(raw_->state); }
    /// Setting of the device, else of its product; empty when unset. May be a secret.
    std::string_view config(std::string_view key) const noexcept {
        return view(raw_->config(raw_->ctx, str(key)));
    }

private:
    const fl_session_view* raw_;
};

/// Where output goes. Valid for the call. Every function returns a status of the host, which the
/// protocol passes on when it is negative.
class ProtocolSink {
public:
    explicit ProtocolSink(const fl_protocol_sink& raw) noexcept : raw_(&raw) {}

    fl_status device(const DeviceMessage& m) noexcept { return device(m.raw()); }
    fl_status device(const fl_device_message& m) noexcept { return raw_->device(raw_->ctx, &m); }
    /// A message to the peer; `when` is FL_REPLY_NOW or FL_REPLY_AFTER_COMMIT.
    fl_status reply(const TransportBuilder& m, std::uint32_t when = FL_REPLY_NOW) noexcept {
        return raw_->transport(raw_->ctx, &m.raw(), when);
    }
    /// The same under the name that fits encode().
    fl_status transport(const TransportBuilder& m, std::uint32_t when = FL_REPLY_NOW) noexcept {
        return reply(m, when);
    }
    fl_status setState(ByteView state) noexcept { return raw_->set_state(raw_->ctx, bytes(state)); }
    /// Zeroed memory until the call ends; throws Failure(FL_E_LIMIT) above the arena's limit.
    std::span<std::uint8_t> scratch(std::size_t n) {
        std::uint8_t* p = raw_->scratch(raw_->ctx, n);
        if (p == nullptr) {
            throw Failure(FL_E_LIMIT, "the message needs more scratch memory than allowed");
        }
        return {p, n};
    }
    /// Copies text into the arena, so that it lives until the call ends.
    std::string_view keep(std::string_view s) {
        const auto room = scratch(s.size());
        std::copy(s.begin(), s.end(), room.begin());
        return text(room);
    }
    fl_status close(std::string_view reason) noexcept {
        return raw_->close(raw_->ctx, str(reason));
    }

private:
    const fl_protocol_sink* raw_;
};

/// Whose message it is; borrowed from the message or the instance until its next call.
struct Identity {
    std::string_view device_id;
    std::string_view product_id;
};

/// One protocol instance: one per I/O loop, calls never overlap. See factory/protocol.h for what
/// each call means. Exceptions are caught at the boundary.
class Protocol {
public:
    Protocol() = default;
    virtual ~Protocol() = default;
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;

    virtual Status identify(const TransportView& message, Identity& out) = 0;
    virtual Status authenticate(const TransportView& message, const SessionView& session,
                                ProtocolSink& sink) = 0;
    virtual Status decode(const TransportView& message, const SessionView& session,
                          ProtocolSink& sink) = 0;
    virtual Status encode(const DeviceView& message, const SessionView& session,
                          ProtocolSink& sink) = 0;
    virtual const void* extension(std::string_view) { return nullptr; }

    /// The C table of `instance`, which it takes over.
    static fl_protocol table(std::unique_ptr<Protocol> instance) noexcept {
        return {sizeof(fl_protocol), 0,         instance.release(), &onDestroy,  &onIdentify,
                &onAuthenticate,     &onDecode, &onEncode,          &onExtension};
    }

private:
    static Protocol& of(void* self) noexcept { return *static_cast<Protocol*>(self); }
    static void onDestroy(void* self) noexcept { delete static_cast<Protocol*>(self); }
    static fl_status onIdentify(void* self, const fl_transport_message* m, fl_identity* out,
                                fl_err* err) noexcept {
        return guard(err, [&] {
            Identity identity;
            Status status = of(self).identify(TransportView(*m), identity);
            out->device_id = str(identity.device_id);
            out->product_id = str(identity.product_id);
            return status;
        });
    }
    static fl_status onAuthenticate(void* self, const fl_transport_message* m,
                                    const fl_session_view* session, const fl_protocol_sink* sink,
                                    fl_err* err) noexcept {
        return guard(err, [&] {
            ProtocolSink out(*sink);
            return of(self).authenticate(TransportView(*m), SessionView(*session), out);
        });
    }
    static fl_status onDecode(void* self, const fl_transport_message* m,
                              const fl_session_view* session, const fl_protocol_sink* sink,
                              fl_err* err) noexcept {
        return guard(err, [&] {
            ProtocolSink out(*sink);
            return of(self).decode(TransportView(*m), SessionView(*session), out);
        });
    }
    static fl_status onEncode(void* self, const fl_device_message* m,
                              const fl_session_view* session, const fl_protocol_sink* sink,
                              fl_err* err) noexcept {
        return guard(err, [&] {
            ProtocolSink out(*sink);
            return of(self).encode(DeviceView(*m), SessionView(*session), out);
        });
    }
    static const void* onExtension(void* self, const char* id) noexcept {
        return of(self).extension(id);
    }
};

/// A topic or path, for ProtocolDescription. The texts must be static (literals).
struct Route {
    std::uint32_t direction = FL_ROUTE_UP;
    std::string_view address;
    std::string_view group;
    std::string_view description;
    std::string_view methods = {};
    std::string_view example = {};
};

/// Owns the descriptor of a protocol with all it points to. Texts are borrowed and must be static.
class ProtocolDescription {
public:
    ProtocolDescription(std::string_view id, std::string_view name, std::string_view description) {
        raw_.size = sizeof(raw_);
        raw_.id = str(id);
        raw_.name = str(name);
        raw_.description = str(description);
    }
    // A move keeps the heap arrays that raw_ points to; a copy would not.
    ProtocolDescription(ProtocolDescription&&) noexcept = default;
    ProtocolDescription(const ProtocolDescription&) = delete;
    ProtocolDescription& operator=(const ProtocolDescription&) = delete;

    /// A transport ("MQTT") with its routes, credential schema (JSON) and document (JSON of
    /// Markdown by locale).
    ProtocolDescription&& transport(std::string_view id, std::initializer_list<Route> routes,
                                    std::string_view schema = {}, std::string_view document = {}) {
        std::vector<fl_route>& list = routes_.emplace_back();
        for (const Route& r : routes) {
            list.push_back({sizeof(fl_route), r.direction, str(r.group), str(r.address),
                            str(r.methods), str(r.description), str(r.example)});
        }
        transports_.push_back({sizeof(fl_protocol_transport),
                               static_cast<std::uint32_t>(list.size()), str(id), list.data(),
                               str(schema), str(document)});
        raw_.transports = transports_.data();
        raw_.transport_count = static_cast<std::uint32_t>(transports_.size());
        return std::move(*this);
    }
    ProtocolDescription&& feature(std::string_view name) {
        features_.push_back(str(name));
        raw_.features = features_.data();
        raw_.feature_count = static_cast<std::uint32_t>(features_.size());
        return std::move(*this);
    }

    std::string_view id() const noexcept { return view(raw_.id); }
    const fl_protocol_descriptor* raw() const noexcept { return &raw_; }

private:
    fl_protocol_descriptor raw_ = {};
    std::vector<fl_protocol_transport> transports_;
    std::vector<std::vector<fl_route>> routes_;
    std::vector<fl_str> features_;
};

/// The protocol factory of a module for the classes `P`.
template <class... P>
struct ProtocolFactory : Part {
    static const fl_protocol_factory& raw() noexcept {
        static const fl_protocol_factory table = {sizeof(fl_protocol_factory), &count, &describe,
                                                  &create};
        return table;
    }
    static const void* factory(std::string_view id) noexcept {
        return id == FL_FACTORY_PROTOCOL ? &raw() : nullptr;
    }

private:
    static std::uint32_t count() noexcept { return sizeof...(P); }
    static const fl_protocol_descriptor* describe(std::uint32_t index) noexcept {
        try {
            const std::array<const fl_protocol_descriptor*, sizeof...(P)> all{
                P::description().raw()...};
            return index < all.size() ? all[index] : nullptr;
        } catch (...) {
            return nullptr; // out of memory while building; the host reports the missing entry
        }
    }
    template <class T>
    static bool make(Host host, std::string_view id, std::string_view config, fl_protocol& out) {
        if (id != T::description().id()) {
            return false;
        }
        fillTable(out, Protocol::table(std::make_unique<T>(host, config)));
        return true;
    }
    static fl_status create(const fl_host* host, fl_str id, fl_str config, fl_protocol* out,
                            fl_err* err) noexcept {
        return guard(err, [&]() -> Status {
            if ((make<P>(Host(host), view(id), view(config), *out) || ...)) {
                return {};
            }
            return Status::notFound("no protocol with the id " + std::string(view(id)));
        });
    }
};

FL_SDK_END

#define FL_PROTOCOL_PLUGIN(CLASS, ID, VERSION, NAME)                                               \
    FL_PLUGIN(ID, VERSION, NAME, fairlead::sdk::ProtocolFactory<CLASS>)
