// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/configuration.hpp"

#include <algorithm>

namespace fairlead::runtime {

namespace {

constexpr std::size_t kColumns = 100;

struct Section {
    std::string_view name;
    const char* intro;
};

constexpr Section kSections[] = {
    {"node", "This node."},
    {"data", "Where things are stored."},
    {"database", "What is configured and decided."},
    {"web", "The admin page and the REST API."},
    {"network", "Connections of devices."},
    {"ingest", "From a device's message to its acknowledgement."},
    {"history", "What is kept of the devices' data."},
    {"log", "The server's own log."},
    {"logs", "The access log and the system log, as the page shows them."},
    {"plugins", "Protocols, network types and other extensions."},
    {"shutdown", "Ending."},
    {"quickstart", "The first start."},
};

// `text` as comment lines of at most kColumns characters.
void comment(std::string& out, const std::string& indent, std::string_view text) {
    std::string line;
    const auto flush = [&] {
        if (!line.empty()) {
            out += indent + "#" + line + "\n";
            line.clear();
        }
    };
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        if (indent.size() + 1 + line.size() + 1 + word.size() > kColumns) {
            flush();
        }
        line += " " + std::string(word);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    flush();
}

// Text that YAML would take for something else is quoted.
std::string valueText(const Setting& setting) {
    const std::string value = setting.fallback;
    switch (setting.type) {
    case SettingType::Integer:
    case SettingType::Boolean:
    case SettingType::Choice:
        return value;
    case SettingType::List:
        return "[]";
    case SettingType::Text:
    case SettingType::Secret:
    case SettingType::Path:
        return "\"" + value + "\"";
    }
    return value;
}

std::string facts(const Setting& setting) {
    std::string out;
    switch (setting.type) {
    case SettingType::Integer:
        out = "Range: " + std::to_string(setting.least) + " to " + std::to_string(setting.most);
        break;
    case SettingType::Choice:
        out = "One of: " + std::string(setting.choices);
        break;
    case SettingType::Boolean:
        out = "true or false";
        break;
    case SettingType::List:
        out = "A list of texts";
        break;
    case SettingType::Path:
        out = "A path";
        break;
    case SettingType::Text:
    case SettingType::Secret:
        out = "Text";
        break;
    }
    if (setting.unit[0] != '\0') {
        out += ". Unit: " + std::string(setting.unit);
    }
    out += ". Default: " + valueText(setting);
    return out + (setting.restart ? ". Needs a restart." : ". No restart needed.");
}

} // namespace

std::string commentedSettings() {
    std::string out;
    comment(out, "",
            "Fairlead's configuration. Every key is here with its default; what is left out has it "
            "too. Environment variables go before this file: FAIRLEAD_DATABASE__PASSWORD_FILE is "
            "database.passwordFile; lists are separated by commas. Unknown keys are refused. Made "
            "from kernel/runtime/src/settings.cpp; a test compares the two.");
    std::string_view open;
    for (const Setting& setting : settings()) {
        const std::string_view key = setting.key;
        const std::string_view section = key.substr(0, key.find('.'));
        if (section != open) {
            const auto* found = std::find_if(std::begin(kSections), std::end(kSections),
                                             [&](const Section& s) { return s.name == section; });
            FL_ASSERT(found != std::end(kSections));
            out += "\n";
            comment(out, "", found->intro);
            out += std::string(section) + ":\n";
            open = section;
        } else {
            out += "\n";
        }
        comment(out, "  ", setting.description);
        comment(out, "  ", facts(setting));
        out +=
            "  " + std::string(key.substr(section.size() + 1)) + ": " + valueText(setting) + "\n";
    }
    return out;
}

} // namespace fairlead::runtime
