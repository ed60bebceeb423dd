// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/json.hpp"
#include "fairlead/web/event_hub.hpp"
#include "fairlead/web/json_out.hpp"
#include "fairlead/web/problem.hpp"
#include "fairlead/web/route.hpp"
#include "fairlead/web/server.hpp"
#include "fairlead/web/services.hpp"
#include "fairlead/web/system_monitor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::security {
struct AccessRecord;
struct SystemLogRecord;
} // namespace fairlead::security

namespace fairlead::web {

class Router;

/// What the resource files share. Owner: Server.
struct Site {
    Services& services;
    const ServerOptions& options;
    EventHub& hub;
    SystemMonitor& monitor;
    const Router& router;
};

std::vector<Route> authRoutes(Site& site);
std::vector<Route> systemRoutes(Site& site);
std::vector<Route> settingsRoutes(Site& site);
std::vector<Route> productRoutes(Site& site);
std::vector<Route> deviceRoutes(Site& site);
std::vector<Route> deviceDataRoutes(Site& site);
std::vector<Route> commandRoutes(Site& site);
std::vector<Route> networkRoutes(Site& site);
std::vector<Route> certificateRoutes(Site& site);
std::vector<Route> protocolRoutes(Site& site);
std::vector<Route> pluginRoutes(Site& site);
std::vector<Route> gatewayRoutes(Site& site);
std::vector<Route> accessLogRoutes(Site& site);
std::vector<Route> systemLogRoutes(Site& site);
std::vector<Route> userRoutes(Site& site);
std::vector<Route> tokenRoutes(Site& site);
std::vector<Route> fileRoutes(Site& site);
std::vector<Route> eventRoutes(Site& site);

/// The dashboard's counters as JSON.
std::string countersText(const Counters& counters);

/// Items of the topics network.state and gateway.state.
std::string networkStateText(Site& site, const std::string& id);
std::string gatewayStateText(Site& site, const std::string& id);

/// Items of the topics log.access and log.system.
std::string accessRowText(const security::AccessRecord& record);
std::string systemLogRowText(const security::SystemLogRecord& record);

// ---- shapes -------------------------------------------------------------------------------------

/// Text from inside that has a limit of its own where it is made.
Schema text();
/// RFC 3339 or null.
Schema timeOrNull();
/// JSON of a plugin or of a configuration: its own schema says what is in it.
Schema freeObject();
Schema actionSchema();
Schema usedBySchema();
/// id, name, description, createdAt, updatedAt, version, then `own`.
Schema entity(std::vector<Field> own);

// ---- writing ------------------------------------------------------------------------------------

template <typename T>
void writeEntity(JsonOut& out, const T& thing) {
    out.field("id", thing.id).field("name", thing.name).field("description", thing.description);
    out.time("createdAt", thing.created_at).time("updatedAt", thing.updated_at);
    out.field("version", thing.version);
}

template <typename Users>
void writeUsedBy(JsonOut& out, const Users& users) {
    out.array("usedBy");
    for (const auto& user : users) {
        out.object().field("kind", user.kind).field("id", user.id).field("name", user.name).end();
    }
    out.end();
}

/// JSON text of an object; "{}" when there is none.
std::string_view objectOrEmpty(std::string_view json);
std::string_view arrayOrEmpty(std::string_view json);

/// {items, page, pageSize, total} around what `item` writes.
template <typename Items, typename Write>
std::string pageText(const Context& context, const Items& items, std::int64_t total, Write write,
                     bool capped = false) {
    JsonOut out;
    out.object().array("items");
    for (const auto& item : items) {
        write(out, item);
    }
    out.end().field("page", context.page()).field("pageSize", context.pageSize());
    out.field("total", total);
    if (capped) {
        out.field("totalIsCapped", true);
    }
    out.end();
    return std::move(out).text();
}

/// What can be done with a thing now, and if not, why (X2). The service is asked again when it is
/// done; this is for the pages.
class Actions {
public:
    explicit Actions(const Context& context) : context_(context) {}

    Actions& add(const char* action, const char* permission) {
        return add(action, permission, nullptr, nullptr);
    }
    /// `code` nullptr: allowed, if the caller has the permission.
    Actions& add(const char* action, const char* permission, const char* code, const char* reason);
    void write(JsonOut& out) const;

private:
    struct Action {
        const char* name;
        const char* code;
        const char* reason;
    };
    const Context& context_;
    std::vector<Action> actions_;
};

/// `code` when `condition`, else nullptr.
inline const char* when(bool condition, const char* code) {
    return condition ? code : nullptr;
}

// ---- reading ------------------------------------------------------------------------------------

/// Sets `target` when the body has the field; null counts as the empty value.
void take(const base::JsonValue& body, const char* name, std::optional<std::string>& target);
void take(const base::JsonValue& body, const char* name, std::optional<bool>& target);
void take(const base::JsonValue& body, const char* name, std::optional<std::int64_t>& target);
/// The same for a field that may be set to nothing.
void take(const base::JsonValue& body, const char* name,
          std::optional<std::optional<std::string>>& target);
std::string bodyText(const base::JsonValue& body, const char* name, std::string_view other = {});
/// JSON text of a member, or `other`.
std::string bodyJson(const base::JsonValue& body, const char* name, std::string_view other = {});
std::vector<std::string> bodyTexts(const base::JsonValue& body, const char* name);

/// The cursor `after` of the logs; Invalid when it is none of ours.
base::Result<std::optional<std::int64_t>> cursorNumber(const Context& context);
/// A path parameter that is a number; NotFound when it is not, as no such thing can exist.
base::Result<std::int64_t> numericId(const Context& context, const std::string& name);
/// `json` when it parses, else `other`: what was cut to a limit is no JSON any more.
std::string jsonOr(const std::string& json, const char* other);

/// "enabled" and "disabled" as a filter.
std::optional<bool> queryEnabled(const Context& context);

// ---- answers ------------------------------------------------------------------------------------

/// A refusal that names who uses the thing, when that is what `error` says.
template <typename Users>
Response inUse(const Context& context, const base::Error& error, const Users& users) {
    Problem problem = toProblem(error);
    for (const auto& user : users) {
        problem.used_by.push_back({user.kind, user.id, user.name});
    }
    return toResponse(problem, context.request().id);
}

/// True when the refusal is about users of the thing.
bool saysInUse(const base::Error& error);

/// Something could not be started (X4): what is wrong is outside of this request and of the server,
/// so 409 and not 5xx, with the reason as it is.
base::Error cannotStart(base::Error error);

/// "Bad request" for one query parameter.
base::Error invalidQuery(const char* name, const char* message);

QueryParameter searchParameter();
QueryParameter sortParameter(std::vector<std::string> fields);
std::vector<QueryParameter> timeRange();

} // namespace fairlead::web
