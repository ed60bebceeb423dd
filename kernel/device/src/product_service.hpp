// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "configuration.hpp"
#include "db.hpp"
#include "fairlead/device/products.hpp"
#include "registry_cache.hpp"

#include <functional>
#include <string>

namespace fairlead::device {

class ProductService final : public Products {
public:
    struct Options {
        storage::Database* database = nullptr;
        const security::Secrets* secrets = nullptr;
        RegistryCache* registry = nullptr;
        IsSecret is_secret;
        std::function<base::Status(const std::string& kind, const std::string& id)> check_reference;
        /// Told after a product changed, for other nodes.
        std::function<void(const std::string& id)> changed;
    };
    explicit ProductService(Options options);

    base::Result<ProductPage> list(const ProductQuery& query) override;
    base::Result<Product> get(const std::string& id) override;
    base::Result<Product> create(const NewProduct& input) override;
    base::Result<Product> change(const std::string& id, const ProductChange& change,
                                 std::int64_t expected_version) override;
    base::Status remove(const std::string& id, std::int64_t expected_version) override;
    base::Result<Product> publish(const std::string& id) override;
    base::Result<Product> unpublish(const std::string& id) override;
    base::Result<std::vector<security::Usage>> usedBy(const std::string& id) override;
    security::UsageProvider& usersOfGateway() override { return gateway_users_; }
    security::UsageProvider& usersOfProtocol() override { return protocol_users_; }

private:
    /// Products whose `column` has a value.
    class Users final : public security::UsageProvider {
    public:
        Users(storage::Database& database, const char* column)
            : database_(database), column_(column) {}
        base::Result<std::vector<security::Usage>> usedBy(const std::string& id) override;

    private:
        storage::Database& database_;
        const char* const column_;
    };

    base::Status readCounts(DbSession& session, std::vector<Product>& products);
    /// With the configuration in clear.
    base::Result<Product> readClear(DbSession& session, const std::string& id);
    void mask(Product& product) const;
    base::Status checkReferences(const std::string& gateway_id, const std::string& protocol_id,
                                 std::vector<base::FieldError>& errors) const;
    base::Status store(DbSession& session, const Product& product, std::int64_t expected_version);
    base::Result<Product> setPublished(const std::string& id, bool published);
    void announce(const std::string& id);

    const Options options_;
    Users gateway_users_;
    Users protocol_users_;
};

} // namespace fairlead::device
