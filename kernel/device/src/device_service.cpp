// SPDX-License-Identifier: Apache-2.0
#include "device_service.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/device/products.hpp"
#include "fairlead/device/thing_model.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/storage/sql.hpp"
#include "latest.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

using base::Errc;
using base::Error;
using base::FieldError;
using base::Status;

constexpr const char* kInvalidDevice = "device.invalid";

Error unknownId(const std::string& id) {
    return Error{Errc::NotFound, "device.unknown", "there is no device \"" + id + "\""};
}

void checkNewDevice(const NewDevice& input, std::vector<FieldError>& errors) {
    if (!base::isUserId(input.id)) {
        errors.push_back({"id", "invalid", "an id has 1 to 64 letters, digits, _ or -"});
    }
    addProblem(errors, "name", base::checkName(input.name, "name"));
    addProblem(errors, "description", base::checkDescription(input.description, "description"));
    checkConfiguration(input.configuration, errors);
    if (input.tags.size() > kTagsMax) {
        errors.push_back({"tags", "limit", "a device has at most 32 tags"});
    }
    for (const auto& tag : input.tags) {
        checkTag(tag.first, tag.second, errors);
    }
}

Error fieldError(const std::string& field, const std::string& code, const std::string& message) {
    return Error{Errc::Invalid, kInvalidDevice, message}.with({{field, code, message}});
}

PropertyView viewOfSlot(const LatestValues::Slot& slot, const PropertyModel* model) {
    PropertyView out;
    out.id = slot.id;
    out.name = model != nullptr ? model->name : slot.id;
    out.declared = model != nullptr;
    out.value = slot.value;
    out.text = model != nullptr                     ? model->type.toText(slot.value.view())
               : slot.value.kind == FL_VALUE_STRING ? slot.value.s
                                                    : slot.value.toJson();
    out.quality = slot.quality;
    out.time = slot.time;
    out.received_at = slot.received_at;
    return out;
}

} // namespace

base::Result<DeviceService::ProductFacts>
DeviceService::productFacts(DbSession& session, const std::string& product_id) {
    FL_ASSIGN(const auto rows, session.query("SELECT kind, protocol_id FROM products WHERE id = ?",
                                             {DbValue{product_id}}));
    if (rows.empty()) {
        return fieldError("productId", "unknown", "there is no product \"" + product_id + "\"");
    }
    return ProductFacts{parseDeviceKind(rows.front().text(0)).value_or(DeviceKind::Device),
                        rows.front().text(1)};
}

/// A child hangs on a gateway device, and only a child does. So there are two levels and no cycle.
Status DeviceService::checkParent(DbSession& session, const std::string& id,
                                  const std::string& parent_id, DeviceKind kind) {
    if (parent_id.empty()) {
        return {};
    }
    if (kind != DeviceKind::Child) {
        return fieldError("parentId", "invalid",
                          "only devices of a child product can have a parent");
    }
    if (parent_id == id) {
        return fieldError("parentId", "invalid", "a device cannot be its own parent");
    }
    FL_ASSIGN(const auto rows,
              session.query("SELECT p.kind FROM devices d JOIN products p ON p.id = d.product_id "
                            "WHERE d.id = ?",
                            {DbValue{parent_id}}));
    if (rows.empty()) {
        return fieldError("parentId", "unknown", "there is no device \"" + parent_id + "\"");
    }
    if (parseDeviceKind(rows.front().text(0)) != DeviceKind::Gateway) {
        return fieldError("parentId", "invalid",
                          "device \"" + parent_id + "\" is not of a gateway product");
    }
    return {};
}

