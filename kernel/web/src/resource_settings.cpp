// SPDX-License-Identifier: Apache-2.0
#include "resource.hpp"

#include "fairlead/web/settings.hpp"

namespace fairlead::web {

namespace {

using base::Result;

Schema days() {
    return Schema::integer(1, kRetentionDaysMax);
}

Schema settingsInput() {
    return Schema::object(
        {optional("siteName", Schema::name()),
         optional("retentionDays",
                  Schema::object({optional("history", days()), optional("messages", days()),
                                  optional("accessLog", days()), optional("systemLog", days())}))});
}

Schema settingsSchema() {
    return Schema::object(
               {required("siteName", text()),
                required(
                    "retentionDays",
                    Schema::object({required("history", days()), required("messages", days()),
                                    required("accessLog", days()), required("systemLog", days())})),
                required("version", Schema::integer(1, INT64_MAX))})
        .named("Settings");
}

Response answer(const SettingsValues& values) {
    JsonOut out;
    out.object().field("siteName", values.site_name).object("retentionDays");
    out.field("history", values.history_days).field("messages", values.message_days);
    out.field("accessLog", values.access_log_days).field("systemLog", values.system_log_days);
    out.end().field("version", values.version).end();
    return okay(std::move(out).text(), values.version);
}

Result<Response> change(Site& site, Context& context) {
    SettingsChange change;
    take(context.body(), "siteName", change.site_name);
    if (const auto* days = base::member(context.body(), "retentionDays"); days != nullptr) {
        take(*days, "history", change.history_days);
        take(*days, "messages", change.message_days);
        take(*days, "accessLog", change.access_log_days);
        take(*days, "systemLog", change.system_log_days);
    }
    FL_ASSIGN(const SettingsValues values,
              site.services.settings.change(change, context.expectedVersion()));
    return answer(values);
}

} // namespace

std::vector<Route> settingsRoutes(Site& site) {
    std::vector<Route> routes;
    routes.push_back(Route::get("/settings", kSignedIn, "Name of the site and times of retention.")
                         .returns(settingsSchema())
                         .runs([&site](Context&) -> Result<Response> {
                             FL_ASSIGN(const SettingsValues values, site.services.settings.get());
                             return answer(values);
                         }));
    routes.push_back(Route::patch("/settings", "settings:write", "Changes the settings.")
                         .takes(settingsInput())
                         .returns(settingsSchema())
                         .runs([&site](Context& context) { return change(site, context); }));
    return routes;
}

} // namespace fairlead::web
