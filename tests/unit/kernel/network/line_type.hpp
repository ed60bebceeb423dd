// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/factory/network.h"
#include "fairlead/network/type.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// A network type for tests: a state machine over lines whose first word says what to do.
///   put TEXT      delivers TEXT; answers "ok TOKEN STATUS" when it is done
///   wait TEXT     the same, but leaves what follows until then
///   send N        answers N bytes and a line feed
///   timer ID MS   answers "tick ID" when it fires
///   store K V, load K, drop K   the component's durable state
///   release K     gives up an exactly-once key
///   report KIND   reports a violation
///   bye           closes, then writes on (must be refused)
///   bad           is a protocol violation;   over   claims more bytes than it got
///   peer          answers what on_open learnt of the peer
///   dialed        answers the target and the routes of a client type;   ready   logs in
/// Anything else is echoed. Over datagrams the same, the lines of one at a time.
/// The configuration's text is answered to "config".
namespace fairlead::test {

/// Waits for what happens on other threads.
class Events {
public:
    void happened() {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
    }
    bool wait(const std::function<bool()>& condition,
              std::chrono::milliseconds limit = std::chrono::milliseconds(20'000)) {
        const auto deadline = std::chrono::steady_clock::now() + limit;
        // Without the lock: the condition takes locks under which happened() is called.
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) {
                return false;
            }
            // Counters of the engine change without a signal, so look again after a while.
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, std::chrono::milliseconds(5));
        }
        return true;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

struct LineFacts {
    Events events;
    std::atomic<int> instances{0};
    std::atomic<int> created{0};
    std::atomic<int> opened{0};
    std::atomic<int> closed{0};
    std::atomic<int> shutdowns{0};
    std::atomic<std::uint32_t> reason{0};
    std::atomic<int> write_after_close{0};
    std::atomic<bool> refuse_create{false};
    std::atomic<bool> refuse_open{false};
};

inline LineFacts& lineFacts() {
    static LineFacts facts;
    return facts;
}

class LineConnection {
public:
    LineConnection(const fl_network_host* io, fl_conn* conn, std::string peer,
                   const std::string* config)
        : io_(io), conn_(conn), peer_(std::move(peer)), config_(config) {}

    fl_status data(std::string_view in, std::size_t* consumed) {
        std::size_t used = 0;
        while (!waiting_) {
            const std::size_t end = in.find('\n', used);
            if (end == std::string_view::npos) {
                break;
            }
            const std::string_view line = in.substr(used, end - used);
            used = end + 1;
            if (line == "over") {
                *consumed = in.size() + 1;
                return FL_OK;
            }
            if (line == "bad") {
                return FL_E_MALFORMED;
            }
            run(line);
        }
        *consumed = used;
        return FL_OK;
    }

