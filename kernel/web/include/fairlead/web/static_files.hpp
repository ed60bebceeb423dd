// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/web/http.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::web {

/// The admin pages: files of one directory below /ui/. Thread: any. Blocks: on the disk.
///
/// Precompressed neighbours (.br, .gz) are used when the client takes them; assets/* never change
/// under one name and are cached for a year, all else is revalidated by ETag. A path whose
/// last part does not end like one of our files (".js") is a page of the application and gets
/// index.html.
class StaticFiles {
public:
    static constexpr std::uintmax_t kFileBytesMax = std::uintmax_t{32} << 20;

    explicit StaticFiles(std::filesystem::path root) : root_(std::move(root)) {}

    /// GET or HEAD of `request.path`, which begins with "/ui/".
    Response serve(const Request& request) const;

    /// Relative path of a percent-encoded one; nothing when it would leave the root, names a hidden
    /// file, or is no clean path.
    static std::optional<std::string> safePath(std::string_view encoded);

private:
    std::optional<std::filesystem::path> find(const std::string& relative) const;
    Response missing(bool html) const;

    std::filesystem::path root_;
};

/// The content security policy and its companions, for every answer.
void addSecurityHeaders(Headers& headers);

} // namespace fairlead::web
