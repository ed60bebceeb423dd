// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "device_contract.hpp"

/// Short forms for the suites of this folder.
namespace device_contract {

inline constexpr const char* kModel = R"({
  "properties":[
    {"id":"temp","name":"Temperature","valueType":{"type":"double","unit":"°C","max":1000}},
    {"id":"count","name":"Count","valueType":{"type":"int"}},
    {"id":"on","name":"On","valueType":{"type":"boolean","trueText":"On","falseText":"Off"},
     "expands":{"type":["read","write","report"]}},
    {"id":"mode","name":"Mode","valueType":{"type":"enum","elements":[{"value":"a","text":"Auto"}]},
     "expands":{"type":["report"]}}],
  "functions":[
    {"id":"reboot","name":"Reboot","inputs":[
      {"id":"delay","name":"Delay","required":true,"valueType":{"type":"int","min":0}}]},
    {"id":"later","name":"Later","async":true,"inputs":[]}],
  "events":[{"id":"fire","name":"Fire","valueType":{"type":"object","properties":[
    {"id":"lvl","name":"Level","valueType":{"type":"int"}}]},"expands":{"level":"urgent"}}],
  "tags":[]})";

/// A fixed time in the middle of an hour: nothing here depends on the clock.
inline constexpr fairlead::base::UtcMs kNoon = 1'700'000'000'000;

template <typename T>
T must(fairlead::base::Result<T> result) {
    CPPUNIT_ASSERT_MESSAGE(result ? "" : result.error().message(), result.hasValue());
    return std::move(*result);
}

inline void mustDo(const fairlead::base::Status& status) {
    CPPUNIT_ASSERT_MESSAGE(status ? "" : status.error().message(), status.hasValue());
}

template <typename T>
std::string codeOf(const fairlead::base::Result<T>& result) {
    return result ? "ok" : result.error().code();
}

inline std::string fieldsOf(const fairlead::base::Error& error) {
    std::string out;
    for (const auto& field : error.fields()) {
        out += field.field + " ";
    }
    return out;
}

} // namespace device_contract
