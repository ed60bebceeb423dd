// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/api.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/json.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/web/csv.hpp"
#include "fairlead/web/mask.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <istream>

namespace fairlead::web {

using base::Errc;
using base::Error;

struct Api::Call {
    const Route* route = nullptr;
    std::optional<Caller> caller{};
    std::optional<Context> context{};
    base::Json body{};
    std::vector<std::string> allowed{};
    bool has_body = false;
};

Error invalidFields(std::vector<FieldError> errors) {
    std::string text = errors.size() == 1
                           ? "one field is wrong: " + errors[0].field + " " + errors[0].message
                           : std::to_string(errors.size()) + " fields are wrong";
    return Error{Errc::Invalid, "request.invalid", std::move(text)}.with(std::move(errors));
}

namespace {

bool isWriting(const std::string& method) {
    return method != "GET" && method != "HEAD";
}

base::Status checkMediaType(const Request& request) {
    std::string_view type = request.headers.get("Content-Type");
    type = type.substr(0, type.find(';'));
    while (!type.empty() && type.back() == ' ') {
        type.remove_suffix(1);
    }
    if (type.empty() || equalNoCase(type, "application/json") ||
        equalNoCase(type, "application/merge-patch+json")) {
        return {};
    }
    return Error{Errc::Unsupported, "request.media_type",
                 "the body must be application/json or application/merge-patch+json"};
}

Error tooLarge(std::size_t bytes_max) {
    return Error{Errc::Limit, "request.too_large",
                 "the body may have at most " + std::to_string(bytes_max) + " bytes"};
}

base::Status readAll(Request& request, std::size_t bytes_max) {
    if (request.content_length > static_cast<std::int64_t>(bytes_max)) {
        return tooLarge(bytes_max);
    }
    std::array<char, 16384> buffer{};
    while (*request.stream) {
        request.stream->read(buffer.data(), buffer.size());
        const auto got = static_cast<std::size_t>(request.stream->gcount());
        if (request.body.size() + got > bytes_max) {
            return tooLarge(bytes_max);
        }
        request.body.append(buffer.data(), got);
    }
    if (request.content_length >= 0 &&
        static_cast<std::int64_t>(request.body.size()) < request.content_length) {
        return Error{Errc::Malformed, "request.incomplete", "the body ended before its length"};
    }
    request.consumed = true;
    return {};
}

// "3" of W/"3"; 0 for "*" or no header; -1 for what no version can be.
std::int64_t versionOf(std::string_view header) {
    if (header.empty() || header == "*") {
        return 0;
    }
    if (header.starts_with("W/")) {
        header.remove_prefix(2);
    }
    std::int64_t version = -1;
    if (header.size() > 2 && header.front() == '"' && header.back() == '"') {
        const char* end = header.data() + header.size() - 1;
        const auto [at, error] = std::from_chars(header.data() + 1, end, version);
        version = error == std::errc{} && at == end && version > 0 ? version : -1;
    }
    return version;
}

void checkParameter(const QueryParameter& parameter, const std::string& text,
                    std::vector<FieldError>& errors) {
    base::Json value;
    value.SetString(text.data(), static_cast<rapidjson::SizeType>(text.size()),
                    value.GetAllocator());
    if (parameter.schema.kind() == Schema::Kind::Integer) {
        std::int64_t number = 0;
        const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && at == text.data() + text.size()) {
            value.SetInt64(number);
        }
    } else if (parameter.schema.kind() == Schema::Kind::Boolean) {
        if (text == "true" || text == "1" || text == "false" || text == "0") {
            value.SetBool(text == "true" || text == "1");
        }
    }
    parameter.schema.validate(value, parameter.name, errors);
}

bool wantsCsv(const Route& route, const Request& request) {
    return route.csv_only ||
           (route.listing != Listing::None &&
            request.headers.get("Accept").find("text/csv") != std::string_view::npos);
}

// The shape of one row of a list.
const Schema* itemSchema(const Route& route) {
    for (const Field& field : route.response->fields()) {
        if (field.name == "items") {
            return field.schema.element();
        }
    }
    return nullptr;
}

} // namespace