Status DeviceService::insert(DbSession& session, const NewDevice& input, CountChanges& counts) {
    FL_ASSIGN(const ProductFacts product, productFacts(session, input.product_id));
    FL_TRY(checkParent(session, input.id, input.parent_id, product.kind));
    const DeviceState state = input.active ? DeviceState::Offline : DeviceState::Inactive;
    const base::UtcMs now = base::utcNow();
    FL_ASSIGN(const std::string configuration, mergeConfiguration("{}", input.configuration));
    const std::string sealed =
        sealConfiguration(options_.secrets, configuration, "device/" + input.id);
    const std::vector<DbValue> values{DbValue{input.id},
                                      DbValue{input.name},
                                      DbValue{input.description},
                                      DbValue{input.product_id},
                                      DbValue{input.parent_id},
                                      DbValue{static_cast<std::int64_t>(state)},
                                      DbValue{sealed},
                                      DbValue{now},
                                      DbValue{now}};
    auto key = session.insert(
        "INSERT INTO devices (id, name, description, product_id, parent_id, state, configuration, "
        "address, gateway_id, session_node, online_at, offline_at, last_seen_at, version, "
        "created_at, updated_at) VALUES (?,?,?,?,?,?,?,'','','',0,0,0,1,?,?)",
        values);
    if (!key) {
        if (key.error().kind() == Errc::Conflict) {
            return Error{Errc::Conflict, "device.exists",
                         "there is a device \"" + input.id + "\" already; choose another id"};
        }
        return std::move(key).error();
    }
    counts.add(input.product_id, state, 1);
    if (!input.tags.empty()) {
        std::map<std::string, std::optional<std::string>> tags;
        for (const auto& tag : input.tags) {
            tags.emplace(tag.first, tag.second);
        }
        FL_TRY(storeTags(session, *key, tags));
    }
    return {};
}

base::Result<Device> DeviceService::create(const NewDevice& input) {
    std::vector<FieldError> errors;
    checkNewDevice(input, errors);
    FL_TRY(invalidUnless(std::move(errors), kInvalidDevice));
    const auto work = [&](DbSession& session) -> Status {
        CountChanges counts;
        FL_TRY(insert(session, input, counts));
        return counts.store(session);
    };
    FL_TRY(options_.database->write(work));
    announce(input.id);
    return get(input.id);
}

Status DeviceService::createMany(std::span<const NewDevice> inputs) {
    if (inputs.size() > kCreateManyMax) {
        return Error::limit("at most 1000 devices can be made at once");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::vector<FieldError> errors;
        checkNewDevice(inputs[i], errors);
        for (FieldError& error : errors) {
            error.field = std::to_string(i) + "." + error.field;
        }
        FL_TRY(invalidUnless(std::move(errors), kInvalidDevice));
    }
    const auto work = [&](DbSession& session) -> Status {
        CountChanges counts;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (Status done = insert(session, inputs[i], counts); !done) {
                return std::move(done).error().within("device " + std::to_string(i) + " (" +
                                                      inputs[i].id + ")");
            }
        }
        return counts.store(session);
    };
    FL_TRY(options_.database->write(work));
    for (const NewDevice& input : inputs) {
        announce(input.id);
    }
    return {};
}

Status DeviceService::complete(DbSession& session, std::vector<Device>& devices) {
    std::vector<std::int64_t> keys;
    std::map<std::string, std::pair<std::string, DeviceKind>> products;
    for (const Device& device : devices) {
        keys.push_back(device.key);
        products.try_emplace(device.product_id);
    }
    if (devices.empty()) {
        return {};
    }
    std::vector<DbValue> ids;
    for (const auto& product : products) {
        ids.emplace_back(product.first);
    }
    FL_TRY(session.stream(
        "SELECT id, name, kind FROM products WHERE id IN " + storage::placeholders(ids.size()), ids,
        [&products](const DbRow& row) {
            products[row.text(0)] = {row.text(1),
                                     parseDeviceKind(row.text(2)).value_or(DeviceKind::Device)};
            return true;
        }));
    FL_ASSIGN(auto tags, readTags(session, keys));
    for (Device& device : devices) {
        device.product_name = products[device.product_id].first;
        device.kind = products[device.product_id].second;
        device.tags = std::move(tags[device.key]);
    }
    return {};
}

/// The sessions know better than the database, which follows half a second later.
void DeviceService::overlay(Device& device) const {
    const SessionPtr session = options_.sessions->find(device.id);
    if (session != nullptr) {
        device.state = DeviceState::Online;
        device.address = session->info().address;
        device.gateway_id = session->info().gateway_id;
        device.session_node = options_.node_id;
        device.online_at = session->openedAt();
        device.last_seen_at = std::max(device.last_seen_at, session->lastSeen());
    } else if (device.state == DeviceState::Online && device.session_node == options_.node_id) {
        device.state = DeviceState::Offline;
        device.session_node.clear();
        device.address.clear();
    }
}

base::Result<DevicePage> DeviceService::list(const DeviceQuery& query) {
    DevicePage page;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(page, listDevices(session, query));
        return complete(session, page.items);
    };
    FL_TRY(options_.database->read(work));
    for (Device& device : page.items) {
        device.configuration.clear();
        overlay(device);
    }
    return page;
}

