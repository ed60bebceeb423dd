// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "handshake.hpp"
#include "reader.hpp"
#include "server.hpp"

#include <memory>
#include <string>

namespace fairlead::websocket {

/// One client: its opening request becomes a CONNECT, each of its messages a durable DATA.
/// Thread: that of its loop, calls never overlap.
class WebSocketConnection final : public sdk::Connection {
public:
    WebSocketConnection(const WebSocketServer& server, sdk::Conn conn, std::string_view peer);

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override;
    void onTimer(std::uint32_t id) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;
    sdk::Status send(const sdk::TransportView& message, std::uint64_t token) override;
    void onShutdown(std::uint32_t reason) override;

private:
    // Request: the head is awaited. Connecting: the server decides. Closing: our Close is out, the
    // peer's is awaited. Closed: the host was asked to close.
    enum class Phase : std::uint8_t { Request, Connecting, Open, Closing, Closed };

    // opening.cpp
    std::size_t readRequest(std::string_view in);
    sdk::http::Refusal accept(std::string_view head);
    sdk::http::Refusal connect(const sdk::http::RequestHead& head);
    void refuse(int status, std::string_view detail, const sdk::TransportView* reply);
    void connected(const sdk::Completion& completion);

    // messages
    std::size_t readFrames(std::string_view in);
    bool handle(const Event& event);
    bool deliver(const Event& event);
    void refused(fl_status status);
    sdk::Status write(const sdk::TransportView& message);
    sdk::Status writeMessage(Opcode opcode, std::string_view payload);
    sdk::Status writeFrame(Opcode opcode, bool compressed, std::string_view payload);

    // the end
    void takeClose(const Event& event);
    void writeClose(std::uint16_t code, std::string_view reason);
    void fail(const Event& event);
    void beginClose(std::uint16_t code, std::string_view reason, std::uint32_t why);
    void close(std::uint32_t reason, std::string_view text);

    // keep-alive
    std::uint64_t nowMs() const noexcept;
    void watch(std::uint64_t now);
    void checkAlive();
    std::uint64_t checkIdle(std::uint64_t now);
    std::uint64_t checkPing(std::uint64_t now);
    void releaseMemory() noexcept;

    const Settings& settings() const noexcept { return server_.settings(); }

    const WebSocketServer& server_;
    sdk::Conn conn_;
    Phase phase_ = Phase::Request;
    bool held_ = false;           // the reader's message waits for room in the store
    bool held_text_ = false;      // and is one
    std::uint8_t closing_as_ = 0; // FL_CLOSE_… of a close that we began
    std::uint32_t pending_ = 0;   // deliveries that are not completed
    std::size_t scanned_ = 0;     // of the head at the front of the input
    std::uint64_t next_token_ = 1;
    std::uint64_t heard_ms_ = 0;   // monotonic: last bytes of the peer
    std::uint64_t message_ms_ = 0; // last message either way
    std::uint64_t pinged_ms_ = 0;  // 0: no ping is out
    std::string peer_;
    std::string path_;
    std::string answer_; // the 101 that leaves when the server agrees
    MessageReader reader_;
    CompressionTerms terms_;
    std::unique_ptr<Deflater> deflater_;
    std::string packed_; // a downlink, compressed
};

} // namespace fairlead::websocket
