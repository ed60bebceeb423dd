// SPDX-License-Identifier: Apache-2.0
#include "product_service.hpp"

#include "device_rows.hpp"
#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/device/thing_model.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/storage/listing.hpp"
#include "fairlead/storage/sql.hpp"

namespace fairlead::device {

namespace {

using base::Errc;
using base::Error;
using base::FieldError;
using base::Status;

constexpr const char* kInvalidProduct = "product.invalid";
constexpr const char* kProductColumns =
    "id, name, description, kind, gateway_id, protocol_id, thing_model, configuration, "
    "keep_alive_seconds, published, version, created_at, updated_at";

Product readProductRow(const DbRow& row) {
    Product out;
    out.id = row.text(0);
    out.name = row.text(1);
    out.description = row.text(2);
    out.kind = parseDeviceKind(row.text(3)).value_or(DeviceKind::Device);
    out.gateway_id = row.text(4);
    out.protocol_id = row.text(5);
    out.thing_model = row.text(6);
    out.configuration = row.text(7);
    out.keep_alive_seconds = row.integer(8);
    out.published = row.integer(9) != 0;
    out.version = row.integer(10);
    out.created_at = row.integer(11);
    out.updated_at = row.integer(12);
    return out;
}

const storage::ListSpec& productList() {
    static const storage::ListSpec kSpec = [] {
        storage::ListSpec spec;
        spec.select = kProductColumns;
        spec.from = "products";
        spec.key = "id";
        spec.default_sort = "-createdAt";
        spec.sortable = {{"id", "id"}, {"name", "name"}, {"createdAt", "created_at"}};
        spec.filterable = {{"gatewayId", "gateway_id"},
                           {"protocolId", "protocol_id"},
                           {"deviceKind", "kind"},
                           {"state", "published"}};
        spec.searched = {"id", "name"};
        return spec;
    }();
    return kSpec;
}

Error unknownProduct(const std::string& id) {
    return Error{Errc::NotFound, "product.unknown", "there is no product \"" + id + "\""};
}

void checkKeepAlive(std::int64_t seconds, std::vector<FieldError>& errors) {
    if (seconds < 0 || seconds > kKeepAliveSecondsMax) {
        errors.push_back({"settings.keepAliveSeconds", "range", "keepAliveSeconds is 0 to 604800"});
    }
}

/// The model's own text when it is one; else what is wrong with it, below "thingModel".
std::string checkModel(const std::string& json, std::vector<FieldError>& errors) {
    auto model = ThingModel::parse(json);
    if (model) {
        return (*model)->json();
    }
    for (const FieldError& error : model.error().fields()) {
        errors.push_back({"thingModel." + error.field, error.code, error.message});
    }
    if (model.error().fields().empty()) {
        errors.push_back({"thingModel", "invalid", model.error().message()});
    }
    return {};
}

} // namespace

ProductService::ProductService(Options options)
    : options_(std::move(options)), gateway_users_(*options_.database, "gateway_id"),
      protocol_users_(*options_.database, "protocol_id") {}

base::Result<std::vector<security::Usage>> ProductService::Users::usedBy(const std::string& id) {
    std::vector<security::Usage> out;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const auto rows,
                  session.query(std::string{"SELECT id, name FROM products WHERE "} + column_ +
                                    " = ? ORDER BY id LIMIT ?",
                                {DbValue{id}, DbValue{std::int64_t{kUsersNamedMax}}}));
        for (const DbRow& row : rows) {
            out.push_back(security::Usage{"product", row.text(0), row.text(1)});
        }
        return {};
    };
    FL_TRY(database_.read(work));
    return out;
}

base::Result<std::vector<security::Usage>> ProductService::usedBy(const std::string& id) {
    std::vector<security::Usage> out;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const auto rows,
                  session.query("SELECT id, name FROM devices WHERE product_id = ? ORDER BY "
                                "device_key LIMIT ?",
                                {DbValue{id}, DbValue{std::int64_t{kUsersNamedMax}}}));
        for (const DbRow& row : rows) {
            out.push_back(security::Usage{"device", row.text(0), row.text(1)});
        }
        return {};
    };
    FL_TRY(options_.database->read(work));
    return out;
}

Status ProductService::readCounts(DbSession& session, std::vector<Product>& products) {
    if (products.empty()) {
        return {};
    }
    std::vector<DbValue> ids;
    for (const Product& product : products) {
        ids.emplace_back(product.id);
    }
    return session.stream("SELECT product_id, state, device_count FROM device_counts WHERE "
                          "product_id IN " +
                              storage::placeholders(ids.size()),
                          ids, [&products](const DbRow& row) {
                              for (Product& product : products) {
                                  if (product.id == row.text(0)) {
                                      const bool online =
                                          row.integer(1) ==
                                          static_cast<std::int64_t>(DeviceState::Online);
                                      product.device_count += row.integer(2);
                                      product.online_count += online ? row.integer(2) : 0;
                                  }
                              }
                              return true;
                          });
}

