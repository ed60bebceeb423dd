// SPDX-License-Identifier: Apache-2.0
// The module table and the entry point, put together from parts: factories (protocol.hpp,
// network.hpp) and extensions (state.hpp, lifecycle below).
#pragma once

#include "fairlead/sdk/base.hpp"

FL_SDK_BEGIN

/// What every part of a module may offer; a part hides what it changes.
struct Part {
    static Status init(Host) { return {}; }
    static void quiesce() {}
    static void resume() {}
    static void deinit() {}
    static const void* factory(std::string_view) { return nullptr; }
    static const void* extension(std::string_view) { return nullptr; }
};

/// The fl_module of a plugin. `Info` has static id, version, name and flags; `Parts` are served in
/// their order, deinitialised in reverse.
template <class Info, class... Parts>
class Module {
public:
    static const fl_module* entry() noexcept {
        static const fl_module table = {sizeof(fl_module),
                                        FL_ABI_MAJOR,
                                        FL_ABI_MINOR,
                                        Info::flags,
                                        sizeof(void*),
                                        str(Info::id),
                                        str(Info::version),
                                        str(Info::name),
                                        str(FL_SDK_TEXT),
                                        str(__VERSION__),
                                        &init,
                                        &quiesce,
                                        &resume,
                                        &deinit,
                                        &getFactory,
                                        &getExtension};
        return &table;
    }

private:
    // These calls have no result: what a part throws is dropped, the host goes on.
    template <class F>
    static void wall(F&& f) noexcept {
        (void)guard(nullptr, [&]() -> Status {
            f();
            return {};
        });
    }
    static fl_status init(const fl_host* host, fl_err* err) noexcept {
        return guard(err, [host] {
            Status status;
            // Stops at the first part that refuses.
            (void)((status = Parts::init(Host(host)), status.ok()) && ...);
            return status;
        });
    }
    static void quiesce() noexcept {
        wall([] { (Parts::quiesce(), ...); });
    }
    static void resume() noexcept {
        wall([] { (Parts::resume(), ...); });
    }
    static void deinit() noexcept {
        wall([] { deinitReversed<Parts...>(); });
    }

    template <class First, class... Rest>
    static void deinitReversed() {
        if constexpr (sizeof...(Rest) > 0) {
            deinitReversed<Rest...>();
        }
        First::deinit();
    }

    static const void* getFactory(const char* id) noexcept {
        const void* found = nullptr;
        (void)(((found = Parts::factory(id)) != nullptr) || ...);
        return found;
    }
    static const void* getExtension(const char* id) noexcept {
        const void* found = nullptr;
        (void)(((found = Parts::extension(id)) != nullptr) || ...);
        return found;
    }
};

FL_SDK_END

// FL_PLUGIN("fairlead.protocol.official", "1.0.0", R"({"en":"…","zh-CN":"…"})", Part, …)
// writes the only exported symbol. Use once per plugin, outside any namespace.
#define FL_PLUGIN_WITH_FLAGS(ID, VERSION, NAME, FLAGS, ...)                                        \
    namespace {                                                                                    \
    struct FlModuleInfo {                                                                          \
        static constexpr std::string_view id = ID;                                                 \
        static constexpr std::string_view version = VERSION;                                       \
        static constexpr std::string_view name = NAME;                                             \
        static constexpr std::uint32_t flags = FLAGS;                                              \
    };                                                                                             \
    }                                                                                              \
    extern "C" FL_EXPORT const fl_module* fl_plugin_entry_v1(void) {                               \
        return fairlead::sdk::Module<FlModuleInfo, __VA_ARGS__>::entry();                          \
    }                                                                                              \
    static_assert(true, "")
#define FL_PLUGIN(ID, VERSION, NAME, ...) FL_PLUGIN_WITH_FLAGS(ID, VERSION, NAME, 0, __VA_ARGS__)
