// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/static_files.hpp"

#include <array>
#include <fstream>
#include <sstream>
#include <utility>

namespace fairlead::web {

namespace {

namespace fs = std::filesystem;

constexpr const char* kNotBuilt =
    "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>Fairlead</title>"
    "</head><body><h1>管理页面未构建</h1><p>服务正在运行，REST 接口位于 "
    "<a href=\"/api/docs\">/api/docs</a>。</p><h1 lang=\"en\">Admin pages not built</h1>"
    "<p lang=\"en\">The server runs and its REST API is at <a href=\"/api/docs\">/api/docs</a>. "
    "Build the pages with <code>npm ci</code> and <code>npm run build</code> in "
    "<code>webroot</code>, or set <code>web.root</code>.</p></body></html>";

constexpr const char* kUnknownType = "application/octet-stream";

std::string contentType(const fs::path& path) {
    static constexpr std::array<std::pair<std::string_view, const char*>, 14> kTypes{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".map", "application/json"},
        {".wasm", "application/wasm"},
    }};
    const std::string extension = path.extension().string();
    for (const auto& [suffix, type] : kTypes) {
        if (extension == suffix) {
            return type;
        }
    }
    return kUnknownType;
}

// "gzip" in "br;q=1, gzip" but not in "gzip;q=0".
bool accepts(std::string_view header, std::string_view coding) {
    const std::size_t at = header.find(coding);
    if (at == std::string_view::npos) {
        return false;
    }
    const std::string_view rest = header.substr(at + coding.size());
    return !(rest.starts_with(";q=0") && !rest.starts_with(";q=0."));
}

std::string etagOf(const fs::path& path, std::error_code& error) {
    const auto size = fs::file_size(path, error);
    const auto time = fs::last_write_time(path, error).time_since_epoch().count();
    std::ostringstream text;
    text << '"' << std::hex << time << '-' << size << path.extension().string() << '"';
    return text.str();
}

std::optional<std::string> readFile(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return file ? std::optional{std::move(content).str()} : std::nullopt;
}

// The file itself or its compressed neighbour, and the coding that is then to be named.
std::pair<fs::path, const char*> variant(const fs::path& path, std::string_view accepted) {
    std::error_code ignored;
    for (const auto& [suffix, coding] : {std::pair{".br", "br"}, std::pair{".gz", "gzip"}}) {
        fs::path other = path;
        other += suffix;
        if (accepts(accepted, coding) && fs::is_regular_file(other, ignored)) {
            return {other, coding};
        }
    }
    return {path, ""};
}

} // namespace

void addSecurityHeaders(Headers& headers) {
    headers.set("Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                "font-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; "
                "base-uri 'none'; form-action 'self'");
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "same-origin");
    headers.set("X-Frame-Options", "DENY");
}

std::optional<std::string> StaticFiles::safePath(std::string_view encoded) {
    const auto decoded = percentDecode(encoded, false);
    if (!decoded || decoded->find('\\') != std::string::npos) {
        return std::nullopt;
    }
    std::string_view rest = *decoded;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('/'), rest.size());
        const std::string_view part = rest.substr(0, end);
        const bool last = end == rest.size();
        // Covers "..", "." and hidden files such as ".npmrc"; an empty part is only the end's.
        if (part.starts_with('.') || (part.empty() && !last)) {
            return std::nullopt;
        }
        rest.remove_prefix(last ? end : end + 1);
    }
    return decoded;
}

std::optional<fs::path> StaticFiles::find(const std::string& relative) const {
    std::error_code error;
    const fs::path root = fs::weakly_canonical(root_, error);
    const fs::path path = fs::weakly_canonical(root / relative, error);
    // A symbolic link may point anywhere; what it points to must still be below the root.
    const auto [at, end] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    if (error || at != root.end() || !fs::is_regular_file(path, error) ||
        fs::file_size(path, error) > kFileBytesMax) {
        return std::nullopt;
    }
    return path;
}

Response StaticFiles::missing(bool html) const {
    Response response;
    response.status = html ? 503 : 404;
    response.content_type = html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
    response.body = html ? kNotBuilt : "not found\n";
    response.headers.set("Cache-Control", "no-store");
    return response;
}

Response StaticFiles::serve(const Request& request) const {
    constexpr std::string_view kBase = "/ui/";
    const auto relative = safePath(std::string_view{request.path}.substr(kBase.size()));
    if (!relative) {
        return missing(false);
    }
    const std::string last = relative->substr(relative->find_last_of('/') + 1);
    // Ids of things may have dots ("fairlead.network-http-server"): what no file is named like is
    // a page.
    const bool page = contentType(last) == kUnknownType;
    const auto path = find(page ? "index.html" : *relative);
    if (!path) {
        return missing(page);
    }
    const auto [file, coding] = variant(*path, request.headers.get("Accept-Encoding"));
    std::error_code error;
    Response response;
    const std::string etag = etagOf(file, error);
    response.headers.set("ETag", etag);
    response.headers.set("Vary", "Accept-Encoding");
    response.headers.set("Cache-Control", relative->starts_with("assets/")
                                              ? "public, max-age=31536000, immutable"
                                              : "no-cache");
    response.content_type = contentType(*path);
    if (request.headers.get("If-None-Match") == etag) {
        response.status = 304;
        return response;
    }
    auto content = readFile(file);
    if (error || !content) {
        return missing(false);
    }
    if (*coding != '\0') {
        response.headers.set("Content-Encoding", coding);
    }
    response.body = std::move(*content);
    return response;
}

} // namespace fairlead::web
