// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/assert.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::base {

/// What kind of failure; the HTTP status and the plugin ABI's status are functions of it.
/// The negated numbers equal FL_E_… of plugin-api/include/fairlead/abi.h.
enum class Errc : std::int32_t {
    Failed = 1,
    Invalid = 2,
    Malformed = 3,
    Unsupported = 4,
    NotFound = 5,
    Unauthorized = 6,
    Forbidden = 7,
    Limit = 8,
    Busy = 9,
    Timeout = 10,
    Closed = 11,
    Conflict = 12,
    Memory = 13,
    Io = 14,
    Exception = 15,
    Version = 16,
    Cancelled = 17,
};

const char* toText(Errc code) noexcept;

/// One wrong field of an input: its name or path ("configuration/port"), a stable code ("required",
/// "range") and a sentence for a person.
struct FieldError {
    std::string field;
    std::string code;
    std::string message;
};

/// A failure: its kind, a stable machine-readable code such as "gateway.in_use" (may be empty), and
/// a sentence for a person: what happened, to what, what to do.
class Error {
public:
    Error(Errc kind, std::string message) : kind_(kind), message_(std::move(message)) {}
    Error(Errc kind, std::string code, std::string message)
        : kind_(kind), code_(std::move(code)), message_(std::move(message)) {}

    static Error invalid(std::string m) { return {Errc::Invalid, std::move(m)}; }
    static Error notFound(std::string m) { return {Errc::NotFound, std::move(m)}; }
    static Error conflict(std::string m) { return {Errc::Conflict, std::move(m)}; }
    static Error io(std::string m) { return {Errc::Io, std::move(m)}; }
    static Error failed(std::string m) { return {Errc::Failed, std::move(m)}; }
    static Error limit(std::string m) { return {Errc::Limit, std::move(m)}; }

    Errc kind() const noexcept { return kind_; }
    const std::string& code() const noexcept { return code_; }
    const std::string& message() const noexcept { return message_; }

    /// For bad input: every wrong field at once; empty otherwise.
    const std::vector<FieldError>& fields() const noexcept { return fields_; }
    Error with(std::vector<FieldError> fields) && {
        fields_ = std::move(fields);
        return std::move(*this);
    }

    /// Puts "context: " in front of the message.
    Error within(const std::string& context) && {
        message_ = context + ": " + message_;
        return std::move(*this);
    }

private:
    Errc kind_;
    std::string code_;
    std::string message_;
    std::vector<FieldError> fields_;
};

/// A value or an Error. Spelled like std::expected, so that it can become that one day.
template <typename T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool hasValue() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return hasValue(); }

    T& value() & {
        FL_ASSERT(hasValue());
        return *std::get_if<0>(&state_);
    }
    const T& value() const& {
        FL_ASSERT(hasValue());
        return *std::get_if<0>(&state_);
    }
    T&& value() && {
        FL_ASSERT(hasValue());
        return std::move(*std::get_if<0>(&state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const& {
        FL_ASSERT(!hasValue());
        return *std::get_if<1>(&state_);
    }
    Error&& error() && {
        FL_ASSERT(!hasValue());
        return std::move(*std::get_if<1>(&state_));
    }

    T valueOr(T other) && { return hasValue() ? std::move(*this).value() : std::move(other); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)), ok_(false) {}

    bool hasValue() const noexcept { return ok_; }
    explicit operator bool() const noexcept { return ok_; }
    const Error& error() const& {
        FL_ASSERT(!ok_);
        return error_;
    }
    Error&& error() && {
        FL_ASSERT(!ok_);
        return std::move(error_);
    }

private:
    Error error_{Errc::Failed, {}};
    bool ok_ = true;
};

using Status = Result<void>;

} // namespace fairlead::base

#define FL_CONCAT_INNER(a, b) a##b
#define FL_CONCAT(a, b) FL_CONCAT_INNER(a, b)

// The names are numbered, so that a lambda inside of `expression` may use the macros too.
#define FL_TRY_NAMED(name, expression)                                                             \
    do {                                                                                           \
        auto name = (expression);                                                                  \
        if (!name) {                                                                               \
            return std::move(name).error();                                                        \
        }                                                                                          \
    } while (false)
#define FL_ASSIGN_NAMED(name, declaration, expression)                                             \
    auto name = (expression);                                                                      \
    if (!name) {                                                                                   \
        return std::move(name).error();                                                            \
    }                                                                                              \
    declaration = std::move(name).value()

/// Returns the error of `expression` (a Result) from the current function, else goes on.
#define FL_TRY(expression) FL_TRY_NAMED(FL_CONCAT(fl_try_, __COUNTER__), expression)

/// `FL_ASSIGN(auto x, call());` declares x from the value, or returns the error.
#define FL_ASSIGN(declaration, expression)                                                         \
    FL_ASSIGN_NAMED(FL_CONCAT(fl_assign_, __COUNTER__), declaration, expression)