Api::Api(ApiHooks hooks, ApiOptions options) : hooks_(std::move(hooks)), options_(options) {}

Response Api::handle(Request& request) {
    const std::uint64_t begun_ns = base::monotonicNs();
    Call call;
    base::Result<Response> result = Error::failed("");
    try {
        result = dispatch(request, call);
    } catch (const std::exception& exception) {
        runtime::logError("web", "a request failed unexpectedly: " + std::string{exception.what()},
                          runtime::LogContext{}
                              .add("requestId", request.id)
                              .add("method", request.method)
                              .add("path", request.path)
                              .text());
        result = Error{Errc::Exception, "internal",
                       "something went wrong in the server; its system log has this request's id"};
    }
    Response response =
        result ? std::move(*result) : toResponse(toProblem(result.error()), request.id);
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Request-Id", request.id);
    if (!call.allowed.empty() && call.route == nullptr) {
        std::string methods;
        for (const std::string& method : call.allowed) {
            methods += (methods.empty() ? "" : ", ") + method;
        }
        response.headers.set("Allow", methods);
    }
    if (response.status == 401) {
        response.headers.set("WWW-Authenticate", "Bearer");
    }
    record(request, call, response, begun_ns);
    return response;
}

base::Result<Response> Api::dispatch(Request& request, Call& call) {
    Router::Match match =
        router_.match(request.method, std::string_view{request.path}.substr(kApiBase.size()));
    call.allowed = std::move(match.allowed);
    if (match.route == nullptr) {
        if (call.allowed.empty()) {
            return Error{Errc::NotFound, "route.unknown",
                         "there is no " + request.path + "; /api/docs lists what there is"};
        }
        Problem problem{405, "route.method", request.method + " is not possible here"};
        return toResponse(problem, request.id);
    }
    call.route = match.route;
    FL_TRY(authorise(request, call));
    call.context.emplace(request, call.caller ? &*call.caller : nullptr, std::move(match.params));
    FL_TRY(readQuery(request, call));
    FL_TRY(readBody(request, call));
    if (call.route->conditional) {
        const std::int64_t version = versionOf(request.headers.get("If-Match"));
        if (version < 0) {
            return Error{Errc::Conflict, "stale", "If-Match names no version of this resource"};
        }
        call.context->expected_version_ = version;
    }
    return run(request, call);
}

base::Status Api::authorise(const Request& request, Call& call) const {
    const Route& route = *call.route;
    if (route.permission == kPublic) {
        return {};
    }
    FL_ASSIGN(call.caller, hooks_.authenticate(request));
    if (call.caller->by_cookie && isWriting(request.method) &&
        !base::equalSecret(call.caller->csrf_token, request.headers.get("X-CSRF-Token"))) {
        return Error{Errc::Forbidden, "auth.csrf",
                     "the header X-CSRF-Token is missing or wrong; read it from /auth/me"};
    }
    if (call.caller->principal.must_change_password && !route.with_expired_password) {
        return Error{Errc::Forbidden, "auth.password_change_required",
                     "change the password first (POST /auth/password)"};
    }
    if (route.permission != kSignedIn && !call.caller->may(route.permission)) {
        return Error{Errc::Forbidden, "auth.forbidden",
                     "this needs the permission " + route.permission};
    }
    return {};
}

base::Status Api::readQuery(const Request& request, Call& call) const {
    auto pairs = parseQuery(request.query);
    if (!pairs) {
        return Error{Errc::Malformed, "request.query", "the query of the address is malformed"};
    }
    std::vector<FieldError> errors;
    for (const auto& pair : *pairs) {
        const auto& known = call.route->parameters;
        const auto found = std::find_if(known.begin(), known.end(), [&](const QueryParameter& p) {
            return p.name == pair.first;
        });
        if (found == known.end()) {
            errors.push_back({pair.first, "unknown", "is not a parameter of this request"});
        } else if (!pair.second.empty()) {
            checkParameter(*found, pair.second, errors);
        }
    }
    if (!errors.empty()) {
        return invalidFields(std::move(errors));
    }
    call.context->query_ = std::move(*pairs);
    return {};
}

