// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::runtime {

enum class SettingType { Text, Secret, Path, Choice, Integer, Boolean, List };

/// One declared key. The table (settings()) is the only place where keys exist; conf/fairlead.yaml
/// is checked against it by a test.
struct Setting {
    const char* key; ///< "section.name"
    SettingType type;
    const char* fallback;    ///< default, as it would stand in the file
    const char* unit;        ///< "" when it has none
    std::int64_t least;      ///< Integer only
    std::int64_t most;       ///< Integer only
    const char* choices;     ///< Choice only: "a|b|c"
    bool restart;            ///< a change needs a restart
    const char* description; ///< one sentence
};

std::span<const Setting> settings();

/// The table as a commented YAML file: conf/fairlead.yaml is exactly this text.
std::string commentedSettings();

/// The checked configuration: file, then environment, over the defaults. A value type; read-only
/// after load, so any thread may read it. Asking for a key that is not declared, or as another
/// type, is a bug of ours (FL_ASSERT).
class Configuration {
public:
    using Environment = std::map<std::string, std::string>;

    /// The process's environment variables that start with FAIRLEAD_.
    static Environment processEnvironment();

    /// All defaults.
    Configuration();

    /// `file` may be empty: then only defaults and environment. Errors: one Error (Invalid) with
    /// one line per mistake: unknown key with the nearest right name, wrong type, out of range,
    /// YAML syntax with its line. Environment: FAIRLEAD_DATABASE__PASSWORD_FILE is
    /// database.passwordFile; lists are separated by commas.
    static base::Result<Configuration> load(const std::filesystem::path& file,
                                            const Environment& environment);
    /// The same from YAML text, for tests and tools.
    static base::Result<Configuration> parse(const std::string& yaml,
                                             const Environment& environment = {});

    const std::string& text(std::string_view key) const; ///< Text, Secret, Choice
    std::int64_t integer(std::string_view key) const;
    bool boolean(std::string_view key) const;
    std::vector<std::string> list(std::string_view key) const;
    /// Path: absolute as it stands, empty stays empty, relative below data.directory (which itself
    /// is relative to the working directory).
    std::filesystem::path path(std::string_view key) const;

    /// "default", "file" or "environment".
    std::string_view origin(std::string_view key) const;

    /// Sets one key as the environment would; for command-line options and tests.
    base::Status set(std::string_view key, const std::string& value);

private:
    struct Entry {
        const Setting* setting;
        std::string value; ///< lists: entries joined with "\n"
        std::string_view origin = "default";
    };
    const Entry& entry(std::string_view key) const;

    std::map<std::string, Entry, std::less<>> entries_;
};

} // namespace fairlead::runtime
