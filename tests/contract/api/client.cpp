// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include "open_api.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <cppunit/TestAssert.h>

#include <algorithm>
#include <cctype>

namespace fairlead::test {

const base::JsonValue* Reply::find(const std::string& path) const {
    const base::JsonValue* at = json.get();
    std::size_t begin = 0;
    while (at != nullptr && begin <= path.size() && !path.empty()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string part = path.substr(begin, end - begin);
        begin = end + 1;
        if (at->IsArray()) {
            const auto index = static_cast<rapidjson::SizeType>(std::stoul(part));
            at = index < at->Size() ? &(*at)[index] : nullptr;
        } else {
            at = base::member(*at, part.c_str());
        }
    }
    return at;
}

std::string Reply::at(const std::string& path) const {
    const base::JsonValue* value = find(path);
    if (value == nullptr) {
        return {};
    }
    return value->IsString() ? value->GetString() : base::toText(*value);
}

std::string Reply::errors() const {
    std::vector<std::string> all;
    if (const auto* list = find("errors"); list != nullptr) {
        for (const auto& error : list->GetArray()) {
            all.push_back(std::string{base::textOr(error, "field", "")} + "=" +
                          std::string{base::textOr(error, "code", "")});
        }
    }
    std::sort(all.begin(), all.end());
    std::string text_of_all;
    for (const std::string& one : all) {
        text_of_all += (text_of_all.empty() ? "" : " ") + one;
    }
    return text_of_all;
}

std::string Reply::action(const std::string& name, const std::string& below) const {
    if (const auto* list = find(below + "actions"); list != nullptr) {
        for (const auto& action : list->GetArray()) {
            if (base::textOr(action, "action", "") == name) {
                return base::booleanOr(action, "allowed", false)
                           ? "ok"
                           : std::string{base::textOr(action, "reasonCode", "?")};
            }
        }
    }
    return "none";
}

Reply Client::plain(const std::string& method, const std::string& path, const std::string& body,
                    HeaderList headers) {
    Poco::Net::HTTPClientSession session("127.0.0.1", port_);
    session.setTimeout(Poco::Timespan(60, 0));
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPRequest::HTTP_1_1);
    if (!body.empty()) {
        request.setContentType("application/json");
        request.setContentLength(static_cast<std::streamsize>(body.size()));
    }
    if (!token_.empty()) {
        request.set("Authorization", "Bearer " + token_);
    }
    for (const auto& [name, value] : headers) {
        request.set(name, value);
    }
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    std::istream& in = session.receiveResponse(response);
    Reply reply;
    reply.status = response.getStatus();
    Poco::StreamCopier::copyToString(in, reply.text);
    for (const auto& [name, value] : response) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        reply.headers[lower] = value;
    }
    if (auto parsed = base::parseJson(reply.text); parsed) {
        reply.json = std::make_shared<base::Json>(std::move(*parsed));
    }
    return reply;
}

Reply Client::send(const std::string& method, const std::string& path, const std::string& body,
                   HeaderList headers) {
    Reply reply = plain(method, "/api/v1" + path, body, std::move(headers));
    const std::string wrong = OpenApi::of(port_).check(method, path, reply);
    CPPUNIT_ASSERT_EQUAL_MESSAGE(method + " " + path + " answered " + reply.text.substr(0, 1000),
                                 std::string{}, wrong);
    return reply;
}

Reply Client::get(const std::string& path, HeaderList headers) {
    return send("GET", path, {}, std::move(headers));
}
Reply Client::post(const std::string& path, const std::string& body, HeaderList headers) {
    return send("POST", path, body, std::move(headers));
}
Reply Client::patch(const std::string& path, const std::string& body, HeaderList headers) {
    return send("PATCH", path, body, std::move(headers));
}
Reply Client::remove(const std::string& path, HeaderList headers) {
    return send("DELETE", path, {}, std::move(headers));
}

} // namespace fairlead::test