base::Status Api::readBody(Request& request, Call& call) const {
    const Route& route = *call.route;
    if (route.raw_body) {
        return {};
    }
    if (request.stream != nullptr) {
        FL_TRY(readAll(request, std::min(route.body_max, options_.body_bytes_max)));
    }
    call.body.SetObject();
    call.context->body_ = &call.body;
    if (request.body.empty() && (!route.request || route.body_optional)) {
        return {};
    }
    if (!route.request) {
        // Some clients send "{}" or "null" with every POST.
        return request.body == "{}" || request.body == "null"
                   ? base::Status{}
                   : Error{Errc::Invalid, "request.body", "this request takes no body"};
    }
    FL_TRY(checkMediaType(request));
    if (request.body.empty()) {
        return Error{Errc::Invalid, "request.body", "this request needs a JSON body"};
    }
    FL_ASSIGN(call.body, base::parseJson(request.body));
    call.has_body = true;
    std::vector<FieldError> errors;
    route.request->validate(call.body, "", errors);
    if (!errors.empty()) {
        return invalidFields(std::move(errors));
    }
    return {};
}

base::Result<Response> Api::run(Request& request, Call& call) {
    const std::string_view key = request.headers.get("Idempotency-Key");
    if (key.empty() || request.method != "POST" || call.route->raw_body || !call.caller) {
        return runOnce(request, call);
    }
    if (key.size() > IdempotencyCache::kKeyCharsMax) {
        return Error{Errc::Invalid, "idempotency.key",
                     "an Idempotency-Key may have at most 200 characters"};
    }
    const std::string full =
        call.caller->principal.user_id + "\n" + request.path + "\n" + std::string{key};
    FL_ASSIGN(std::optional<Response> former,
              idempotency_.begin(full, request.body, base::utcNow()));
    if (former) {
        former->headers.set("Idempotency-Replayed", "true");
        return std::move(*former);
    }
    try {
        base::Result<Response> result = runOnce(request, call);
        if (result) {
            idempotency_.finish(full, *result);
        } else {
            idempotency_.abandon(full);
        }
        return result;
    } catch (...) {
        idempotency_.abandon(full);
        throw;
    }
}

base::Result<Response> Api::runOnce(Request& request, Call& call) {
    if (wantsCsv(*call.route, request)) {
        return csv(call);
    }
    FL_ASSIGN(Response response, call.route->handler(*call.context));
    if (options_.verify_responses) {
        FL_TRY(verify(call, response));
    }
    return response;
}

base::Status Api::verify(const Call& call, const Response& response) const {
    if (response.status != call.route->success || !call.route->response || response.stream ||
        response.body.size() > kVerifyBytesMax) {
        return {};
    }
    FL_ASSIGN(base::Json json, base::parseJson(response.body));
    std::vector<FieldError> errors;
    call.route->response->validate(json, "", errors);
    if (errors.empty()) {
        return {};
    }
    return Error{Errc::Exception, "internal.response_drift",
                 "the answer is not what its schema says"}
        .with(std::move(errors));
}

namespace {

// Reads page after page of a list for its export. The handler sees the query of the next page.
class Pager {
public:
    Pager(const Route& route, Context& context, QueryPairs& query)
        : route_(route), context_(context), query_(query) {
        const bool paged = route.listing == Listing::Paged;
        set(paged ? "pageSize" : "limit", std::to_string(paged ? kPageSizeMax : kCursorLimitMax));
        if (paged) {
            set("page", "1");
        }
    }

    /// The items of the next page.
    base::Result<base::Json> next() {
        FL_ASSIGN(Response response, route_.handler(context_));
        FL_ASSIGN(base::Json json, base::parseJson(response.body));
        const base::JsonValue* items = base::member(json, "items");
        const std::int64_t count = items == nullptr ? 0 : items->Size();
        if (route_.listing == Listing::Paged) {
            done_ = count < kPageSizeMax;
            set("page", std::to_string(++page_));
        } else {
            const std::string after{base::textOr(json, "next", "")};
            done_ = after.empty();
            set("after", after);
        }
        return json;
    }

