// SPDX-License-Identifier: Apache-2.0
// Wiring only: who gets whom, in which order things start and stop. Rules live in the modules.
#include "fairlead/app/application.hpp"

#include "core.hpp"
#include "data_path.hpp"
#include "quickstart.hpp"

#include "fairlead/runtime/lifecycle.hpp"
#include "fairlead/runtime/log.hpp"

namespace fairlead::app {

struct Application::Impl {
    explicit Impl(runtime::Configuration c) : configuration(std::move(c)) {}

    runtime::Configuration configuration;
    std::unique_ptr<Core> core;
    std::unique_ptr<DataPath> data_path;
    QuickstartPorts quickstart;
    bool running = false;
};

Application::Application(runtime::Configuration configuration)
    : impl_(std::make_unique<Impl>(std::move(configuration))) {}

Application::~Application() {
    if (impl_->running) {
        static_cast<void>(stop());
    }
}

base::Status Application::start() {
    Impl& self = *impl_;
    FL_ASSIGN(self.core, Core::open(self.configuration));
    self.running = true;
    FL_ASSIGN(self.data_path, DataPath::open(self.configuration, *self.core));
    FL_TRY(self.data_path->start());
    if (self.configuration.boolean("quickstart.enabled")) {
        auto made = setUpQuickstart(
            {self.data_path->devices().products(), self.data_path->devices().devices(),
             self.data_path->components(), self.data_path->gateways().gateways()});
        if (made) {
            self.quickstart = *made;
        } else {
            runtime::logError("quickstart",
                              "the quickstart was not completed: " + made.error().message());
        }
    }
    return self.data_path->startWeb();
}

base::Status Application::stop() {
    Impl& self = *impl_;
    self.running = false;
    base::Status out;
    if (self.data_path) {
        out = self.data_path->stop();
        // Its tasks may still wait for a worker.
        self.core->stopWork();
        self.data_path.reset();
    }
    if (self.core) {
        self.core->stop();
        self.core.reset();
    }
    return out;
}

std::uint16_t Application::webPort() const noexcept {
    return impl_->data_path ? impl_->data_path->webPort() : std::uint16_t{0};
}

const std::string& Application::firstPassword() const noexcept {
    static const std::string kNone;
    return impl_->core ? impl_->core->first_password : kNone;
}

Application::QuickstartPorts Application::quickstart() const noexcept {
    return impl_->quickstart;
}

} // namespace fairlead::app
