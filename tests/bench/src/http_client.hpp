// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "context.hpp"

#include <string>
#include <string_view>

namespace fairlead::bench {

/// One kept-alive HTTP/1.1 connection with one request at a time. Reconnects when the server
/// closes.
class HttpClient : public Loop::Handler {
public:
    HttpClient(Context& context, const Endpoint& endpoint, unsigned number);
    virtual ~HttpClient() = default;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sends a request; connects first when needed. Only when not busy().
    void post(std::string_view path, std::string_view headers, std::string_view body);
    bool busy() const noexcept { return busy_; }
    void close() { stream_.close(); }
    void onEvents(std::uint32_t events) final;

protected:
    /// `status` 0: the connection broke.
    virtual void onResponse(int status, std::string_view body) = 0;

    Context& context_;
    unsigned number_;

private:
    void readAll();
    bool takeResponse();
    void broken(const char* why);

    Endpoint endpoint_;
    Stream stream_;
    std::string in_;
    bool busy_ = false;
};

} // namespace fairlead::bench
