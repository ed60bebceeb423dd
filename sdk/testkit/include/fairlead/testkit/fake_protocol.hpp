// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/protocol.hpp"
#include "fairlead/testkit/messages.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::testkit {

/// A device's session as the host keeps it: identity, configuration, state.
class FakeSession {
public:
    std::string transport = "MQTT";
    std::string device_id;
    std::string product_id;
    std::map<std::string, std::string, std::less<>> config;
    std::string state;

    /// View for one call; valid while this object is unchanged.
    fl_session_view raw() const;
};

/// Records what a protocol emits, as owned copies, and enforces the host's limits.
class FakeProtocolSink {
public:
    struct Reply {
        OwnedTransportMessage message;
        std::uint32_t when;
    };

    std::vector<OwnedDeviceMessage> devices;
    std::vector<Reply> replies;
    std::string state;
    bool state_set = false;
    bool closed = false;
    std::string close_reason;
    /// Answer of device() and transport(), to test refusals.
    fl_status answer = FL_OK;

    FakeProtocolSink();
    FakeProtocolSink(const FakeProtocolSink&) = delete;
    FakeProtocolSink& operator=(const FakeProtocolSink&) = delete;

    const fl_protocol_sink* raw() const { return &table_; }
    void clear();

private:
    static FakeProtocolSink& of(void* ctx) { return *static_cast<FakeProtocolSink*>(ctx); }
    std::uint8_t* scratch(std::size_t n);

    fl_protocol_sink table_;
    std::vector<std::unique_ptr<std::max_align_t[]>> arena_;
    std::size_t arena_bytes_ = 0;
};

/// Drives one instance through its C table, as the kernel does. The session's state follows what
/// the protocol sets.
class ProtocolHarness {
public:
    /// Result of one call: code, error text and what the sink got.
    struct Outcome {
        fl_status status = FL_OK;
        std::string error;
        std::vector<OwnedDeviceMessage> devices;
        std::vector<FakeProtocolSink::Reply> replies;
        bool closed = false;
    };

    /// From a factory table; `status()` tells how creation went.
    ProtocolHarness(const fl_protocol_factory& factory, const fl_host* host, std::string_view id,
                    std::string_view config = "{}");
    /// Around an existing object.
    explicit ProtocolHarness(std::unique_ptr<sdk::Protocol> protocol);
    ~ProtocolHarness();
    ProtocolHarness(const ProtocolHarness&) = delete;
    ProtocolHarness& operator=(const ProtocolHarness&) = delete;

    fl_status status() const { return status_; }
    const std::string& error() const { return error_; }

    fl_status identify(const OwnedTransportMessage& m, std::string& device_id,
                       std::string& product_id);
    Outcome authenticate(const OwnedTransportMessage& m, FakeSession& session);
    Outcome decode(const OwnedTransportMessage& m, FakeSession& session);
    Outcome encode(const sdk::DeviceMessage& m, FakeSession& session);

private:
    template <class F>
    Outcome run(FakeSession& session, F&& call);

    fl_protocol table_{};
    fl_status status_ = FL_OK;
    std::string error_;
};

} // namespace fairlead::testkit
