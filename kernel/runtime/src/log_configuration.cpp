// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/configuration.hpp"
#include "fairlead/runtime/log.hpp"

namespace fairlead::runtime {

base::Status configureLog(Log& log, const Configuration& configuration) {
    log.setLevel(parseLogLevel(configuration.text("log.level")).value());
    for (const std::string& entry : configuration.list("log.levels")) {
        const std::size_t equals = entry.find('=');
        const auto level = equals == std::string::npos
                               ? std::nullopt
                               : parseLogLevel(std::string_view(entry).substr(equals + 1));
        if (!level || equals == 0) {
            return base::Error::invalid("log.levels: \"" + entry +
                                        "\" is not like network=debug (debug, information, "
                                        "warning, error or fatal)");
        }
        log.setLevel(entry.substr(0, equals), *level);
    }
    const bool json = configuration.text("log.format") == "json";
    log.addSink(stderrSink(json));
    if (const auto file = configuration.path("log.file"); !file.empty()) {
        log.addSink(fileSink({file.string(), json,
                              static_cast<std::uint64_t>(configuration.integer("log.fileBytesMax")),
                              static_cast<int>(configuration.integer("log.files"))}));
    }
    return {};
}

} // namespace fairlead::runtime
