// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

namespace fairlead::http {

namespace {

constexpr std::uint32_t kTimer = 0;
constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::string_view kAllow = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n";

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> all) noexcept {
    for (const std::string_view each : all) {
        if (text == each) {
            return true;
        }
    }
    return false;
}

} // namespace

HttpConnection::HttpConnection(const HttpServer& server, sdk::Conn conn, std::string_view peer)
    : server_(server), conn_(conn), peer_(peer) {
    expect(Wait::Head); // a client that connects has something to say
}

sdk::Status HttpConnection::onData(sdk::ByteView in, std::size_t& consumed) {
    now_ms_ = server_.host().utcMs();
    consumed = process(sdk::text(in));
    updateWait(consumed < in.size() || phase_ == Phase::Body);
    return FL_OK;
}

std::size_t HttpConnection::process(std::string_view in) {
    std::size_t used = 0;
    bool more = true;
    while (more && count_ < kPipelineMax) {
        const std::string_view left = in.substr(used);
        std::size_t n = 0;
        if (phase_ == Phase::Head) {
            more = readHead(left, n);
        } else if (phase_ == Phase::Body) {
            more = readBody(left, n);
        } else {
            return in.size(); // what follows the last request is not looked at
        }
        used += n;
    }
    return phase_ == Phase::Draining || phase_ == Phase::Closed ? in.size() : used;
}

// Each of the readers below returns whether to go on with what is left.
bool HttpConnection::readHead(std::string_view in, std::size_t& used) {
    if (scanned_ == 0 && in.substr(0, 2) == "\r\n") {
        used = 2; // empty lines in front of a request, RFC 9112 section 2.2
        return true;
    }
    std::size_t bytes = 0;
    if (const Refusal refusal = findHead(in, server_.settings().head, scanned_, bytes)) {
        refuse(refusal, nullptr);
        return false;
    }
    if (bytes == 0) {
        return false;
    }
    scanned_ = 0;
    return acceptHead(in.substr(0, bytes), in.substr(bytes), used);
}

bool HttpConnection::acceptHead(std::string_view text, std::string_view rest, std::size_t& used) {
    RequestHead head;
    Refusal refusal = parseHead(text, server_.settings().head, head);
    if (!refusal) {
        refusal = admit(head);
    }
    if (refusal) {
        refuse(refusal, &head);
        return false;
    }
    if (!head.chunked && head.content_length <= rest.size()) {
        const auto length = static_cast<std::size_t>(head.content_length);
        if (!dispatch(head, rest.substr(0, length))) {
            return false; // no room in the store: the request stays where it is
        }
        used = text.size() + length;
        return true;
    }
    if (head.chunked) {
        body_.startChunked(server_.settings().max_body);
    } else {
        body_.startLength(head.content_length);
    }
    head_ = text;
    used = text.size();
    phase_ = Phase::Body;
    continue_due_ = head.expect_continue && rest.empty();
    sendContinue();
    return true;
}

bool HttpConnection::readBody(std::string_view in, std::size_t& used) {
    continue_due_ = continue_due_ && in.empty();
    if (const Refusal refusal = body_.feed(in, used)) {
        refuse(refusal, nullptr);
        return false;
    }
    if (!body_.complete()) {
        return false;
    }
    RequestHead head;
    (void)parseHead(head_, server_.settings().head, head); // it was accepted before
    if (!dispatch(head, body_.data())) {
        return false;
    }
    body_.clear();
    std::string().swap(head_);
    if (phase_ == Phase::Body) {
        phase_ = Phase::Head;
    }
    return true;
}

Refusal HttpConnection::admit(const RequestHead& head) const {
    if (isOneOf(head.method, {"CONNECT", "TRACE"})) {
        return {405, "this method is not allowed"};
    }
    if (!isOneOf(head.method, {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})) {
        return {501, "this method is not known"};
    }
    if (head.has_length && head.content_length > server_.settings().max_body) {
        return {413, "the body is larger than the component allows"};
    }
    return {};
}

// Hands a whole request over, or answers it. False when the store has no room for it.
bool HttpConnection::dispatch(const RequestHead& head, std::string_view body) {
    Owed owed;
    owed.minor = static_cast<std::uint8_t>(head.minor);
    owed.keep_alive = head.keep_alive;
    owed.head_only = head.method == "HEAD";
    if (head.method == "OPTIONS") {
        owed.options = true;
        owed.status = 204;
        push(owed);
        flush();
        return true;
    }
    return hand(head, body, owed);
}

bool HttpConnection::hand(const RequestHead& head, std::string_view body, Owed owed) {
    RequestMessage request;
    if (const Refusal refusal = request.build(head)) {
        refuse(refusal, &head);
        return true;
    }
    fl_transport_message message = request.message();
    message.peer = sdk::str(peer_);
    message.payload = sdk::bytes(body);
    message.received_ms = now_ms_;
    const fl_status status = conn_.deliver(message, {first_ + count_, true, {}});
    if (status == FL_E_BUSY) {
        return false;
    }
    if (status != FL_PENDING) {
        owed.status = static_cast<std::int16_t>(httpStatus(status));
    }
    push(owed);
    flush();
    return true;
}

