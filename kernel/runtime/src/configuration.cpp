// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/configuration.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <numeric>
#include <optional>
#include <sstream>

extern char** environ;

namespace fairlead::runtime {

using base::Errc;
using base::Error;

namespace {

constexpr std::string_view kEnvironmentPrefix = "FAIRLEAD_";
// Switches of fault tests; they are no settings, and only builds made for faults know them.
constexpr std::string_view kTestPrefix = "FAIRLEAD_TEST_";
/// A configuration file is a few KB; more is a mistake of the path.
constexpr std::uintmax_t kFileBytesMax = 1U << 20;

std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({row[j - 1] + 1, above + 1, change});
            diagonal = above;
        }
    }
    return row[b.size()];
}

// Lower case without underscores: environment names carry no case.
std::string folded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != '_') {
            out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
    }
    return out;
}

std::string nearestKey(std::string_view key) {
    const std::string wanted = folded(key);
    std::string best;
    std::size_t least = std::string::npos;
    for (const Setting& setting : settings()) {
        const std::size_t distance = editDistance(wanted, folded(setting.key));
        if (distance < least) {
            least = distance;
            best = setting.key;
        }
    }
    return best;
}

std::string unknownKey(std::string_view key) {
    return "there is no setting \"" + std::string(key) + "\"; did you mean \"" + nearestKey(key) +
           "\"?";
}

