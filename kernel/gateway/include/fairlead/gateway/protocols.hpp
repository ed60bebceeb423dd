// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::gateway {

enum class ProtocolSource { Builtin, Package, Local };

/// A protocol as people manage it: a name for one protocol of one plugin.
struct Protocol {
    std::string id;
    std::string name;
    std::string description;
    ProtocolSource source = ProtocolSource::Builtin;
    std::string location; ///< Local: absolute path; else empty
    std::string file_id;  ///< Package: uploaded file; else empty
    std::string plugin_id;
    std::string protocol; ///< id inside the plugin, "jetlinks.v3"
    bool enabled = false;
    std::int64_t version = 1; ///< for optimistic locking
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
};

/// What the running side knows of it.
struct ProtocolStatus {
    std::string run_state; ///< "started", "stopped", "failed"
    std::string last_error;
    std::string plugin_version;
    std::string sha256;
    std::uint64_t generation = 0;
    std::string features;   ///< JSON array of texts
    std::string transports; ///< JSON array of {id, routes, configurationSchema, document}
};

struct UsedBy {
    std::string kind; ///< "gateway", "product"
    std::string id;
    std::string name;
};

struct NewProtocol {
    std::string name;
    std::string description;
    ProtocolSource source = ProtocolSource::Package;
    std::string location;
    std::string file_id;
};

struct ProtocolChange {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> location;
    std::optional<std::string> file_id; ///< a new version: loaded beside the old one, then swapped
};

struct ProtocolQuery {
    std::string q; ///< part of name or id
    std::optional<bool> enabled;
    std::optional<ProtocolSource> source;
    std::int64_t page = 1;
    std::int64_t page_size = 20;
};

struct ProtocolPage {
    std::vector<Protocol> items;
    std::int64_t total = 0;
};

/// One trial of the page's "try decode": nothing is stored.
struct DecodeTrial {
    std::string transport;
    std::string address; ///< topic or path
    std::string method;
    std::string payload;
    std::string device_id;
};

/// Protocol management (P1 to P5). Thread: any. Blocks: on the database and on plugin loading.
class Protocols {
public:
    virtual ~Protocols() = default;

    virtual base::Result<ProtocolPage> list(const ProtocolQuery& query) = 0;
    virtual base::Result<Protocol> get(const std::string& id) = 0;
    virtual ProtocolStatus status(const Protocol& protocol) = 0;
    virtual std::vector<UsedBy> usedBy(const std::string& id) = 0;

    virtual base::Result<Protocol> create(const NewProtocol& input) = 0;
    /// `expected_version` 0: any; else Conflict with code "stale" when it differs.
    virtual base::Result<Protocol> change(const std::string& id, const ProtocolChange& change,
                                          std::int64_t expected_version) = 0;
    /// Conflict with code "protocol.enabled" or "protocol.in_use".
    virtual base::Status remove(const std::string& id, std::int64_t expected_version) = 0;
    virtual base::Result<Protocol> enable(const std::string& id) = 0;
    virtual base::Result<Protocol> disable(const std::string& id) = 0;

    /// JSON array of the device messages (decode), or of the transport messages (encode) that
    /// `device_message`, a JSON object, becomes.
    virtual base::Result<std::string> tryDecode(const std::string& id,
                                                const DecodeTrial& trial) = 0;
    virtual base::Result<std::string> tryEncode(const std::string& id, const std::string& transport,
                                                const std::string& device_message) = 0;

    /// JSON Schema of credentials for a transport; empty text when it has none.
    virtual base::Result<std::string> configurationSchema(const std::string& id,
                                                          const std::string& transport) = 0;
};

const char* toText(ProtocolSource source) noexcept;
std::optional<ProtocolSource> parseProtocolSource(std::string_view text) noexcept;

} // namespace fairlead::gateway
