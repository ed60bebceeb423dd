// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "clock.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>

namespace fairlead::bench {
namespace {

constexpr const char* kUsage = R"(fairlead-bench-mqtt --mode MODE [--option value]…

Modes
  publish    messages per second and time to acknowledgement (default)
  connect    log-ins per second and time to CONNACK
  idle       hold connections; resident bytes of the server per connection
  http       POST over kept-alive connections
  command    property reads: REST call → device → answer

Server
  --host ADDRESS  --port N     where to (127.0.0.1:1883); loopback sources 127.0.0.2 to 17 in turns
  --spread no                  let the kernel choose the source address
  --server-pid N               report CPU per message and resident bytes of this process
  --rest-port N                command mode: port of the REST API
  --label TEXT                 copied into the result

Clients
  --clients N  --first N       how many, and the number {i} of the first (100, 0)
  --client-id T                template with {i} (bench{i})
  --auth none | plain:U:P | official:ID:KEY    templates with {i}, {id}
  --topic T  --path T          templates with {i}, {id}
  --token TEXT                 HTTP, REST: bearer token; template with {i}, {id}
  --product ID  --property ID  command mode
  --version 4|5                MQTT 3.1.1 (4) or 5
  --parallel N                 connections being made at a time (64)

Load
  --qos 0|1|2  --in-flight N   unacknowledged messages per client (1, 1)
  --rate N                     messages per second, open loop; without: as fast as acknowledged
  --warmup S --duration S --drain S            (1, 3, 5)
  --count N                    messages per client instead of a duration
  --first-seq N                number of each client's first message (0)
  --size N                     bytes of the default payload (100)
  --payload T                  template with {i}, {id}, {seq}, {n}, {ms}
  --resume yes                 keep the session; reconnect and send again what is not acknowledged
  --acked-log FILE             one JSON line per client: what was sent, acknowledged, sent again

The result is one JSON object on the standard output. SIGTERM ends the load and drains.
)";

[[noreturn]] void refuse(const std::string& why) {
    std::fprintf(stderr, "%s\n\n%s", why.c_str(), kUsage);
    std::exit(2);
}

double number(const std::string& key, const std::string& text, double low, double high) {
    char* end = nullptr;
    const double v = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(v >= low && v <= high)) {
        refuse(key + ": not a number in its range: " + text);
    }
    return v;
}

bool flag(const std::string& key, const std::string& text) {
    if (text != "yes" && text != "no") {
        refuse(key + ": yes or no, not " + text);
    }
    return text == "yes";
}

Mode modeOf(const std::string& text) {
    const std::map<std::string, Mode> all = {{"publish", Mode::Publish},
                                             {"connect", Mode::Connect},
                                             {"idle", Mode::Idle},
                                             {"http", Mode::Http},
                                             {"command", Mode::Command}};
    const auto found = all.find(text);
    if (found == all.end()) {
        refuse("no such mode: " + text);
    }
    return found->second;
}

using Setters = std::map<std::string, std::function<void(const std::string&)>>;

template <class T>
std::function<void(const std::string&)> set(T& member, const char* key, double low, double high) {
    return [&member, key, low, high](const std::string& text) {
        member = static_cast<T>(number(key, text, low, high));
    };
}

std::function<void(const std::string&)> set(std::string& member) {
    return [&member](const std::string& text) { member = text; };
}

void addLoad(Setters& out, Options& o) {
    out["--qos"] = set(o.qos, "--qos", 0, 2);
    out["--in-flight"] = set(o.in_flight, "--in-flight", 1, 65535);
    out["--rate"] = set(o.rate, "--rate", 0, 1e8);
    out["--warmup"] = set(o.warmup_s, "--warmup", 0, 3600);
    out["--duration"] = set(o.duration_s, "--duration", 0, 86400);
    out["--drain"] = set(o.drain_s, "--drain", 0, 600);
    out["--count"] = set(o.count, "--count", 0, 1e12);
    out["--first-seq"] = set(o.first_seq, "--first-seq", 0, 1e12);
    out["--size"] = set(o.size, "--size", 96, 1 << 20);
    out["--payload"] = set(o.payload);
    out["--resume"] = [&o](const std::string& text) { o.resume = flag("--resume", text); };
    out["--acked-log"] = set(o.acked_log);
}