base::Result<Product> ProductService::readClear(DbSession& session, const std::string& id) {
    FL_ASSIGN(const auto rows, session.query("SELECT " + std::string{kProductColumns} +
                                                 " FROM products WHERE id = ?",
                                             {DbValue{id}}));
    if (rows.empty()) {
        return unknownProduct(id);
    }
    std::vector<Product> found{readProductRow(rows.front())};
    FL_TRY(readCounts(session, found));
    FL_ASSIGN(found.front().configuration,
              unsealConfiguration(options_.secrets, found.front().configuration, "product/" + id));
    return std::move(found.front());
}

void ProductService::mask(Product& product) const {
    product.configuration = maskConfiguration(product.configuration, [&](const std::string& key) {
        return options_.is_secret(product.protocol_id, key);
    });
}

base::Result<ProductPage> ProductService::list(const ProductQuery& query) {
    storage::ListRequest request;
    request.page = query.page;
    request.page_size = query.page_size;
    request.sort = query.sort;
    request.q = query.q;
    const auto filter = [&request](const char* field, DbValue value) {
        request.filters.push_back({field, std::move(value)});
    };
    if (!query.gateway_id.empty()) {
        filter("gatewayId", query.gateway_id);
    }
    if (!query.protocol_id.empty()) {
        filter("protocolId", query.protocol_id);
    }
    if (query.kind) {
        filter("deviceKind", std::string{toText(*query.kind)});
    }
    if (query.published) {
        filter("state", std::int64_t{*query.published ? 1 : 0});
    }
    ProductPage page;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const storage::ListPage found,
                  storage::listPage(session, productList(), request));
        page.total = found.total;
        page.items.clear();
        for (const DbRow& row : found.rows) {
            page.items.push_back(readProductRow(row));
        }
        return readCounts(session, page.items);
    };
    FL_TRY(options_.database->read(work));
    for (Product& product : page.items) {
        FL_ASSIGN(
            product.configuration,
            unsealConfiguration(options_.secrets, product.configuration, "product/" + product.id));
        mask(product);
    }
    return page;
}

base::Result<Product> ProductService::get(const std::string& id) {
    Product out;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(out, readClear(session, id));
        return {};
    };
    FL_TRY(options_.database->read(work));
    mask(out);
    return out;
}

Status ProductService::checkReferences(const std::string& gateway_id,
                                       const std::string& protocol_id,
                                       std::vector<FieldError>& errors) const {
    const std::pair<const char*, const std::string*> references[] = {{"gateway", &gateway_id},
                                                                     {"protocol", &protocol_id}};
    for (const auto& reference : references) {
        if (reference.second->empty()) {
            continue;
        }
        const std::string field = std::string{reference.first} + "Id";
        if (!base::isUserId(*reference.second)) {
            errors.push_back({field, "invalid", field + " is no id"});
            continue;
        }
        if (!options_.check_reference) {
            continue;
        }
        Status exists = options_.check_reference(reference.first, *reference.second);
        if (!exists && exists.error().kind() != Errc::NotFound) {
            return exists;
        }
        addProblem(errors, field, exists);
    }
    return {};
}

base::Result<Product> ProductService::create(const NewProduct& input) {
    std::vector<FieldError> errors;
    if (!base::isUserId(input.id)) {
        errors.push_back({"id", "invalid", "an id has 1 to 64 letters, digits, _ or -"});
    }
    addProblem(errors, "name", base::checkName(input.name, "name"));
    addProblem(errors, "description", base::checkDescription(input.description, "description"));
    checkKeepAlive(input.keep_alive_seconds, errors);
    checkConfiguration(input.configuration, errors);
    FL_TRY(checkReferences(input.gateway_id, input.protocol_id, errors));
    const std::string model = checkModel(input.thing_model, errors);
    FL_TRY(invalidUnless(std::move(errors), kInvalidProduct));
    const base::UtcMs now = base::utcNow();
    const std::string sealed =
        sealConfiguration(options_.secrets, input.configuration, "product/" + input.id);
    const auto work = [&](DbSession& session) -> Status {
        FL_TRY(session.execute("INSERT INTO products (" + std::string{kProductColumns} +
                                   ") VALUES (?,?,?,?,?,?,?,?,?,0,1,?,?)",
                               {DbValue{input.id}, DbValue{input.name}, DbValue{input.description},
                                DbValue{std::string{toText(input.kind)}}, DbValue{input.gateway_id},
                                DbValue{input.protocol_id}, DbValue{model}, DbValue{sealed},
                                DbValue{input.keep_alive_seconds}, DbValue{now}, DbValue{now}}));
        return {};
    };
    if (Status done = options_.database->write(work); !done) {
        if (done.error().kind() == Errc::Conflict) {
            return Error{Errc::Conflict, "product.exists",
                         "there is a product \"" + input.id + "\" already; choose another id"};
        }
        return std::move(done).error();
    }
    announce(input.id);
    return get(input.id);
}