base::Result<Device> DeviceService::readClear(DbSession& session, const std::string& id) {
    FL_ASSIGN(const auto rows,
              session.query("SELECT " + std::string{kDeviceColumns} + " FROM devices WHERE id = ?",
                            {DbValue{id}}));
    if (rows.empty()) {
        return unknownId(id);
    }
    std::vector<Device> found{readDevice(rows.front())};
    FL_TRY(complete(session, found));
    FL_ASSIGN(found.front().configuration,
              unsealConfiguration(options_.secrets, found.front().configuration, "device/" + id));
    return std::move(found.front());
}

base::Result<std::string> DeviceService::protocolOf(DbSession& session,
                                                    const std::string& product_id) {
    FL_ASSIGN(const ProductFacts facts, productFacts(session, product_id));
    return facts.protocol_id;
}

base::Result<Device> DeviceService::get(const std::string& id) {
    Device out;
    std::string protocol;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(out, readClear(session, id));
        FL_ASSIGN(protocol, protocolOf(session, out.product_id));
        return {};
    };
    FL_TRY(options_.database->read(work));
    out.configuration = maskConfiguration(out.configuration, [&](const std::string& key) {
        return options_.is_secret(protocol, key);
    });
    overlay(out);
    return out;
}

base::Result<Device> DeviceService::change(const std::string& id, const DeviceChange& change,
                                           std::int64_t expected_version) {
    std::vector<FieldError> errors;
    if (change.name) {
        addProblem(errors, "name", base::checkName(*change.name, "name"));
    }
    if (change.description) {
        addProblem(errors, "description",
                   base::checkDescription(*change.description, "description"));
    }
    if (change.configuration) {
        checkConfiguration(*change.configuration, errors);
    }
    for (const auto& tag : change.tags) {
        checkTag(tag.first, tag.second.value_or(""), errors);
    }
    FL_TRY(invalidUnless(std::move(errors), kInvalidDevice));
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(Device device, readClear(session, id));
        if (expected_version != 0 && device.version != expected_version) {
            return storage::staleError("device " + id);
        }
        if (change.parent_id && *change.parent_id != device.parent_id) {
            FL_TRY(checkParent(session, id, *change.parent_id, device.kind));
            device.parent_id = *change.parent_id;
        }
        if (change.configuration) {
            FL_ASSIGN(device.configuration,
                      mergeConfiguration(device.configuration, *change.configuration));
        }
        FL_TRY(storeTags(session, device.key, change.tags));
        FL_ASSIGN(const std::int64_t changed,
                  session.execute("UPDATE devices SET name = ?, description = ?, parent_id = ?, "
                                  "configuration = ?, version = version + 1, updated_at = ? WHERE "
                                  "id = ? AND version = ?",
                                  {DbValue{change.name.value_or(device.name)},
                                   DbValue{change.description.value_or(device.description)},
                                   DbValue{device.parent_id},
                                   DbValue{sealConfiguration(options_.secrets, device.configuration,
                                                             "device/" + id)},
                                   DbValue{base::utcNow()}, DbValue{id}, DbValue{device.version}}));
        return storage::checkVersioned(session, changed, "devices", id, "device " + id);
    };
    FL_TRY(options_.database->write(work));
    announce(id);
    return get(id);
}

Status DeviceService::remove(const std::string& id, std::int64_t expected_version) {
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const Device device, readClear(session, id));
        if (expected_version != 0 && device.version != expected_version) {
            return storage::staleError("device " + id);
        }
        FL_ASSIGN(
            const auto children,
            session.query("SELECT 1 FROM devices WHERE parent_id = ? LIMIT 1", {DbValue{id}}));
        if (!children.empty()) {
            return Error{Errc::Conflict, "device.in_use",
                         "device " + id + " has child devices; delete or move them first"};
        }
        CountChanges counts;
        counts.add(device.product_id, device.state, -1);
        FL_TRY(
            session.execute("DELETE FROM device_tags WHERE device_key = ?", {DbValue{device.key}}));
        FL_TRY(session.execute("DELETE FROM devices WHERE id = ?", {DbValue{id}}));
        return counts.store(session);
    };
    FL_TRY(options_.database->write(work));
    announce(id);
    options_.sessions->disconnect(id, CloseReason::Kicked);
    return {};
}

