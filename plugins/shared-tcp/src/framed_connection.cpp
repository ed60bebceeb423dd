// SPDX-License-Identifier: Apache-2.0
#include "framed_connection.hpp"

namespace fairlead::tcp {

namespace {

std::string_view textOf(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
Bytes bytesOf(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Would the same frame be refused again? Then the stream goes on without it; else the connection
// ends, so that the device knows that what it said is not stored.
bool permanent(fl_status status) noexcept {
    return status == FL_E_MALFORMED || status == FL_E_UNSUPPORTED || status == FL_E_NOT_FOUND ||
           status == FL_E_FORBIDDEN || status == FL_E_INVALID || status == FL_E_UNAUTHORIZED;
}

} // namespace

FramedConnection::FramedConnection(const Framing& framing, sdk::Host host, sdk::Conn conn,
                                   std::string_view peer)
    : framing_(framing), host_(host), conn_(conn), peer_(peer), last_data_ns_(host.nowNs()) {}

sdk::Status FramedConnection::onData(sdk::ByteView in, std::size_t& consumed) {
    now_ms_ = host_.utcMs();
    if (!in.empty()) {
        last_data_ns_ = host_.nowNs();
    }
    if (waiting_ && !collected_.empty()) {
        collected_.erase(0, process(bytesOf(collected_)));
        if (waiting_) {
            return FL_OK; // nothing of `in` can be taken yet
        }
    }
    if (!collected_.empty()) {
        collected_.append(textOf(in));
        consumed = in.size();
        collected_.erase(0, process(bytesOf(collected_)));
        if (collected_.empty()) {
            std::string().swap(collected_);
        }
        return FL_OK;
    }
    consumed = process(in);
    if (!waiting_ && in.size() - consumed > kCollectBytes) {
        collected_ = textOf(in.subspan(consumed));
        consumed = in.size();
    }
    return FL_OK;
}

std::size_t FramedConnection::process(Bytes in) {
    std::size_t used = 0;
    waiting_ = false;
    while (!closed_) {
        const Frame frame = cutFrame(framing_, in.subspan(used), scanned_);
        if (frame.cut == Cut::TooLong) {
            fail("frame_too_long", "longer than the component's maximum frame length",
                 FL_CLOSE_PROTOCOL);
        }
        if (frame.cut != Cut::Frame) {
            break;
        }
        // Blank lines and the like between delimiters say nothing.
        if (!frame.payload.empty() && !deliver(frame.payload)) {
            waiting_ = true;
            break;
        }
        used += frame.bytes;
    }
    return closed_ ? in.size() : used;
}

bool FramedConnection::deliver(Bytes payload) {
    fl_transport_message message{};
    message.size = sizeof(message);
    message.kind = FL_TRANSPORT_DATA;
    message.peer = sdk::str(peer_);
    message.payload = sdk::bytes(payload);
    message.attributes = attributes_.data();
    message.attribute_count = static_cast<std::uint32_t>(attributes_.size());
    message.qos = -1;
    message.received_ms = now_ms_;
    const fl_status status = conn_.deliver(message, {kFrameToken, true, {}});
    if (status == FL_E_BUSY) {
        return false;
    }
    if (status != FL_PENDING) {
        settle(status);
    }
    return true;
}

void FramedConnection::onComplete(std::uint64_t, const sdk::Completion& completion) {
    settle(completion.status);
}

void FramedConnection::settle(fl_status status) {
    if (status >= 0) {
        accepted();
        return;
    }
    if (permanent(status)) {
        conn_.report("frame_refused");
        return;
    }
    fail("store_failed", "the frame could not be stored", FL_CLOSE_LIMIT);
}

sdk::Status FramedConnection::send(const sdk::TransportView& message, std::uint64_t) {
    if (closed_) {
        return FL_E_CLOSED;
    }
    return message.payload().empty() ? sdk::Status(FL_OK)
                                     : sdk::Status(conn_.write(message.payload()));
}

void FramedConnection::fail(std::string_view what, std::string_view text, std::uint32_t reason) {
    if (closed_) {
        return;
    }
    closed_ = true;
    conn_.report(what, text);
    conn_.close(reason, text);
}

} // namespace fairlead::tcp
