// SPDX-License-Identifier: Apache-2.0
// Parts for a module's own extensions: state hand-over, health, self test, and hooks of its life.
#pragma once

#include "fairlead/ext/health.h"
#include "fairlead/ext/selftest.h"
#include "fairlead/ext/state.h"
#include "fairlead/sdk/module.hpp"

#include <vector>

FL_SDK_BEGIN

/// State hand-over through a class with
///     static constexpr std::uint32_t schema, reads_min, reads_max;
///     static Status save(std::vector<std::uint8_t>& out);
///     static Status load(std::uint32_t schema, ByteView state);
template <class T>
struct StatePart : Part {
    static const void* extension(std::string_view id) {
        static const fl_state table = {sizeof(fl_state), T::schema, T::reads_min,
                                       T::reads_max,     &save,     &load};
        return id == FL_EXT_STATE ? &table : nullptr;
    }

private:
    static fl_status save(const fl_state_sink* sink, fl_err* err) noexcept {
        return guard(err, [sink]() -> Status {
            std::vector<std::uint8_t> out;
            Status status = T::save(out);
            return status.ok() ? Status(sink->write(sink->ctx, bytes(ByteView(out)))) : status;
        });
    }
    static fl_status load(std::uint32_t schema, fl_bytes state, fl_err* err) noexcept {
        return guard(err, [&] { return T::load(schema, view(state)); });
    }
};

/// Health through a class with `static Status check();`
template <class T>
struct HealthPart : Part {
    static const void* extension(std::string_view id) {
        static const fl_health table = {sizeof(fl_health), 0, &check};
        return id == FL_EXT_HEALTH ? &table : nullptr;
    }

private:
    static fl_status check(fl_err* err) noexcept {
        return guard(err, [] { return T::check(); });
    }
};

/// Self test through a class with `static Status run();`
template <class T>
struct SelftestPart : Part {
    static const void* extension(std::string_view id) {
        static const fl_selftest table = {sizeof(fl_selftest), 0, &run};
        return id == FL_EXT_SELFTEST ? &table : nullptr;
    }

private:
    static fl_status run(fl_err* err) noexcept {
        return guard(err, [] { return T::run(); });
    }
};

FL_SDK_END
