// SPDX-License-Identifier: Apache-2.0
#include "http_client.hpp"

#include <sys/epoll.h>

#include <cstdlib>

namespace fairlead::bench {
namespace {

// Value of a header in a head whose lines end with CRLF; empty when there is none.
std::string_view headerOf(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        if (line.size() <= name.size() || line[name.size()] != ':') {
            continue;
        }
        bool same = true;
        for (std::size_t i = 0; i < name.size(); ++i) {
            same = same && (line[i] | 0x20) == (name[i] | 0x20);
        }
        if (same) {
            line.remove_prefix(name.size() + 1);
            const std::size_t first = line.find_first_not_of(' ');
            return first == std::string_view::npos ? std::string_view() : line.substr(first);
        }
    }
    return {};
}

} // namespace

HttpClient::HttpClient(Context& context, const Endpoint& endpoint, unsigned number)
    : context_(context), number_(number), endpoint_(endpoint), stream_(context.loop, this) {}

void HttpClient::post(std::string_view path, std::string_view headers, std::string_view body) {
    busy_ = true;
    const bool fresh = !stream_.isOpen();
    if (fresh && !stream_.connect(endpoint_, number_)) {
        broken("connect");
        return;
    }
    std::string& out = stream_.out();
    out += "POST ";
    out += path;
    out += " HTTP/1.1\r\nHost: ";
    out += endpoint_.host;
    out += "\r\nContent-Type: application/json\r\n";
    out += headers;
    out += "Content-Length: ";
    out += std::to_string(body.size());
    out += "\r\n\r\n";
    out += body;
    if (!fresh && !stream_.flush()) {
        broken("write");
    }
}

void HttpClient::broken(const char* why) {
    stream_.close();
    in_.clear();
    context_.error(why);
    if (busy_) {
        busy_ = false;
        onResponse(0, {});
    }
}

void HttpClient::onEvents(std::uint32_t events) {
    if (!stream_.isOpen()) {
        return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        readAll();
    }
    if (stream_.isOpen() && !stream_.flush()) {
        broken("write");
    }
}

void HttpClient::readAll() {
    auto& buffer = context_.read_buffer;
    const std::ptrdiff_t n = stream_.read(buffer.data(), buffer.size());
    if (n < 0) {
        broken(busy_ ? "closed by the server within a request" : "closed by the server");
        return;
    }
    in_.append(buffer.data(), static_cast<std::size_t>(n));
    while (busy_ && takeResponse()) {
    }
}

// Content-Length only: the servers measured here answer with it.
bool HttpClient::takeResponse() {
    const std::size_t end = in_.find("\r\n\r\n");
    if (end == std::string::npos) {
        return false;
    }
    const std::string_view head(in_.data(), end + 2);
    const std::string length(headerOf(head, "content-length"));
    const std::size_t body = std::strtoul(length.c_str(), nullptr, 10);
    if (in_.size() < end + 4 + body) {
        return false;
    }
    const int status = head.size() > 12 ? std::atoi(in_.c_str() + 9) : 0;
    const std::string_view connection = headerOf(head, "connection");
    const std::string text = in_.substr(end + 4, body);
    const bool close = !connection.empty() && (connection[0] | 0x20) == 'c';
    in_.erase(0, end + 4 + body);
    if (close) {
        stream_.close();
        in_.clear();
    }
    busy_ = false;
    onResponse(status, text);
    return true;
}

} // namespace fairlead::bench