Setters setters(Options& o) {
    Setters out;
    out["--mode"] = [&o](const std::string& text) { o.mode = modeOf(text); };
    out["--host"] = set(o.endpoint.host);
    out["--port"] = set(o.endpoint.port, "--port", 1, 65535);
    out["--spread"] = [&o](const std::string& text) { o.endpoint.spread = flag("--spread", text); };
    out["--server-pid"] = set(o.server_pid, "--server-pid", 0, 1e9);
    out["--rest-port"] = set(o.rest.port, "--rest-port", 1, 65535);
    out["--label"] = set(o.label);
    out["--clients"] = set(o.clients, "--clients", 1, 20000);
    out["--first"] = set(o.first, "--first", 0, 1e8);
    out["--client-id"] = set(o.client_id);
    out["--auth"] = set(o.auth);
    out["--topic"] = set(o.topic);
    out["--path"] = set(o.path);
    out["--token"] = set(o.token);
    out["--product"] = set(o.product);
    out["--property"] = set(o.property);
    out["--version"] = [&o](const std::string& text) {
        o.v5 = number("--version", text, 4, 5) > 4;
    };
    out["--parallel"] = set(o.parallel, "--parallel", 1, 20000);
    addLoad(out, o);
    return out;
}

std::string md5Hex(const std::string& text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(text.data(), text.size(), digest, &n, EVP_md5(), nullptr) != 1) {
        refuse("MD5 is not available in this OpenSSL");
    }
    std::string out;
    for (unsigned i = 0; i < n; ++i) {
        out += "0123456789abcdef"[digest[i] >> 4];
        out += "0123456789abcdef"[digest[i] & 15];
    }
    return out;
}

void appendNumber(std::string& out, std::uint64_t v) {
    char room[24];
    const auto end = std::to_chars(room, room + sizeof room, v);
    out.append(room, static_cast<std::size_t>(end.ptr - room));
}

} // namespace

Options parseOptions(int argc, char** argv) {
    Options out;
    Setters all = setters(out);
    for (int i = 1; i < argc; i += 2) {
        const std::string key = argv[i];
        if (key == "--help") {
            std::fputs(kUsage, stdout);
            std::exit(0);
        }
        const auto found = all.find(key);
        if (found == all.end() || i + 1 >= argc) {
            refuse(found == all.end() ? "no such option: " + key : key + " has no value");
        }
        found->second(argv[i + 1]);
    }
    out.rest.spread = false;
    return out;
}

Template::Template(std::string_view text) {
    const std::pair<std::string_view, Part> names[] = {{"{i}", Part::Client},
                                                       {"{id}", Part::Id},
                                                       {"{seq}", Part::Seq},
                                                       {"{n}", Part::Number},
                                                       {"{ms}", Part::Ms}};
    std::string plain;
    while (!text.empty()) {
        bool found = false;
        for (const auto& [name, part] : names) {
            if (text.substr(0, name.size()) == name) {
                pieces_.push_back({Part::Text, plain});
                pieces_.push_back({part, {}});
                plain.clear();
                text.remove_prefix(name.size());
                found = true;
                break;
            }
        }
        if (!found) {
            plain += text.front();
            text.remove_prefix(1);
        }
    }
    pieces_.push_back({Part::Text, plain});
}

void Template::append(std::string& out, const Values& values) const {
    constexpr std::uint64_t kNumberBase = 10'000'000;
    for (const Piece& piece : pieces_) {
        switch (piece.part) {
        case Part::Text:
            out += piece.text;
            break;
        case Part::Client:
            appendNumber(out, values.client);
            break;
        case Part::Id:
            out += values.id;
            break;
        case Part::Seq:
            appendNumber(out, values.seq);
            break;
        case Part::Number:
            appendNumber(out, kNumberBase + values.seq);
            break;
        case Part::Ms:
            appendNumber(out, static_cast<std::uint64_t>(values.ms));
            break;
        }
    }
}

std::string Template::text(const Values& values) const {
    std::string out;
    append(out, values);
    return out;
}

std::string defaultPayload(std::size_t size) {
    // {ms} stands for 13 digits and {n} for 8 once they are put in.
    const std::string head =
        R"({"timestamp":{ms},"properties":{"n":{n},"t":23.51,"h":48.25,"k":7,"s":")";
    const std::string tail = "\"}}";
    const std::size_t expanded = head.size() + tail.size() - 4 + 13 - 3 + 8;
    return head + std::string(size > expanded ? size - expanded : 0, 'x') + tail;
}

Login loginOf(const std::string& auth, const Template::Values& values) {
    if (auth == "none") {
        return {};
    }
    const std::size_t first = auth.find(':');
    const std::size_t second = first == std::string::npos ? first : auth.find(':', first + 1);
    if (second == std::string::npos) {
        refuse("--auth: none, plain:USER:PASSWORD or official:ID:KEY, not " + auth);
    }
    const std::string kind = auth.substr(0, first);
    const std::string name = Template(auth.substr(first + 1, second - first - 1)).text(values);
    const std::string key = Template(auth.substr(second + 1)).text(values);
    if (kind == "plain") {
        return {name, key};
    }
    if (kind != "official") {
        refuse("--auth: unknown kind " + kind);
    }
    const std::string username = name + "|" + std::to_string(utcMs());
    return {username, md5Hex(username + "|" + key)};
}

} // namespace fairlead::bench
