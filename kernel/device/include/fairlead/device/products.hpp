// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/device/entry.hpp"
#include "fairlead/security/usage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// What stands for a secret value in everything that is read; written back it means "unchanged".
inline constexpr std::string_view kMaskedSecret = "***";
/// JSON text of a product's or device's configuration.
inline constexpr std::size_t kConfigurationBytesMax = 32U * 1024;
inline constexpr std::int64_t kKeepAliveSecondsMax = 7 * 86'400;
/// Users named in a refusal; the message tells how many there are.
inline constexpr std::size_t kUsersNamedMax = 20;

const char* toText(DeviceKind kind) noexcept; ///< "device", "gateway", "child"
std::optional<DeviceKind> parseDeviceKind(std::string_view text) noexcept;

struct Product {
    std::string id;
    std::string name;
    std::string description;
    DeviceKind kind = DeviceKind::Device;
    std::string gateway_id;
    std::string protocol_id;
    std::string thing_model;          ///< JSON
    std::string configuration = "{}"; ///< JSON object, secrets masked
    std::int64_t keep_alive_seconds = 0;
    bool published = false;
    std::int64_t device_count = 0;
    std::int64_t online_count = 0;
    std::int64_t version = 1;
    base::UtcMs created_at = 0;
    base::UtcMs updated_at = 0;
};

struct NewProduct {
    std::string id; ///< the user's own, [0-9A-Za-z_-]{1,64}
    std::string name;
    std::string description;
    DeviceKind kind = DeviceKind::Device;
    std::string gateway_id;
    std::string protocol_id;
    std::string thing_model = "{}";
    std::string configuration = "{}";
    std::int64_t keep_alive_seconds = 0;
};

/// What is set is changed. The kind cannot be (X3).
struct ProductChange {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::string> gateway_id;  ///< empty: none
    std::optional<std::string> protocol_id; ///< empty: none
    std::optional<std::string> thing_model;
    /// JSON merge patch: null removes, "***" leaves.
    std::optional<std::string> configuration;
    std::optional<std::int64_t> keep_alive_seconds;
};

struct ProductQuery {
    std::string q; ///< prefix of id or name
    std::string gateway_id;
    std::string protocol_id;
    std::optional<DeviceKind> kind;
    std::optional<bool> published;
    std::string sort = "-createdAt"; ///< id, name, createdAt, with "-" in front for descending
    std::size_t page = 1;
    std::size_t page_size = 20;
};

struct ProductPage {
    std::vector<Product> items;
    std::int64_t total = 0;
};

/// Products. Thread: any. Blocks: on the database.
///
/// Errors: Invalid (code "product.invalid", fields() name what), NotFound ("product.unknown"),
/// Conflict ("product.exists", "product.in_use", "stale"), and the database's.
class Products {
public:
    virtual ~Products() = default;

    virtual base::Result<ProductPage> list(const ProductQuery& query) = 0;
    virtual base::Result<Product> get(const std::string& id) = 0;
    virtual base::Result<Product> create(const NewProduct& input) = 0;
    /// `expected_version` 0: any.
    virtual base::Result<Product> change(const std::string& id, const ProductChange& change,
                                         std::int64_t expected_version) = 0;
    /// Refused while it has devices; usedBy names them.
    virtual base::Status remove(const std::string& id, std::int64_t expected_version) = 0;
    /// Devices of an unpublished product are refused at log-in. Publishing needs a gateway or a
    /// protocol (code "product.incomplete"), but for child products. Repeatable.
    virtual base::Result<Product> publish(const std::string& id) = 0;
    virtual base::Result<Product> unpublish(const std::string& id) = 0;

    /// At most kUsersNamedMax devices of the product.
    virtual base::Result<std::vector<security::Usage>> usedBy(const std::string& id) = 0;

    /// Products that name a gateway, or a protocol: for the refusals of those who own them.
    virtual security::UsageProvider& usersOfGateway() = 0;
    virtual security::UsageProvider& usersOfProtocol() = 0;
};

} // namespace fairlead::device
