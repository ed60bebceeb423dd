// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/configuration.hpp"
#include "mysql_database.hpp"
#include "sqlite_database.hpp"

#include "fairlead/base/text.hpp"

#include <fstream>
#include <sstream>

namespace fairlead::storage {

using base::Error;

namespace {

constexpr std::size_t kReadersMax = 64;
constexpr std::size_t kPasswordFileBytesMax = 4096;

base::Result<std::string> readPassword(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::string text(kPasswordFileBytesMax, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || (in.fail() && !in.eof())) {
        return Error::io("Cannot read the password file " + path.string());
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    return std::string(base::trim(text));
}

} // namespace

base::Result<std::unique_ptr<Database>> openDatabase(const DatabaseOptions& options) {
    if (options.readers < 1 || options.readers > kReadersMax) {
        return Error::invalid("database.readers must be 1 to " + std::to_string(kReadersMax));
    }
    if (options.driver == "sqlite") {
        return openSqlite(options);
    }
    if (options.driver == "mysql") {
        return openMysql(options);
    }
    return Error::invalid("database.driver must be sqlite or mysql, not \"" + options.driver +
                          "\"");
}

base::Result<DatabaseOptions> databaseOptions(const runtime::Configuration& configuration) {
    DatabaseOptions options;
    options.driver = configuration.text("database.driver");
    options.path = configuration.path("database.path").string();
    options.host = configuration.text("database.host");
    options.port = static_cast<std::uint16_t>(configuration.integer("database.port"));
    options.user = configuration.text("database.user");
    options.password = configuration.text("database.password");
    options.schema = configuration.text("database.schema");
    options.readers = static_cast<std::size_t>(configuration.integer("database.readers"));
    if (const auto file = configuration.path("database.passwordFile"); !file.empty()) {
        FL_ASSIGN(options.password, readPassword(file));
    }
    return options;
}

} // namespace fairlead::storage