std::optional<std::int64_t> toInteger(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

bool isChoice(const Setting& setting, std::string_view value) {
    const std::string all = "|" + std::string(setting.choices) + "|";
    return !value.empty() && value.find('|') == std::string_view::npos &&
           all.find("|" + std::string(value) + "|") != std::string::npos;
}

// The mistake in `value`, or nothing. A secret's value is never repeated.
std::optional<std::string> mistake(const Setting& setting, const std::string& value) {
    const std::string key = setting.key;
    switch (setting.type) {
    case SettingType::Integer: {
        const auto number = toInteger(value);
        if (!number) {
            return key + " must be a whole number, not \"" + value + "\"";
        }
        if (*number < setting.least || *number > setting.most) {
            return key + " is " + value + " and must be " + std::to_string(setting.least) + " to " +
                   std::to_string(setting.most) + (setting.unit[0] != '\0' ? " " : "") +
                   setting.unit;
        }
        return std::nullopt;
    }
    case SettingType::Boolean:
        if (value != "true" && value != "false") {
            return key + " must be true or false, not \"" + value + "\"";
        }
        return std::nullopt;
    case SettingType::Choice:
        if (!isChoice(setting, value)) {
            return key + " must be one of " + setting.choices + ", not \"" + value + "\"";
        }
        return std::nullopt;
    case SettingType::Text:
    case SettingType::Secret:
    case SettingType::Path:
    case SettingType::List:
        return std::nullopt;
    }
    return std::nullopt;
}

using Values = std::map<std::string, std::string>;

struct Mistakes {
    std::vector<std::string> lines;

    void add(const YAML::Node& node, const std::string& text) {
        const int line = node.Mark().line;
        lines.push_back((line >= 0 ? "line " + std::to_string(line + 1) + ": " : std::string{}) +
                        text);
    }
};

const Setting* findSetting(std::string_view key) {
    for (const Setting& setting : settings()) {
        if (key == setting.key) {
            return &setting;
        }
    }
    return nullptr;
}

std::string listText(const YAML::Node& node) {
    std::string out;
    for (const auto& item : node) {
        out += (out.empty() ? "" : "\n") + item.as<std::string>();
    }
    return out;
}

void readValue(const std::string& key, const YAML::Node& node, Values& values, Mistakes& mistakes) {
    const Setting* setting = findSetting(key);
    if (setting == nullptr) {
        mistakes.add(node, unknownKey(key));
        return;
    }
    if (values.contains(key)) {
        mistakes.add(node, key + " is given twice");
        return;
    }
    std::string value;
    if (setting->type == SettingType::List) {
        const bool texts = node.IsSequence() && std::all_of(node.begin(), node.end(),
                                                            [](auto& n) { return n.IsScalar(); });
        if (!texts && !node.IsNull()) {
            mistakes.add(node, key + " must be a list, as in [a, b]");
            return;
        }
        value = listText(node);
    } else if (node.IsScalar()) {
        value = node.Scalar();
    } else if (!node.IsNull()) {
        mistakes.add(node, key + " must be a single value");
        return;
    }
    if (const auto wrong = mistake(*setting, value)) {
        mistakes.add(node, *wrong);
        return;
    }
    values[key] = value;
}

void readSections(const YAML::Node& root, Values& values, Mistakes& mistakes) {
    if (root.IsNull()) {
        return;
    }
    if (!root.IsMap()) {
        mistakes.add(root, "the file must consist of sections with keys");
        return;
    }
    for (const auto& section : root) {
        const auto name = section.first.as<std::string>();
        if (section.second.IsNull()) {
            continue;
        }
        if (!section.second.IsMap()) {
            mistakes.add(section.second, unknownKey(name));
            continue;
        }
        for (const auto& item : section.second) {
            readValue(name + "." + item.first.as<std::string>(), item.second, values, mistakes);
        }
    }
}

// "FAIRLEAD_DATABASE__PASSWORD_FILE" → the setting database.passwordFile.
const Setting* findByEnvironment(std::string_view name) {
    const std::size_t split = name.find("__");
    if (split == std::string_view::npos) {
        return nullptr;
    }
    const std::string wanted = folded(name.substr(0, split)) + "." + folded(name.substr(split + 2));
    for (const Setting& setting : settings()) {
        if (folded(setting.key) == wanted) {
            return &setting;
        }
    }
    return nullptr;
}

std::string fromEnvironment(const Setting& setting, std::string value) {
    if (setting.type == SettingType::List) {
        std::replace(value.begin(), value.end(), ',', '\n');
    }
    return value;
}

void readEnvironment(const Configuration::Environment& environment, Values& values,
                     Mistakes& mistakes) {
    for (const auto& [name, value] : environment) {
        if (name.substr(0, kEnvironmentPrefix.size()) != kEnvironmentPrefix) {
            continue;
        }
        std::string rest = name.substr(kEnvironmentPrefix.size());
        const Setting* setting = findByEnvironment(rest);
        if (setting == nullptr) {
            const std::size_t split = rest.find("__");
            if (split != std::string::npos) {
                rest.replace(split, 2, ".");
            }
            mistakes.lines.push_back("environment variable " + name +
                                     ": there is no such setting; "
                                     "did you mean the one for \"" +
                                     nearestKey(rest) + "\"?");
            continue;
        }
        const std::string text = fromEnvironment(*setting, value);
        if (const auto wrong = mistake(*setting, text)) {
            mistakes.lines.push_back("environment variable " + name + ": " + *wrong);
            continue;
        }
        values[setting->key] = text;
    }
}

// What holds between settings, once each is right by itself.
void checkTogether(const Configuration& configuration, Mistakes& mistakes) {
    if (configuration.text("web.certificateFile").empty() !=
        configuration.text("web.keyFile").empty()) {
        mistakes.lines.emplace_back("web.certificateFile and web.keyFile go together");
    }
    if (configuration.integer("ingest.commitMessagesMax") >
        configuration.integer("ingest.pendingMessagesMax")) {
        mistakes.lines.emplace_back(
            "ingest.commitMessagesMax must not be above ingest.pendingMessagesMax");
    }
    if (configuration.integer("ingest.segmentBytes") >
        configuration.integer("ingest.journalBytesMax")) {
        mistakes.lines.emplace_back("ingest.segmentBytes must not be above ingest.journalBytesMax");
    }
}

Error toError(const Mistakes& mistakes) {
    std::string text = "The configuration is wrong:";
    for (const std::string& line : mistakes.lines) {
        text += "\n  " + line;
    }
    return {Errc::Invalid, "configuration.invalid", text};
}

} // namespace

Configuration::Configuration() {
    for (const Setting& setting : settings()) {
        entries_.emplace(setting.key, Entry{&setting, setting.fallback, "default"});
    }
}

