// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loop.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::bench {

enum class Mode : std::uint8_t { Publish, Connect, Idle, Http, Command };

/// What the command line says. `usage()` explains each.
struct Options {
    Mode mode = Mode::Publish;
    Endpoint endpoint;
    unsigned clients = 100;
    unsigned first = 0; ///< number of the first client
    unsigned in_flight = 1;
    unsigned parallel = 64; ///< connections being made at a time
    int qos = 1;
    bool v5 = false;
    bool resume = false; ///< keep sessions, reconnect, send again
    double rate = 0; ///< messages per second over all clients; 0: as fast as they are acknowledged
    double warmup_s = 1;
    double duration_s = 3;
    double drain_s = 5;
    std::uint64_t count = 0; ///< messages per client; 0: as long as it lasts
    std::uint64_t first_seq = 0;
    std::size_t size = 100; ///< bytes of the default payload
    std::string client_id = "bench{i}";
    std::string auth = "none";
    std::string topic = "/bench/{id}/properties/report";
    std::string payload; ///< empty: the default, padded to `size`
    std::string path = "/bench/{id}/properties/report";
    std::string token; ///< HTTP bearer token
    std::string acked_log;
    std::string cookie;         ///< further header lines of the REST caller
    std::string property = "t"; ///< read by commands
    Endpoint rest;              ///< command mode
    std::string product = "bench";
    int server_pid = 0;
    std::string label;
};

/// Reads the arguments; prints what is wrong and ends the process with 2.
Options parseOptions(int argc, char** argv);

/// A text with {i}, {id}, {seq}, {n} and {ms} in it, taken apart once.
class Template {
public:
    explicit Template(std::string_view text);

    struct Values {
        unsigned client = 0;
        std::string_view id;
        std::uint64_t seq = 0;
        std::int64_t ms = 0;
    };

    /// Appends the text with the values put in; {n} is seq + 10,000,000: always eight digits.
    void append(std::string& out, const Values& values) const;
    std::string text(const Values& values) const;

private:
    enum class Part : std::uint8_t { Text, Client, Id, Seq, Number, Ms };
    struct Piece {
        Part part;
        std::string text;
    };
    std::vector<Piece> pieces_;
};

/// A property report of `size` bytes with two doubles, two integers and a text; its integer "n"
/// tells which message it is.
std::string defaultPayload(std::size_t size);

struct Login {
    std::string username;
    std::string password;
};

/// `none`, `plain:USER:PASSWORD` or `official:SECURE_ID:SECURE_KEY`; both parts may have {i}, {id}.
Login loginOf(const std::string& auth, const Template::Values& values);

} // namespace fairlead::bench
