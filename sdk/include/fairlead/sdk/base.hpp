// SPDX-License-Identifier: Apache-2.0
// The ground of the C++ SDK: conversions, Status, the exception wall and the host.
//
// Header-only, standard library only. Everything lives in an inline namespace with hidden
// visibility, so two SDK versions in one process never share a symbol.
#pragma once

#include "fairlead/abi.h"
#include "fairlead/plugin.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#define FL_SDK_TEXT "fairlead-sdk 1.0"
#define FL_SDK_BEGIN                                                                               \
    namespace fairlead::sdk {                                                                      \
    inline namespace v1 __attribute__((visibility("hidden"))) {
#define FL_SDK_END                                                                                 \
    }                                                                                              \
    }

FL_SDK_BEGIN

using ByteView = std::span<const std::uint8_t>;

// The views below borrow: they are valid as long as what they were made from.
inline std::string_view view(fl_str s) noexcept {
    return s.n == 0 ? std::string_view() : std::string_view(s.p, s.n);
}
inline ByteView view(fl_bytes b) noexcept {
    return b.n == 0 ? ByteView() : ByteView(b.p, b.n);
}
inline std::string_view text(ByteView b) noexcept {
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}
inline std::string_view text(fl_bytes b) noexcept {
    return text(view(b));
}
inline ByteView octets(std::string_view s) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
inline fl_str str(std::string_view s) noexcept {
    return {s.data(), s.size()};
}
inline fl_bytes bytes(ByteView b) noexcept {
    return {b.data(), b.size()};
}
inline fl_bytes bytes(std::string_view s) noexcept {
    return bytes(octets(s));
}

// Typed values. String, binary and JSON values borrow their text.
inline fl_value nullValue() noexcept {
    return {FL_VALUE_NULL, 0, 0, 0.0, {nullptr, 0}};
}
inline fl_value boolean(bool v) noexcept {
    return {FL_VALUE_BOOLEAN, 0, v ? 1 : 0, 0.0, {nullptr, 0}};
}
inline fl_value integer(std::int64_t v) noexcept {
    return {FL_VALUE_INTEGER, 0, v, 0.0, {nullptr, 0}};
}
inline fl_value real(double v) noexcept {
    return {FL_VALUE_DOUBLE, 0, 0, v, {nullptr, 0}};
}
inline fl_value string(std::string_view v) noexcept {
    return {FL_VALUE_STRING, 0, 0, 0.0, str(v)};
}
inline fl_value json(std::string_view v) noexcept {
    return {FL_VALUE_JSON, 0, 0, 0.0, str(v)};
}
inline fl_value binary(ByteView v) noexcept {
    return {FL_VALUE_BINARY, 0, 0, 0.0, str(text(v))};
}

/// Outcome of a call: a status code of abi.h and, for errors, a text for people.
class [[nodiscard]] Status {
public:
    Status() noexcept = default;
    Status(fl_status code) noexcept : code_(code) {} // NOLINT: codes convert on purpose
    Status(fl_status code, std::string text) : code_(code), text_(std::move(text)) {}

    static Status malformed(std::string text) { return {FL_E_MALFORMED, std::move(text)}; }
    static Status unauthorized(std::string text) { return {FL_E_UNAUTHORIZED, std::move(text)}; }
    static Status notFound(std::string text) { return {FL_E_NOT_FOUND, std::move(text)}; }
    static Status unsupported(std::string text) { return {FL_E_UNSUPPORTED, std::move(text)}; }
    static Status invalid(std::string text) { return {FL_E_INVALID, std::move(text)}; }
    static Status limit(std::string text) { return {FL_E_LIMIT, std::move(text)}; }
    static Status pending() noexcept { return {FL_PENDING}; }

    bool ok() const noexcept { return code_ >= 0; }
    fl_status code() const noexcept { return code_; }
    const std::string& text() const noexcept { return text_; }

private:
    fl_status code_ = FL_OK;
    std::string text_;
};

/// Thrown by plugin code that prefers exceptions; the wall turns it into its code and text.
class Failure : public std::exception {
public:
    Failure(fl_status code, std::string text) : code_(code), text_(std::move(text)) {}
    const char* what() const noexcept override { return text_.c_str(); }
    fl_status code() const noexcept { return code_; }

private:
    fl_status code_;
    std::string text_;
};

/// Writes code and text into the caller's fl_err (may be null), cut at a character boundary.
/// Returns the code.
inline fl_status fill(fl_err* err, fl_status code, std::string_view text) noexcept {
    if (err == nullptr || err->size < sizeof(fl_err)) {
        return code;
    }
    std::size_t n = std::min(text.size(), sizeof(err->text));
    while (n > 0 && n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) {
        --n;
    }
    err->code = code;
    err->len = static_cast<std::uint32_t>(n);
    if (n > 0) {
        std::memcpy(err->text, text.data(), n);
    }
    return code;
}

/// The exception wall: runs `f` (returning Status or fl_status) and lets nothing through.
template <class F>
fl_status guard(fl_err* err, F&& f) noexcept {
    try {
        const Status status = std::forward<F>(f)();
        return status.ok() ? status.code() : fill(err, status.code(), status.text());
    } catch (const Failure& e) {
        return fill(err, e.code(), e.what());
    } catch (const std::bad_alloc&) {
        return fill(err, FL_E_MEMORY, "out of memory in the plugin");
    } catch (const std::exception& e) {
        return fill(err, FL_E_EXCEPTION, e.what());
    } catch (...) {
        return fill(err, FL_E_EXCEPTION, "the plugin threw something that is not a std::exception");
    }
}

/// Copies a table of this build into the caller's room; `size` tells how much was filled.
template <class T>
void fillTable(T& out, const T& table) noexcept {
    const std::uint32_t room = out.size;
    const auto n = std::min<std::size_t>(room, sizeof(T));
    std::memcpy(&out, &table, n);
    out.size = static_cast<std::uint32_t>(n);
}

/// Id of a host extension table; specialised in fairlead/sdk/host.hpp.
template <class T>
struct ExtensionId;

/// The server, as a module sees it. A copyable reference, valid from init until deinit returns.
/// Thread: any.
class Host {
public:
    Host() noexcept = default;
    explicit Host(const fl_host* raw) noexcept : raw_(raw) {}

    const fl_host* raw() const noexcept { return raw_; }

    /// Host extension table, or nullptr when this host does not offer it.
    template <class T>
    const T* ext(const char* id = ExtensionId<T>::value) const noexcept {
        return raw_ == nullptr ? nullptr
                               : static_cast<const T*>(raw_->get_extension(raw_->ctx, id));
    }

    void log(std::uint32_t level, std::string_view component,
             std::string_view line) const noexcept {
        if (raw_ != nullptr) {
            raw_->log(raw_->ctx, level, str(component), str(line));
        }
    }
    void debug(std::string_view line) const noexcept { log(FL_LOG_DEBUG, {}, line); }
    void info(std::string_view line) const noexcept { log(FL_LOG_INFORMATION, {}, line); }
    void warn(std::string_view line) const noexcept { log(FL_LOG_WARNING, {}, line); }
    void error(std::string_view line) const noexcept { log(FL_LOG_ERROR, {}, line); }

    std::uint64_t nowNs() const noexcept { return raw_->now_ns(raw_->ctx); }
    std::int64_t utcMs() const noexcept { return raw_->utc_ms(raw_->ctx); }

private:
    const fl_host* raw_ = nullptr;
};

FL_SDK_END