Status ProductService::store(DbSession& session, const Product& product,
                             std::int64_t expected_version) {
    const std::string sealed =
        sealConfiguration(options_.secrets, product.configuration, "product/" + product.id);
    FL_ASSIGN(
        const std::int64_t changed,
        session.execute(
            "UPDATE products SET name = ?, description = ?, gateway_id = ?, protocol_id = ?, "
            "thing_model = ?, configuration = ?, keep_alive_seconds = ?, published = ?, "
            "version = version + 1, updated_at = ? WHERE id = ? AND version = ?",
            {DbValue{product.name}, DbValue{product.description}, DbValue{product.gateway_id},
             DbValue{product.protocol_id}, DbValue{product.thing_model}, DbValue{sealed},
             DbValue{product.keep_alive_seconds}, DbValue{std::int64_t{product.published ? 1 : 0}},
             DbValue{base::utcNow()}, DbValue{product.id}, DbValue{expected_version}}));
    return storage::checkVersioned(session, changed, "products", product.id,
                                   "product " + product.id);
}

base::Result<Product> ProductService::change(const std::string& id, const ProductChange& change,
                                             std::int64_t expected_version) {
    std::vector<FieldError> errors;
    if (change.name) {
        addProblem(errors, "name", base::checkName(*change.name, "name"));
    }
    if (change.description) {
        addProblem(errors, "description",
                   base::checkDescription(*change.description, "description"));
    }
    if (change.keep_alive_seconds) {
        checkKeepAlive(*change.keep_alive_seconds, errors);
    }
    if (change.configuration) {
        checkConfiguration(*change.configuration, errors);
    }
    FL_TRY(
        checkReferences(change.gateway_id.value_or(""), change.protocol_id.value_or(""), errors));
    const std::string model = change.thing_model ? checkModel(*change.thing_model, errors) : "";
    FL_TRY(invalidUnless(std::move(errors), kInvalidProduct));
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(Product product, readClear(session, id));
        if (expected_version != 0 && product.version != expected_version) {
            return storage::staleError("product " + id);
        }
        product.name = change.name.value_or(product.name);
        product.description = change.description.value_or(product.description);
        product.gateway_id = change.gateway_id.value_or(product.gateway_id);
        product.protocol_id = change.protocol_id.value_or(product.protocol_id);
        product.thing_model = change.thing_model ? model : product.thing_model;
        product.keep_alive_seconds = change.keep_alive_seconds.value_or(product.keep_alive_seconds);
        if (change.configuration) {
            FL_ASSIGN(product.configuration,
                      mergeConfiguration(product.configuration, *change.configuration));
        }
        return store(session, product, product.version);
    };
    FL_TRY(options_.database->write(work));
    announce(id);
    return get(id);
}

Status ProductService::remove(const std::string& id, std::int64_t expected_version) {
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const Product product, readClear(session, id));
        if (expected_version != 0 && product.version != expected_version) {
            return storage::staleError("product " + id);
        }
        FL_ASSIGN(
            const auto rows,
            session.query("SELECT 1 FROM devices WHERE product_id = ? LIMIT 1", {DbValue{id}}));
        if (!rows.empty()) {
            return Error{Errc::Conflict, "product.in_use",
                         "product " + id + " has " + std::to_string(product.device_count) +
                             " devices; delete them first"};
        }
        FL_TRY(session.execute("DELETE FROM device_counts WHERE product_id = ?", {DbValue{id}}));
        FL_TRY(session.execute("DELETE FROM products WHERE id = ?", {DbValue{id}}));
        return {};
    };
    FL_TRY(options_.database->write(work));
    announce(id);
    return {};
}

base::Result<Product> ProductService::setPublished(const std::string& id, bool published) {
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(Product product, readClear(session, id));
        if (product.published == published) {
            return {};
        }
        if (published && product.kind != DeviceKind::Child && product.gateway_id.empty() &&
            product.protocol_id.empty()) {
            return Error{Errc::Conflict, "product.incomplete",
                         "product " + id +
                             " needs a gateway or a protocol before its devices can "
                             "connect; choose one first"};
        }
        product.published = published;
        return store(session, product, product.version);
    };
    FL_TRY(options_.database->write(work));
    announce(id);
    return get(id);
}

base::Result<Product> ProductService::publish(const std::string& id) {
    return setPublished(id, true);
}

base::Result<Product> ProductService::unpublish(const std::string& id) {
    return setPublished(id, false);
}

void ProductService::announce(const std::string& id) {
    if (const Status done = options_.registry->productChanged(id); !done) {
        runtime::logError("device", "product " + id +
                                        " changed, but its devices in memory could "
                                        "not be brought up to date: " +
                                        done.error().message());
    }
    if (options_.changed) {
        options_.changed(id);
    }
}

} // namespace fairlead::device
