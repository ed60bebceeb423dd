// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "configuration_schema.hpp"
#include "fairlead/device/products.hpp"
#include "fairlead/device/thing_model.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using device::Product;

Schema modelSchema() {
    const Schema list = Schema::array(Schema::any(), device::kModelElementsMax);
    return Schema::object({optional("properties", list), optional("functions", list),
                           optional("events", list), optional("tags", list)});
}

Schema settingsSchema() {
    return Schema::object(
        {optional("keepAliveSeconds", Schema::integer(0, device::kKeepAliveSecondsMax))});
}

Schema productSchema() {
    return entity({required("deviceKind", text()), required("gatewayId", text().nullable()),
                   required("protocolId", text().nullable()), required("thingModel", modelSchema()),
                   required("configuration", freeObject()), required("state", text()),
                   required("deviceCount", Schema::integer(0, INT64_MAX)),
                   required("onlineCount", Schema::integer(0, INT64_MAX)),
                   required("settings", settingsSchema())})
        .named("Product");
}

Schema productInput() {
    const Schema reference = Schema::string(0, 64).nullable();
    return Schema::object(
        {required("name", Schema::name()), optional("description", Schema::description()),
         optional("gatewayId", reference), optional("protocolId", reference),
         optional("thingModel", modelSchema()), optional("configuration", freeObject()),
         optional("settings", settingsSchema())});
}

void writeActions(JsonOut& out, const Context& context, const Product& product) {
    constexpr const char* kWrite = "products:write";
    const char* delete_code = product.device_count > 0 ? "PRODUCT_HAS_DEVICES"
                              : product.published      ? "PRODUCT_PUBLISHED"
                                                       : nullptr;
    const bool incomplete = product.kind != device::DeviceKind::Child &&
                            product.gateway_id.empty() && product.protocol_id.empty();
    const char* publish_code = product.published ? "ALREADY"
                               : incomplete      ? "PRODUCT_INCOMPLETE"
                                                 : nullptr;
    Actions(context)
        .add("edit", kWrite)
        .add("publish", kWrite, publish_code,
             product.published ? "It is published already" : "Choose a gateway or a protocol first")
        .add("unpublish", kWrite, when(!product.published, "ALREADY"), "It is not published")
        .add("delete", kWrite, delete_code,
             product.device_count > 0 ? "It has devices; delete them first"
                                      : "Unpublish it first, then delete")
        .write(out);
}

void writeProduct(JsonOut& out, const Context& context, const Product& product) {
    out.object();
    writeEntity(out, product);
    out.field("deviceKind", device::toText(product.kind));
    out.textOrNull("gatewayId", product.gateway_id);
    out.textOrNull("protocolId", product.protocol_id);
    out.rawField("thingModel", objectOrEmpty(product.thing_model));
    out.rawField("configuration", objectOrEmpty(product.configuration));
    out.field("state", product.published ? "published" : "unpublished");
    out.field("deviceCount", product.device_count).field("onlineCount", product.online_count);
    out.object("settings").field("keepAliveSeconds", product.keep_alive_seconds).end();
    writeActions(out, context, product);
    out.end();
}

Response answer(const Context& context, const Product& product) {
    JsonOut out;
    writeProduct(out, context, product);
    return okay(std::move(out).text(), product.version);
}

Result<Response> list(Site& site, Context& context) {
    device::ProductQuery query;
    query.q = context.query("q");
    query.gateway_id = context.query("gatewayId");
    query.protocol_id = context.query("protocolId");
    query.kind = device::parseDeviceKind(context.query("deviceKind"));
    if (context.hasQuery("state")) {
        query.published = context.query("state") == "published";
    }
    query.sort = context.query("sort", query.sort);
    query.page = static_cast<std::size_t>(context.page());
    query.page_size = static_cast<std::size_t>(context.pageSize());
    FL_ASSIGN(const device::ProductPage page, site.services.products.list(query));
    return okay(pageText(context, page.items, page.total, [&](JsonOut& out, const Product& one) {
        writeProduct(out, context, one);
    }));
}

