// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/configuration.hpp"

namespace fairlead::runtime {

namespace {

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;
constexpr std::int64_t kYearDays = 366;

constexpr Setting text(const char* key, const char* fallback, const char* description) {
    return {key, SettingType::Text, fallback, "", 0, 0, "", true, description};
}

constexpr Setting secret(const char* key, const char* description) {
    return {key, SettingType::Secret, "", "", 0, 0, "", true, description};
}

constexpr Setting path(const char* key, const char* fallback, const char* description) {
    return {key, SettingType::Path, fallback, "", 0, 0, "", true, description};
}

constexpr Setting choice(const char* key, const char* fallback, const char* choices,
                         const char* description) {
    return {key, SettingType::Choice, fallback, "", 0, 0, choices, true, description};
}

constexpr Setting flag(const char* key, const char* fallback, const char* description) {
    return {key, SettingType::Boolean, fallback, "", 0, 0, "", true, description};
}

constexpr Setting list(const char* key, const char* description) {
    return {key, SettingType::List, "", "", 0, 0, "", true, description};
}

struct Range {
    std::int64_t least;
    std::int64_t most;
};

constexpr Setting integer(const char* key, const char* fallback, const char* unit, Range range,
                          const char* description) {
    return {key,  SettingType::Integer, fallback, unit, range.least, range.most, "",
            true, description};
}

/// The same without a restart: the page or the API may change it while the server runs.
constexpr Setting live(Setting setting) {
    setting.restart = false;
    return setting;
}

// Grouped by section; conf/fairlead.yaml is made from it in this order.
constexpr Setting kSettings[] = {
    text("node.id", "node1",
         "Name of this node; must differ between the nodes of one cluster. 1 to 64 of "
         "[0-9A-Za-z_-]."),
    text("node.address", "127.0.0.1", "Address at which the other nodes reach this one."),
    integer("node.heartbeatSeconds", "5", "seconds", {1, 60},
            "How often the node says that it lives; after three silent periods it counts as dead."),

    path("data.directory", "data",
         "Everything that the server stores: database, journal, files, keys. Relative to the "
         "working "
         "directory; other relative paths of this file are below it."),

    choice("database.driver", "sqlite", "sqlite|mysql",
           "sqlite: one file, for one node. mysql: MySQL, MariaDB or TiDB."),
    path("database.path", "fairlead.db", "File of the SQLite database."),
    text("database.host", "127.0.0.1",
         "Host of the MySQL server, or the absolute path of its socket."),
    integer("database.port", "3306", "", {1, 65535}, "Port of the MySQL server."),
    text("database.user", "fairlead", "User at the MySQL server."),
    secret(
        "database.password",
        "Password at the MySQL server; better given in database.passwordFile or the environment."),
    path("database.passwordFile", "",
         "File that holds the password; goes before database.password."),
    text("database.schema", "fairlead", "Schema (database name) at the MySQL server; must exist."),
    integer("database.readers", "4", "connections", {1, 64}, "Connections that read."),

    text("web.address", "0.0.0.0", "Address of the admin page and the REST API."),
    integer("web.port", "8080", "", {0, 65535},
            "Port of the admin page and the REST API; 0 takes a free one."),
    integer("web.threads", "64", "threads", {2, 256}, "Requests that are worked on at a time."),
    integer("web.queueMax", "512", "connections", {1, 65536},
            "Connections that wait for a thread; further ones are refused."),
    path("web.certificateFile", "",
         "PEM certificate chain; with it and the key the page is served over HTTPS."),
    path("web.keyFile", "", "PEM private key of web.certificateFile."),
    live(integer("web.sessionHours", "12", "hours", {1, 720}, "How long a login lasts.")),
    text("web.publicUrl", "",
         "Address under which browsers reach the page, such as https://iot.example.com; empty: "
         "taken "
         "from the request."),
    path("web.root", "", "Folder of the built pages; empty: beside the program."),
    integer("web.requestBytesMax", "1048576", "bytes", {64 * kKiB, 64 * kMiB},
            "Largest body of a request that is no upload."),
    integer("web.uploadBytesMax", "268435456", "bytes", {kMiB, 16 * kGiB}, "Largest upload."),
    integer("web.eventStreamsMax", "1000", "streams", {1, 10'000},
            "Pages that follow live events at a time."),
    list(
        "web.trustedProxies",
        "Addresses or ranges (10.0.0.0/8) of your own proxies, whose X-Forwarded-For is believed."),

    integer("network.threads", "0", "threads", {0, 256},
            "I/O loops for devices; 0: one less than the processor has cores, at least one."),
    integer("network.connectionsMax", "100000", "connections", {1, 10'000'000},
            "Device connections in all; further ones are closed at once."),
    integer("network.connectionsPerAddressMax", "0", "connections", {0, 10'000'000},
            "Device connections from one address; 0: no limit of its own."),
    integer("network.outputBytesMax", "1048576", "bytes", {16 * kKiB, kGiB},
            "Output that waits for one connection; a device that reads more slowly is closed."),
    integer("network.acceptPerRoundMax", "64", "connections", {1, 4096},
            "Connections accepted by one loop in one round, so that the others are served too."),
    integer("network.handshakesPerRound", "16", "handshakes", {1, 1024},
            "TLS handshakes worked on by one loop in one round; one costs about 0.3 ms."),
    integer("network.handshakeSeconds", "10", "seconds", {1, 300},
            "Time for a TLS handshake; then the connection is closed."),
    integer("network.loginSeconds", "10", "seconds", {1, 300},
            "Time until a new connection must have said who it is; then it is closed."),
    integer("network.messageBytesMax", "1048576", "bytes", {kKiB, 256 * kMiB},
            "Largest message of a device; a component may set a smaller one."),
    integer("network.backlog", "1024", "connections", {1, 65535},
            "Connections that the system holds before they are accepted."),

    path("ingest.journalDirectory", "journal",
         "Folder of the journal, in which messages are durable before they are acknowledged."),
    integer("ingest.segmentBytes", "67108864", "bytes", {kMiB, kGiB}, "Size of one journal file."),
    integer("ingest.commitSpacingMs", "1", "milliseconds", {0, 1000},
            "Least time between two commits; 0 commits as often as the disk can."),
    integer("ingest.commitMessagesMax", "256", "messages", {1, 65536},
            "Messages that end the wait for the next commit early."),
    integer("ingest.pendingMessagesMax", "4096", "messages", {64, 1'000'000},
            "Messages not yet durable; above it reading from the devices stops."),
    integer("ingest.pendingBytesMax", "4194304", "bytes", {64 * kKiB, 4 * kGiB},
            "Bytes of messages not yet durable; above it reading from the devices stops."),
    integer("ingest.journalBytesMax", "4294967296", "bytes", {16 * kMiB, 16'384 * kGiB},
            "Journal not yet brought into the history; above it reading from the devices stops."),
    integer("ingest.compactionIntervalSeconds", "30", "seconds", {1, 3600},
            "How often the journal is brought into the history."),
    integer("ingest.compactionMessagesMax", "200000", "messages", {100, 10'000'000},
            "Messages in one slice of that work."),
    integer("ingest.devicesCachedMax", "200000", "devices", {1000, 50'000'000},
            "Devices kept in memory; connected ones always are."),

    path("history.directory", "history", "Folder of the history's own database files."),
    live(integer("history.retentionDays", "90", "days", {1, 100 * kYearDays},
                 "How long property values and events are kept.")),
    live(integer("history.messageRetentionDays", "7", "days", {1, 100 * kYearDays},
                 "How long raw messages are kept.")),

    choice("log.level", "information", "debug|information|warning|error",
           "Least level that is written."),
    list("log.levels", "Levels of single sources, such as network=debug."),
    choice("log.format", "human", "human|json", "human: lines to read. json: one object per line."),
    path("log.file", "", "Log file; empty: standard error only."),
    integer("log.fileBytesMax", "10485760", "bytes", {64 * kKiB, kGiB},
            "Size at which the log file is closed and a new one begun."),
    integer("log.files", "5", "files", {1, 1000}, "Closed log files that are kept."),

    live(integer("logs.accessRetentionDays", "180", "days", {1, 10 * kYearDays},
                 "How long the access log (who did what) is kept.")),
    live(integer("logs.systemRetentionDays", "30", "days", {1, 10 * kYearDays},
                 "How long the system log is kept.")),
    live(integer("logs.systemRowsMax", "1000000", "rows", {1000, 100'000'000},
                 "Rows of the system log; above it the oldest go.")),

    path("plugins.directory", "", "Folder of the built-in plugins; empty: beside the program."),
    path("plugins.packageDirectory", "plugins", "Folder of uploaded plugins and unpacked copies."),
    list("plugins.localRoots",
         "Folders below which plugins of type local may lie; empty: type local is refused."),
    flag("plugins.devMode", "false",
         "Watch local plugins and reload them at once when they were rebuilt."),
    integer("plugins.drainSeconds", "30", "seconds", {1, 3600},
            "Time for an old generation of a plugin to finish before it is reported."),

    integer("shutdown.drainSeconds", "20", "seconds", {1, 600},
            "Time to finish what was read, commit and close after SIGTERM."),

    flag("quickstart.enabled", "true",
         "Set up an example product, device and gateways in an empty data directory."),
};

} // namespace

std::span<const Setting> settings() {
    return kSettings;
}

} // namespace fairlead::runtime
