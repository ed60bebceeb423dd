// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/plugin.h"

#include <filesystem>
#include <memory>

namespace fairlead::plugin {

/// A mapped module file. Move-only; never closed by its destructor: close() is a decision.
class Library {
public:
    Library();
    ~Library();
    Library(Library&&) noexcept;
    Library& operator=(Library&&) noexcept;

    /// Maps the file and binds everything now; static constructors run. Error: Failed with the
    /// loader's own text.
    static base::Result<Library> open(const std::filesystem::path& path);
    /// The table that the entry function returns; never null.
    base::Result<const fl_module*> entry() const;
    /// Unmaps. True when the file has really left the address space.
    bool close();
    bool isOpen() const noexcept { return handle_ != nullptr; }

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

/// True when some mapping of this process is of that file.
bool isMapped(const std::filesystem::path& path);

} // namespace fairlead::plugin
