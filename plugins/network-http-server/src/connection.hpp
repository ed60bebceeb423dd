// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "body.hpp"
#include "http.hpp"
#include "server.hpp"

#include <array>

namespace fairlead::http {

/// Requests of one connection that wait for their answers; more stay unread until one has left.
inline constexpr std::size_t kPipelineMax = 16;

/// One client connection: requests in, answers out in their order. Thread: that of its loop, calls
/// never overlap.
class HttpConnection final : public sdk::Connection {
public:
    HttpConnection(const HttpServer& server, sdk::Conn conn, std::string_view peer);

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override;
    void onTimer(std::uint32_t id) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;

private:
    enum class Phase : std::uint8_t { Head, Body, Draining, Closed };
    enum class Wait : std::uint8_t { Nothing, Idle, Head, Body };

    /// An answer that is owed.
    struct Owed {
        std::int16_t status = 0; // settled with this HTTP status; 0 = not yet
        std::uint8_t minor = 1;
        bool keep_alive = true;
        bool head_only = false;
        bool options = false; // answered here, with Allow
        const char* detail = nullptr;
    };

    std::size_t process(std::string_view in);
    bool readHead(std::string_view in, std::size_t& used);
    bool acceptHead(std::string_view head, std::string_view rest, std::size_t& used);
    bool readBody(std::string_view in, std::size_t& used);
    Refusal admit(const RequestHead& head) const;
    bool dispatch(const RequestHead& head, std::string_view body);
    bool hand(const RequestHead& head, std::string_view body, Owed owed);
    void sendContinue();

    void refuse(const Refusal& refusal, const RequestHead* head);
    Owed& push(const Owed& owed);
    void flush();
    void answer(const Owed& owed, const sdk::TransportView* reply);
    void write(const Owed& owed, int status, std::string_view content_type, std::string_view extra,
               std::string_view body);
    void close(std::uint32_t reason, std::string_view text);

    void expect(Wait wait);
    void updateWait(bool partial);

    const HttpServer& server_;
    sdk::Conn conn_;
    std::string peer_;
    Phase phase_ = Phase::Head;
    Wait wait_ = Wait::Nothing;
    bool continue_due_ = false; // 100 Continue waits for earlier answers
    std::size_t scanned_ = 0;   // of the head at the front of the input
    std::string head_;          // whose body is being collected
    BodyReader body_;
    std::array<Owed, kPipelineMax> owed_; // ring; token t is at t % kPipelineMax
    std::uint64_t first_ = 0;             // token of the oldest owed answer
    std::size_t count_ = 0;
    std::uint64_t deadline_ms_ = 0; // monotonic, of wait_
    std::uint64_t armed_ms_ = 0;    // when the timer fires; 0 = it does not run
    std::int64_t now_ms_ = 0;       // UTC, of the call at hand
};

} // namespace fairlead::http