Configuration::Environment Configuration::processEnvironment() {
    Environment out;
    for (char** p = environ; p != nullptr && *p != nullptr; ++p) {
        const std::string_view item = *p;
        const std::size_t equals = item.find('=');
        if (item.substr(0, kEnvironmentPrefix.size()) == kEnvironmentPrefix &&
            item.substr(0, kTestPrefix.size()) != kTestPrefix && equals != std::string_view::npos) {
            out.emplace(item.substr(0, equals), item.substr(equals + 1));
        }
    }
    return out;
}

base::Result<Configuration> Configuration::parse(const std::string& yaml,
                                                 const Environment& environment) {
    Configuration out;
    Mistakes mistakes;
    Values file;
    Values overrides;
    try {
        readSections(YAML::Load(yaml), file, mistakes);
    } catch (const YAML::Exception& e) {
        mistakes.lines.push_back("line " + std::to_string(e.mark.line + 1) + ": " + e.msg);
    }
    readEnvironment(environment, overrides, mistakes);
    for (const auto& [key, value] : file) {
        out.entries_.at(key).value = value;
        out.entries_.at(key).origin = "file";
    }
    for (const auto& [key, value] : overrides) {
        out.entries_.at(key).value = value;
        out.entries_.at(key).origin = "environment";
    }
    checkTogether(out, mistakes);
    if (!mistakes.lines.empty()) {
        return toError(mistakes);
    }
    return out;
}

base::Result<Configuration> Configuration::load(const std::filesystem::path& file,
                                                const Environment& environment) {
    if (file.empty()) {
        return parse("", environment);
    }
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    std::ifstream in(file);
    if (error || !in) {
        return Error::io("Cannot read the configuration file " + file.string() +
                         (error ? ": " + error.message() : std::string{}));
    }
    if (size > kFileBytesMax) {
        return Error::limit("The configuration file " + file.string() + " has " +
                            std::to_string(size) + " bytes, more than a configuration can have");
    }
    std::ostringstream text;
    text << in.rdbuf();
    auto result = parse(text.str(), environment);
    if (!result) {
        return std::move(result).error().within(file.string());
    }
    return result;
}

base::Status Configuration::set(std::string_view key, const std::string& value) {
    const auto it = entries_.find(key);
    if (it == entries_.end()) {
        return Error::invalid(unknownKey(key));
    }
    std::string converted = fromEnvironment(*it->second.setting, value);
    if (const auto wrong = mistake(*it->second.setting, converted)) {
        return Error::invalid(*wrong);
    }
    it->second.value = std::move(converted);
    it->second.origin = "environment";
    return {};
}

const Configuration::Entry& Configuration::entry(std::string_view key) const {
    const auto it = entries_.find(key);
    FL_ASSERT(it != entries_.end());
    return it->second;
}

const std::string& Configuration::text(std::string_view key) const {
    const Entry& found = entry(key);
    FL_ASSERT(
        found.setting->type == SettingType::Text || found.setting->type == SettingType::Secret ||
        found.setting->type == SettingType::Choice || found.setting->type == SettingType::Path);
    return found.value;
}

std::int64_t Configuration::integer(std::string_view key) const {
    const Entry& found = entry(key);
    FL_ASSERT(found.setting->type == SettingType::Integer);
    const auto value = toInteger(found.value);
    FL_ASSERT(value.has_value());
    return *value;
}

bool Configuration::boolean(std::string_view key) const {
    const Entry& found = entry(key);
    FL_ASSERT(found.setting->type == SettingType::Boolean);
    return found.value == "true";
}

std::vector<std::string> Configuration::list(std::string_view key) const {
    const Entry& found = entry(key);
    FL_ASSERT(found.setting->type == SettingType::List);
    std::vector<std::string> out;
    std::istringstream lines(found.value);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) {
            out.push_back(line);
        }
    }
    return out;
}

std::filesystem::path Configuration::path(std::string_view key) const {
    const Entry& found = entry(key);
    FL_ASSERT(found.setting->type == SettingType::Path);
    const std::filesystem::path value = found.value;
    if (value.empty() || value.is_absolute() || key == "data.directory") {
        return value;
    }
    return path("data.directory") / value;
}

std::string_view Configuration::origin(std::string_view key) const {
    return entry(key).origin;
}

} // namespace fairlead::runtime
