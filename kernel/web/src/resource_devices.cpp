// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "configuration_schema.hpp"
#include "fairlead/device/devices.hpp"
#include "fairlead/device/products.hpp"

namespace fairlead::web {

namespace {

using base::Result;
using device::Device;

Schema deviceSchema() {
    return entity({required("productId", text()), required("productName", text()),
                   required("parentId", text().nullable()), required("configuration", freeObject()),
                   required("state", text()), required("address", text().nullable()),
                   required("tags", Schema::map(text(), device::kTagsMax)),
                   required("gatewayId", text().nullable()), required("onlineAt", timeOrNull()),
                   required("offlineAt", timeOrNull()), required("lastSeenAt", timeOrNull()),
                   required("sessionNode", text().nullable())})
        .named("Device");
}

Schema deviceInput() {
    return Schema::object(
        {required("name", Schema::name()), optional("description", Schema::description()),
         optional("parentId", Schema::string(0, 64).nullable()),
         optional("configuration", freeObject()),
         optional("tags", Schema::map(Schema::string(0, device::kTagValueCharsMax).nullable(),
                                      device::kTagsMax))});
}

void writeActions(JsonOut& out, const Context& context, const Device& device) {
    constexpr const char* kOperate = "devices:operate";
    const bool inactive = device.state == device::DeviceState::Inactive;
    const char* offline = when(device.state != device::DeviceState::Online, "DEVICE_OFFLINE");
    constexpr const char* kOffline = "The device is not online";
    Actions(context)
        .add("edit", "devices:write")
        .add("activate", kOperate, when(!inactive, "ALREADY"), "It is active already")
        .add("deactivate", kOperate, when(inactive, "ALREADY"), "It is not active")
        .add("disconnect", kOperate, offline, kOffline)
        .add("read", kOperate, offline, kOffline)
        .add("write", kOperate, offline, kOffline)
        .add("invoke", kOperate, offline, kOffline)
        .add("delete", "devices:write")
        .write(out);
}

void writeDevice(JsonOut& out, const Context& context, const Device& device) {
    out.object();
    writeEntity(out, device);
    out.field("productId", device.product_id).field("productName", device.product_name);
    out.textOrNull("parentId", device.parent_id);
    out.rawField("configuration", objectOrEmpty(device.configuration));
    out.field("state", device::toText(device.state)).textOrNull("address", device.address);
    out.object("tags");
    for (const auto& [key, value] : device.tags) {
        out.field(key, value);
    }
    out.end().textOrNull("gatewayId", device.gateway_id);
    out.time("onlineAt", device.online_at).time("offlineAt", device.offline_at);
    out.time("lastSeenAt", device.last_seen_at).textOrNull("sessionNode", device.session_node);
    writeActions(out, context, device);
    out.end();
}

Response answer(const Context& context, const Device& device) {
    JsonOut out;
    writeDevice(out, context, device);
    return okay(std::move(out).text(), device.version);
}

Result<Response> listWith(Site& site, Context& context, device::DeviceQuery query) {
    query.sort = context.query("sort", query.sort);
    query.page = static_cast<std::size_t>(context.page());
    query.page_size = static_cast<std::size_t>(context.pageSize());
    FL_ASSIGN(const device::DevicePage page, site.services.devices.list(query));
    return okay(pageText(
        context, page.items, page.total,
        [&](JsonOut& out, const Device& one) { writeDevice(out, context, one); },
        page.total_is_least));
}

Result<Response> list(Site& site, Context& context) {
    device::DeviceQuery query;
    query.q = context.query("q");
    query.product_id = context.query("productId");
    query.parent_id = context.query("parentId");
    query.state = device::parseDeviceState(context.query("state"));
    if (const std::string tag = context.query("tag"); !tag.empty()) {
        const std::size_t colon = tag.find(':');
        if (colon == std::string::npos || colon == 0) {
            return invalidQuery("tag", "must be key:value");
        }
        query.tag = {tag.substr(0, colon), tag.substr(colon + 1)};
    }
    return listWith(site, context, std::move(query));
}

Result<Response> children(Site& site, Context& context) {
    FL_TRY(site.services.devices.get(context.param("id")));
    device::DeviceQuery query;
    query.q = context.query("q");
    query.parent_id = context.param("id");
    query.state = device::parseDeviceState(context.query("state"));
    return listWith(site, context, std::move(query));
}

void maskByProduct(Site& site, Context& context, const std::string& product_id) {
    if (const auto product = site.services.products.get(product_id); product) {
        context.addSecrets(secretNamesOf(site, product->protocol_id, product->gateway_id));
    }
}

Result<Response> create(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    device::NewDevice input;
    input.id = bodyText(body, "id");
    input.name = bodyText(body, "name");
    input.description = bodyText(body, "description");
    input.product_id = bodyText(body, "productId");
    input.parent_id = bodyText(body, "parentId");
    input.configuration = bodyJson(body, "configuration", "{}");
    input.active = base::booleanOr(body, "active", false);
    if (const auto* tags = base::member(body, "tags"); tags != nullptr) {
        for (const auto& tag : tags->GetObject()) {
            if (tag.value.IsString()) {
                input.tags[tag.name.GetString()] = tag.value.GetString();
            }
        }
    }
    context.setTarget(input.id);
    maskByProduct(site, context, input.product_id);
    FL_ASSIGN(const Device device, site.services.devices.create(input));
    JsonOut out;
    writeDevice(out, context, device);
    return created(std::move(out).text(), "/devices/" + device.id, device.version);
}

Result<Response> change(Site& site, Context& context) {
    const base::JsonValue& body = context.body();
    const std::string& id = context.param("id");
    device::DeviceChange change;
    take(body, "name", change.name);
    take(body, "description", change.description);
    take(body, "parentId", change.parent_id);
    if (base::member(body, "configuration") != nullptr) {
        change.configuration = bodyJson(body, "configuration", "{}");
        if (const auto before = site.services.devices.get(id); before) {
            maskByProduct(site, context, before->product_id);
        }
    }
    if (const auto* tags = base::member(body, "tags"); tags != nullptr) {
        for (const auto& tag : tags->GetObject()) {
            change.tags[tag.name.GetString()] =
                tag.value.IsString() ? std::optional<std::string>{tag.value.GetString()}
                                     : std::nullopt;
        }
    }
    FL_ASSIGN(const Device device,
              site.services.devices.change(id, change, context.expectedVersion()));
    return answer(context, device);
}

Result<Response> remove(Site& site, Context& context) {
    const std::string& id = context.param("id");
    const auto removed = site.services.devices.remove(id, context.expectedVersion());
    if (!removed && saysInUse(removed.error())) {
        return inUse(context, removed.error(),
                     site.services.devices.usedBy(id).valueOr(std::vector<security::Usage>{}));
    }
    FL_TRY(removed);
    return noContent();
}

Result<Response> disconnect(Site& site, Context& context) {
    FL_TRY(site.services.devices.disconnect(context.param("id")));
    FL_ASSIGN(const Device device, site.services.devices.get(context.param("id")));
    return answer(context, device);
}

Result<Response> schema(Site& site, Context& context) {
    FL_ASSIGN(const Device device, site.services.devices.get(context.param("id")));
    FL_ASSIGN(const device::Product product, site.services.products.get(device.product_id));
    FL_ASSIGN(std::string schema,
              configurationSchemaOf(site, product.protocol_id, product.gateway_id));
    return okay(std::move(schema));
}

Route item(Route route, Result<Device> (device::Devices::*act)(const std::string&), Site& site) {
    return std::move(route)
        .returns(deviceSchema())
        .runs([&site, act](Context& context) -> Result<Response> {
            FL_ASSIGN(const Device device, (site.services.devices.*act)(context.param("id")));
            return answer(context, device);
        });
}

QueryParameter stateParameter() {
    return {"state", Schema::oneOf({"inactive", "offline", "online"}), "State."};
}

void addActions(std::vector<Route>& routes, Site& site) {
    using device::Devices;
    constexpr const char* kOperate = "devices:operate";
    routes.push_back(item(Route::post("/devices/{id}/activate", kOperate, "Lets it log in."),
                          &Devices::activate, site));
    routes.push_back(item(Route::post("/devices/{id}/deactivate", kOperate,
                                      "Ends its session and refuses its log-ins."),
                          &Devices::deactivate, site));
    routes.push_back(
        Route::post("/devices/{id}/disconnect", kOperate, "Ends its session; it may connect again.")
            .returns(deviceSchema())
            .runs([&site](Context& context) { return disconnect(site, context); }));
}

} // namespace

std::vector<Route> deviceRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(Route::get("/devices", "devices:read", "Devices.")
                         .with({{"q", Schema::string(0, 200), "Begin of the id or name."},
                                {"productId", Schema::string(0, 64), "Of this product."},
                                stateParameter(),
                                {"parentId", Schema::string(0, 64), "Children of this device."},
                                {"tag", Schema::string(0, 200), "key:value."},
                                sortParameter({"id", "name", "createdAt"})})
                         .paged(deviceSchema())
                         .runs([&site](Context& context) { return list(site, context); }));
    routes.push_back(Route::post("/devices", "devices:write", "Creates a device.")
                         .takes(deviceInput().with({required("id", Schema::userId()),
                                                    required("productId", Schema::userId()),
                                                    optional("active", Schema::boolean())}))
                         .creates(deviceSchema())
                         .runs([&site](Context& context) { return create(site, context); }));
    routes.push_back(item(Route::get("/devices/{id}", "devices:read", "One device."),
                          &device::Devices::get, site));
    routes.push_back(Route::patch("/devices/{id}", "devices:write",
                                  "Changes a device; a tag set to null is removed.")
                         .takes(deviceInput().partial())
                         .returns(deviceSchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    routes.push_back(
        Route::remove("/devices/{id}", "devices:write", "Deletes a device that has no children.")
            .runs([&site](Context& context) { return remove(site, context); }));
    addActions(routes, site);
    routes.push_back(
        Route::get("/devices/{id}/children", "devices:read", "Its children.")
            .with({searchParameter(), stateParameter(), sortParameter({"id", "name", "createdAt"})})
            .paged(deviceSchema())
            .runs([&site](Context& context) { return children(site, context); }));
    routes.push_back(Route::get("/devices/{id}/configuration-schema", "devices:read",
                                "JSON Schema of its configuration; from the protocol.")
                         .returns(freeObject())
                         .runs([&site](Context& context) { return schema(site, context); }));
    return routes;
}

} // namespace fairlead::web
