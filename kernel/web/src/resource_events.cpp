// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "auth.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/security/roles.hpp"
#include "fairlead/security/tokens.hpp"

#include <algorithm>

namespace fairlead::web {

namespace {

using base::Result;

constexpr std::size_t kTopicsMax = 64;

// Permission of a topic; nullptr when there is no such topic.
const char* permissionOf(const std::string& topic) {
    constexpr std::string_view kDevice = "device.";
    if (topic == "dashboard") {
        return kSignedIn;
    }
    if (topic == "devices.state" ||
        (topic.starts_with(kDevice) && base::isUserId(topic.substr(kDevice.size())))) {
        return "devices:read";
    }
    if (topic == "network.state") {
        return "network-components:read";
    }
    if (topic == "gateway.state") {
        return "gateways:read";
    }
    if (topic == "plugin") {
        return "plugins:read";
    }
    return topic == "log.system" || topic == "log.access" ? "logs:read" : nullptr;
}

bool mayWatch(const security::Principal& who, const std::vector<std::string>& topics) {
    return std::all_of(topics.begin(), topics.end(), [&](const std::string& topic) {
        const std::string_view permission = permissionOf(topic);
        return permission == kSignedIn || security::allows(who.permissions, permission);
    });
}

Result<std::vector<std::string>> topicsOf(const Context& context) {
    std::vector<std::string> topics;
    std::string text = context.query("topics");
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        std::string topic = text.substr(at, end - at);
        at = end + 1;
        if (topic.empty() || std::find(topics.begin(), topics.end(), topic) != topics.end()) {
            continue;
        }
        if (permissionOf(topic) == nullptr || topics.size() == kTopicsMax) {
            return invalidQuery("topics", "names a topic that there is not, or too many");
        }
        topics.push_back(std::move(topic));
    }
    if (topics.empty()) {
        return invalidQuery("topics", "must name at least one topic");
    }
    return topics;
}

Result<Response> open(Site& site, Context& context) {
    auto start = std::make_shared<EventStreamStart>();
    FL_ASSIGN(start->topics, topicsOf(context));
    if (!mayWatch(context.user(), start->topics)) {
        return base::Error{base::Errc::Forbidden, "auth.forbidden",
                           "a topic needs a permission that you do not have"};
    }
    start->login = context.user().token_id;
    const base::Status room = site.hub.admit(start->login);
    if (!room) {
        Problem problem = toProblem(room.error());
        problem.status = 429;
        Response refusal = toResponse(problem, context.request().id);
        refusal.headers.set("Retry-After", "5");
        return refusal;
    }
    start->last_event_id = context.query("after", context.request().headers.get("Last-Event-ID"));
    start->still_allowed = [&site, token = tokenOf(context.request()).text,
                            topics = start->topics] {
        const auto who = site.services.tokens.resolve(token);
        // What the database cannot say now is asked again later; only a clear no ends a stream.
        return who ? mayWatch(*who, topics) : who.error().kind() != base::Errc::Unauthorized;
    };
    Response response;
    response.content_type = "text/event-stream";
    response.headers.set("X-Accel-Buffering", "no");
    response.events = std::move(start);
    return response;
}

} // namespace

std::vector<Route> eventRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(
        Route::get("/events", kSignedIn,
                   "Server-sent events of topics: dashboard, device.{id}, devices.state, "
                   "network.state, gateway.state, plugin, log.system, log.access.")
            .with({{"topics", Schema::string(1, 8000), "Topics, separated by commas."},
                   {"after", Schema::string(0, 64), "As Last-Event-ID, for who cannot send it."}})
            .runs([&site](Context& context) { return open(site, context); }));
    routes.back().response_type = "text/event-stream";
    return routes;
}

} // namespace fairlead::web
