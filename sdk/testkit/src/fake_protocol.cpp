// SPDX-License-Identifier: Apache-2.0
#include "fairlead/testkit/fake_protocol.hpp"

#include <algorithm>

namespace fairlead::testkit {
namespace {

fl_err freshErr() {
    return {sizeof(fl_err), 0, 0, {}};
}

// A table member may be absent in an older plugin; the kernel then answers for it.
template <class Call>
fl_status orUnsupported(bool present, Call&& call) {
    return present ? call() : FL_E_UNSUPPORTED;
}

} // namespace

fl_session_view FakeSession::raw() const {
    fl_session_view view{};
    view.size = sizeof(view);
    view.transport = sdk::str(transport);
    view.device_id = sdk::str(device_id);
    view.product_id = sdk::str(product_id);
    view.state = sdk::bytes(std::string_view(state));
    view.ctx = const_cast<FakeSession*>(this); // the ABI has no const context
    view.config = [](void* ctx, fl_str key) -> fl_str {
        const auto& all = static_cast<const FakeSession*>(ctx)->config;
        const auto found = all.find(sdk::view(key));
        return found == all.end() ? fl_str{nullptr, 0} : sdk::str(found->second);
    };
    return view;
}

FakeProtocolSink::FakeProtocolSink() {
    table_ = {};
    table_.size = sizeof(table_);
    table_.ctx = this;
    table_.device = [](void* ctx, const fl_device_message* m) -> fl_status {
        FakeProtocolSink& self = of(ctx);
        if (self.devices.size() >= FL_PROTOCOL_MESSAGES_MAX) {
            return FL_E_LIMIT;
        }
        self.devices.emplace_back(*m);
        return self.answer;
    };
    table_.transport = [](void* ctx, const fl_transport_message* m,
                          std::uint32_t when) -> fl_status {
        of(ctx).replies.push_back({OwnedTransportMessage(*m), when});
        return of(ctx).answer;
    };
    table_.set_state = [](void* ctx, fl_bytes bytes) -> fl_status {
        if (bytes.n > FL_PROTOCOL_STATE_BYTES_MAX) {
            return FL_E_LIMIT;
        }
        of(ctx).state = sdk::text(bytes);
        of(ctx).state_set = true;
        return FL_OK;
    };
    table_.scratch = [](void* ctx, std::size_t n) { return of(ctx).scratch(n); };
    table_.close = [](void* ctx, fl_str reason) -> fl_status {
        of(ctx).closed = true;
        of(ctx).close_reason = sdk::view(reason);
        return FL_OK;
    };
}

void FakeProtocolSink::clear() {
    devices.clear();
    replies.clear();
    state.clear();
    state_set = false;
    closed = false;
    close_reason.clear();
    arena_.clear();
    arena_bytes_ = 0;
}

std::uint8_t* FakeProtocolSink::scratch(std::size_t n) {
    if (n > FL_PROTOCOL_SCRATCH_BYTES_MAX - arena_bytes_) {
        return nullptr;
    }
    arena_bytes_ += n;
    const std::size_t units = n / sizeof(std::max_align_t) + 1;
    // make_unique zeroes; max_align_t is 16-byte aligned here.
    arena_.push_back(std::make_unique<std::max_align_t[]>(units));
    return reinterpret_cast<std::uint8_t*>(arena_.back().get());
}

ProtocolHarness::ProtocolHarness(const fl_protocol_factory& factory, const fl_host* host,
                                 std::string_view id, std::string_view config) {
    fl_err err = freshErr();
    table_.size = sizeof(table_);
    status_ = factory.create(host, sdk::str(id), sdk::str(config), &table_, &err);
    error_.assign(err.text, err.len);
    if (status_ < 0) {
        table_ = {};
    }
}

ProtocolHarness::ProtocolHarness(std::unique_ptr<sdk::Protocol> protocol)
    : table_(sdk::Protocol::table(std::move(protocol))) {}

ProtocolHarness::~ProtocolHarness() {
    if (table_.destroy != nullptr) {
        table_.destroy(table_.self);
    }
}

fl_status ProtocolHarness::identify(const OwnedTransportMessage& m, std::string& device_id,
                                    std::string& product_id) {
    fl_err err = freshErr();
    fl_identity identity{sizeof(fl_identity), 0, {nullptr, 0}, {nullptr, 0}};
    const auto message = m.builder();
    const fl_status status = orUnsupported(table_.identify != nullptr, [&] {
        return table_.identify(table_.self, &message.raw(), &identity, &err);
    });
    error_.assign(err.text, err.len);
    device_id = sdk::view(identity.device_id);
    product_id = sdk::view(identity.product_id);
    return status;
}

template <class F>
ProtocolHarness::Outcome ProtocolHarness::run(FakeSession& session, F&& call) {
    FakeProtocolSink sink;
    fl_err err = freshErr();
    const fl_session_view view = session.raw();
    Outcome out;
    out.status = call(view, *sink.raw(), err);
    out.error.assign(err.text, err.len);
    if (sink.state_set && out.status >= 0) {
        session.state = sink.state;
    }
    out.devices = std::move(sink.devices);
    out.replies = std::move(sink.replies);
    out.closed = sink.closed;
    return out;
}

ProtocolHarness::Outcome ProtocolHarness::authenticate(const OwnedTransportMessage& m,
                                                       FakeSession& session) {
    const auto message = m.builder();
    return run(session, [&](const auto& view, const auto& sink, fl_err& err) {
        return orUnsupported(table_.authenticate != nullptr, [&] {
            return table_.authenticate(table_.self, &message.raw(), &view, &sink, &err);
        });
    });
}

ProtocolHarness::Outcome ProtocolHarness::decode(const OwnedTransportMessage& m,
                                                 FakeSession& session) {
    const auto message = m.builder();
    return run(session, [&](const auto& view, const auto& sink, fl_err& err) {
        return orUnsupported(table_.decode != nullptr, [&] {
            return table_.decode(table_.self, &message.raw(), &view, &sink, &err);
        });
    });
}

ProtocolHarness::Outcome ProtocolHarness::encode(const sdk::DeviceMessage& m,
                                                 FakeSession& session) {
    return run(session, [&](const auto& view, const auto& sink, fl_err& err) {
        return orUnsupported(table_.encode != nullptr, [&] {
            return table_.encode(table_.self, &m.raw(), &view, &sink, &err);
        });
    });
}

} // namespace fairlead::testkit