    void completed(std::uint64_t token, fl_status status) {
        waiting_ = false;
        answer("ok " + std::to_string(token) + " " + std::to_string(status));
    }
    void tick(std::uint32_t id) { answer("tick " + std::to_string(id)); }
    void answer(const std::string& text) { write(text + "\n"); }
    fl_status write(const std::string& text) {
        return io_->write(io_->ctx, conn_,
                          {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }

private:
    static fl_str str(std::string_view text) { return {text.data(), text.size()}; }
    static fl_bytes bytes(std::string_view text) {
        return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    }

    void put(std::string_view text) {
        fl_transport_message message{};
        message.size = sizeof(message);
        message.kind = text == "connect" ? std::uint32_t{FL_TRANSPORT_CONNECT}
                                         : std::uint32_t{FL_TRANSPORT_DATA};
        message.payload = bytes(text);
        message.qos = -1;
        const fl_delivery delivery{sizeof(fl_delivery), FL_DELIVER_DURABLE, ++token_, {}};
        const fl_status status = io_->deliver(io_->ctx, conn_, &message, &delivery);
        if (status != FL_PENDING) {
            waiting_ = false;
            answer("done " + std::to_string(token_) + " " + std::to_string(status));
        }
    }

    void run(std::string_view line) {
        const std::size_t space = line.find(' ');
        const std::string_view word = line.substr(0, space);
        const std::string_view rest =
            space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
        if (word == "put") {
            put(rest);
        } else if (word == "wait") {
            waiting_ = true;
            put(rest);
        } else if (word == "dialed") {
            answer(dialed());
        } else if (word == "ready") {
            io_->ready(io_->ctx, conn_);
        } else if (word == "send") {
            write(std::string(std::stoul(std::string(rest)), 'x') + "\n");
        } else if (word == "timer") {
            io_->set_timer(io_->ctx, conn_, static_cast<std::uint32_t>(rest[0] - '0'),
                           std::stoul(std::string(rest.substr(2))));
        } else if (word == "store" || word == "load" || word == "drop") {
            runState(word, rest);
        } else if (word == "release") {
            answer("release " + std::to_string(io_->release(io_->ctx, conn_, str(rest), ++token_)));
        } else if (word == "report") {
            io_->report(io_->ctx, conn_, str(rest), str("as asked"));
            answer("reported");
        } else if (word == "bye") {
            answer("bye");
            io_->close(io_->ctx, conn_, FL_CLOSE_LOCAL, str("as asked"));
            lineFacts().write_after_close = write("never\n");
        } else if (word == "peer") {
            answer(peer_);
        } else if (word == "config") {
            answer(*config_);
        } else {
            answer(std::string(line));
        }
    }

    std::string dialed() {
        fl_dialed found{sizeof(fl_dialed), 0, nullptr, 0, 0};
        if (io_->dialed(io_->ctx, conn_, &found) < 0) {
            return "accepted";
        }
        std::string answer = "target " + std::to_string(found.target);
        for (std::uint32_t i = 0; i < found.route_count; ++i) {
            answer += " " + std::string(found.routes[i].p, found.routes[i].n);
        }
        return answer;
    }

    void runState(std::string_view word, std::string_view rest) {
        const std::size_t space = rest.find(' ');
        const std::string_view key = rest.substr(0, space);
        if (word == "store") {
            answer("store " + std::to_string(io_->state_put(io_->ctx, str(key),
                                                            bytes(rest.substr(space + 1)))));
        } else if (word == "drop") {
            answer("drop " + std::to_string(io_->state_remove(io_->ctx, str(key))));
        } else {
            fl_bytes found{};
            const fl_status status = io_->state_get(io_->ctx, str(key), &found);
            answer("load " + std::to_string(status) + " " +
                   std::string(reinterpret_cast<const char*>(found.p), found.n));
        }
    }

    const fl_network_host* io_;
    fl_conn* conn_;
    std::string peer_;
    const std::string* config_;
    std::uint64_t token_ = 0;
    bool waiting_ = false;
};

struct LineInstance {
    const fl_network_host* io;
    std::string config;
};

inline std::string text(fl_str s) {
    return std::string(s.p == nullptr ? "" : s.p, s.n);
}

inline void lineDestroy(void* self) {
    delete static_cast<LineInstance*>(self);
    --lineFacts().instances;
    lineFacts().events.happened();
}
inline fl_status lineOpen(void* self, fl_conn* conn, const fl_peer* peer, void** state, fl_err*) {
    if (lineFacts().refuse_open) {
        return FL_E_FORBIDDEN;
    }
    auto* instance = static_cast<LineInstance*>(self);
    *state = new LineConnection(instance->io, conn,
                                std::to_string(peer->secure) + " " + text(peer->server_name) + " " +
                                    text(peer->subject) + text(peer->psk_identity),
                                &instance->config);
    ++lineFacts().opened;
    lineFacts().events.happened();
    return FL_OK;
}
inline fl_status lineData(void*, fl_conn*, void* state, fl_bytes in, std::size_t* consumed,
                          fl_err*) {
    return static_cast<LineConnection*>(state)->data({reinterpret_cast<const char*>(in.p), in.n},
                                                     consumed);
}
inline void lineTimer(void*, fl_conn*, void* state, std::uint32_t id) {
    static_cast<LineConnection*>(state)->tick(id);
}
inline void lineComplete(void*, fl_conn*, void* state, std::uint64_t token,
                         const fl_completion* completion) {
    static_cast<LineConnection*>(state)->completed(token, completion->status);
}
inline fl_status lineSend(void*, fl_conn*, void* state, const fl_transport_message* message,
                          std::uint64_t, fl_err*) {
    static_cast<LineConnection*>(state)->answer(
        "down " +
        std::string(reinterpret_cast<const char*>(message->payload.p), message->payload.n));
    return FL_OK;
}
inline void lineShutdown(void*, fl_conn*, void* state, std::uint32_t reason) {
    ++lineFacts().shutdowns;
    static_cast<LineConnection*>(state)->answer("shutdown " + std::to_string(reason));
}
inline void lineClose(void*, fl_conn*, void* state, std::uint32_t reason) {
    delete static_cast<LineConnection*>(state);
    lineFacts().reason = reason;
    ++lineFacts().closed;
    lineFacts().events.happened();
}

inline fl_status lineCreate(const fl_host*, const fl_network_host* io, fl_str, fl_str config,
                            fl_network* out, fl_err* err) {
    if (lineFacts().refuse_create) {
        const std::string_view why = "the rule is incomplete";
        std::memcpy(err->text, why.data(), why.size());
        err->len = static_cast<std::uint32_t>(why.size());
        return FL_E_INVALID;
    }
    ++lineFacts().instances;
    ++lineFacts().created;
    *out = {sizeof(fl_network),
            0,
            new LineInstance{io, text(config)},
            lineDestroy,
            lineOpen,
            lineData,
            lineTimer,
            lineComplete,
            lineSend,
            lineShutdown,
            lineClose,
            nullptr};
    return FL_OK;
}

inline constexpr std::string_view kLineSchema = R"({"type":"object","properties":{
    "greeting":{"type":"string","maxLength":16,"default":"hello"},
    "mode":{"type":"string","enum":["plain","fancy"],"default":"plain"},
    "size":{"type":"integer","minimum":1,"maximum":10,"x-visible-when":{"mode":["fancy"]},
            "x-required-when":{"mode":["fancy"]}},
    "password":{"type":"string","maxLength":64,"x-secret":true}},
    "i18n":{"en":{"/greeting":"Greeting"},"zh-CN":{"/greeting":"问候"}}})";