base::Result<Device> DeviceService::setActive(const std::string& id, bool active) {
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const Device device, readClear(session, id));
        if (active == (device.state != DeviceState::Inactive)) {
            return {};
        }
        const DeviceState state = active ? DeviceState::Offline : DeviceState::Inactive;
        CountChanges counts;
        counts.add(device.product_id, device.state, -1);
        counts.add(device.product_id, state, 1);
        FL_TRY(session.execute(
            "UPDATE devices SET state = ?, session_node = '', address = '', "
            "version = version + 1, updated_at = ? WHERE id = ?",
            {DbValue{static_cast<std::int64_t>(state)}, DbValue{base::utcNow()}, DbValue{id}}));
        return counts.store(session);
    };
    FL_TRY(options_.database->write(work));
    announce(id);
    if (!active) {
        options_.sessions->disconnect(id, CloseReason::Kicked);
    }
    return get(id);
}

base::Result<Device> DeviceService::activate(const std::string& id) {
    return setActive(id, true);
}

base::Result<Device> DeviceService::deactivate(const std::string& id) {
    return setActive(id, false);
}

Status DeviceService::disconnect(const std::string& id) {
    FL_TRY(options_.registry->get(id));
    options_.sessions->disconnect(id, CloseReason::Kicked);
    return {};
}

base::Result<std::vector<security::Usage>> DeviceService::usedBy(const std::string& id) {
    std::vector<security::Usage> out;
    const auto work = [&](DbSession& session) -> Status {
        FL_ASSIGN(const auto rows,
                  session.query("SELECT id, name FROM devices WHERE parent_id = ? ORDER BY "
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

base::Result<std::vector<PropertyView>> DeviceService::properties(const std::string& id) {
    FL_ASSIGN(const DevicePtr device, options_.registry->get(id));
    const auto facts = device->facts();
    std::vector<PropertyView> out;
    LatestValues& latest = device->latest();
    const auto lock = latest.lock();
    for (const PropertyModel& model : facts->product->model->properties()) {
        const LatestValues::Slot* slot = latest.find(model.id);
        PropertyView view = slot == nullptr ? PropertyView{} : viewOfSlot(*slot, &model);
        view.id = model.id;
        view.name = model.name;
        view.value_type = model.type.json;
        view.readable = model.readable;
        view.writable = model.writable;
        out.push_back(std::move(view));
    }
    for (const LatestValues::Slot& slot : latest.slots()) {
        if (facts->product->model->property(slot.id) == nullptr) {
            out.push_back(viewOfSlot(slot, nullptr));
        }
    }
    return out;
}

base::Result<DeviceCounts> DeviceService::counts() {
    DeviceCounts out;
    const auto work = [&](DbSession& session) {
        return session.stream("SELECT state, SUM(device_count) FROM device_counts GROUP BY state",
                              {}, [&out](const DbRow& row) {
                                  const auto count = static_cast<std::int64_t>(row.number(1));
                                  out.total += count;
                                  switch (static_cast<DeviceState>(row.integer(0))) {
                                  case DeviceState::Online:
                                      out.online = count;
                                      break;
                                  case DeviceState::Offline:
                                      out.offline = count;
                                      break;
                                  case DeviceState::Inactive:
                                      out.inactive = count;
                                      break;
                                  }
                                  return true;
                              });
    };
    FL_TRY(options_.database->read(work));
    return out;
}

Status DeviceService::storeReportedTags(const std::vector<TagUpdate>& tags) {
    constexpr std::size_t kTagsPerWrite = 500;
    for (std::size_t at = 0; at < tags.size(); at += kTagsPerWrite) {
        const std::size_t end = std::min(tags.size(), at + kTagsPerWrite);
        const auto work = [&](DbSession& session) -> Status {
            for (std::size_t i = at; i < end; ++i) {
                const Status stored =
                    storeTags(session, tags[i].device_key, {{tags[i].key, tags[i].value}});
                if (!stored && stored.error().kind() == Errc::Invalid) {
                    FL_TRY(session.execute(
                        "DELETE FROM device_tags WHERE device_key = ? AND tag_key = ?",
                        {DbValue{tags[i].device_key}, DbValue{tags[i].key}}));
                } else if (!stored) {
                    return stored;
                }
            }
            return {};
        };
        FL_TRY(options_.database->write(work));
    }
    return {};
}

void DeviceService::announce(const std::string& id) {
    if (const Status done = options_.registry->deviceChanged(id); !done) {
        runtime::logError("device", "device " + id +
                                        " changed, but could not be brought up to "
                                        "date in memory: " +
                                        done.error().message());
    }
    if (options_.changed) {
        options_.changed(id);
    }
}

} // namespace fairlead::device