    bool done() const noexcept { return done_; }

private:
    void set(const char* name, std::string value) {
        std::erase_if(query_, [&](const auto& pair) { return pair.first == name; });
        query_.emplace_back(name, std::move(value));
    }

    const Route& route_;
    Context& context_;
    QueryPairs& query_;
    std::int64_t page_ = 1;
    bool done_ = false;
};

std::size_t writeRows(const base::Json& page, const Schema& item, std::string& out) {
    const base::JsonValue* items = base::member(page, "items");
    if (items == nullptr) {
        return 0;
    }
    for (const auto& value : items->GetArray()) {
        out += csvLine(item, value);
    }
    return items->Size();
}

} // namespace

// The first page is read before the answer begins, so that its failure is still a problem document;
// a later failure cuts the connection.
base::Result<Response> Api::csv(Call& call) const {
    const Schema* item = itemSchema(*call.route);
    if (item == nullptr) {
        return Error::invalid("this resource has no CSV form");
    }
    // The call ends with handle, the stream is written after it: what it needs is copied.
    struct Export {
        Request request;
        std::optional<Caller> caller;
        std::optional<Context> context;
        std::optional<Pager> pager;
    };
    auto state = std::make_shared<Export>();
    state->request = call.context->request();
    state->caller = call.caller;
    state->context.emplace(state->request, state->caller ? &*state->caller : nullptr,
                           call.context->params_);
    state->context->query_ = call.context->query_;
    state->pager.emplace(*call.route, *state->context, state->context->query_);
    FL_ASSIGN(base::Json first, state->pager->next());
    std::string text = "\xEF\xBB\xBF" + csvHeader(*item); // the mark makes spreadsheets read UTF-8
    std::size_t rows = writeRows(first, *item, text);
    Response response;
    response.content_type = "text/csv; charset=utf-8";
    response.headers.set("Content-Disposition",
                         "attachment; filename=\"" + call.route->action + ".csv\"");
    if (state->pager->done()) {
        response.body = std::move(text);
        return response;
    }
    response.stream = [state, item, text = std::move(text), rows](const Sink& sink) mutable {
        bool alive = sink(text);
        while (alive && !state->pager->done() && rows < kCsvRowsMax) {
            const auto page = state->pager->next();
            if (!page) {
                runtime::logWarning("web", "an export ended early: " + page.error().message());
                return false;
            }
            text.clear();
            rows += writeRows(*page, *item, text);
            alive = sink(text);
        }
        return alive && (state->pager->done() ||
                         sink("there are more rows than an export may have; filter\r\n"));
    };
    return response;
}

void Api::record(const Request& request, const Call& call, const Response& response,
                 std::uint64_t begun_ns) const {
    security::AccessRecord entry;
    entry.time = base::utcNow();
    entry.address = request.address;
    entry.method = request.method;
    entry.path = cutText(request.path, 512);
    entry.action = call.route != nullptr ? call.route->action : "unknown";
    entry.status = response.status;
    entry.milliseconds = static_cast<std::int64_t>((base::monotonicNs() - begun_ns) / 1'000'000);
    entry.request_id = request.id;
    entry.request_headers = maskHeaders(request.headers, security::kAuditTextBytesMax);
    if (call.caller) {
        entry.user = call.caller->principal.username;
    }
    if (call.context) {
        if (entry.user.empty()) {
            entry.user = cutText(call.context->userName(), 64);
        }
        entry.target = call.context->target();
        if (entry.target.empty()) {
            for (const auto& [name, value] : call.context->params_) {
                entry.target += (entry.target.empty() ? "" : "/") + value;
            }
        }
        entry.target = cutText(entry.target, 200);
    }
    if (call.has_body) {
        entry.request = maskBody(call.body, call.route->request ? &*call.route->request : nullptr,
                                 call.context->secrets(), security::kAuditTextBytesMax);
    } else if (!request.body.empty()) {
        entry.request = "(" + std::to_string(request.body.size()) + " bytes that are no JSON)";
    }
    if (response.status >= 400) {
        entry.response = cutText(response.body, security::kAuditTextBytesMax);
    }
    hooks_.record(std::move(entry));
}

} // namespace fairlead::web