inline const fl_network_factory& lineFactory() {
    static const auto str = [](std::string_view t) { return fl_str{t.data(), t.size()}; };
    static const fl_network_descriptor types[] = {
        {sizeof(fl_network_descriptor), FL_NETWORK_STREAM | FL_NETWORK_TLS, str("line"),
         str("LINE"), str("line"), str("lines"), str(R"({"en":"Lines","zh-CN":"行"})"), str("{}"),
         str(kLineSchema)},
        {sizeof(fl_network_descriptor), FL_NETWORK_DATAGRAM | FL_NETWORK_DTLS, str("grams"),
         str("GRAM"), str("gram"), str("grams"), str("{}"), str("{}"), str("{}")},
        {sizeof(fl_network_descriptor), FL_NETWORK_STREAM | FL_NETWORK_CLIENT, str("dialer"),
         str("DIAL"), str("dial"), str("dials"), str("{}"), str("{}"), str("{}")},
        // What the engine does not do: datagrams that it sends first.
        {sizeof(fl_network_descriptor), FL_NETWORK_DATAGRAM | FL_NETWORK_CLIENT, str("gram-dialer"),
         str("GDIA"), str("gdial"), str("gdials"), str("{}"), str("{}"), str("{}")}};
    static const fl_network_factory factory{sizeof(fl_network_factory), [] { return 4U; },
                                            [](std::uint32_t i) { return &types[i]; }, lineCreate};
    return factory;
}

} // namespace fairlead::test
