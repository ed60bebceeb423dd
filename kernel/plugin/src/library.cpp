// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"

#include <boost/dll/shared_library.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace fairlead::plugin {

using base::Error;
using base::Result;

struct Library::Handle {
    boost::dll::shared_library library;
    std::filesystem::path path;
};

namespace {

// Sanitizer runs set this: what is unmapped cannot be symbolised in a report.
bool unmapAllowed() {
    const char* text = std::getenv("FL_NO_DLCLOSE");
    return text == nullptr || std::string_view(text) != "1";
}

} // namespace

Library::Library() = default;
Library::Library(Library&&) noexcept = default;
Library& Library::operator=(Library&&) noexcept = default;

Library::~Library() {
    // Leaks the handle on purpose when nobody closed it: code of it may still run.
    static_cast<void>(handle_.release());
}

Result<Library> Library::open(const std::filesystem::path& path) {
    try {
        Library out;
        out.handle_ = std::make_unique<Handle>();
        out.handle_->path = path;
        // The throwing overload keeps the loader's text; the other one says "bad descriptor".
        out.handle_->library.load(path.string(), boost::dll::load_mode::rtld_now |
                                                     boost::dll::load_mode::rtld_local);
        return out;
    } catch (const std::exception& e) {
        return Error::failed(std::string("the loader refused it: ") + e.what());
    }
}

Result<const fl_module*> Library::entry() const {
    try {
        const auto& function = handle_->library.get<const fl_module*()>("fl_plugin_entry_v1");
        const fl_module* module = function();
        if (module == nullptr) {
            return Error::failed("its entry function returned nothing");
        }
        return module;
    } catch (const std::exception& e) {
        return Error::failed(std::string("its entry function failed: ") + e.what());
    }
}

bool Library::close() {
    if (!unmapAllowed()) {
        return false;
    }
    const std::filesystem::path path = handle_->path;
    handle_->library.unload();
    handle_.reset();
    return !isMapped(path);
}

bool isMapped(const std::filesystem::path& path) {
    std::ifstream maps("/proc/self/maps");
    const std::string name = path.string();
    for (std::string line; std::getline(maps, line);) {
        if (line.find(name) != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace fairlead::plugin