void maskByProtocol(Site& site, Context& context, const std::string& protocol_id,
                    const std::string& gateway_id) {
    context.addSecrets(secretNamesOf(site, protocol_id, gateway_id));
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    device::NewProduct input;
    input.id = bodyText(body, "id");
    input.name = bodyText(body, "name");
    input.description = bodyText(body, "description");
    input.kind = device::parseDeviceKind(base::textOr(body, "deviceKind", "device"))
                     .value_or(device::DeviceKind::Device);
    input.gateway_id = bodyText(body, "gatewayId");
    input.protocol_id = bodyText(body, "protocolId");
    input.thing_model = bodyJson(body, "thingModel", "{}");
    input.configuration = bodyJson(body, "configuration", "{}");
    if (const auto* settings = base::member(body, "settings"); settings != nullptr) {
        input.keep_alive_seconds = base::integerOr(*settings, "keepAliveSeconds", 0);
    }
    context.setTarget(input.id);
    maskByProtocol(site, context, input.protocol_id, input.gateway_id);
    FL_ASSIGN(const Product product, site.services.products.create(input));
    JsonOut out;
    writeProduct(out, context, product);
    return created(std::move(out).text(), "/products/" + product.id, product.version);
}

Result<Response> change(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    const std::string& id = context.param("id");
    device::ProductChange change;
    take(body, "name", change.name);
    take(body, "description", change.description);
    take(body, "gatewayId", change.gateway_id);
    take(body, "protocolId", change.protocol_id);
    if (base::member(body, "thingModel") != nullptr) {
        change.thing_model = bodyJson(body, "thingModel", "{}");
    }
    if (base::member(body, "configuration") != nullptr) {
        change.configuration = bodyJson(body, "configuration", "{}");
        if (const auto before = site.services.products.get(id); before) {
            maskByProtocol(site, context, before->protocol_id, before->gateway_id);
        }
    }
    if (const auto* settings = base::member(body, "settings"); settings != nullptr) {
        take(*settings, "keepAliveSeconds", change.keep_alive_seconds);
    }
    FL_ASSIGN(const Product product,
              site.services.products.change(id, change, context.expectedVersion()));
    return answer(context, product);
}

Result<Response> remove(Site& site, Context& context) {
    const std::string& id = context.param("id");
    const auto removed = site.services.products.remove(id, context.expectedVersion());
    if (!removed && saysInUse(removed.error())) {
        return inUse(context, removed.error(),
                     site.services.products.usedBy(id).valueOr(std::vector<security::Usage>{}));
    }
    FL_TRY(removed);
    return noContent();
}

Result<Response> schema(Site& site, Context& context) {
    FL_ASSIGN(const Product product, site.services.products.get(context.param("id")));
    FL_ASSIGN(std::string schema,
              configurationSchemaOf(site, product.protocol_id, product.gateway_id));
    return okay(std::move(schema));
}

Route item(Route route, Result<Product> (device::Products::*act)(const std::string&), Site& site) {
    return std::move(route)
        .returns(productSchema())
        .runs([&site, act](Context& context) -> Result<Response> {
            FL_ASSIGN(const Product product, (site.services.products.*act)(context.param("id")));
            return answer(context, product);
        });
}

} // namespace

std::vector<Route> productRoutes(Site& site) {
    using device::Products;
    std::vector<Route> routes;
    routes.push_back(
        Route::get("/products", "products:read", "Products.")
            .with({searchParameter(),
                   {"state", Schema::oneOf({"published", "unpublished"}), "State."},
                   {"gatewayId", Schema::string(0, 64), "Of this gateway."},
                   {"protocolId", Schema::string(0, 64), "Of this protocol."},
                   {"deviceKind", Schema::oneOf({"device", "gateway", "child"}), "Kind."},
                   sortParameter({"id", "name", "createdAt"})})
            .paged(productSchema())
            .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(
        Route::post("/products", "products:write", "Creates a product.")
            .takes(productInput().with(
                {required("id", Schema::userId()),
                 optional("deviceKind", Schema::oneOf({"device", "gateway", "child"}))}))
            .creates(productSchema())
            .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(
        item(Route::get("/products/{id}", "products:read", "One product."), &Products::get, site));
    routes.push_back(Route::patch("/products/{id}", "products:write", "Changes a product.")
                         .takes(productInput().partial())
                         .returns(productSchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(
        Route::remove("/products/{id}", "products:write", "Deletes a product that has no devices.")
            .runs([&site](Context& context) { return remove(site, context); }));
    routes.push_back(
        item(Route::post("/products/{id}/publish", "products:write", "Lets its devices log in."),
             &Products::publish, site));
    routes.push_back(item(Route::post("/products/{id}/unpublish", "products:write",
                                      "Refuses its devices from their next log-in on."),
                          &Products::unpublish, site));
    routes.push_back(Route::get("/products/{id}/configuration-schema", "products:read",
                                "JSON Schema of its configuration; from the protocol.")
                         .returns(freeObject())
                         .runs([&site](Context& context) { return schema(site, context); }));
    return routes;
}

} // namespace fairlead::web
