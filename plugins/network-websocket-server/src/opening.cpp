// SPDX-License-Identifier: Apache-2.0
// The first part of a connection's life: from its first byte to the 101.
#include "connection.hpp"

#include "timers.hpp"

#include "fairlead/sdk/http/message.hpp"

namespace fairlead::websocket {

namespace http = sdk::http;
using http::Refusal;

namespace {

constexpr std::uint64_t kConnectToken = 0;

} // namespace

std::size_t WebSocketConnection::readRequest(std::string_view in) {
    std::size_t bytes = 0;
    Refusal refusal = http::findHead(in, settings().head, scanned_, bytes);
    if (!refusal && bytes == 0) {
        return 0;
    }
    if (!refusal) {
        refusal = accept(in.substr(0, bytes));
    }
    if (refusal) {
        conn_.report("bad_handshake", refusal.text);
        refuse(refusal.status, refusal.text, nullptr);
        return in.size();
    }
    return phase_ == Phase::Request ? 0 : bytes; // no room in the store: the request stays
}

Refusal WebSocketConnection::accept(std::string_view text) {
    http::RequestHead head;
    if (const Refusal refusal = http::parseHead(text, settings().head, head)) {
        return refusal;
    }
    Upgrade upgrade;
    if (const Refusal refusal = readUpgrade(head, settings(), upgrade)) {
        return refusal;
    }
    http::RequestMessage request;
    if (const Refusal refusal = request.build(head)) {
        return refusal;
    }
    fl_transport_message message = request.message();
    const std::string_view path = sdk::view(message.address);
    if (!pathAllowed(settings(), path)) {
        return {404, "there is no WebSocket at this path"};
    }
    if (!upgrade.subprotocol.empty()) {
        request.attribute("subprotocol", upgrade.subprotocol);
        message = request.message();
    }
    message.kind = FL_TRANSPORT_CONNECT;
    message.peer = sdk::str(peer_);
    message.received_ms = server_.host().utcMs();
    const fl_status status = conn_.deliver(message, {kConnectToken, false, {}});
    if (status == FL_E_BUSY) {
        scanned_ = 0;
        return {};
    }
    path_ = path;
    answer_ = upgradeAnswer(upgrade);
    terms_ = upgrade.compression;
    phase_ = Phase::Connecting;
    conn_.setTimer(timer::kDeadline, 0); // the server decides in its own time
    if (status < 0) {
        connected({status, std::nullopt});
    }
    return {};
}

void WebSocketConnection::connected(const sdk::Completion& completion) {
    if (phase_ != Phase::Connecting) {
        return;
    }
    if (completion.status < 0) {
        const sdk::TransportView* reply = completion.reply ? &*completion.reply : nullptr;
        const bool own = reply != nullptr && reply->code() >= 400 && reply->code() <= 599;
        const int status = own ? reply->code() : http::httpStatus(completion.status);
        refuse(status, http::problemText(status), reply);
        return;
    }
    if (conn_.write(answer_) < 0) {
        return; // the host closes
    }
    std::string().swap(answer_);
    phase_ = Phase::Open;
    reader_.use(terms_);
    watch(nowMs());
}

// The protocol's own answer where it gave one.
void WebSocketConnection::refuse(int status, std::string_view detail,
                                 const sdk::TransportView* reply) {
    std::string extra(refusalHeaders(status));
    std::string body;
    std::string_view type = "application/problem+json";
    if (reply != nullptr && http::isFieldText(reply->contentType())) {
        body = reply->text();
        type = reply->contentType();
    } else {
        body = http::problemBody(status, detail);
    }
    const http::ResponseFrame frame{1, false, server_.host().utcMs(), {}};
    (void)conn_.write(http::responseHead(frame, status, type, extra, body.size()));
    (void)conn_.write(body);
    const bool unauthorized = status == 401 || status == 403 || status == 404;
    close(unauthorized ? FL_CLOSE_UNAUTHORIZED : FL_CLOSE_LOCAL, detail);
}

} // namespace fairlead::websocket