void HttpConnection::sendContinue() {
    if (continue_due_ && count_ == 0) {
        continue_due_ = false;
        (void)conn_.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
}

// The answer to what cannot be served; it is the last one, for where the next request begins is
// not known for sure.
void HttpConnection::refuse(const Refusal& refusal, const RequestHead* head) {
    conn_.report("bad_request", refusal.text);
    Owed owed;
    owed.status = static_cast<std::int16_t>(refusal.status);
    owed.detail = refusal.text;
    owed.keep_alive = false;
    owed.head_only = head != nullptr && head->method == "HEAD";
    push(owed);
    phase_ = Phase::Draining;
    flush();
}

HttpConnection::Owed& HttpConnection::push(const Owed& owed) {
    if (!owed.keep_alive && phase_ != Phase::Closed) {
        phase_ = Phase::Draining;
    }
    return owed_[(first_ + count_++) % kPipelineMax] = owed;
}

void HttpConnection::onComplete(std::uint64_t token, const sdk::Completion& completion) {
    now_ms_ = server_.host().utcMs();
    if (token < first_ || token - first_ >= count_ || phase_ == Phase::Closed) {
        return;
    }
    Owed& owed = owed_[token % kPipelineMax];
    owed.status = static_cast<std::int16_t>(httpStatus(completion.status));
    if (token == first_ && completion.reply) {
        const sdk::TransportView& reply = *completion.reply;
        if (reply.code() >= 200 && reply.code() <= 599) {
            owed.status = static_cast<std::int16_t>(reply.code());
        }
        answer(owed, &reply);
    }
    flush();
    updateWait(phase_ == Phase::Body);
}

void HttpConnection::flush() {
    while (count_ > 0 && phase_ != Phase::Closed && owed_[first_ % kPipelineMax].status != 0) {
        answer(owed_[first_ % kPipelineMax], nullptr);
    }
    sendContinue();
}

// Writes the oldest answer and forgets it.
void HttpConnection::answer(const Owed& owed, const sdk::TransportView* reply) {
    if (reply != nullptr) {
        std::string extra;
        for (const fl_attribute& a : reply->attributes()) {
            constexpr std::string_view kPrefix = "header.";
            const std::string_view name = sdk::view(a.name);
            if (name.substr(0, kPrefix.size()) == kPrefix &&
                !appendHeader(extra, name.substr(kPrefix.size()), sdk::view(a.value))) {
                conn_.report("invalid_reply_header", name);
            }
        }
        const bool clean = isFieldText(reply->contentType());
        write(owed, owed.status, clean ? reply->contentType() : std::string_view(), extra,
              reply->text());
    } else if (owed.status < 300) {
        write(owed, owed.status, {}, owed.options ? kAllow : std::string_view(), {});
    } else {
        const std::string_view extra = owed.status == 401   ? "WWW-Authenticate: Bearer\r\n"
                                       : owed.status == 405 ? kAllow
                                       : owed.status == 429 || owed.status == 503
                                           ? "Retry-After: 1\r\n"
                                           : "";
        const std::string_view detail =
            owed.detail != nullptr ? std::string_view(owed.detail) : problemText(owed.status);
        write(owed, owed.status, "application/problem+json", extra,
              problemBody(owed.status, detail));
    }
    const bool last = !owed.keep_alive;
    ++first_;
    --count_;
    if (last) {
        close(FL_CLOSE_LOCAL, {});
    }
}

void HttpConnection::write(const Owed& owed, int status, std::string_view content_type,
                           std::string_view extra, std::string_view body) {
    const ResponseFrame frame{owed.minor, owed.keep_alive, now_ms_, server_.settings().headers};
    (void)conn_.write(responseHead(frame, status, content_type, extra, body.size()));
    if (!body.empty() && !owed.head_only && !bodiless(status)) {
        (void)conn_.write(body);
    }
}

void HttpConnection::close(std::uint32_t reason, std::string_view text) {
    if (phase_ != Phase::Closed) {
        phase_ = Phase::Closed;
        conn_.close(reason, text);
    }
}

// Decides what the client owes us now. A running wait of the same kind goes on.
void HttpConnection::updateWait(bool partial) {
    if (phase_ == Phase::Body && !body_.complete()) {
        expect(Wait::Body);
    } else if (phase_ == Phase::Head && partial && count_ == 0) {
        expect(Wait::Head);
    } else if (phase_ == Phase::Head && count_ == 0) {
        wait_ = Wait::Nothing; // the idle time starts anew
        expect(Wait::Idle);
    } else {
        wait_ = Wait::Nothing;
    }
}

void HttpConnection::expect(Wait wait) {
    if (wait == wait_) {
        return;
    }
    const Settings& s = server_.settings();
    wait_ = wait;
    const std::uint64_t now = server_.host().nowNs() / kNsPerMs;
    deadline_ms_ = now + (wait == Wait::Head   ? s.head_timeout_ms
                          : wait == Wait::Body ? s.body_timeout_ms
                                               : s.idle_timeout_ms);
    // The timer is not moved back: when it fires too early, it is set again.
    if (armed_ms_ == 0 || deadline_ms_ < armed_ms_) {
        armed_ms_ = deadline_ms_;
        conn_.setTimer(kTimer, deadline_ms_ - now);
    }
}

void HttpConnection::onTimer(std::uint32_t) {
    armed_ms_ = 0;
    now_ms_ = server_.host().utcMs();
    if (phase_ == Phase::Closed || wait_ == Wait::Nothing) {
        return;
    }
    const std::uint64_t now = server_.host().nowNs() / kNsPerMs;
    if (now < deadline_ms_) {
        armed_ms_ = deadline_ms_;
        conn_.setTimer(kTimer, deadline_ms_ - now);
        return;
    }
    if (wait_ == Wait::Idle) {
        close(FL_CLOSE_TIMEOUT, "idle");
        return;
    }
    refuse({408, "the request did not arrive in time"}, nullptr);
}

} // namespace fairlead::http
