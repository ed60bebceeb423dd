// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/storage/files.hpp"
#include "fairlead/web/mask.hpp"

#include <array>
#include <istream>

namespace fairlead::web {

namespace {

using base::Result;

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr std::size_t kNameBytesMax = 255;

// The name is for people only; content is found by its hash. No folder comes in with it.
Result<std::string> fileName(const Request& request) {
    const auto decoded = percentDecode(request.headers.get("X-File-Name"), false);
    std::string name = decoded.value_or("");
    if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string::npos) {
        name.erase(0, slash + 1);
    }
    if (name.empty() || name.size() > kNameBytesMax || !base::countCharacters(name)) {
        return base::Error::invalid("the header X-File-Name must name the file, percent-encoded, "
                                    "with at most 255 bytes")
            .with({{"X-File-Name", "required", "must name the file"}});
    }
    return name;
}

Result<storage::StoredFile> receive(Site& site, Request& request) {
    const std::uint64_t bytes_max = site.options.upload_bytes_max;
    if (request.stream == nullptr) {
        return base::Error::invalid("the body of the request must be the file");
    }
    if (request.content_length > static_cast<std::int64_t>(bytes_max)) {
        return base::Error{base::Errc::Limit, "file.too_large",
                           "a file may have at most " + std::to_string(bytes_max) + " bytes"};
    }
    FL_ASSIGN(const auto writer, site.services.files.create(bytes_max));
    std::vector<char> piece(kPieceBytes);
    while (*request.stream) {
        request.stream->read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto got = static_cast<std::size_t>(request.stream->gcount());
        if (got > 0) {
            FL_TRY(writer->write({piece.data(), got}));
        }
    }
    if (request.content_length >= 0 &&
        writer->size() != static_cast<std::uint64_t>(request.content_length)) {
        return base::Error{base::Errc::Malformed, "request.incomplete",
                           "the upload ended before its length; send it again"};
    }
    request.consumed = true;
    return writer->finish();
}

Result<Response> upload(Site& site, Context& context) {
    FL_ASSIGN(const std::string name, fileName(context.request()));
    FL_ASSIGN(const storage::StoredFile file, receive(site, context.request()));
    context.setTarget(name + " " + file.sha256);
    JsonOut out;
    out.object().field("id", file.sha256).field("name", name).field("size", file.size);
    out.field("sha256", file.sha256).field("md5", file.md5).end();
    Response response = okay(std::move(out).text());
    response.status = 201;
    return response;
}

} // namespace

std::vector<Route> fileRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(
        Route::post("/files", "files:write", "Takes an upload, streamed to disk while hashing.")
            .creates(Schema::object({required("id", text()), required("name", text()),
                                     required("size", Schema::integer(0, INT64_MAX)),
                                     required("sha256", text()), required("md5", text())})
                         .named("StoredFile"))
            .runs([&site](Context& context) { return upload(site, context); }));
    routes.back().raw_body = true;
    return routes;
}

} // namespace fairlead::web
